"""Isolation of rows that fail: such a row rests for a while, and delays no other."""

import logging
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

import asyncpg

log = logging.getLogger(__name__)

REST: Final = timedelta(minutes=1)
SERVERS_AWAY: Final = (OSError, asyncpg.PostgresConnectionError, asyncpg.InterfaceError)
"""no fault of a row"""

Key = TypeVar("Key", bound=Hashable)
Result = TypeVar("Result")


class FailedRows(Generic[Key]):
    """Rows of one queue that failed in this process, each with the time until which it rests."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._until: dict[Key, datetime] = {}

    def resting(self, now: datetime) -> list[Key]:
        """Return the rows that rest at `now`; the query of the queue leaves them out."""
        self._until = {key: until for key, until in self._until.items() if until > now}
        return list(self._until)

    async def attempt(self, key: Key, do: Callable[[], Awaitable[Result]], now: datetime) -> Result | None:
        """Do the work of one row; return its result, or None if it failed. Raises if a server is away."""
        try:
            return await do()
        except SERVERS_AWAY:
            raise
        except Exception as error:
            # The text of the error may have data of a case.
            log.warning("a row of %s rests: %s", self._queue, type(error).__name__)
            self._until[key] = now + REST
            return None
