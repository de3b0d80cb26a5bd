"""The id that ties a response, its problem and its log line together."""

import re
from contextvars import ContextVar
from typing import Final
from uuid import uuid4

HEADER: Final = b"x-request-id"
_PLAIN: Final = re.compile(rb"^[A-Za-z0-9-]{8,64}$")
_current: ContextVar[str] = ContextVar("request_id", default="-")


def begin(given: bytes | None) -> str:
    """Take the caller's id where it is a plain word, else make one; it is this task's from now on."""
    chosen = given.decode() if given is not None and _PLAIN.match(given) else uuid4().hex
    _current.set(chosen)
    return chosen


def request_id() -> str:
    """The id of the request this task serves; a dash outside one."""
    return _current.get()
