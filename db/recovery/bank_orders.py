"""Orders to banks, and banks' statements of what they have done under them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4

from db.pool import Connection
from db.rows import Rows
from domain.errors.recovery import OrderNotFound
from domain.recovery.orders import Ordered, Statement, Via
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind
from schemas.procedures import OrderEscalationLevel, OrderPolicy
from schemas.recovery.orders import BankOrder, Beneficiary, ConfirmedLine, NewOrder, OrderLine
from schemas.restoration_enums import OrderKind, OrderReason, OrderState
from schemas.tasks import TaskCause

LIVE: Final = (OrderState.PLANNED, OrderState.DELIVERED, OrderState.REFUSED)
"""states in which a bank may still execute the order"""

BOUND_LINE: Final = (
    "jsonb_build_object('confirmation_id', confirmation_id, 'order_id', order_id, 'line_no', line_no,"
    " 'amount_paise', amount_paise, 'applied_paise', applied_paise, 'reference', reference,"
    " 'credited_institution', credited_institution, 'credited_holder', credited_holder, 'disposition', disposition,"
    " 'source', source, 'note', note,"
    " 'done_at_micros', (extract(epoch FROM done_at) * 1000000)::bigint)::text || E'\\n'"
)
"""SQL of a confirmed line as the case log binds it. The text must never change, because the logs hold digests of it."""


class OrderRow(FrozenModel):
    """An order as it is written."""

    order_id: UUID
    kind: OrderKind
    reason: OrderReason
    case_no: str
    institution: str
    restoration_id: UUID | None
    grievance_id: UUID | None
    court_order_id: int | None
    state: OrderState
    ordered_by: str
    planned_at: UtcDatetime
    due_at: UtcDatetime
    delivered_at: UtcDatetime | None
    channel: ChannelKind | None
    job_id: str | None
    round: int
    level: OrderEscalationLevel | None
    level_at: UtcDatetime | None
    level_times: int
    tried_at: UtcDatetime | None
    refusal_code: str | None
    ended_at: UtcDatetime | None
    policy: OrderPolicy


_ORDER = ", ".join(OrderRow.model_fields)


class LineRow(FrozenModel):
    """A line of an order as it is written."""

    line_no: int
    hop_no: int
    hold_id: UUID
    amount_paise: int
    excess: bool
    ack_no: str | None
    beneficiary_institution: str
    beneficiary_holder: str
    beneficiary_ifsc: str
    confirmed_paise: int

    @property
    def as_ordered(self) -> Ordered:
        """The line in the form against which a bank's statement is judged."""
        beneficiary = None
        if self.ack_no is not None:
            beneficiary = Beneficiary(
                institution=self.beneficiary_institution,
                holder=self.beneficiary_holder,
                ifsc=self.beneficiary_ifsc,
            )
        return Ordered(amount_paise=self.amount_paise, confirmed_paise=self.confirmed_paise, beneficiary=beneficiary)


_LINE = ", ".join(LineRow.model_fields)


async def insert(connection: Connection, order: NewOrder, policy: OrderPolicy, due_at: datetime, now: datetime) -> UUID:
    """Write a new order with its lines. At commit the database refuses lines above the amount on hold."""
    order_id = uuid4()
    await connection.execute(
        "INSERT INTO bank_order (order_id, kind, reason, case_no, institution, restoration_id, grievance_id,"
        " court_order_id, state, ordered_by, planned_at, due_at, policy)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'planned', $9, $10, $11, $12)",
        order_id,
        order.kind.value,
        order.reason.value,
        order.case_no,
        order.institution,
        order.restoration_id,
        order.grievance_id,
        order.court_order_id,
        order.ordered_by,
        now,
        due_at,
        policy.model_dump(mode="json"),
    )
    no_beneficiary = Beneficiary(institution="", holder="")
    await connection.executemany(
        "INSERT INTO bank_order_line (order_id, line_no, case_no, hop_no, hold_id, amount_paise, excess, ack_no,"
        " beneficiary_institution, beneficiary_holder, beneficiary_ifsc)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        [
            (
                order_id,
                line_no,
                order.case_no,
                line.hop_no,
                line.hold_id,
                line.amount_paise,
                line.excess,
                line.ack_no,
                (line.beneficiary or no_beneficiary).institution,
                (line.beneficiary or no_beneficiary).holder,
                (line.beneficiary or no_beneficiary).ifsc,
            )
            for line_no, line in enumerate(order.lines, 1)
        ],
    )
    return order_id


