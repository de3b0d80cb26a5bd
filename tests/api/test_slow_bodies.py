"""A head or a body that comes drop by drop, each in time: the whole is given up all the same, over a real socket."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from api.services import Services
from tests.api.listening import Server, listening

BODY_SECONDS = 1.0
DROP_SECONDS = 0.02
BYTES = 2_000
"""at that pace they take forty seconds"""
PATIENCE_SECONDS = 20.0


@pytest.fixture
async def server(services: Services) -> AsyncIterator[Server]:
    async with listening(services, BODY_SECONDS) as opened:
        yield opened


@dataclass
class Drip:
    """What became of a request whose body drips."""

    answer: bytes
    sent_bytes: int
    took_seconds: float


async def read_all(reader: asyncio.StreamReader) -> bytes:
    """What the server said, though a late drop may have met a closed line."""
    told = b""
    try:
        while part := await reader.read(65_536):
            told += part
    except ConnectionResetError:
        pass
    return told


async def drip(server: Server, path: str, token: str, *, chunked: bool) -> Drip:
    """Send a head, then a byte at a time, until the server has closed the line."""
    reader, writer = await asyncio.open_connection(server.host, server.port)
    length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {BYTES}"
    head = (
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Content-Type: application/json",
        "Idempotency-Key: k",
        f"Authorization: Bearer {token}",
        length,
    )
    writer.write("\r\n".join((*head, "", "")).encode())
    reading = asyncio.create_task(read_all(reader))
    began, sent_bytes = time.monotonic(), 0
    while not reading.done() and sent_bytes < BYTES:
        writer.write(b"1\r\n \r\n" if chunked else b" ")
        sent_bytes += 1
        await asyncio.wait((reading,), timeout=DROP_SECONDS)
    async with asyncio.timeout(PATIENCE_SECONDS):
        answer = await reading
    writer.close()
    return Drip(answer, sent_bytes, time.monotonic() - began)


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/complaints",
        "/api/v1/bank/holds/00000000-0000-4000-8000-000000000000/answer",
        "/banking/FraudReportStatusUpdate",
    ],
)
async def test_a_body_that_drips_is_given_up(server: Server, path: str, chunked: bool) -> None:
    token = server.officer if path.endswith("complaints") else server.bank
    told = await drip(server, path, token, chunked=chunked)
    head, _, body = told.answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"connection: close" in head.lower()
    if not path.startswith("/banking/"):
        assert b"urn:goldenhour:problem:too-slow" in body
    assert told.took_seconds >= 0.99 * BODY_SECONDS  # the clock of uvloop counts milliseconds
    assert told.sent_bytes < BYTES


async def test_a_body_that_comes_at_once_is_read(server: Server) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    head = f"POST /api/v1/complaints HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {server.officer}\r\n"
    writer.write(f"{head}Content-Type: application/json\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{{}}".encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await reader.read()).startswith(b"HTTP/1.1 422 ")
    writer.close()


# -- between two requests ----------------------------------------------------------------------------------------------


def head(server: Server, *more: str) -> bytes:
    """The head of a complaint."""
    lines = ("POST /api/v1/complaints HTTP/1.1", "Host: x", f"Authorization: Bearer {server.officer}", *more, "", "")
    return "\r\n".join(lines).encode()


EMPTY = ("Content-Type: application/json", "Content-Length: 2")


async def response(reader: asyncio.StreamReader) -> bytes:
    """One whole response."""
    told = await reader.readuntil(b"\r\n\r\n")
    (length,) = [line for line in told.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return told + await reader.readexactly(int(length.partition(b":")[2]))


async def drip_until_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, drops: bytes) -> bytes:
    """Send a byte at a time until the server has closed the line; gives what it said meanwhile."""
    reading = asyncio.create_task(read_all(reader))
    async with asyncio.timeout(PATIENCE_SECONDS):
        for drop in drops:
            if reading.done():
                break
            writer.write(bytes((drop,)))
            await asyncio.wait((reading,), timeout=DROP_SECONDS)
        return await reading


async def test_a_head_that_drips_is_given_up(server: Server) -> None:
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(server.host, server.port)
    assert await drip_until_closed(reader, writer, b"GET / HTTP/1.1\r\n" + b"X-Y: z\r\n" * BYTES) == b""
    assert time.monotonic() - began >= 0.99 * BODY_SECONDS
    writer.close()


async def test_a_line_on_which_nothing_comes_is_closed(server: Server) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("drops", [b"GET / HTTP/1.1\r\n" + b"X-Y: z\r\n" * BYTES, b"\r\n" * BYTES])
async def test_so_is_the_next_head_on_a_line(server: Server, drops: bytes) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(head(server, *EMPTY) + b"{}")
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await response(reader)).startswith(b"HTTP/1.1 422 ")
    assert await drip_until_closed(reader, writer, drops) == b""
    writer.close()


async def test_so_is_the_rest_of_a_body_that_was_refused(server: Server) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(head(server, "Content-Type: text/plain", f"Content-Length: {BYTES}"))
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await response(reader)).startswith(b"HTTP/1.1 415 ")
    assert await drip_until_closed(reader, writer, b" " * BYTES) == b""
    writer.close()


async def test_a_line_that_rests_between_requests_stays(server: Server) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    async with asyncio.timeout(PATIENCE_SECONDS):
        for _ in range(2):
            writer.write(head(server, *EMPTY) + b"{}")
            assert (await response(reader)).startswith(b"HTTP/1.1 422 ")
            await asyncio.sleep(2 * BODY_SECONDS)
    writer.close()
