"""Orders in our API for banks: the ones a bank can read, and its replies other than confirmations."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import Field

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.body_keys import PDF, OpensBody, opened_document, stored_columns
from db.rows import Rows
from domain.errors import BadCursor
from schemas.base import FrozenModel, UtcDatetime
from schemas.restoration_enums import OrderKind, OrderState

_UNSETTLED: Final = "EXISTS (SELECT FROM order_cancellation c WHERE c.order_id = o.order_id AND c.settled_at IS NULL)"
READABLE: Final = f"(o.delivered_at IS NOT NULL OR o.state IN ('refused', 'confirmed') OR {_UNSETTLED})"
"""orders in a bank's list; one whose document is not issued yet is not in it"""


class Place(FrozenModel):
    """The position of an order in its bank's list."""

    planned_at: UtcDatetime
    order_id: UUID


async def page(
    connection: Connection,
    institution: str,
    after: Place | None,
    limit: int,
    state: OrderState | None,
    *,
    waiting: bool,
) -> list[Place]:
    """Return up to `limit` of the bank's orders after `after`, the oldest first.

    `waiting` selects those that wait for its reply: a confirmation, or the acknowledgement of a cancellation.
    """
    return await Rows(connection, Place).many(
        f"SELECT o.planned_at, o.order_id FROM bank_order o WHERE o.institution = $1 AND {READABLE}"
        f" AND ($2::text IS NULL OR o.state = $2) AND (NOT $6 OR o.state IN ('delivered', 'refused') OR {_UNSETTLED})"
        " AND ($3::timestamptz IS NULL OR (o.planned_at, o.order_id) > ($3, $4::uuid))"
        " ORDER BY o.planned_at, o.order_id LIMIT $5",
        institution,
        state,
        after.planned_at if after else None,
        after.order_id if after else None,
        limit,
        waiting,
    )


class ConfirmedOrder(FrozenModel):
    """An order of which the bank has confirmed something."""

    order_id: UUID
    kind: OrderKind
    case_no: str
    amount_paise: int
    confirmed_paise: int
    first_at: UtcDatetime
    last_at: UtcDatetime
    """when the bank first and last confirmed something"""
    name: str = Field(repr=False)
    """of the person of the bank who last sent something about it, and of both if another one checked it; else empty"""


_OF_CONFIRMED: Final = """
SELECT o.order_id, o.kind, o.case_no, l.amount_paise, l.confirmed_paise, o.first_confirmed_at AS first_at, c.last_at,
    coalesce((
    SELECT m.name || ', ' || d.name FROM bank_reply_check k JOIN bank_person m ON m.person_id = k.made_by
    JOIN bank_person d ON d.person_id = k.decided_by
    WHERE k.subject_id = o.order_id AND k.institution = $1 AND k.outcome = 'sent' AND NOT EXISTS (
        SELECT FROM bank_evidence e WHERE e.about = o.order_id AND e.institution = $1 AND e.received_at > k.decided_at)
    ORDER BY k.made_at DESC LIMIT 1), (
    SELECT p.name FROM bank_evidence e JOIN bank_person p ON p.person_id = e.bank_person_id
    WHERE e.about = o.order_id AND e.institution = $1 ORDER BY e.evidence_id DESC LIMIT 1), '') AS name
FROM (
    SELECT * FROM {orders} WHERE institution = $1 AND first_confirmed_at IS NOT NULL {which}
    ORDER BY first_confirmed_at DESC, order_id DESC LIMIT $2
) AS o
CROSS JOIN LATERAL (SELECT sum(amount_paise)::bigint AS amount_paise, sum(confirmed_paise)::bigint AS confirmed_paise
    FROM bank_order_line WHERE order_id = o.order_id) AS l
CROSS JOIN LATERAL (SELECT max(received_at) AS last_at FROM bank_confirmation WHERE order_id = o.order_id) AS c
ORDER BY o.first_confirmed_at DESC, o.order_id DESC
"""
# Each has an index of its own, and none reads all orders of the bank.
CONFIRMED: Final = _OF_CONFIRMED.format(orders="bank_order", which="")
CONFIRMED_BEFORE: Final = _OF_CONFIRMED.format(
    orders="bank_order", which="AND (first_confirmed_at, order_id) < ($3, $4::uuid)"
)
# Without OFFSET, PostgreSQL may look for few ids by walking all confirmed orders of the bank.
CONFIRMED_OF: Final = _OF_CONFIRMED.format(
    orders="(SELECT * FROM bank_order WHERE order_id = ANY ($3) OFFSET 0) AS named", which=""
)
_OF_HOPS: Final = """
SELECT l.order_id FROM hop h JOIN bank_order_line l ON l.case_no = h.case_no AND l.hop_no = h.hop_no
"""
FIND_CONFIRMED: Final = f"""
SELECT DISTINCT order_id FROM (
    SELECT order_id FROM bank_order WHERE case_no = $2 AND institution = $1
    UNION ALL ({_OF_HOPS} WHERE h.account_key = $3 AND h.institution = $1 LIMIT $5)
    UNION ALL ({_OF_HOPS} WHERE h.reference_key = $4 AND h.reference_key <> '' AND h.parent_hop_no IS NOT NULL LIMIT $5)
    UNION ALL ({_OF_HOPS} JOIN disputed_transfer d ON d.case_no = h.case_no AND d.hop_no = h.hop_no
        WHERE d.reference_key = $4 LIMIT $5)
    UNION ALL (SELECT order_id FROM bank_confirmation WHERE upper(reference) = upper($2) AND reference <> '' LIMIT $5)
) AS found
"""


