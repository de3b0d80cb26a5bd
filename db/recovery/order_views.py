"""Orders as officers see them, and money that came back.

Views of orders to banks for officers: the list, and one with its attempts and confirmations. A view of one order has
its escalation policy too.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from pydantic import Field

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.body_keys import BodyKey
from db.privacy.jurisdiction import MARK, confined
from db.privacy.person_keys import StoredText, stored_text
from db.recovery import bank_orders, cancellations
from domain.errors import BadCursor
from domain.errors.recovery import OrderNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.privacy.personal_data import Within
from schemas.procedures import OrderEscalationLevel, OrderPolicy
from schemas.recovery.orders import (
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
        position = datetime.fromisoformat(str(moment)), UUID(str(identity))
    except ValueError:
        raise BadCursor from None
    if position[0].tzinfo is None:
        raise BadCursor
    return position


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
        delivery_attempts=tuple(DeliveryAttemptView(**dict(item)) for item in attempts),
        proposals=tuple(StatementProposalView(**dict(item)) for item in proposals),
        confirmations=tuple(ConfirmationView(**dict(item)) for item in confirmations),
        ladder=tuple(
            EscalationLevelView(
                level=level,
                after_seconds=policy.levels[level],
                escalated_at=level_at if level == row["level"] else None,
            )
            for level in OrderEscalationLevel
        ),
    )


WATCH_LOCK: Final = 7_305_813_377_193_000_020
"""lock of the process that takes banks' files; only its uniqueness matters"""


class ReturnedRow(FrozenModel):
    """One transaction of a pacs.004 as stored. `returned_paise` is None where it was unreadable."""

    line_no: int
    message_id: str
    created_at: UtcDatetime | None = None
    case_no: str | None = None
    hop_no: int | None = None
    reference: str = ""
    returned_paise: int | None = None
    transfer_paise: int | None = None
    settled_on: date | None = None
    return_id: str = ""
    reason_code: str = ""
    job_id: str | None = None
    remarks: str = Field(default="", repr=False)
    unreadable: dict[str, Any] | None = Field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SealedLine:
    """A line that could not be read, as it is written."""

    line_no: int
    key: BodyKey
    sealed: bytes = field(repr=False)


async def insert(
    connection: Connection,
    institution: str,
    body_digest: bytes,
    at: datetime,
    rows: Sequence[ReturnedRow],
    sealed: Sequence[SealedLine],
) -> bool:
    """Store every line of a message; false if the same message body is stored already.

    `sealed` has what could not be read.
    """
    values = [row.model_dump(mode="json", exclude={"unreadable"}) for row in rows]
    written = await connection.fetch(
        "INSERT INTO returned_funds (institution, body_digest, received_at, line_no, message_id, created_at, case_no,"
        " hop_no, reference, returned_paise, transfer_paise, settled_on, return_id, reason_code, job_id, remarks,"
        " person_id, sealed_unreadable)"
        " SELECT $1, $2, $3, r.line_no, r.message_id, r.created_at, r.case_no, r.hop_no, r.reference,"
        " r.returned_paise, r.transfer_paise, r.settled_on, r.return_id, r.reason_code, r.job_id, r.remarks,"
        " s.person_id, s.sealed"
        " FROM jsonb_to_recordset($4::jsonb) AS r (line_no integer, message_id text,"
        " created_at timestamptz, case_no text, hop_no integer, reference text, returned_paise bigint,"
        " transfer_paise bigint, settled_on date, return_id text, reason_code text, job_id text, remarks text)"
        " LEFT JOIN unnest($5::integer[], $6::uuid[], $7::bytea[])"
        " AS s (line_no, person_id, sealed) USING (line_no) ON CONFLICT DO NOTHING RETURNING line_no",
        institution,
        body_digest,
        at,
        values,
        [line.line_no for line in sealed],
        [line.key.person_id for line in sealed],
        [line.sealed for line in sealed],
    )
    return bool(written)


def stored_unreadable(row: str) -> str:
    """Return SQL for what could not be read of row `row`, as JSON text, in the form of `StoredText`."""
    use = f"'unreadable ' || encode({row}.body_digest, 'hex') || ' ' || {row}.line_no"
    return stored_text(row, "sealed_unreadable", use)


async def unreadable_of_case(connection: Connection, case_no: str) -> dict[int, StoredText]:
    """Return what could not be read of the lines of a case, by the numbers of the lines."""
    rows = await connection.fetch(
        f"SELECT r.returned_id, {stored_unreadable('r')} AS unreadable FROM returned_funds r"
        " WHERE r.case_no = $1 AND r.sealed_unreadable IS NOT NULL",
        case_no,
    )
    return {row["returned_id"]: StoredText(**row["unreadable"]) for row in rows}


async def cases_by_number(connection: Connection, institution: str, ack_nos: Sequence[str]) -> dict[str, str]:
    """Return the case of each acknowledgement number in which the institution has a part."""
    rows = await connection.fetch(
        "SELECT c.ack_no, c.case_no FROM complaint c WHERE c.ack_no = ANY($2)"
        " AND (EXISTS (SELECT FROM hop h WHERE h.case_no = c.case_no AND h.institution = $1)"
        " OR EXISTS (SELECT FROM hold_request r WHERE r.case_no = c.case_no AND r.institution = $1))",
        institution,
        list(ack_nos),
    )
    return {row["ack_no"]: row["case_no"] for row in rows}


async def hops_in_cases(
    connection: Connection, institution: str, case_nos: Sequence[str], reference_keys: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Return the institution's hop in each of these cases with each of these references, the first of several."""
    rows = await connection.fetch(
        "SELECT case_no, reference_key, min(hop_no) AS hop_no FROM hop"
        " WHERE case_no = ANY($2) AND institution = $1 AND reference_key = ANY($3) GROUP BY case_no, reference_key",
        institution,
        list(case_nos),
        list(reference_keys),
    )
    return {(row["case_no"], row["reference_key"]): row["hop_no"] for row in rows}


class RegisteredTransfer(FrozenModel):
    """The hop under which a transfer is registered, and the amount of the whole transfer."""

    case_no: str
    hop_no: int
    amount_paise: int


async def hops_by_transfer(
    connection: Connection, institution: str, transfer_keys: Sequence[str]
) -> dict[str, RegisteredTransfer]:
    """Return the case and hop under which each of these transfers to the institution is registered."""
    rows = await connection.fetch(
        "SELECT t.transfer_key, t.case_no, t.hop_no, h.amount_paise FROM disputed_transfer t"
        " JOIN hop h USING (case_no, hop_no)"
        " WHERE t.transfer_key = ANY($2) AND h.institution = $1",
        institution,
        list(transfer_keys),
    )
    return {row.pop("transfer_key"): RegisteredTransfer(**row) for row in map(dict, rows)}
