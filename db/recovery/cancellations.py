"""Cancellations of orders that their bank may have received, and the orders that wait for its acknowledgement."""

from datetime import datetime
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind
from schemas.procedures import OrderEscalationLevel


class CancellationRow(FrozenModel):
    """The cancellation of an order, with its delivery, its escalation level and its end."""

    order_id: UUID
    cancelled_at: UtcDatetime
    told_at: UtcDatetime | None
    level: OrderEscalationLevel | None
    level_at: UtcDatetime | None
    settled_at: UtcDatetime | None
    settled_by: str | None
    attested_by: str | None
    """officer who said first that the bank knows, of an order to restore"""


_CANCELLATION = ", ".join(CancellationRow.model_fields)


async def find(connection: Connection, order_id: UUID) -> CancellationRow | None:
    """Return the cancellation of an order, or None.

    There is none if the order is not cancelled, or if the bank cannot know of the order.
    """
    return await Rows(connection, CancellationRow).first(
        f"SELECT {_CANCELLATION} FROM order_cancellation WHERE order_id = $1", order_id
    )


async def told(connection: Connection, order_id: UUID, channel: ChannelKind, at: datetime) -> bool:
    """Write that the bank was told of the cancellation; false if that is written, or it is settled."""
    done = await connection.fetchval(
        "UPDATE order_cancellation SET told_at = $3, channel = $2"
        " WHERE order_id = $1 AND told_at IS NULL AND settled_at IS NULL RETURNING true",
        order_id,
        channel.value,
        at,
    )
    return bool(done)


async def escalate(connection: Connection, order_id: UUID, level: OrderEscalationLevel, at: datetime) -> None:
    """Write that the cancellation has reached this escalation level."""
    await connection.execute(
        "UPDATE order_cancellation SET level = $2, level_at = $3 WHERE order_id = $1", order_id, level.value, at
    )


async def attest(connection: Connection, order_id: UUID, by: str, note: str) -> None:
    """Write that one officer says that the bank knows of the cancellation."""
    await connection.execute(
        "UPDATE order_cancellation SET attested_by = $2, attested_note = $3 WHERE order_id = $1", order_id, by, note
    )


async def settle(connection: Connection, order_id: UUID, by: str, note: str, at: datetime) -> bool:
    """Write that the cancellation is settled; false if it was settled before, or there is none."""
    done = await connection.fetchval(
        "UPDATE order_cancellation SET settled_at = $4, settled_by = $2, note = $3"
        " WHERE order_id = $1 AND settled_at IS NULL RETURNING true",
        order_id,
        by,
        note,
        at,
    )
    return bool(done)


async def has_to_wait(connection: Connection, order_id: UUID) -> bool:
    """Return whether an unsent order waits because the bank may still execute a cancelled one.

    Both orders are about the same hops.
    """
    waits: bool = await connection.fetchval(
        "SELECT o.tried_at IS NULL AND EXISTS ("
        " SELECT FROM bank_order_line mine JOIN bank_order_line other USING (case_no, hop_no)"
        " JOIN order_cancellation c ON c.order_id = other.order_id"
        " WHERE mine.order_id = o.order_id AND other.order_id <> o.order_id AND c.settled_at IS NULL)"
        " FROM bank_order o WHERE o.order_id = $1",
        order_id,
    )
    return waits


async def waiting_for(connection: Connection, order_id: UUID) -> list[UUID]:
    """Return the unsent live orders about the same hops, which wait until this order's cancellation is settled."""
    rows = await connection.fetch(
        "SELECT DISTINCT o.order_id FROM bank_order_line mine JOIN bank_order_line other USING (case_no, hop_no)"
        " JOIN bank_order o ON o.order_id = other.order_id"
        " WHERE mine.order_id = $1 AND o.order_id <> $1 AND o.state = 'planned' AND o.tried_at IS NULL"
        " ORDER BY o.order_id",
        order_id,
    )
    return [row["order_id"] for row in rows]


async def begin_clocks(connection: Connection, order_id: UUID, at: datetime) -> None:
    """Restart the clocks of an order that had to wait, so that it has its full time."""
    await connection.execute(
        "UPDATE bank_order SET due_at = due_at + ($2 - planned_at), level_at = $2 WHERE order_id = $1"
        " AND tried_at IS NULL AND level IS NULL AND planned_at < $2",
        order_id,
        at,
    )


async def of_case(connection: Connection, institution: str, case_no: str) -> list[UUID]:
    """Return the bank's orders about a case that have a cancellation."""
    rows = await connection.fetch(
        "SELECT c.order_id FROM order_cancellation c JOIN bank_order o USING (order_id)"
        " WHERE o.institution = $1 AND o.case_no = $2 ORDER BY c.cancelled_at, c.order_id",
        institution,
        case_no,
    )
    return [row["order_id"] for row in rows]
