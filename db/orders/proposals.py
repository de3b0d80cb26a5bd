"""Statements of banks on orders, as entered by one officer, until a second officer enters the same."""

from datetime import datetime
from uuid import UUID

from db.pool import Connection
from schemas.orders.orders import OrderConfirmation


async def propose(
    connection: Connection, order_id: UUID, told: OrderConfirmation, digest: bytes, note: str, by: str, at: datetime
) -> bool:
    """Write the statement that one officer entered; false if the same is written already."""
    done = await connection.fetchval(
        "INSERT INTO confirmation_proposal (order_id, digest, lines, note, proposed_by, proposed_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (order_id, digest) WHERE agreed_at IS NULL DO NOTHING"
        " RETURNING true",
        order_id,
        digest,
        told.model_dump(mode="json")["lines"],
        note,
        by,
        at,
    )
    return bool(done)


async def agree(connection: Connection, order_id: UUID, digest: bytes, by: str, at: datetime) -> str | None:
    """Write that a second officer entered the same, once; return the first officer, or None.

    None if no other officer has entered it, or a second one has agreed already.
    """
    proposed_by: str | None = await connection.fetchval(
        "UPDATE confirmation_proposal SET agreed_by = $3, agreed_at = $4"
        " WHERE order_id = $1 AND digest = $2 AND agreed_at IS NULL AND NOT same_person(proposed_by, $3)"
        " RETURNING proposed_by",
        order_id,
        digest,
        by,
        at,
    )
    return proposed_by
