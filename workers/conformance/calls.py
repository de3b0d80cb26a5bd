"""Calling a bank's endpoint for a check, and reading a refusal: what both suites do."""

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import orjson

from adapters.banks.answers import JsonObject
from adapters.banks.envelope import BODY_MAX_BYTES
from adapters.banks.posting import Poster, Reply
from adapters.banks.protocol import BankError, BankUnreachable, BankWire
from workers.conformance.findings import Book, Verdict

SLOW_SECONDS: Final = 5.0
"""A bank says within seconds that it has the request."""
CODE_SHOWN_CHARS: Final = 20
NOT_NOW: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, and how long it took."""

    status: int
    body: JsonObject | None
    """None where it is no JSON object"""
    seconds: float

    @property
    def succeeded(self) -> bool:
        """Whether it is a 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def half(self, name: str) -> JsonObject:
        """`meta` or `data` of the I4C wire's replies; empty where it is missing."""
        half = (self.body or {}).get(name)
        return half if isinstance(half, dict) else {}

    @property
    def code(self) -> str:
        """The wire's response code, fit to be shown; empty where there is none."""
        code = self.half("meta").get("response_code")
        if isinstance(code, bool) or not isinstance(code, str | int):
            return ""
        text = str(code).strip()[:CODE_SHOWN_CHARS]
        return text if text.isprintable() else "?"

    def in_words(self) -> str:
        """Status and code."""
        return f"HTTP {self.status}" + (f", response code {self.code}" if self.code else "")


@dataclass(frozen=True, slots=True)
class Unanswered:
    """No reply that could be read, and why."""

    reason: str
    seconds: float
    closed: bool
    """the connection was refused or closed"""


@dataclass(frozen=True, slots=True)
class Line:
    """The line to one bank: every call has the same time."""

    bank: BankWire
    poster: Poster
    timeout_seconds: float

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answered | Unanswered:
        """Call, and give what came of it; never raises a BankError."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.timeout_seconds):
                reply = await self.poster.post(self.bank, path, body, headers)
        except TimeoutError:
            reason = f"no reply within {self.timeout_seconds:g} s"
            return Unanswered(reason, time.monotonic() - began, closed=False)
        except BankError as error:
            closed = isinstance(error, BankUnreachable)
            return Unanswered(error.detail or type(error).__name__, time.monotonic() - began, closed)
        return Answered(reply.status, _object(reply), time.monotonic() - began)


def judge_refusal(book: Book, check: str, came: Answered | Unanswered, *, takes: str, closing_is_fine: bool) -> None:
    """Write down whether the bank refused what it must refuse; `takes` says what it did where it did not.

    A 5xx is no refusal: the same request would be sent again and again.
    """
    if isinstance(came, Unanswered):
        if came.closed and closing_is_fine:
            book.note(check, Verdict.RIGHT, "the connection was closed", came.seconds)
        else:
            book.note(check, Verdict.WRONG, came.reason, came.seconds)
        return
    if came.succeeded and came.code in {"00", ""}:
        book.note(check, Verdict.WRONG, f"{takes} ({came.in_words()})", came.seconds)
    elif came.status in NOT_NOW:
        book.note(check, Verdict.ODD, f"not told: {came.in_words()}", came.seconds)
    elif came.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        book.note(check, Verdict.WRONG, f"{came.in_words()}: it would be sent again and again", came.seconds)
    else:
        book.note(check, Verdict.RIGHT, f"refused, {came.in_words()}", came.seconds)


def note_time(book: Book, came: Answered) -> None:
    """Write down whether the reply to a good request came soon enough."""
    verdict = Verdict.RIGHT if came.seconds <= SLOW_SECONDS else Verdict.ODD
    book.note("time to reply", verdict, f"{came.seconds:.2f} s; at most {SLOW_SECONDS:g} s is good", came.seconds)


def oversized(body: bytes) -> bytes:
    """The body with blanks behind it, which say nothing: larger than any that was agreed."""
    return body + b" " * BODY_MAX_BYTES


def _object(reply: Reply) -> JsonObject | None:
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
