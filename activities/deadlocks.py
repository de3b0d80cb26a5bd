"""Transactions that PostgreSQL ends because another one locks their rows: in another order, or for too long."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

import asyncpg

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
