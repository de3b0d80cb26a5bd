"""Statements of victims, and their answers on how they were treated.

Statements of the complaint of a draft after it was taken: the victim, further transfers, and what happened. The
personal data and the text are sealed under the key of the victim. This room cannot open them.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

import asyncpg

from db.case.told_transfers import TOLD_COLUMNS, TOLD_RECORD, ToldRow, told_as_stored
from db.pool import Connection
from db.privacy.person_keys import PersonKey, SealedPerson, StoredPerson, stored, wrapped_key
from db.rows import Rows
from domain.errors.case import ComplaintNotFound
from domain.errors.people import TreatmentReportNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.intake import ComplaintReceipt, Transfer
from schemas.enums import Channel, Language
from schemas.parties import Party
from schemas.people.my_case import NewTreatment, SaidAnswer, TreatmentQuestion
from schemas.privacy.personal_data import Known


class SentComplaint(FrozenModel):
    """The complaint of a draft, as it was taken and as its victim is now."""

    receipt: ComplaintReceipt
    category: str
    channel: Channel
    victim_id: int
    person: StoredPerson
    district: str
    """as it was told"""
    woman: bool
    child: bool
    senior: bool
    language: Language


_SENT: Final = f"""
SELECT jsonb_build_object('ack_no', c.ack_no, 'case_ack_no', c.case_no, 'joined', c.joined, 'flags', c.flags,
        'received_at', c.received_at) AS receipt,
    c.category, c.channel, v.victim_id, {stored("v")} AS person, v.district_as_told AS district, v.woman, v.child,
    v.senior, v.language
FROM complaint c JOIN victim v USING (victim_id)
"""


async def complaint_of(connection: Connection, taken_by: str, key: str) -> SentComplaint | None:
    """Return the complaint that an officer sent under an idempotency key, or None."""
    return await Rows(connection, SentComplaint).first(
        f"{_SENT} WHERE c.taken_by = $1 AND c.idempotency_key = $2", taken_by, key
    )


async def complaint(connection: Connection, ack_no: str) -> SentComplaint:
    """Return a complaint, with its victim's row locked. Raises `NotFound`."""
    return await Rows(connection, SentComplaint).one(
        f"{_SENT} WHERE c.ack_no = $1 FOR UPDATE OF v", ack_no, missing=ComplaintNotFound(ack_no)
    )


_FILL_IN: Final = """
WITH told AS (
    UPDATE victim SET sealed = coalesce($3, sealed), terms = coalesce($4, terms), terms_key = coalesce($5, terms_key),
        district = $6, district_as_told = $7, woman = $8,
        child = $9, senior = $10, language = $11
    WHERE victim_id = $2
)
UPDATE complaint SET category = $12, marked = marked OR $13 WHERE ack_no = $1
"""


async def fill_in(
    connection: Connection, ack_no: str, victim_id: int, person: SealedPerson | None, **stated: object
) -> None:
    """Write the victim and the category of a complaint, and the personal data unless they stay.

    `stated` has the other columns by their names.
    """
    columns = ("district", "district_as_told", "woman", "child", "senior", "language", "category", "marked")
    values = [stated[name] for name in columns]
    sealed = (person.sealed, list(person.terms), person.terms_key) if person else (None, None, None)
    await connection.execute(_FILL_IN, ack_no, victim_id, *sealed, *values)


async def look_for_officers(connection: Connection, case_no: str) -> None:
    """Let the engine look again for the officers of a case, because its district is known now."""
    await connection.execute("SELECT look_for_officers($1)", case_no)


# -- what a victim told ------------------------------------------------------------------------------------------------


class StoredStory(FrozenModel):
    """A victim's account of what happened, sealed, with the key that opens it."""

    story_no: int
    key: PersonKey
    sealed: str
    consent: Known
    told_at: UtcDatetime
    told_by: str


async def stories(connection: Connection, ack_no: str, limit: int) -> list[StoredStory]:
    """Return what a victim told, the newest first."""
    return await Rows(connection, StoredStory).many(
        f"SELECT s.story_no, jsonb_build_object('person_id', s.person_id, 'wrapped', {wrapped_key('s')}) AS key,"
        " encode(s.sealed, 'hex') AS sealed, s.consent, s.told_at, s.told_by FROM complaint_story s"
        " WHERE s.ack_no = $1 ORDER BY s.story_no DESC LIMIT $2",
        ack_no,
        limit,
    )


async def add_story(
    connection: Connection,
    ack_no: str,
    story_no: int,
    person_id: UUID,
    sealed: bytes,
    at: datetime,
    by: str,
    *,
    consent: Known,
) -> None:
    """Write what a victim told."""
    await connection.execute(
        "INSERT INTO complaint_story (ack_no, story_no, person_id, sealed, consent, told_at, told_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)",
        ack_no,
        story_no,
        person_id,
        sealed,
        consent,
        at,
        by,
    )


# -- its transfers -----------------------------------------------------------------------------------------------------


class StatedTransfer(FrozenModel):
    """A transfer that a complaint states, and its hop."""

    transfer: Transfer
    case_no: str | None
    hop_no: int | None


