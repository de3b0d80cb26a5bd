"""Answers of victims on how they were treated, without a number, and the reports that a supervisor reads."""

from collections.abc import Sequence
from datetime import date
from typing import Final

from db.pool import Connection
from db.privacy.person_keys import PersonKey, wrapped_key
from db.rows import Rows
from domain.errors.quality import TreatmentReportNotFound
from schemas.base import FrozenModel
from schemas.people.quality import NewTreatment, SaidAnswer, TreatmentQuestion


async def has_answered(connection: Connection, ack_no: str) -> bool:
    """Return whether the victim of a complaint has answered. The caller has locked the case's row."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT FROM treatment_report WHERE ack_no = $1)", ack_no)
    return found


async def insert_answer(connection: Connection, on: date, ack_no: str, said: NewTreatment) -> None:
    """Write the answers with the day and the district, and without the number of the complaint."""
    await connection.execute(
        "INSERT INTO treatment_answer (answered_on, district, respected, knows_next)"
        " SELECT $1, upper(trim(v.district)), $3, $4 FROM complaint c JOIN victim v USING (victim_id)"
        " WHERE c.ack_no = $2",
        on,
        ack_no,
        said.respected.value,
        said.knows_next.value,
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