async def credited_accounts(connection: Connection, restoration_id: UUID) -> list[Beneficiary]:
    """Return the accounts that the live orders of a restoration credit, each once."""
    return await Rows(connection, Beneficiary).many(
        "SELECT l.beneficiary_institution AS institution, l.beneficiary_holder AS holder FROM bank_order o"
        " JOIN bank_order_line l USING (order_id) WHERE o.restoration_id = $1 AND o.kind = 'restore'"
        " AND o.state IN ('planned', 'delivered', 'refused') GROUP BY 1, 2 ORDER BY min(l.hop_no)",
        restoration_id,
    )


async def case_of(connection: Connection, order_id: UUID, institution: str | None = None) -> str:
    """Return the case of an order. Raises `NotFound`, with `institution` also for another bank's order."""
    case_no: str | None = await connection.fetchval(
        "SELECT case_no FROM bank_order WHERE order_id = $1 AND ($2::text IS NULL OR institution = $2)",
        order_id,
        institution,
    )
    if case_no is None:
        raise OrderNotFound(order_id)
    return case_no


async def get(connection: Connection, order_id: UUID) -> OrderRow:
    """Lock one order's row and return it; the caller has locked its case. Raises `NotFound`.

    The lock lets other rows refer to the order, because the exchanges of a wire are written before its case is locked.
    """
    return await Rows(connection, OrderRow).one(
        f"SELECT {_ORDER} FROM bank_order WHERE order_id = $1 FOR NO KEY UPDATE",
        order_id,
        missing=OrderNotFound(order_id),
    )


