"""Figures that alerts are made of: requests that wait, duties, holds that lapse, nightly runs, and storage."""

from datetime import datetime, timedelta
from typing import Final

from db.database_state import Storage, storage_state
from db.evidence.nightly_runs import Standing, standings
from db.pool import Connection
from db.recovery.free_amounts import lapsing
from schemas.base import FrozenModel
from schemas.restoration_enums import DutyKind

REQUESTS_SPAN: Final = timedelta(days=2)
"""older requests are not counted; the ladder has brought them to a supervisor long before"""
LAPSES_WITHIN: Final = timedelta(days=1)
"""the last warning of the policy"""
DUTIES_SPAN: Final = timedelta(days=31)
"""the longest time before a duty's end at which its reminder can be"""


class RequestBacklog(FrozenModel):
    """Hold requests that have no job id of their bank."""

    unsent: int
    """no channel has tried to deliver them yet"""
    undelivered: int
    """a channel has tried"""
    oldest_unsent_seconds: float
    """0 without one"""


class DutyBacklog(FrozenModel):
    """Statutory duties of one kind that are not done."""

    soon: int
    """their reminder was due, and their end was not"""
    overdue: int


class AlertFigures(FrozenModel):
    """All figures of one moment."""

    requests: RequestBacklog
    duties: dict[DutyKind, DutyBacklog]
    lapsing_holds: int
    """holds with money that no order asks for, which lapse within a day"""
    lapsing_paise: int
    nightly: tuple[Standing, ...]
    storage: Storage
    database_bytes: int


_REQUESTS: Final = """
SELECT count(*) FILTER (WHERE NOT tried) AS unsent, count(*) FILTER (WHERE tried) AS undelivered,
    coalesce(extract(epoch FROM $1 - min(planned_at) FILTER (WHERE NOT tried)), 0)::float8 AS oldest_unsent_seconds
FROM (
    SELECT r.planned_at, EXISTS (SELECT FROM delivery_attempt a
        WHERE a.subject_id = r.request_id AND a.subject_kind = 'hold_request') AS tried
    FROM hold_request r WHERE r.state = 'sending' AND r.planned_at > $1::timestamptz - $2::interval
) AS waiting
"""
_DUTIES: Final = """
SELECT kind, count(*) FILTER (WHERE due_at > $1 AND remind_at <= $1) AS soon,
    count(*) FILTER (WHERE due_at <= $1) AS overdue
FROM duty WHERE done_at IS NULL AND due_at < $1::timestamptz + $2::interval GROUP BY kind
"""


async def read(connection: Connection, now: datetime, procedure_clock_factor: float = 1.0) -> AlertFigures:
    """Return the figures of this moment. Raises as every query does."""
    requests = await connection.fetchrow(_REQUESTS, now, REQUESTS_SPAN)
    assert requests is not None, "an aggregate returns one row"
    duties = await connection.fetch(_DUTIES, now, DUTIES_SPAN)
    holds, paise = await lapsing(connection, now + LAPSES_WITHIN / procedure_clock_factor)
    return AlertFigures(
        requests=RequestBacklog(**dict(requests)),
        duties={DutyKind(row["kind"]): DutyBacklog(soon=row["soon"], overdue=row["overdue"]) for row in duties},
        lapsing_holds=holds,
        lapsing_paise=paise,
        nightly=tuple(await standings(connection, now)),
        storage=await storage_state(connection),
        database_bytes=await connection.fetchval("SELECT pg_database_size(current_database())"),
    )