async def confirmed(
    connection: Connection, institution: str, limit: int, before: str | None, of: Sequence[UUID] | None = None
) -> tuple[Sequence[ConfirmedOrder], str | None]:
    """Return orders of which the bank has confirmed something, the newest first, and the cursor of the next page.

    With `of` they are only those of these ids, on one page. Raises `BadCursor`.
    """
    if of is not None:
        rows = await connection.fetch(CONFIRMED_OF, institution, limit, list(of))
    elif before is None:
        rows = await connection.fetch(CONFIRMED, institution, limit + 1)
    else:
        rows = await connection.fetch(CONFIRMED_BEFORE, institution, limit + 1, *_place(before))
    orders, more = cut([ConfirmedOrder(**dict(row)) for row in rows], limit)
    return orders, to_cursor(orders[-1].first_at.isoformat(), str(orders[-1].order_id)) if more else None


def _place(cursor: str) -> tuple[datetime, UUID]:
    """Return the place in a cursor. Raises `BadCursor`."""
    at, order_id = from_cursor(cursor, str, str)
    try:
        return datetime.fromisoformat(str(at)), UUID(str(order_id))
    except ValueError:
        raise BadCursor from None


async def find_confirmed(
    connection: Connection, institution: str, find: str, account_key: str, reference_key: str, limit: int
) -> list[UUID]:
    """Return orders of this case, about this account, or with this reference. Other banks' may be among them."""
    rows = await connection.fetch(FIND_CONFIRMED, institution, find, account_key, reference_key, limit)
    return [row["order_id"] for row in rows]


async def waiting(connection: Connection, institution: str) -> int:
    """Return the number of orders and cancellations that wait for the bank.

    The bank has not acknowledged, confirmed or refused them.
    """
    count: int = await connection.fetchval(
        "SELECT (SELECT count(*) FROM bank_order o WHERE o.institution = $1 AND o.state = 'delivered'"
        "  AND o.acknowledged_at IS NULL)"
        " + (SELECT count(*) FROM order_cancellation c JOIN bank_order o USING (order_id)"
        "  WHERE o.institution = $1 AND c.settled_at IS NULL)",
        institution,
    )
    return count


async def acknowledged_at(connection: Connection, order_id: UUID) -> datetime | None:
    """Return when the bank acknowledged the order, or None."""
    at: datetime | None = await connection.fetchval(
        "SELECT acknowledged_at FROM bank_order WHERE order_id = $1", order_id
    )
    return at


async def acknowledge(connection: Connection, order_id: UUID, at: datetime) -> None:
    """Write that the bank has acknowledged the order."""
    await connection.execute(
        "UPDATE bank_order SET acknowledged_at = coalesce(acknowledged_at, $2) WHERE order_id = $1", order_id, at
    )


