"""Rounds that are left out while nothing has changed, because each reads all open work items."""

from datetime import datetime, timedelta
from typing import Final

from db.database_state import rows_written
from db.pool import Connection

LONGEST: Final = timedelta(minutes=5)
"""after so long a round is done in any case"""
REPORTS: Final = ("stage_count", "stage_day")
"""tables that no round reads, and that are written every minute"""


class LastRound:
    """State of the database and of the caller at the last round of one work.

    The counters of PostgreSQL may be ten seconds late. A change then waits for the round after that.
    """

    def __init__(self) -> None:
        """Begin with a round that is due."""
        self._seen: tuple[int | None, object] = (None, None)
        self._until: datetime | None = None

    async def lasts(self, connection: Connection, now: datetime, also: object = None) -> bool:
        """Return whether the state of the last round lasts: another round would find nothing.

        No row was written since, `also` is the same, and no moment of `until` has come. If it returns False, the caller
        does a round, and says by `until` when the next one is due.
        """
        seen = (await rows_written(connection, REPORTS), also)
        if seen[0] is not None and seen == self._seen and self._until is not None and now < self._until:
            return True
        self._seen, self._until = seen, None
        return False

    def until(self, now: datetime, *moments: datetime | None) -> None:
        """Note that a round is done, and that time alone makes another one due at the first of these moments."""
        self._until = min([now + LONGEST, *(moment for moment in moments if moment is not None)])
