"""Bodies of messages received from banks on the I4C wire and in files, byte for byte."""

from collections.abc import Sequence
from datetime import datetime

from db.pool import Connection
from schemas.enums import ChannelKind


async def keep(
    connection: Connection,
    institution: str,
    channel: ChannelKind,
    received_at: datetime,
    headers: Sequence[tuple[str, str]],
    body: bytes,
) -> None:
    """Store a body as received; the same bytes of the same bank are stored once."""
    await connection.execute(
        "INSERT INTO bank_body (institution, channel, received_at, headers, body, digest)"
        " VALUES ($1, $2, $3, $4, $5, sha256($5)) ON CONFLICT (institution, digest) DO NOTHING",
        institution,
        channel.value,
        received_at,
        [list(line) for line in headers],
        body,
    )
