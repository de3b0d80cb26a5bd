"""Attempts to deliver a hold request, an order or a cancellation to its bank: over which channel, with what outcome.

The subject of a cancellation is the order that is cancelled.
"""

from datetime import datetime
from uuid import UUID

from db.pool import Connection
from schemas.banks.keys import About
from schemas.enums import ChannelKind, DeliveryOutcome


async def count(connection: Connection, about: About, subject_id: UUID) -> dict[ChannelKind, int]:
    """Return how many attempts each channel has made, whatever their outcome."""
    rows = await connection.fetch(
        "SELECT channel, count(*) AS attempts FROM delivery_attempt"
        " WHERE subject_id = $2 AND subject_kind = $1 AND outcome <> 'silent' GROUP BY channel",
        about.value,
        subject_id,
    )
    return {ChannelKind(row["channel"]): row["attempts"] for row in rows}


async def note(
    connection: Connection,
    about: About,
    subject_id: UUID,
    channel: ChannelKind,
    outcome: DeliveryOutcome,
    at: datetime,
    detail: str = "",
) -> None:
    """Write an attempt and its outcome; `detail` holds no personal data."""
    await connection.execute(
        "INSERT INTO delivery_attempt (subject_kind, subject_id, channel, at, outcome, detail)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        about.value,
        subject_id,
        channel.value,
        at,
        outcome.value,
        detail[:200],
    )


async def note_no_response(
    connection: Connection, about: About, subject_id: UUID, channel: ChannelKind, at: datetime
) -> bool:
    """Write that the bank did not reply to the last delivery in time; false if that is written already."""
    done = await connection.fetchval(
        "INSERT INTO delivery_attempt (subject_kind, subject_id, channel, at, outcome) SELECT $1, $2, $3, $4, 'silent'"
        " WHERE NOT EXISTS (SELECT FROM delivery_attempt s"
        "  WHERE s.subject_id = $2 AND s.subject_kind = $1 AND s.outcome = 'silent'"
        "  AND s.attempt_id > (SELECT max(d.attempt_id) FROM delivery_attempt d"
        "   WHERE d.subject_id = $2 AND d.subject_kind = $1 AND d.outcome = 'delivered')) RETURNING true",
        about.value,
        subject_id,
        channel.value,
        at,
    )
    return bool(done)


async def channels_to_cancel(connection: Connection, order_id: UUID) -> list[ChannelKind]:
    """Return the channels that have delivered an order but not yet its cancellation."""
    rows = await connection.fetch(
        "SELECT channel FROM delivery_attempt WHERE subject_id = $1 AND subject_kind IN ('order', 'cancellation')"
        " AND outcome = 'delivered' GROUP BY channel HAVING NOT bool_or(subject_kind = 'cancellation')"
        " ORDER BY channel",
        order_id,
    )
    return [ChannelKind(row["channel"]) for row in rows]
