"""Deferral of background work while requests and answers come: since when must work wait to be done now."""

from datetime import timedelta
from typing import Final

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime


class DueCase(FrozenModel):
    """A case with background work to do."""

    case_no: str
    since: UtcDatetime
    """since when the first of it waits"""


class Deferral(FrozenModel):
    """Times that say which background work is done now."""

    now: UtcDatetime
    until: UtcDatetime
    """work that has waited since this time is done; later work is deferred"""
    until_for_traced: UtcDatetime
    """the same for a case with a request at a bank, sent after this time"""
    overdue: UtcDatetime
    """work that has waited since this time also waits for the lock of its case"""

    @property
    def is_on(self) -> bool:
        """Return whether the work of every case is deferred, because the golden hour is busy."""
        return self.until < self.now


# Both are read from the end of an index.
LATEST: Final = """
SELECT present_moment() AS now, greatest(
    (SELECT planned_at FROM hold_request ORDER BY planned_at DESC LIMIT 1),
    (SELECT received_at FROM status_update ORDER BY update_id DESC LIMIT 1)) AS latest_at
"""


async def read_deferral(
    connection: Connection, quiet: timedelta, defer_max: timedelta, defer_max_for_traced: timedelta
) -> Deferral:
    """Return what is deferred: for `defer_max` at most, work of all cases until nothing came for `quiet`."""
    row = await connection.fetchrow(LATEST)
    assert row is not None, "a query without a table has one row"
    now, latest_at = row["now"], row["latest_at"]
    is_busy = latest_at is not None and latest_at > now - quiet
    until = now - defer_max if is_busy else now
    return Deferral(
        now=now, until=until, until_for_traced=min(until, now - defer_max_for_traced), overdue=now - defer_max
    )


def may_begin(since: str, case_no: str) -> str:
    """Return the SQL condition that work of a case, waiting since a time, is not deferred.

    The query's first two parameters are `until` and `until_for_traced`.
    """
    return (
        f"({since} <= $1 AND ({since} <= $2 OR NOT EXISTS (SELECT FROM hold_request r WHERE r.case_no = {case_no}"
        " AND r.state IN ('sending', 'delivered') AND r.sent_at > $2)))"
    )
