"""The PostgreSQL server of a test process, which clones and drops a database for every other test."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from workers.embedded.postgres import CONNECT_LIMIT_SECONDS, EmbeddedPostgres

CHEAP: Final = {
    # Its workers look at every database each minute, and most databases of tests live for seconds.
    "autovacuum": "off",
}
"""settings of the server that make the tests cheaper and change nothing that they see"""


class CloningPostgres(EmbeddedPostgres):
    """A server that keeps its administrator's connection, because a new one costs half as much as a clone."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    def _options(self, port: int) -> list[str]:
        return [*super()._options(port), *(part for name, value in CHEAP.items() for part in ("-c", f"{name}={value}"))]

    async def stop(self) -> None:
        """Close the connection, and stop the server."""
        if self._kept is not None:
            await self._kept.close()
            self._kept = None
        await super().stop()

    @asynccontextmanager
    async def _admin(self) -> AsyncIterator[asyncpg.Connection]:
        async with self._turn:
            if self._kept is None or self._kept.is_closed():
                self._kept = await asyncpg.connect(self.admin_dsn, timeout=CONNECT_LIMIT_SECONDS)
            yield self._kept
