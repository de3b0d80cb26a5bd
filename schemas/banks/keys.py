"""The public keys with which institutions sign what they send us."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, UtcDatetime

KEY_BYTES = 32
"""Of an Ed25519 public key."""

KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,100}$")]


class BankKey(FrozenModel):
    """One Ed25519 public key of one institution. Its `key_id` is nobody else's."""

    key_id: KeyId
    institution: str
    public_key: Annotated[bytes, Field(min_length=KEY_BYTES, max_length=KEY_BYTES)]
    not_before: UtcDatetime
    not_after: UtcDatetime | None = None
    """None: until it is retired"""

    def is_live(self, moment: datetime) -> bool:
        """Whether a signature made at `moment` counts."""
        return self.not_before <= moment and (self.not_after is None or moment < self.not_after)
