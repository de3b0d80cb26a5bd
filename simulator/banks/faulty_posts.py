"""Faulty posts to the police, as a bank's broken software or a stranger might send them."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

from simulator.banks.faults import HUGE_POST_BYTES, FaultyPost
from simulator.banks.messages import BankMessage, Sealed
from simulator.net.http_client import Answer, HttpClient, HttpClientError

NO_ANSWER = 0
DRIPS = 20
DRIP_WALL_SECONDS = 0.1
ANSWER_WALL_SECONDS = 20.0


async def send_faulty(line: HttpClient, url: str, foul: FaultyPost, true: Sealed) -> int:
    """Send `true`, which `with_fault` has made faulty; return the HTTP status, or `NO_ANSWER`."""
    try:
        if foul in {FaultyPost.CUT, FaultyPost.DRIPPED}:
            async with asyncio.timeout(ANSWER_WALL_SECONDS):
                return await _by_hand(url, true, cut=foul is FaultyPost.CUT)
        answer: Answer = await line.request("POST", true.path, headers=true.headers, body=true.body)
    except (HttpClientError, OSError, TimeoutError):
        return NO_ANSWER
    return answer.status


def with_fault(foul: FaultyPost, url: str, message: BankMessage) -> Sealed:
    """Return the answer with the fault in it. A fault of delivery only leaves the content correct."""
    match foul:
        case FaultyPost.SIGNATURE:
            return message.seal_with_other_keys(url, message.plain)
        case FaultyPost.CLOCK:
            return message.seal_with_wrong_time(url, message.plain)
        case FaultyPost.CHARSET:
            return message.seal(url, message.plain.decode().encode("utf-16"))
        case FaultyPost.HUGE:
            true = message.seal(url, message.plain)
            return replace(true, body=true.body + b" " * HUGE_POST_BYTES)
        case _:
            return message.seal(url, message.plain)


async def _by_hand(url: str, true: Sealed, *, cut: bool) -> int:
    """Send the post over a separate connection: cut in the middle of the body, or slowly to its end."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        all_headers = {"host": f"{parts.hostname}:{parts.port}", "content-length": str(len(true.body)), **true.headers}
        lines = [f"POST {true.path} HTTP/1.1", *(f"{name}: {value}" for name, value in all_headers.items())]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
        size = len(true.body) // DRIPS + 1
        for start in range(0, len(true.body) // 2 if cut else len(true.body), size):
            writer.write(true.body[start : start + size])
            await writer.drain()
            await asyncio.sleep(DRIP_WALL_SECONDS)
        if cut:
            return NO_ANSWER
        status = (await reader.readline()).split()
        return int(status[1]) if len(status) > 1 else NO_ANSWER
    finally:
        writer.close()
