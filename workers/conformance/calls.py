"""Calls to a bank's endpoint for the checks, and the judging of refusals; shared by both suites."""

import asyncio
import time
from base64 import b64decode
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import orjson

from adapters.banks.answers import JsonObject
from adapters.banks.envelope import BODY_MAX_BYTES
from adapters.banks.posting import Poster, Reply
from adapters.banks.protocol import BankError, BankUnreachable, BankWire
from workers.conformance.findings import Book, Verdict
from workers.conformance.reason_text import secrets_of, text_of

BLOCK_BYTES: Final = 16
SLOW_SECONDS: Final = 5.0
"""a bank should confirm receipt of a request within seconds"""
CODE_SHOWN_CHARS: Final = 20
RESPONSE_OK: Final = frozenset({"00", ""})
NOT_NOW: Final = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply and its response time."""

    status: int
    body: JsonObject | None
    """None if it is not a JSON object"""
    seconds: float
    said: str = ""
    """the bank's own text, safe for a terminal"""
    is_base64: bool = False
    """whether the whole body is base64, and no JSON object"""

    @property
    def succeeded(self) -> bool:
        """Whether the status is 2xx."""
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES

    def part(self, name: str) -> JsonObject:
        """Return `meta` or `data` of an I4C wire reply; empty if it is missing."""
        part = (self.body or {}).get(name)
        return part if isinstance(part, dict) else {}

    @property
    def code(self) -> str:
        """The wire's response code in printable form; empty if there is none."""
        code = self.part("meta").get("response_code")
        if isinstance(code, bool) or not isinstance(code, str | int):
            return ""
        text = str(code).strip()[:CODE_SHOWN_CHARS]
        return text if text.isprintable() else "?"

    @property
    def is_refusal(self) -> bool:
        """Whether the status or the code says that the request was not taken."""
        return not self.succeeded or self.code not in RESPONSE_OK

    def as_text(self) -> str:
        """Return status and code as text; of a refusal also the bank's own text."""
        text = f"HTTP {self.status}" + (f", response code {self.code}" if self.code else "")
        return f"{text}, “{self.said}”" if self.is_refusal and self.said else text


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A missing or unreadable reply, with the reason."""

    reason: str
    seconds: float
    closed: bool
    """whether the connection was refused or closed"""


@dataclass(frozen=True, slots=True)
class Line:
    """Connection to one bank: every call has the same time limit."""

    bank: BankWire
    poster: Poster
    timeout_seconds: float
    sent_tokens: set[str] = field(default_factory=set, repr=False)

    async def post(self, path: str, body: bytes, headers: dict[str, str]) -> Answered | Unanswered:
        """Call the bank and return the reply or its absence; never raises a BankError."""
        began = time.monotonic()
        self.sent_tokens.add(headers.get("Authorization", "").removeprefix("Bearer "))
        try:
            async with asyncio.timeout(self.timeout_seconds):
                reply = await self.poster.post(self.bank, path, body, headers)
        except TimeoutError:
            reason = f"no reply within {self.timeout_seconds:g} s"
            return Unanswered(reason, time.monotonic() - began, closed=False)
        except BankError as error:
            closed = isinstance(error, BankUnreachable)
            return Unanswered(error.detail or type(error).__name__, time.monotonic() - began, closed)
        seconds, document = time.monotonic() - began, _object(reply)
        secrets = {*self.sent_tokens, *secrets_of(self.bank)} - {""}
        return Answered(reply.status, document, seconds, text_of(reply.body, document, secrets), _is_base64(reply))


def judge_refusal(book: Book, check: str, came: Answered | Unanswered, *, takes: str, closing_is_fine: bool) -> None:
    """Record whether the bank refused a request that it must refuse; `takes` says what it did instead.

    A 5xx is no refusal, because the same request would be sent again and again.
    """
    if isinstance(came, Unanswered):
        if came.closed and closing_is_fine:
            book.note(check, Verdict.RIGHT, "the connection was closed", came.seconds)
        else:
            book.note(check, Verdict.WRONG, came.reason, came.seconds)
        return
    if not came.is_refusal:
        book.note(check, Verdict.WRONG, f"{takes} ({came.as_text()})", came.seconds)
    elif came.status in NOT_NOW:
        book.note(check, Verdict.ODD, f"not determined: {came.as_text()}", came.seconds)
    elif came.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        book.note(check, Verdict.WRONG, f"{came.as_text()}: it would be sent again and again", came.seconds)
    else:
        book.note(check, Verdict.RIGHT, f"refused, {came.as_text()}", came.seconds)


def note_time(book: Book, came: Answered) -> None:
    """Record whether the reply to a valid request came soon enough."""
    verdict = Verdict.RIGHT if came.seconds <= SLOW_SECONDS else Verdict.ODD
    book.note("time to reply", verdict, f"{came.seconds:.2f} s; at most {SLOW_SECONDS:g} s is good", came.seconds)


def oversized(body: bytes) -> bytes:
    """Return the body with meaningless spaces after it: larger than any agreed size."""
    return body + b" " * BODY_MAX_BYTES


def _is_base64(reply: Reply) -> bool:
    """Return whether a body, or the JSON text in it, is base64 of at least one block."""
    try:
        return len(b64decode(reply.body.strip().strip(b'"'), validate=True)) >= BLOCK_BYTES
    except ValueError:
        return False


def _object(reply: Reply) -> JsonObject | None:
    try:
        document = orjson.loads(reply.body)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