async def get_at(connection: Connection, order_id: UUID) -> tuple[OrderRow, datetime]:
    """Return one order without a lock, and the present moment. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT {_ORDER}, present_moment() AS now FROM bank_order WHERE order_id = $1", order_id
    )
    if row is None:
        raise OrderNotFound(order_id)
    return OrderRow(**{name: row[name] for name in OrderRow.model_fields}), row["now"]


async def lines_of(connection: Connection, order_id: UUID) -> list[LineRow]:
    """Return the lines of an order."""
    return await Rows(connection, LineRow).many(
        f"SELECT {_LINE} FROM bank_order_line WHERE order_id = $1 ORDER BY line_no", order_id
    )


async def of_restoration(connection: Connection, restoration_id: UUID) -> list[OrderRow]:
    """Return the orders of a restoration, the oldest first."""
    return await Rows(connection, OrderRow).many(
        f"SELECT {_ORDER} FROM bank_order WHERE restoration_id = $1 ORDER BY planned_at, order_id", restoration_id
    )


# -- delivery to the bank ----------------------------------------------------------------------------------------------


async def note_tried(connection: Connection, order_id: UUID, at: datetime) -> None:
    """Write that the bank may know of the order from now on.

    The database refuses it for one that has to wait.
    """
    await connection.execute(
        "UPDATE bank_order SET tried_at = $2 WHERE order_id = $1 AND tried_at IS NULL", order_id, at
    )


async def delivered(connection: Connection, order_id: UUID, channel: ChannelKind, job_id: str, at: datetime) -> bool:
    """Write that the bank has the order; false if that is written already, or the order has ended."""
    done = await connection.fetchval(
        "UPDATE bank_order SET state = 'delivered', delivered_at = coalesce(delivered_at, $4), channel = $2,"
        " job_id = $3 WHERE order_id = $1 AND state = 'planned' RETURNING true",
        order_id,
        channel.value,
        job_id,
        at,
    )
    return bool(done)


async def send_again(connection: Connection, order_id: UUID) -> None:
    """Queue an order for delivery again, after no response or a corrected refusal."""
    await connection.execute(
        "UPDATE bank_order SET state = 'planned', round = round + 1 WHERE order_id = $1"
        " AND state IN ('delivered', 'refused')",
        order_id,
    )


async def refused(connection: Connection, order_id: UUID, code: str, message: str) -> bool:
    """Write that the bank refuses the order as it is; false if the order has ended or that is written."""
    done = await connection.fetchval(
        "UPDATE bank_order SET state = 'refused', refusal_code = $2, refusal_message = $3"
        " WHERE order_id = $1 AND state IN ('planned', 'delivered') RETURNING true",
        order_id,
        code[:40],
        message[:500],
    )
    return bool(done)


async def escalate(connection: Connection, order_id: UUID, level: OrderEscalationLevel, at: datetime) -> None:
    """Write that the order has reached this escalation level."""
    await connection.execute(
        "UPDATE bank_order SET level = $2, level_at = $3,"
        " level_times = CASE WHEN level = $2 THEN level_times ELSE 0 END + 1"
        " WHERE order_id = $1",
        order_id,
        level.value,
        at,
    )


async def finish(connection: Connection, order_id: UUID, state: OrderState, at: datetime, reason: str = "") -> None:
    """End the order in this state."""
    await connection.execute(
        "UPDATE bank_order SET state = $2, ended_at = $3, ended_reason = $4 WHERE order_id = $1",
        order_id,
        state.value,
        at,
        reason,
    )


# -- the bank's statements ---------------------------------------------------------------------------------------------


async def known_statements(connection: Connection, order_id: UUID) -> list[Statement]:
    """Return the bank's statements of an order, in the order of their receipt."""
    return await Rows(connection, Statement).many(
        "SELECT line_no, natural_key, amount_paise, applied_paise, disposition, reference, credited_institution,"
        " credited_holder AS credited_account, nullif(via, '') AS via FROM bank_confirmation WHERE order_id = $1"
        " AND line_no IS NOT NULL ORDER BY confirmation_id",
        order_id,
    )


async def are_asked_about(connection: Connection, restoration_id: UUID, causes: Collection[TaskCause]) -> bool:
    """Return whether each live order of the restoration has an open work item for one of these causes."""
    all_asked: bool = await connection.fetchval(
        "SELECT coalesce(bool_and(EXISTS (SELECT FROM desk_task t WHERE t.case_no = o.case_no AND t.state = 'open'"
        " AND t.subject_kind = 'order' AND t.subject_id = o.order_id::text AND t.cause = ANY($2))), false)"
        " FROM bank_order o WHERE o.restoration_id = $1 AND o.state IN ('planned', 'delivered', 'refused')",
        restoration_id,
        [cause.value for cause in causes],
    )
    return all_asked


async def insert_confirmation(
    connection: Connection,
    order_id: UUID,
    line: ConfirmedLine,
    *,
    natural_key: str,
    applied_paise: int,
    disposition: str,
    flags: Sequence[str],
    source: str,
    via: Via,
    note: str,
    proposed_by: str | None,
    transaction_id: int | None,
    now: datetime,
) -> tuple[int, bytes]:
    """Store one line of the bank's statement, whatever its disposition.

    An applied line counts on its order's line. Returns its number, and its bound text (`BOUND_LINE`).
    """
    stored = await connection.fetchrow(
        "INSERT INTO bank_confirmation (order_id, line_no, natural_key, amount_paise, applied_paise, done_at,"
        " reference, credited_institution, credited_holder, disposition, flags, received_at, source, note,"
        " transaction_id, via, proposed_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        f" RETURNING confirmation_id, {BOUND_LINE} AS bound_line",
        order_id,
        line.line_no,
        natural_key,
        line.amount_paise,
        applied_paise,
        line.done_at,
        line.reference,
        line.credited_institution,
        line.credited_account,
        disposition,
        list(flags),
        now,
        source,
        note,
        transaction_id,
        via.value,
        proposed_by,
    )
    if applied_paise:
        await connection.execute(
            "UPDATE bank_order_line SET confirmed_paise = confirmed_paise + $3 WHERE order_id = $1 AND line_no = $2",
            order_id,
            line.line_no,
            applied_paise,
        )
    assert stored is not None, "an insert returns its row"
    return stored["confirmation_id"], stored["bound_line"].encode()


