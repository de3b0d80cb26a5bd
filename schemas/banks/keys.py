"""Public keys with which institutions sign their messages to us."""

from datetime import datetime
from hashlib import sha256
from typing import Annotated

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

    @property
    def fingerprint(self) -> str:
        """Return the SHA-256 of the key, for two people to compare by telephone."""
        return sha256(self.public_key).hexdigest()

    def is_live(self, moment: datetime) -> bool:
        """Return whether a signature made at `moment` is valid."""
        return self.not_before <= moment and (self.not_after is None or moment < self.not_after)
