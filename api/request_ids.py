"""The request id, which appears in a response, its problem and its log line."""

import re
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

HEADER: Final = b"x-request-id"
_PLAIN: Final = re.compile(rb"^[A-Za-z0-9-]{8,64}$")
_current: ContextVar[str] = ContextVar("request_id", default="-")


def begin(given: bytes | None) -> str:
    """Set the request id of this asyncio task: the caller's id if it is plain, else a new one."""
    chosen = given.decode() if given is not None and _PLAIN.fullmatch(given) else uuid4().hex
    _current.set(chosen)
    return chosen


def request_id() -> str:
    """Return the request id of this asyncio task, or a dash outside a request."""
    return _current.get()
