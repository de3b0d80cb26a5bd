"""Foul tries at the police's door: posts that a bank's broken software, or a stranger, might send."""

import asyncio
from dataclasses import replace
from urllib.parse import urlsplit

from simulator.banks.faults import HUGE_POST_BYTES, Foul
from simulator.banks.speech import Sealed, Speech
from simulator.net.http_client import Answer, Line, LineError

NO_ANSWER = 0
DRIPS = 20
DRIP_WALL_SECONDS = 0.1
ANSWER_WALL_SECONDS = 20.0


async def try_foully(line: Line, url: str, foul: Foul, true: Sealed) -> int:
    """Send `true`, which `spoilt` has made foul; gives the HTTP status, `NO_ANSWER` where there is none."""
    try:
        if foul in {Foul.CUT, Foul.DRIPPED}:
            async with asyncio.timeout(ANSWER_WALL_SECONDS):
                return await _by_hand(url, true, cut=foul is Foul.CUT)
        answer: Answer = await line.request("POST", true.path, headers=true.headers, body=true.body)
    except (LineError, OSError, TimeoutError):
        return NO_ANSWER
    return answer.status


def spoilt(foul: Foul, url: str, speech: Speech) -> Sealed:
    """What `foul` makes of an answer. What is foul in the manner of sending alone is the true answer, sealed anew."""
    match foul:
        case Foul.SIGNATURE:
            return speech.seal_as_stranger(url, speech.plain)
        case Foul.CLOCK:
            return speech.seal_out_of_time(url, speech.plain)
        case Foul.CHARSET:
            return speech.seal(url, speech.plain.decode().encode("utf-16"))
        case Foul.HUGE:
            true = speech.seal(url, speech.plain)
            return replace(true, body=true.body + b" " * HUGE_POST_BYTES)
        case _:
            return speech.seal(url, speech.plain)


async def _by_hand(url: str, true: Sealed, *, cut: bool) -> int:
    """The true post over a line of its own: cut in the middle of the body, or in drips to its end."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        told = {"host": f"{parts.hostname}:{parts.port}", "content-length": str(len(true.body)), **true.headers}
        lines = [f"POST {true.path} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
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