class ToRelease(FrozenModel):
    """A line of an order to release that is about a hop of a hold request."""

    order_id: UUID
    state: OrderState
    line_no: int
    left_paise: int
    told: bool
    """whether the bank has already stated under this reference that it is done"""


async def releases_of(connection: Connection, institution: str, request_id: UUID, reference: str) -> list[ToRelease]:
    """Return the lines of orders to release about hops of this hold request that the bank may know of.

    Includes cancelled orders until the bank acknowledges the cancellation, and those it executed anyway.
    """
    return await Rows(connection, ToRelease).many(
        "SELECT o.order_id, o.state, l.line_no, l.amount_paise - l.confirmed_paise AS left_paise,"
        " EXISTS (SELECT FROM bank_confirmation c WHERE c.order_id = l.order_id AND c.line_no = l.line_no"
        "  AND c.reference = $3) AS told"
        " FROM request_hop q JOIN bank_order_line l USING (case_no, hop_no) JOIN bank_order o USING (order_id)"
        " WHERE q.request_id = $2 AND o.institution = $1 AND o.kind = 'release' AND o.tried_at IS NOT NULL"
        f" AND (o.state <> 'cancelled' OR l.confirmed_paise = l.amount_paise OR {_UNSETTLED})"
        " ORDER BY o.planned_at, o.order_id, l.line_no",
        institution,
        request_id,
        reference,
    )


class ReferenceLine(FrozenModel):
    """A line of an order, found by the transfer that a bank names."""

    order_id: UUID
    case_no: str
    kind: OrderKind
    line_no: int
    reference_key: str
    left_paise: int
    done_no_more: bool
    """the order is cancelled, and the bank knows it or never had the order"""


_LINES: Final = (
    "SELECT o.order_id, o.case_no, o.kind, l.line_no, h.reference_key,"
    " l.amount_paise - l.confirmed_paise AS left_paise,"
    f" o.state = 'cancelled' AND NOT {_UNSETTLED} AS done_no_more"
    " FROM bank_order o JOIN bank_order_line l USING (order_id)"
    " JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no"
    " WHERE o.institution = $1"
)


async def lines_of_cases(connection: Connection, institution: str, case_nos: list[str]) -> list[ReferenceLine]:
    """Return every line of the bank's orders about these cases."""
    return await Rows(connection, ReferenceLine).many(
        f"{_LINES} AND o.case_no = ANY($2) ORDER BY o.planned_at, o.order_id, l.line_no", institution, case_nos
    )


async def lines_by_reference(connection: Connection, institution: str, keys: list[str]) -> list[ReferenceLine]:
    """Return every line of the bank's orders to restore that is about one of these transfers."""
    return await Rows(connection, ReferenceLine).many(
        f"{_LINES} AND o.kind = 'restore' AND h.reference_key = ANY($2) ORDER BY o.planned_at, o.order_id, l.line_no",
        institution,
        keys,
    )


async def document(connection: Connection, order_id: UUID, opens: OpensBody) -> bytes | None:
    """Return the document of an order, or None before it is issued. Raises `DocumentErased`."""
    row = await connection.fetchrow(
        f"SELECT digest AS digest_bytes, {stored_columns('p', 'sealed_pdf')} FROM document p WHERE order_id = $1"
        " ORDER BY issued_at LIMIT 1",
        order_id,
    )
    return None if row is None else opened_document(row, opens, PDF, order_id)


async def said_before(connection: Connection, institution: str, references: list[str]) -> dict[str, tuple[UUID, int]]:
    """Return the order and line that the bank has confirmed under each reference (in capitals)."""
    rows = await connection.fetch(
        "SELECT upper(c.reference) AS reference, c.order_id, c.line_no"
        " FROM bank_confirmation c JOIN bank_order o USING (order_id)"
        " WHERE o.institution = $1 AND upper(c.reference) = ANY($2) AND c.disposition <> 'duplicate'"
        " ORDER BY c.confirmation_id",
        institution,
        [reference.upper() for reference in references],
    )
    return {row["reference"]: (row["order_id"], row["line_no"]) for row in rows}