async def transfers(connection: Connection, ack_no: str) -> list[StatedTransfer]:
    """Return the transfers that a complaint states, in their order."""
    rows = await connection.fetch("SELECT * FROM complaint_transfer WHERE ack_no = $1 ORDER BY row_no", ack_no)
    return [
        StatedTransfer(
            transfer=Transfer(
                payer=_party(row, "payer"),
                payee=_party(row, "payee"),
                **{
                    name: row[name] for name in ("amount_paise", "rrn", "utr", "mode", "transferred_at", "time_missing")
                },
            ),
            case_no=row["case_no"],
            hop_no=row["hop_no"],
        )
        for row in rows
    ]


def _party(row: asyncpg.Record, end: str) -> Party:
    holder = {row[f"{end}_kind"]: row[f"{end}_holder"]} | ({"vpa": row[f"{end}_vpa"]} if row[f"{end}_vpa"] else {})
    return Party.model_validate({"institution": row[f"{end}_institution"], "ifsc": row[f"{end}_ifsc"]} | holder)


_ADD: Final = f"""
INSERT INTO complaint_transfer ({TOLD_COLUMNS})
SELECT $1, r.* FROM jsonb_to_recordset($2::jsonb) AS r ({TOLD_RECORD})
"""


async def add_transfers(connection: Connection, ack_no: str, first_row_no: int, further: Sequence[ToldRow]) -> None:
    """Write further transfers that a complaint states, from this row on."""
    rows = [told_as_stored(row_no, row) for row_no, row in enumerate(further, start=first_row_no)]
    await connection.execute(_ADD, ack_no, rows)


async def state_payer(connection: Connection, case_no: str, hop_no: int, payer: Party) -> None:
    """Write the account that paid a victim's transfer, which the complaint did not state before."""
    await connection.execute(
        "UPDATE hop SET payer_institution_as_told = $3, payer_holder = $4, payer_ifsc = $5"
        " WHERE case_no = $1 AND hop_no = $2 AND parent_hop_no IS NULL",
        case_no,
        hop_no,
        payer.institution,
        payer.holder,
        payer.ifsc,
    )


async def has_answered(connection: Connection, ack_no: str) -> bool:
    """Return whether the victim of a complaint has answered. The caller has locked the case's row."""
    exists: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM treatment_report WHERE ack_no = $1)", ack_no)
    return exists


async def insert_answer(connection: Connection, on: date, ack_no: str, answers: NewTreatment) -> None:
    """Write the answers with the day and the district, and without the number of the complaint."""
    await connection.execute(
        "INSERT INTO treatment_answer (answered_on, district, respected, knows_next)"
        " SELECT $1, upper(trim(v.district)), $3, $4 FROM complaint c JOIN victim v USING (victim_id)"
        " WHERE c.ack_no = $2",
        on,
        ack_no,
        answers.respected.value,
        answers.knows_next.value,
    )


async def insert_report(
    connection: Connection, ack_no: str, on: date, sealed_text: bytes | None, *, is_alarming: bool
) -> None:
    """Write that the victim of a complaint has answered, and the sealed text."""
    await connection.execute(
        "INSERT INTO treatment_report (ack_no, answered_on, is_alarming, sealed_text) VALUES ($1, $2, $3, $4)",
        ack_no,
        on,
        is_alarming,
        sealed_text,
    )


class ReportRow(FrozenModel):
    """Report of a victim, sealed, with the key that opens it."""

    answered_on: date
    is_alarming: bool
    sealed_text: str | None
    key: PersonKey


async def report(connection: Connection, ack_no: str) -> ReportRow:
    """Return what the victim of a complaint wrote. Raises `NotFound`."""
    row = await connection.fetchrow(
        "SELECT t.answered_on, t.is_alarming, encode(t.sealed_text, 'hex') AS sealed_text, v.person_id,"
        f" {wrapped_key('v')} AS wrapped FROM treatment_report t JOIN complaint c USING (ack_no)"
        " JOIN victim v USING (victim_id) WHERE t.ack_no = $1",
        ack_no,
    )
    if row is None:
        raise TreatmentReportNotFound(ack_no)
    key = PersonKey(person_id=row["person_id"], wrapped=row["wrapped"])
    return ReportRow(
        answered_on=row["answered_on"], is_alarming=row["is_alarming"], sealed_text=row["sealed_text"], key=key
    )


class AnswerCount(FrozenModel):
    """How many victims of one district gave one answer to one question."""

    district: str
    question: TreatmentQuestion
    answer: SaidAnswer
    count: int


_COUNTS: Final = """
SELECT a.district, q.question, q.answer, count(*)::int AS count FROM treatment_answer a
CROSS JOIN LATERAL (VALUES ('respected', a.respected), ('knows_next', a.knows_next)) AS q (question, answer)
WHERE a.answered_on >= $1 AND a.answered_on < $2 AND ($3::text[] IS NULL OR a.district = ANY($3))
GROUP BY a.district, q.question, q.answer ORDER BY a.district, q.question, q.answer
"""


async def counts(
    connection: Connection, first_day: date, end_day: date, districts: Sequence[str] | None
) -> list[AnswerCount]:
    """Return the counts of answers in the days `[first_day, end_day)`, of these districts or of all."""
    return await Rows(connection, AnswerCount).many(
        _COUNTS, first_day, end_day, list(districts) if districts is not None else None
    )
