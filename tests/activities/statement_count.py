"""Statements that a verb sends to the database, as the driver sends them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from asyncpg.connection import LoggedQuery

from db.pool import Pool

NOT_OF_THE_VERB = "channel_health"
"""a table that a process reads in the background"""


class Statements(list[str]):
    """The statements that were sent, in order, BEGIN and COMMIT included."""

    def __str__(self) -> str:
        """Return the beginning of each statement on its own line."""
        return "".join(f"\n{' '.join(one.split())[:100]}" for one in self)


@asynccontextmanager
async def sent(pool: Pool) -> AsyncIterator[Statements]:
    """Collect what is sent over the one connection of `pool` while the block runs."""
    assert pool.get_max_size() == 1, "a verb that acquires a second connection meanwhile would wait for itself"
    statements = Statements()

    def note(logged: LoggedQuery) -> None:
        if NOT_OF_THE_VERB not in logged.query:
            statements.append(logged.query)

    async with pool.acquire() as connection:
        connection.add_query_logger(note)
    yield statements
    # The driver calls its loggers in the next turn of the event loop.
    await asyncio.sleep(0)
    async with pool.acquire() as connection:
        connection.remove_query_logger(note)
