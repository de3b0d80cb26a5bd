"""A way to a server that a test cuts, as when the server dies or the network fails."""

import asyncio
from contextlib import suppress
from typing import Self

HOST = "127.0.0.1"


class Proxy:
    """Passes everything on. While it is cut, connections break, and new ones end at once."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None
        self._is_cut = False
        self.port = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        if self._server:
            self._server.close()

    @property
    def address(self) -> str:
        """`HOST:PORT` of the server behind this proxy."""
        return f"{HOST}:{self.port}"

    def cut(self) -> None:
        """Cut every connection, and let no new one through."""
        self._is_cut = True
        for writer in self._writers:
            writer.transport.abort()

    def mend(self) -> None:
        """Let connections through again."""
        self._is_cut = False

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(*self._to)
        both = {writer, back}
        self._writers |= both
        if self._is_cut:
            self.cut()
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))
        self._writers -= both


async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Write all that is read, and end the connection when the other one ends."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.transport.abort()
