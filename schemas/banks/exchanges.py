"""Bytes that we and a bank exchanged in one transmission."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind

SENT_MAX_BYTES: Final = 1024 * 1024
"""stored part of what was sent; only a letter with a large document is longer"""
REPLY_MAX_BYTES: Final = 64 * 1024
"""stored part of a reply; the agreed replies have a few hundred bytes"""
LINE_MAX_CHARS: Final = 2_000
"""stored part of a header line"""
FAILURE_MAX_CHARS: Final = 300


class About(StrEnum):
    """Subject of an exchange."""

    HOLD_REQUEST = "hold_request"
    ORDER = "order"
    CANCELLATION = "cancellation"
    """cancellation of an order"""
    PAYER_INQUIRY = "payer_inquiry"
    """question to the victim's bank about the victim's own transfer"""


class Exchange(FrozenModel):
    """One transmission to a bank, and the reply. It holds no secret: no login, token or cookie."""

    channel: ChannelKind
    at: UtcDatetime
    """time at which the bytes began to leave"""
    head: str
    """method and target, then selected headers of ours, one line each"""
    body: bytes = Field(repr=False)
    """bytes sent, at most `SENT_MAX_BYTES`"""
    size_bytes: int
    """size of the complete body"""
    digest: bytes
    """SHA-256 of the complete body as it was sent"""
    masked: bool = False
    """whether the token of a link is masked in `body`"""
    content: bytes | None = Field(default=None, repr=False)
    """plaintext that the bank reads after opening the envelope; None if the body is the plaintext"""
    reply_head: str | None = None
    """status and selected headers of the reply; None without a reply"""
    reply: bytes | None = Field(default=None, repr=False)
    """at most `REPLY_MAX_BYTES` of the reply"""
    reply_cut: bool = False
    """whether the reply was longer"""
    failure: str = ""
    """failure that ended the attempt, without personal data; empty if the bank has the message"""
