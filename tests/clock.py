"""A clock that stands still until a test moves it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from typing import Any, cast

from activities.context import Context
from db.pool import Connection, Pool, note_session_state


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class _ClockPool:
    """A pool whose connections take the present moment from a clock. It lends the connections of another pool."""

    def __init__(self, pool: Pool, clock: Callable[[], datetime]) -> None:
        self._pool = pool
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        return getattr(self._pool, name)

    @asynccontextmanager
    async def acquire(self, **options: Any) -> AsyncIterator[Connection]:
        async with self._pool.acquire(**options) as connection:
            moment = self._clock().isoformat()
            # The pool then resets the setting when the connection comes back.
            note_session_state(connection)
            await connection.execute("SELECT set_config('goldenhour.present_moment', $1, false)", moment)
            yield connection


def at_clock(ctx: Context, clock: Callable[[], datetime]) -> Context:
    """Return the context with its time, in this process and in the database, from `clock`."""
    lent: Any = ctx.pool
    pool = lent._pool if isinstance(lent, _ClockPool) else lent
    return replace(ctx, pool=cast(Pool, _ClockPool(pool, clock)), clock=clock)
