"""D9: a body that is too large gets its answer over a real socket, and the rest of it is dropped within limits."""

import asyncio
import http.client
import json
import time
from collections.abc import Iterator

import pytest

from api import server
from api.services import Services
from tests.api.listening import Server, listening, one_place, with_doors

LARGE_BYTES = 14_000_000
PART = b" " * 65_536
PATIENCE_SECONDS = 20.0
COMPLAINTS = "/api/v1/complaints"
STATUS_UPDATE = "/banking/FraudReportStatusUpdate"


def parts(total_bytes: int) -> Iterator[bytes]:
    for _ in range(total_bytes // len(PART)):
        yield PART


def posted(told: Server, path: str, *, chunked: bool, **headers: str) -> tuple[int, bytes]:
    """Send the whole body before a byte of the answer is read, as most clients do."""
    token = told.bank if path == STATUS_UPDATE else told.officer
    usual = {"Content-Type": "application/json", "Authorization": f"Bearer {token}", "Idempotency-Key": "k"}
    connection = http.client.HTTPConnection(told.host, told.port, timeout=PATIENCE_SECONDS)
    try:
        body = parts(LARGE_BYTES) if chunked else b" " * LARGE_BYTES
        connection.request("POST", path, body, usual | headers, encode_chunked=chunked)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("closing", ["keep-alive", "close"])
@pytest.mark.parametrize("path", [COMPLAINTS, STATUS_UPDATE])
async def test_d9_a_sender_of_the_whole_body_reads_the_answer(
    services: Services, path: str, closing: str, chunked: bool
) -> None:
    async with listening(services, PATIENCE_SECONDS) as told:
        headers = {"Connection": closing, **({"Transfer-Encoding": "chunked"} if chunked else {})}
        status, body = await asyncio.to_thread(posted, told, path, chunked=chunked, **headers)
    assert status == 413
    answer = json.loads(body)
    if path == STATUS_UPDATE:
        assert answer["meta"]["response_code"] == "413"
    else:
        assert answer["type"] == "urn:goldenhour:problem:too-large"


async def refused(told: Server, length: str = f"Content-Length: {LARGE_BYTES}") -> asyncio.StreamWriter:
    """A connection that has its refusal, and whose body does not come."""
    reader, writer = await asyncio.open_connection(told.host, told.port)
    head = (f"POST {COMPLAINTS} HTTP/1.1", "Host: x", "Content-Type: application/json", "Connection: close", length)
    writer.write("\r\n".join((*head, "", "")).encode())
    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await reader.read()).startswith(b"HTTP/1.1 413 ")
    return writer


async def closed(writer: asyncio.StreamWriter, piece: bytes, pause_seconds: float) -> int:
    """Send pieces until the server has closed the connection; gives the bytes sent."""
    sent = 0
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                writer.write(piece)
                await writer.drain()
            except ConnectionError:
                return sent
            sent += len(piece)
            await asyncio.sleep(pause_seconds)


async def test_d9_the_rest_of_a_refused_body_has_a_limit_of_time(services: Services) -> None:
    async with listening(services, 1.0) as told:
        began = time.monotonic()
        await closed(await refused(told), b" ", 0.05)
        assert 0.9 <= time.monotonic() - began < PATIENCE_SECONDS / 2


async def test_d9_and_a_limit_of_bytes(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DRAIN_MAX_BYTES", 1_000_000)
    async with listening(services, PATIENCE_SECONDS) as told:
        sent = await closed(await refused(told), PART, 0)
    # The kernel's buffers on both sides take some megabytes more.
    assert 1_000_000 < sent < LARGE_BYTES


async def test_d9_a_refused_body_holds_no_place(services: Services) -> None:
    async with listening(with_doors(services, places=one_place(services)), PATIENCE_SECONDS) as told:
        waiting = [await refused(told) for _ in range(5)]
        reader, writer = await asyncio.open_connection(told.host, told.port)
        writer.write(b"GET /appeal HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        for one in (*waiting, writer):
            one.close()


async def test_d9_a_request_behind_a_refused_body_is_not_served(services: Services) -> None:
    async with listening(services, PATIENCE_SECONDS) as told:
        reader, writer = await asyncio.open_connection(told.host, told.port)
        head = f"POST {COMPLAINTS} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
        writer.write(f"{head}Content-Length: {LARGE_BYTES}\r\n\r\n".encode())
        for part in parts(LARGE_BYTES):
            writer.write(part)
        writer.write(b" " * (LARGE_BYTES % len(PART)) + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        async with asyncio.timeout(PATIENCE_SECONDS):
            answers = await reader.read()
        writer.close()
    assert answers.count(b"HTTP/1.1 ") == 1
