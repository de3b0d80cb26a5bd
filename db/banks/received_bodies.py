"""Bodies of messages received from banks on the I4C wire and in files, byte for byte, sealed."""

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import BodyKey
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind


class ReceivedBody(FrozenModel):
    """A body as received, with its headers."""

    channel: ChannelKind
    received_at: UtcDatetime
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes

    @cached_property
    def digest(self) -> bytes:
        """Return the SHA-256 of the body."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True, slots=True)
class SealedReceived:
    """A body as it is written."""

    received: ReceivedBody = field(repr=False)
    key: BodyKey
    sealed: bytes = field(repr=False)


ARGUMENTS: Final = 7


def insert_body(institution: str, first: int) -> str:
    """Return the statement that stores a body; `columns` gives its arguments from `first` on.

    `institution` is SQL. The same bytes of the same bank are stored once. Without a body nothing is stored.
    """
    channel, received_at, headers, digest, person_id, sealed, of_bank = (
        f"${first + place}" for place in range(ARGUMENTS)
    )
    return (
        "INSERT INTO bank_body (institution, channel, received_at, headers, digest, person_id, sealed, of_bank)"
        f" SELECT {institution}, {channel}::text, {received_at}::timestamptz, {headers}::jsonb, {digest}::bytea,"
        f" {person_id}::uuid, {sealed}::bytea, {of_bank}::boolean"
        f" WHERE {digest}::bytea IS NOT NULL ON CONFLICT (institution, digest) DO NOTHING"
    )


def body_columns(one: SealedReceived | None) -> tuple[Any, ...]:
    """Return the arguments of `insert`."""
    if one is None:
        return (None,) * ARGUMENTS
    received = one.received
    headers = [list(line) for line in received.headers]
    of_bank = one.key.case_no is None
    told = (received.channel.value, received.received_at, headers, received.digest)
    return (*told, one.key.person_id, one.sealed, of_bank)


_KEEP_OF_RECEIVED_BODIES: Final = f"WITH {body_keys.insert(2)} {insert_body('$1', 2 + body_keys.ARGUMENTS)}"


async def keep_body(connection: Connection, institution: str, one: SealedReceived) -> None:
    """Store a body as received, with its key if that is new."""
    await connection.execute(_KEEP_OF_RECEIVED_BODIES, institution, *body_keys.columns([one.key]), *body_columns(one))
