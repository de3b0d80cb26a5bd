"""Bodies of messages received from banks on the I4C wire and in files, byte for byte."""

import hashlib
from functools import cached_property
from typing import Any, Final

from db.pool import Connection
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


ARGUMENTS: Final = 4


def insert(institution: str, first: int) -> str:
    """Return the statement that stores a body; `columns` gives its arguments from `first` on.

    `institution` is SQL. The same bytes of the same bank are stored once. Without a body nothing is stored.
    """
    channel, received_at, headers, body = (f"${first + place}" for place in range(ARGUMENTS))
    return (
        "INSERT INTO bank_body (institution, channel, received_at, headers, body, digest)"
        f" SELECT {institution}, {channel}::text, {received_at}::timestamptz, {headers}::jsonb, {body}::bytea,"
        f" sha256({body}::bytea) WHERE {body}::bytea IS NOT NULL ON CONFLICT (institution, digest) DO NOTHING"
    )


def columns(received: ReceivedBody | None) -> tuple[Any, ...]:
    """Return the arguments of `insert`."""
    if received is None:
        return (None,) * ARGUMENTS
    headers = [list(line) for line in received.headers]
    return received.channel.value, received.received_at, headers, received.body


_KEEP: Final = insert("$1", 2)


async def keep(connection: Connection, institution: str, received: ReceivedBody) -> None:
    """Store a body as received."""
    await connection.execute(_KEEP, institution, *columns(received))
