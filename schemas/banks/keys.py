"""Keys of banks, exchanges with them, and the test events that they ask for."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind, KeyChangeKind

KEY_BYTES = 32
"""Length of an Ed25519 public key."""

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]


class BankKey(FrozenModel):
    """One Ed25519 public key of one institution. No other key has its `key_id`."""

    key_id: KeyId
    institution: str
    public_key: Annotated[bytes, Field(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    not_before: UtcDatetime
    not_after: UtcDatetime | None = None
    """None: valid until it is retired"""
    last_used_at: UtcDatetime | None = None
    """when a signature by it was last accepted, to the hour"""

    def is_live(self, moment: datetime) -> bool:
        """Return whether a signature made at `moment` is valid."""
        return self.not_before <= moment and (self.not_after is None or moment < self.not_after)

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the key, which two people compare by telephone."""
        return fingerprint_of(self.public_key)


def fingerprint_of(public_key: bytes) -> str:
    """Return the SHA-256 of a public key in groups of four digits."""
    digits = sha256(public_key).hexdigest()
    return " ".join(digits[start : start + 4] for start in range(0, len(digits), 4))


class KeyChangeOutcome(StrEnum):
    """End of a change of a bank's keys."""

    DONE = "done"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class KeyAsker(FrozenModel):
    """The person at the bank who asked for a change of keys, as the form of the inbox has it."""

    name: str = Field(repr=False)
    designation: str = Field(repr=False)


class KeyChange(FrozenModel):
    """Change of a bank's keys that the bank has asked for, or that the police have made."""

    change_id: UUID
    institution: str
    kind: KeyChangeKind
    key_id: KeyId
    public_key: Annotated[bytes, Field(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    asked_by: str
    """`bank:CODE`, or the command of the police"""
    asked_at: UtcDatetime
    outcome: KeyChangeOutcome | None = None
    """None: it waits for the police"""
    decided_by: str | None = None
    decided_at: UtcDatetime | None = None
    reason: str = ""

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the key that is added or ended."""
        return fingerprint_of(self.public_key)


class KeyRequestView(FrozenModel):
    """A change of keys that an institution has asked for, and that waits for two admins."""

    change_id: UUID
    institution: str
    kind: KeyChangeKind
    key_id: KeyId
    fingerprint: str
    """SHA-256 of the key, for two people to compare by telephone"""
    asked_at: UtcDatetime
    ends_at: UtcDatetime
    """nothing is confirmed after this time"""
    asker_name: str = Field(repr=False)
    """of the person at the bank, for the officer who telephones; not proven"""
    asker_designation: str = Field(repr=False)


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


class BankTestOutcome(StrEnum):
    """Result of a test event."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    """the endpoint said that it is closed for good"""
    NO_WEBHOOK = "no_webhook"
    """the directory has no webhook of the bank"""


class BankTestCall(FrozenModel):
    """A test event that a bank has asked for."""

    call_id: UUID
    institution: str
    asked_at: UtcDatetime
    done_at: UtcDatetime | None = None
    """None: it is not sent yet"""
    outcome: BankTestOutcome | None = None
    took_seconds: float | None = None
    detail: str = ""
