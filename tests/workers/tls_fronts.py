"""Servers that speak TLS before a plain server of this machine: before Temporal, and before PostgreSQL."""

import asyncio
import socket
import ssl
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

from tests.certificates import LOOPBACK
from tests.proxy import pass_on

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""message by which a client of PostgreSQL asks for TLS"""

REFUSAL_SECONDS = 10.0

Connected = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def before_temporal(port: int, context: ssl.SSLContext) -> AsyncIterator[str]:
    """Yield the address of a server with TLS before the Temporal server at `port`."""
    context.set_alpn_protocols(["h2"])

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, port)

    async with _serving(connected, context) as own_port:
        yield f"{LOOPBACK}:{own_port}"


@asynccontextmanager
async def before_postgres(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Yield the port of a server with TLS before the PostgreSQL server at `port`. It refuses plain connections."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(SSL_REQUEST)) == SSL_REQUEST:
                writer.write(b"S")
                await writer.start_tls(context)
                await _join(reader, writer, port)
        writer.transport.abort()

    async with _serving(connected, None) as own_port:
        yield own_port


@contextmanager
def refusing(context: ssl.SSLContext) -> Iterator[str]:
    """Yield the address of a server that tells a client in TLS why it is refused. No client gets further."""
    context.set_alpn_protocols(["h2"])
    with socket.create_server((LOOPBACK, 0)) as server:
        thread = threading.Thread(target=_refuse_all, args=(server, context))
        thread.start()
        try:
            yield f"{LOOPBACK}:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join(REFUSAL_SECONDS)


def _refuse_all(server: socket.socket, context: ssl.SSLContext) -> None:
    # A socket that blocks sends the alert before it raises; asyncio drops it.
    with suppress(OSError):
        while True:
            connection, _ = server.accept()
            connection.settimeout(REFUSAL_SECONDS)
            secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            with secured, suppress(OSError):
                secured.do_handshake()


@asynccontextmanager
async def _serving(connected: Connected, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Yield the port of a server; its connections end with the block."""
    tasks: set[asyncio.Task[None]] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await connected(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(answer, LOOPBACK, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
    there, back = await asyncio.open_connection(LOOPBACK, port)
    try:
        await asyncio.gather(pass_on(reader, back), pass_on(there, writer))
    finally:
        back.transport.abort()
