"""Statements of the complaint of a draft after it was taken: the victim, further transfers, and what happened.

The personal data and the text are sealed under the key of the victim. This room cannot open them.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from db.case.told_transfers import TOLD_COLUMNS, TOLD_RECORD, ToldRow, told_as_stored
from db.pool import Connection
from db.privacy.person_keys import PersonKey, SealedPerson, StoredPerson, stored, wrapped_key
from db.rows import Rows
from domain.errors.cases import ComplaintNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.intake import ComplaintReceipt, Transfer
from schemas.enums import Channel, Language
from schemas.parties import Party


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
    connection: Connection, ack_no: str, victim_id: int, person: SealedPerson | None, **told: object
) -> None:
    """Write the victim and the category of a complaint, and the personal data unless they stay.

    `told` has the other columns by their names.
    """
    columns = ("district", "district_as_told", "woman", "child", "senior", "language", "category", "marked")
    values = [told[name] for name in columns]
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
    consent: bool | None
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
    consent: bool | None,
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


async def add_transfers(connection: Connection, ack_no: str, first_row_no: int, told: Sequence[ToldRow]) -> None:
    """Write further transfers that a complaint states, from this row on."""
    rows = [told_as_stored(row_no, row) for row_no, row in enumerate(told, start=first_row_no)]
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
