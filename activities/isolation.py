"""Rows that fail rest for a while; transactions that PostgreSQL ends are tried again."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Hashable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, Final, Generic, ParamSpec, TypeVar

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


ATTEMPTS: Final = 5
PAUSE_SECONDS: Final = 0.05
LOCK_ATTEMPTS: Final = 4
"""Attempts where each waits for a lock until its limit. Together they outlast the idle transaction of another process,
which PostgreSQL ends at its own limit (`db.connections`)."""

P = ParamSpec("P")
R = TypeVar("R")
Verb = Callable[P, Coroutine[Any, Any, R]]


def repeated(*more: type[Exception]) -> Callable[[Verb[P, R]], Verb[P, R]]:
    """Return a decorator that repeats a verb after a deadlock, a lock timeout, or an error in `more`.

    The verb is one transaction, of which nothing is left after the error. The last error is raised.
    """
    errors: tuple[type[Exception], ...] = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError, *more)

    def decorate(verb: Verb[P, R]) -> Verb[P, R]:
        @wraps(verb)
        async def attempts(*args: P.args, **kwargs: P.kwargs) -> R:
            left, left_of_locks = ATTEMPTS, LOCK_ATTEMPTS
            while True:
                try:
                    return await verb(*args, **kwargs)
                except asyncpg.LockNotAvailableError:
                    left_of_locks -= 1
                    if not left_of_locks:
                        raise
                except errors:
                    left -= 1
                    if not left:
                        raise
                await asyncio.sleep(PAUSE_SECONDS)

        return attempts

    return decorate
