"""Days on which courts hear restorations, with their history."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from domain.recovery.procedure import ORDERS_OF
from schemas.base import FrozenModel
from schemas.recovery.court_orders import CourtHearing, CourtHearings

LISTED_MAX: Final = 200
_COLUMNS: Final = ", ".join(CourtHearing.model_fields)

# A case without an investigating officer waits until there is one.
_DUE: Final = """
SELECT case_no, array_agg(court_hearing_id ORDER BY court_hearing_id) AS ids FROM (
    SELECT h.case_no, h.court_hearing_id FROM court_hearing h JOIN restoration r USING (restoration_id)
    WHERE h.ended_at IS NULL AND h.told_at IS NULL AND h.held_on >= $1 AND h.held_on <= $2
        AND r.state = 'open' AND r.step = ANY($3) AND h.case_no <> ALL($4)
        AND EXISTS (SELECT FROM case_officer o WHERE o.case_no = h.case_no AND o.duty = 'io')
    ORDER BY h.held_on LIMIT $5
) AS found GROUP BY case_no ORDER BY case_no
"""


class UntoldHearing(FrozenModel):
    """Hearing of which no officer was told."""

    court_hearing_id: int
    held_on: date
    court: str


async def listed(connection: Connection, restoration_id: UUID) -> CourtHearings:
    """Return the hearings of a restoration, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM court_hearing WHERE restoration_id = $1 ORDER BY court_hearing_id DESC LIMIT $2",
        restoration_id,
        LISTED_MAX,
    )
    return CourtHearings(items=tuple(CourtHearing(**dict(row)) for row in rows))


async def standing(connection: Connection, restoration_id: UUID) -> CourtHearing | None:
    """Return the hearing of a restoration that stands, or None."""
    return await Rows(connection, CourtHearing).first(
        f"SELECT {_COLUMNS} FROM court_hearing WHERE restoration_id = $1 AND ended_at IS NULL", restoration_id
    )


async def end(connection: Connection, court_hearing_id: int, by: str, reason: str, at: datetime) -> None:
    """Write that another day, or none, takes the place of a hearing."""
    await connection.execute(
        "UPDATE court_hearing SET ended_by = $2, ended_reason = $3, ended_at = $4 WHERE court_hearing_id = $1",
        court_hearing_id,
        by,
        reason,
        at,
    )


async def insert(
    connection: Connection,
    restoration_id: UUID,
    case_no: str,
    held_on: date,
    court: str,
    reason: str,
    by: str,
    at: datetime,
) -> int:
    """Write the hearing that stands; return its number."""
    court_hearing_id: int = await connection.fetchval(
        "INSERT INTO court_hearing (restoration_id, case_no, held_on, court, reason, recorded_by, recorded_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING court_hearing_id",
        restoration_id,
        case_no,
        held_on,
        court,
        reason,
        by,
        at,
    )
    return court_hearing_id


async def due(
    connection: Connection, today: date, until: date, without: Sequence[str], limit: int
) -> list[tuple[str, list[int]]]:
    """Return by case the hearings from today until a day of which the investigating officer was not told."""
    steps = [step.value for step in ORDERS_OF]
    rows = await connection.fetch(_DUE, today, until, steps, list(without), limit)
    return [(row["case_no"], list(row["ids"])) for row in rows]


async def untold(connection: Connection, case_no: str, court_hearing_ids: Sequence[int]) -> list[UntoldHearing]:
    """Return those of these hearings of a case that stand, and of which no officer was told."""
    return await Rows(connection, UntoldHearing).many(
        "SELECT court_hearing_id, held_on, court FROM court_hearing WHERE case_no = $1 AND court_hearing_id = ANY($2)"
        " AND ended_at IS NULL AND told_at IS NULL ORDER BY court_hearing_id",
        case_no,
        list(court_hearing_ids),
    )


async def note_told(connection: Connection, court_hearing_id: int, at: datetime) -> None:
    """Write that the investigating officer was told."""
    await connection.execute("UPDATE court_hearing SET told_at = $2 WHERE court_hearing_id = $1", court_hearing_id, at)
