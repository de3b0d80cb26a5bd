"""Foul tries at the police's door: posts that a bank's broken software, or a stranger, might send."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

import orjson

from simulator.envelope import Envelope
from simulator.faults import HUGE_POST_BYTES, Foul
from simulator.line import Answer, Line, LineError

UPDATE_PATH = "/banking/FraudReportStatusUpdate"
NO_ANSWER = 0
DRIPS = 20
DRIP_WALL_SECONDS = 0.1
ANSWER_WALL_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Sealed:
    """A post as it goes on the wire."""

    body: bytes
    headers: Mapping[str, str]


async def try_foully(line: Line, url: str, foul: Foul, envelope: Envelope, true: Sealed) -> int:
    """Send what `foul` makes of the true post; gives the HTTP status, `NO_ANSWER` where there is none."""
    try:
        if foul in {Foul.CUT, Foul.DRIPPED}:
            async with asyncio.timeout(ANSWER_WALL_SECONDS):
                return await _by_hand(url, true, cut=foul is Foul.CUT)
        bad = _spoilt(foul, envelope, true)
        answer: Answer = await line.request("POST", UPDATE_PATH, headers=bad.headers, body=bad.body)
    except (LineError, OSError, TimeoutError):
        return NO_ANSWER
    return answer.status


def _spoilt(foul: Foul, envelope: Envelope, true: Sealed) -> Sealed:
    if foul is Foul.SIGNATURE:
        # Another's keys, both of them: where the bank signs nothing, its envelope must not open.
        stranger = replace(envelope, aes_key=os.urandom(32), hmac_key=os.urandom(32) if envelope.hmac_key else None)
        return _resealed(stranger, orjson.dumps(_content(envelope, true)), true)
    if foul is Foul.CHARSET:
        return _resealed(envelope, orjson.dumps(_content(envelope, true)).decode().encode("utf-16"), true)
    if foul is Foul.HUGE:
        return replace(true, body=true.body + b" " * HUGE_POST_BYTES)
    return true


def _content(envelope: Envelope, true: Sealed) -> object:
    return envelope.open(true.body, true.headers)


def _resealed(envelope: Envelope, plain: bytes, true: Sealed) -> Sealed:
    body, headers = envelope.seal_bytes(plain)
    return Sealed(body, {**true.headers, **headers})


async def _by_hand(url: str, true: Sealed, *, cut: bool) -> int:
    """The true post over a line of its own: cut in the middle of the body, or in drips to its end."""
    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        told = {"host": f"{parts.hostname}:{parts.port}", "content-length": str(len(true.body)), **true.headers}
        lines = [f"POST {UPDATE_PATH} HTTP/1.1", *(f"{name}: {value}" for name, value in told.items())]
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
