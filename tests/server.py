"""The servers of a test process: its PostgreSQL clones and drops a database for every other test."""

import asyncio
import fcntl
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import asyncpg

from db.clock import make_movable
from db.migrate import migrate
from workers.embedded.postgres import APPLICATION, CONNECT_LIMIT_SECONDS, EmbeddedPostgres
from workers.embedded.temporal import LOOPBACK, EmbeddedTemporal

TEMPLATE: Final = "template_goldenhour"
"""name of a database with all migrations applied and nothing in it"""

CHEAP: Final = {
    # Its workers look at every database each minute, and most databases of tests live for seconds.
    "autovacuum": "off",
    # The statements of a short test would each be planned for its values, up to five times on each connection.
    "plan_cache_mode": "force_generic_plan",
}
"""settings of the server that make the tests cheaper and change nothing that they see"""

FEW_COLLECTIONS: Final = {"GOGC": "400", "GOMEMLIMIT": "400MiB"}
"""Temporal collects its garbage when its memory is five times what is in use, and not twice, or near 400 MiB"""


def through_socket(dsn: str, folder: Path) -> str:
    """Return the URL of the same database by the server's socket in `folder`: a statement costs less than by TCP."""
    parts = urlsplit(dsn)
    login, _, address = parts.netloc.rpartition("@")
    query = urlencode({"host": folder, "port": address.rpartition(":")[2]}, safe="/")
    return urlunsplit(parts._replace(netloc=f"{login}@", query=query))


def through_tcp(dsn: str) -> str:
    """Return the URL of the same database by TCP, as from another machine."""
    parts = urlsplit(dsn)
    (port,) = parse_qs(parts.query)["port"]
    return urlunsplit(parts._replace(netloc=f"{parts.netloc}{LOOPBACK}:{port}", query=""))


class RoomyTemporal(EmbeddedTemporal):
    """A server that takes more memory, and so spends less time on its garbage."""

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **FEW_COLLECTIONS}


class CloningPostgres(EmbeddedPostgres):
    """A server that keeps its administrator's connection, because a new one costs half as much as a clone."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._kept: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    def _options(self, port: int) -> list[str]:
        own = {**CHEAP, "unix_socket_directories": str(self._folder)}
        return [*super()._options(port), *(part for name, value in own.items() for part in ("-c", f"{name}={value}"))]

    def _url(self, role: str, database: str) -> str:
        return through_socket(super()._url(role, database), self._folder)

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


async def place_migrated(folder: Path, shared: Path) -> None:
    """Write the files of a server that has the template to `folder`. The first process that asks makes them."""
    made, draft = shared / "postgres", shared / "draft"
    with (shared / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            shutil.rmtree(draft, ignore_errors=True)
            async with CloningPostgres(draft, durable=False) as server:
                await make_template(server)
            draft.rename(made)
    shutil.copytree(made, folder)


async def make_template(server: EmbeddedPostgres) -> None:
    """Migrate the template, and let tests move its clock."""
    dsn = await server.create_database(TEMPLATE)
    await migrate(dsn, application=APPLICATION)
    connection = await asyncpg.connect(dsn)
    await make_movable(connection)
    await connection.close()
