"""Views of orders to banks for officers: the list, and one with its attempts and confirmations.

A view of one order has its escalation policy too.
"""

from datetime import datetime
from typing import Final
from uuid import UUID

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from db.recovery import bank_orders, cancellations
from domain.errors import BadCursor
from domain.errors.orders import OrderNotFound
from schemas.case.procedures import OrderEscalationLevel, OrderPolicy
from schemas.privacy.jurisdiction import Within
from schemas.recovery.order_views import (
    CancellationView,
    ConfirmationView,
    DeliveryAttemptView,
    EscalationLevelView,
    OrderHead,
    OrderPage,
    OrderView,
    StatementProposalView,
)
from schemas.restoration_enums import OrderState

_HEAD: Final = """
SELECT o.order_id, o.kind, o.reason, o.case_no AS case_ack_no, o.institution, o.state, o.planned_at AS ordered_at,
       o.due_at, o.ended_at IS NULL AND o.due_at < $1 AS overdue, o.level, sums.ordered_paise, sums.confirmed_paise
       {more}
FROM bank_order o CROSS JOIN LATERAL (
    SELECT sum(l.amount_paise)::bigint AS ordered_paise, sum(l.confirmed_paise)::bigint AS confirmed_paise
    FROM bank_order_line l WHERE l.order_id = o.order_id
) AS sums
"""

_LIST: Final = f"""{_HEAD.format(more="")}
WHERE ($2::text IS NULL OR o.state = $2) AND ($3::boolean IS NULL OR (o.ended_at IS NULL AND o.due_at < $1) = $3)
  AND ($4::text IS NULL OR o.institution = $4)
  AND ($5::text IS NULL OR o.case_no = (SELECT case_no FROM complaint WHERE ack_no = $5))
  AND ($6::timestamptz IS NULL OR (o.due_at, o.order_id) > ($6, $7::uuid))
{MARK}
ORDER BY o.due_at, o.order_id LIMIT $8
"""


async def page(
    connection: Connection,
    now: datetime,
    after: str | None,
    limit: int,
    *,
    state: OrderState | None,
    overdue: bool | None,
    institution: str | None,
    ack_no: str | None,
    within: Within | None = None,
) -> OrderPage:
    """Return a page of orders, the first due first; `ack_no` is any number of a case. Raises `BadCursor`."""
    key = _key(after) if after else (None, None)
    values = (now, state, overdue, institution, ack_no, *key, limit + 1)
    statement, parameters = confined(_LIST, values, "o.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    last = shown[-1] if more else None
    return OrderPage(
        orders=tuple(OrderHead(**dict(row)) for row in shown),
        next=to_cursor(last["due_at"].isoformat(), str(last["order_id"])) if last else None,
    )


def _key(after: str) -> tuple[datetime, UUID]:
    moment, identity = from_cursor(after, str, str)
    try:
        found = datetime.fromisoformat(str(moment)), UUID(str(identity))
    except ValueError:
        raise BadCursor from None
    if found[0].tzinfo is None:
        raise BadCursor
    return found


_MORE: Final = """,
       o.ordered_by, o.restoration_id, o.grievance_id, o.court_order_id, o.delivered_at, o.acknowledged_at, o.channel,
       o.job_id, o.refusal_code, o.refusal_message AS refusal_reason, o.ended_at, o.ended_reason, o.policy, o.level_at
"""

_ATTEMPTS: Final = (
    "SELECT channel, at, outcome, detail, subject_kind = 'cancellation' AS cancellation FROM delivery_attempt"
    " WHERE subject_id = $1 ORDER BY attempt_id"
)
_CANCELLATION: Final = (
    "SELECT cancelled_at, told_at, level, settled_at, settled_by, note FROM order_cancellation WHERE order_id = $1"
)
_PROPOSALS: Final = """
SELECT body -> 'lines' AS lines, reason AS note, proposed_by, proposed_at, decided_by AS agreed_by FROM proposal
WHERE kind = 'order_statement' AND subject = $1 ORDER BY proposal_id
"""
_CONFIRMATIONS: Final = """
SELECT line_no, amount_paise, applied_paise, done_at, reference, disposition, flags, received_at, source, note
FROM bank_confirmation WHERE order_id = $1 ORDER BY confirmation_id
"""


async def get(connection: Connection, order_id: UUID, now: datetime) -> OrderView:
    """Return one order. Raises `NotFound`."""
    row = await connection.fetchrow(f"{_HEAD.format(more=_MORE)} WHERE o.order_id = $2", now, order_id)
    if row is None:
        raise OrderNotFound(order_id)
    fields = dict(row)
    policy = OrderPolicy.model_validate(fields.pop("policy"))
    level_at = fields.pop("level_at")
    (read,) = await bank_orders.as_read(connection, row["institution"], [order_id])
    attempts = await connection.fetch(_ATTEMPTS, order_id)
    confirmations = await connection.fetch(_CONFIRMATIONS, order_id)
    proposals = await connection.fetch(_PROPOSALS, str(order_id))
    cancellation = await connection.fetchrow(_CANCELLATION, order_id)
    return OrderView(
        **fields,
        paper_number=read.paper_number,
        policy_version=policy.version,
        cancellation=CancellationView(**dict(cancellation)) if cancellation else None,
        waits=await cancellations.has_to_wait(connection, order_id),
        lines=read.lines,
        delivery_attempts=tuple(DeliveryAttemptView(**dict(found)) for found in attempts),
        proposals=tuple(StatementProposalView(**dict(found)) for found in proposals),
        confirmations=tuple(ConfirmationView(**dict(found)) for found in confirmations),
        ladder=tuple(
            EscalationLevelView(
                level=level,
                after_seconds=policy.levels[level],
                escalated_at=level_at if level == row["level"] else None,
            )
            for level in OrderEscalationLevel
        ),
    )
