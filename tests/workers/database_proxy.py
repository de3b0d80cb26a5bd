"""A way to PostgreSQL that a test cuts, as when the server dies: connections break, and new ones are refused."""

import asyncio
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from tests.proxy import pass_on
from tests.server import through_tcp


class DatabaseProxy:
    """Passes everything on until it is cut."""

    def __init__(self, dsn: str) -> None:
        self._dsn = urlsplit(through_tcp(dsn))
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.get_running_loop()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def dsn(self) -> str:
        """The address of the database behind this proxy."""
        user, at, _ = self._dsn.netloc.rpartition("@")
        return urlunsplit(self._dsn._replace(netloc=f"{user}{at}127.0.0.1:{self._port}"))

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._cut()

    def cut(self) -> None:
        """Cut every connection and refuse new ones; called from another thread."""
        asyncio.run_coroutine_threadsafe(self._cut(), self._loop).result(timeout=10)

    async def _cut(self) -> None:
        if self._server:
            self._server.close()
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(self._dsn.hostname, self._dsn.port)
        self._writers |= {writer, back}
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))
