"""Check of a signed request that a bank's integrator has pasted: which part of it is wrong.

Every part is looked at, while a real request is refused for the first one. Nothing is booked and no nonce is used. This
module does no input and output.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from api.gateway.signatures import (
    DIGEST,
    Claim,
    Fields,
    Message,
    base_of,
    check_cover,
    check_fields,
    check_time,
    claim_of,
    verified_by,
)
from api.problems import Refused
from schemas.banks.keys import BankKey

REQUEST_MAX_CHARS: Final = 64 * 1024
_REQUEST_LINE: Final = re.compile(r"([A-Z]{3,7}) (/\S*)(?: HTTP/1\.[01])?")
_HEADER: Final = re.compile(r"([A-Za-z0-9-]+):(.*)")
"""A second run of blanks beside another would take the square of a line's length, so the caller strips them."""


class Part(StrEnum):
    """Part of a signed request that is looked at by itself."""

    READABLE = "readable"
    """the request, its headers and the parameters of the signature"""
    COVER = "cover"
    TIME = "time"
    KEY = "key"
    BODY = "body"
    SIGNATURE = "signature"


class KeyState(StrEnum):
    """State of the key that a signature names."""

    LIVE = "live"
    UNKNOWN = "unknown"
    """not registered, or of another bank"""
    NOT_LIVE = "not_live"


@dataclass(slots=True)
class Checked:
    """Result of a check: the fault of each part, an empty text if it is right.

    A part that could not be looked at is missing.
    """

    parts: dict[Part, str] = field(default_factory=dict)
    key: KeyState | None = None
    base: str = ""
    """the text that the signature must sign"""
    body_digest: str = ""
    """Content-Digest of the pasted body"""

    @property
    def is_right(self) -> bool:
        """Return whether every part is right."""
        return set(self.parts) == set(Part) and not any(self.parts.values())


@dataclass(frozen=True, slots=True)
class Pasted:
    """A request as pasted into a form."""

    method: str
    target: str
    lines: list[tuple[str, str]]
    body: str


def request_in(text: str) -> Pasted | None:
    """Return the request in a text: a request line, header lines, an empty line, and the body."""
    head, _, body = text.replace("\r\n", "\n").lstrip("\n").partition("\n\n")
    first, *rest = head.split("\n")
    request_line = _REQUEST_LINE.fullmatch(first.strip())
    headers = [_HEADER.fullmatch(line) for line in rest]
    if request_line is None or not head.isascii() or not all(headers):
        return None
    lines = [(header_match[1].lower(), header_match[2].strip(" \t")) for header_match in headers if header_match]
    return Pasted(request_line[1], request_line[2], lines, body)


def check(
    pasted: Pasted, keys: Mapping[str, BankKey], now: datetime, *, window_seconds: float, origin: str | None
) -> Checked:
    """Look at every part of a pasted request. `keys` are those of the bank that asks."""
    checked, lines = Checked(), pasted.lines
    claim = _claim(checked, lines)
    if claim is None:
        return checked
    _note(checked, Part.COVER, lambda: check_cover(claim, lines, has_origin=origin is not None))
    _note(checked, Part.TIME, lambda: check_time(claim, now.timestamp(), window_seconds))
    key = keys.get(claim.key_id)
    checked.key = KeyState.UNKNOWN if key is None else KeyState.LIVE if key.is_live(now) else KeyState.NOT_LIVE
    checked.parts[Part.KEY] = "" if checked.key is KeyState.LIVE else claim.key_id
    host = dict(lines).get("host", "")
    base = origin.rstrip("/") if origin is not None else f"https://{host}"
    message = Message(pasted.method, f"{base}{pasted.target}", Fields(lines))
    checked.base = base_of(message, claim)
    _check_digest(checked, pasted)
    if key is not None:
        _note(checked, Part.SIGNATURE, lambda: verified_by(message, claim, key))
    return checked


def _claim(checked: Checked, lines: list[tuple[str, str]]) -> Claim | None:
    try:
        check_fields(lines)
        claim = claim_of(dict(lines))
    except Refused as refused:
        checked.parts[Part.READABLE] = _said(refused)
        return None
    checked.parts[Part.READABLE] = ""
    return claim


def _check_digest(checked: Checked, pasted: Pasted) -> None:
    """Compare the body with the digest in the header.

    A form may have changed the ends of lines, so both are tried.
    """
    stated = dict(pasted.lines).get(DIGEST, "")
    bodies = {pasted.body.encode(), pasted.body.replace("\n", "\r\n").encode(), pasted.body.rstrip("\n").encode()}
    checked.body_digest = digest_of(pasted.body.encode()) if pasted.body else ""
    if not stated:
        checked.parts[Part.BODY] = DIGEST if pasted.body else ""
    elif any(digest_of(body) in stated for body in bodies):
        checked.parts[Part.BODY] = ""
    else:
        checked.parts[Part.BODY] = stated


def digest_of(body: bytes) -> str:
    """Return the Content-Digest of a body."""
    return f"sha-256=:{base64.b64encode(hashlib.sha256(body).digest()).decode()}:"


def _note(checked: Checked, part: Part, look: Callable[[], object]) -> None:
    try:
        look()
    except Refused as refused:
        checked.parts[part] = _said(refused)
    else:
        checked.parts[part] = ""


def _said(refused: Refused) -> str:
    return str(refused.detail or refused.kind.title)