# -- as the bank reads them --------------------------------------------------------------------------------------------


_AS_READ: Final = """
SELECT o.order_id, o.kind, o.reason, o.state, o.case_no AS ack_no, o.planned_at AS ordered_at, o.due_at,
       CASE o.state WHEN 'cancelled' THEN o.ended_at END AS cancelled_at,
       EXISTS (SELECT FROM order_cancellation c WHERE c.order_id = o.order_id AND c.settled_at IS NULL)
           AS cancellation_open,
       coalesce((SELECT p.number FROM document p WHERE p.order_id = o.order_id ORDER BY p.issued_at LIMIT 1), '')
           AS paper_number,
       l.line_no, l.hop_no, h.reference, h.payee_holder, l.amount_paise, l.confirmed_paise, l.ack_no AS victim,
       l.beneficiary_institution, l.beneficiary_holder, l.beneficiary_ifsc
FROM bank_order o JOIN bank_order_line l USING (order_id) JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no
"""


async def as_read(connection: Connection, institution: str, order_ids: Sequence[UUID]) -> list[BankOrder]:
    """Return these orders in the form that their bank reads, the oldest first; omits another bank's."""
    rows = await connection.fetch(
        f"{_AS_READ} WHERE o.order_id = ANY($1) AND o.institution = $2 ORDER BY o.planned_at, o.order_id, l.line_no",
        list(order_ids),
        institution,
    )
    heads: dict[UUID, dict[str, object]] = {}
    lines: dict[UUID, list[OrderLine]] = {}
    for row in rows:
        heads.setdefault(row["order_id"], {name: row[name] for name in BankOrder.model_fields if name != "lines"})
        lines.setdefault(row["order_id"], []).append(_as_read_line(dict(row)))
    return [BankOrder.model_validate({**head, "lines": lines[order_id]}) for order_id, head in heads.items()]


def _as_read_line(row: dict[str, object]) -> OrderLine:
    beneficiary = None
    if row["victim"] is not None:
        beneficiary = {
            "institution": row["beneficiary_institution"],
            "holder": row["beneficiary_holder"],
            "ifsc": row["beneficiary_ifsc"],
        }
    return OrderLine.model_validate(
        {
            "line_no": row["line_no"],
            "hop": row["hop_no"],
            "reference": row["reference"],
            "account": row["payee_holder"],
            "amount_paise": row["amount_paise"],
            "confirmed_paise": row["confirmed_paise"],
            "beneficiary": beneficiary,
        }
    )


_CANCELLED_OPEN: Final = """
SELECT EXISTS (
    SELECT FROM bank_order o JOIN bank_order_line l USING (order_id)
    WHERE o.restoration_id = $1 AND o.state = 'cancelled' AND l.confirmed_paise < l.amount_paise
      AND NOT EXISTS (
        SELECT FROM bank_order n JOIN bank_order_line m USING (order_id)
        WHERE n.restoration_id = $1 AND n.order_id <> o.order_id AND m.hop_no = l.hop_no
          AND n.planned_at >= o.ended_at))
"""


async def is_taken_back(connection: Connection, restoration_id: UUID) -> bool:
    """Return whether a cancelled order left an amount open that no later order asks for."""
    left_open: bool = await connection.fetchval(_CANCELLED_OPEN, restoration_id)
    return left_open
