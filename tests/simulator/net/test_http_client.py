"""The small HTTP client: kept connections, dropped ones, slow ones."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from simulator.net.http_client import HttpClient, HttpClientError
from tests.each import each

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
Turn = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(turn: Turn) -> AsyncIterator[tuple[str, list[int]]]:
    """A server that runs `turn` for every connection and counts the connections."""
    connections: list[int] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        try:
            await turn(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", connections
    finally:
        server.close()


@asynccontextmanager
async def line_to(url: str, at_once: int = 1) -> AsyncIterator[HttpClient]:
    line = HttpClient(url, at_once)
    try:
        yield line
    finally:
        line.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def test_connections_are_kept() -> None:
    heard: list[bytes] = []

    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                heard.append(await read_request(reader))
            except asyncio.IncompleteReadError:
                return
            writer.write(OK)

    async with serving(turn) as (url, connections), line_to(f"{url}/prefix", 4) as line:
        for _ in range(5):
            answer = await line.request("POST", "/x", headers={"a": "b"}, body=b"content")
            assert (answer.status, answer.body) == (200, b"ok")
    assert len(connections) == 1
    assert heard[0].startswith(b"POST /prefix/x HTTP/1.1\r\n")
    assert heard[0].endswith(b"content")


async def test_an_answer_in_chunks() -> None:
    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 201 Created\r\ntransfer-encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
        await writer.drain()

    async with serving(turn) as (url, _), line_to(url) as line:
        answer = await line.request("GET", "/", headers={})
    assert (answer.status, answer.body) == (201, b"abc")


async def test_a_kept_connection_that_was_hung_up_is_replaced() -> None:
    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(OK)
        await writer.drain()

    async with serving(turn) as (url, connections), line_to(url, 2) as line:
        for _ in range(3):
            assert (await line.request("GET", "/", headers={})).status == 200
    assert len(connections) == 3


async def test_a_drop_in_the_middle_is_a_failure() -> None:
    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\nok")
        await writer.drain()

    async with serving(turn) as (url, connections):
        with pytest.raises(HttpClientError):
            await HttpClient(url, 1).request("GET", "/", headers={})
    assert len(connections) == 1


async def test_a_drop_without_an_answer_is_a_failure() -> None:
    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_request(reader)

    async with serving(turn) as (url, _):
        with pytest.raises(HttpClientError):
            await HttpClient(url, 1).request("GET", "/", headers={})


async def test_no_server_is_waited_for_for_ever() -> None:
    async def turn(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(1)

    async with serving(turn) as (url, _):
        with pytest.raises(HttpClientError, match="in time"):
            await HttpClient(url, 1).request("GET", "/", headers={}, timeout_seconds=0.05)


async def test_no_server_is_there() -> None:
    with pytest.raises(HttpClientError):
        await HttpClient("http://127.0.0.1:1", 1).request("GET", "/", headers={})


@each("url", ["", "ftp://127.0.0.1", "127.0.0.1:80"])
def test_not_an_address(url: str) -> None:
    with pytest.raises(ValueError, match="address"):
        HttpClient(url, 1)
