"""What passed between us and a bank when bytes left for it: the bytes, both ways."""

from enum import StrEnum
from typing import Final

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind

SENT_MAX_BYTES: Final = 1024 * 1024
"""kept of what was sent: no message is longer, only a letter with a large paper"""
REPLY_MAX_BYTES: Final = 64 * 1024
"""kept of a reply; the agreed ones have a few hundred bytes"""
LINE_MAX_CHARS: Final = 2_000
"""kept of a line of a head"""
FAILURE_MAX_CHARS: Final = 300


class About(StrEnum):
    """What an exchange was about."""

    HOLD_REQUEST = "hold_request"
    ORDER = "order"
    CANCELLATION = "cancellation"
    """of an order"""


class Exchange(FrozenModel):
    """One time that bytes left for a bank, and what came back. No secret is in it: no login, token or cookie."""

    channel: ChannelKind
    at: UtcDatetime
    """when the bytes began to leave"""
    head: str
    """how it went and where to, a line each; of our headers those that say something"""
    body: bytes = Field(repr=False)
    """what was sent, at most `SENT_MAX_BYTES` of it"""
    size_bytes: int
    """of the whole"""
    digest: bytes
    """SHA-256 of the whole as it was sent"""
    masked: bool = False
    """whether the token of a link is written over in `body`"""
    content: bytes | None = Field(default=None, repr=False)
    """what the bank reads once it has opened its envelope; None where the body is that"""
    reply_head: str | None = None
    """the status, and of the headers those that say something; None where no reply came"""
    reply: bytes | None = Field(default=None, repr=False)
    """at most `REPLY_MAX_BYTES` of it"""
    reply_cut: bool = False
    """whether there was more"""
    failure: str = ""
    """what ended the attempt, with no personal data in it; empty where the bank has it"""
