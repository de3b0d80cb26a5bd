"""Brake on automatic releases: their count, those that wait, and the supervisor who continues them."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel
from schemas.enums import ProcedureKind
from schemas.recovery.release_brake import BrakedRelease, ReleaseBrake

SHOWN_MAX: Final = 100
"""releases that a view shows, the largest first"""
_LOCK: Final = "SELECT pg_advisory_xact_lock(hashtextextended('automatic_release', 0))"


class Counted(FrozenModel):
    """Whether a release has to wait, and what was released in the hour before."""

    braked: bool
    begun: bool
    """whether it is the first that waits"""
    waits_newly: bool
    releases: int | None
    released_paise: int | None


async def count(
    connection: Connection,
    hold_id: UUID,
    paise: int,
    at: datetime,
    *,
    releases_max: int,
    paise_max: int,
    window: timedelta,
    valid: timedelta,
) -> Counted:
    """Count a release that the engine is about to order; it has to wait above the limits in `window`.

    A release that a supervisor continued less than `valid` ago does not wait.
    """
    # The function returns one row.
    return await Rows(connection, Counted).one(
        "SELECT * FROM brake_release($1, $2, $3, $4, $5, $6, $7)",
        hold_id,
        paise,
        at,
        releases_max,
        paise_max,
        window,
        valid,
    )


_WAITING: Final = """
SELECT b.brake_id, b.hold_id AS first_hold_id, b.braked_at, sums.releases, sums.paise FROM release_brake b
CROSS JOIN LATERAL (
    SELECT count(*) AS releases, coalesce(sum(w.amount_paise), 0)::bigint AS paise FROM braked_release w
    JOIN account_hold a USING (hold_id) WHERE w.brake_id = b.brake_id AND a.state = 'held'
) AS sums
WHERE b.continued_at IS NULL
"""
_LARGEST: Final = """
SELECT w.hold_id, a.case_no AS case_ack_no, a.institution, w.amount_paise, w.since FROM braked_release w
JOIN account_hold a USING (hold_id) WHERE w.brake_id = $1 AND a.state = 'held'
ORDER BY w.amount_paise DESC, w.hold_id LIMIT $2
"""


async def waiting(connection: Connection) -> ReleaseBrake | None:
    """Return the releases that wait for a supervisor, or None if none does."""
    row = await connection.fetchrow(_WAITING)
    if row is None:
        return None
    largest = await connection.fetch(_LARGEST, row["brake_id"], SHOWN_MAX)
    return ReleaseBrake(**dict(row), largest=tuple(BrakedRelease(**dict(one)) for one in largest))


async def waiting_sums(connection: Connection) -> tuple[int, int]:
    """Return how many releases wait for a supervisor, and their sum in paise."""
    row = await connection.fetchrow(f"SELECT releases, paise FROM ({_WAITING}) AS waiting")
    return (row["releases"], row["paise"]) if row else (0, 0)


async def lock(connection: Connection) -> None:
    """Wait until no other transaction counts a release, and let none count until this transaction ends."""
    await connection.execute(_LOCK)


async def continue_all(connection: Connection, brake_id: int, by: str, reason: str, at: datetime) -> None:
    """Write who continued the waiting releases, and notify the procedures of their holds."""
    await connection.execute(
        "UPDATE release_brake SET continued_at = $2, continued_by = $3, reason = $4 WHERE brake_id = $1",
        brake_id,
        at,
        by,
        reason,
    )
    await connection.execute(
        "INSERT INTO procedure_news (workflow_id, created_at) SELECT p.workflow_id, $2 FROM braked_release w"
        " JOIN procedure p ON p.workflow_id = $3::text || '-' || w.hold_id WHERE w.brake_id = $1",
        brake_id,
        at,
        ProcedureKind.HOLD.value,
    )
