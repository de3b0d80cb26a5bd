"""Public keys with which institutions sign their messages to us."""

from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, UtcDatetime

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


class KeyChangeKind(StrEnum):
    """Change of a bank's keys."""

    ADD = "add"
    END = "end"


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
