"""Orders to banks: planned with a decision, delivered over the channels, and followed up until they are done.

Each activity may run twice. The row decides: an order that is over is neither sent nor followed up.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.banks import received
from activities.banks.delivery import BankDelivery, Delivered, try_again
from activities.banks.letters import BankMessage, LetterSender, OrderMessage
from activities.case.transaction import ENGINE, CaseTransaction, refuse_if_early, time_of_action
from activities.context import Context
from activities.recovery.bank_letters import order_letter, page_text
from activities.recovery.order_transaction import OrderTransaction, order_transaction
from activities.recovery.unassigned_holds import ask_about_retained_holds
from adapters.banks.email import EmailAdapter, LinkMaker
from adapters.banks.protocol import BankError, BankNotReached, BankRefused, OrderTicket
from adapters.messages.smtp import Mailer
from db.banks import bank_exchanges
from db.case import case_outbox
from db.case.events import Event
from db.pool import Connection
from db.recovery import account_holds, bank_orders, cancellations, free_amounts
from db.recovery.bank_orders import LIVE, OrderRow
from db.recovery.cancellations import CancellationRow
from domain.case.requests import LevelDue, Reached, may_reach, next_due
from domain.errors import NotFound
from domain.errors.recovery import OrderOver
from domain.recovery.documents import DocumentIncomplete
from domain.recovery.orders import cancellation_escalation, order_escalation
from domain.work_items.task_notes import compose
from schemas.banks.keys import About
from schemas.enums import ChannelKind, DeliveryOutcome, ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.procedures import (
    ActionInput,
    DueAction,
    OrderAction,
    OrderEscalationLevel,
    OrderPolicy,
    OrderStage,
    RowState,
)
from schemas.recovery.orders import BankOrder, NewOrder, beneficiaries_digest
from schemas.restoration_enums import OrderState
from schemas.tasks import TaskCause, TaskFacts, TaskSubject, about

log = logging.getLogger(__name__)

ERROR_MAX_CHARS: Final = 250
LEAST_WAIT_SECONDS: Final = 300.0
"""a shorter wait, asked for by a bank or by its dropped channels, is left to the workflow's own pause"""
FOR_ITS_BANK: Final = (
    TaskCause.ORDER_NOT_DONE,
    TaskCause.ORDER_NOT_SENT,
    TaskCause.ORDER_BY_LETTER_ALONE,
    TaskCause.ORDER_CANCELLATION_SILENT,
    TaskCause.ORDER_CANCELLATION_REJECTED,
)
"""causes of tasks in which a person contacts the bank or makes sure that it gets the order"""
DocumentOf = Callable[[UUID], Awaitable[bytes]]
"""returns the issued document that goes with an order; empty if none is needed"""


async def plan_order(work: CaseTransaction, order: NewOrder) -> UUID:
    """Write an order inside the transaction of the decision that needs it, and return its id.

    At commit the database refuses an order for more than is on hold. The order's workflow delivers it.
    """
    policy = work.ctx.policy.order.promised(work.ctx.policy.version, work.ctx.procedure_clock_factor)
    due_at = work.now + timedelta(seconds=policy.due_seconds)
    order_id = await bank_orders.insert(work.connection, order, policy, due_at, work.now)
    await case_outbox.begin(work.connection, ProcedureKind.ORDER, str(order_id), order.case_no, work.now)
    data = {
        "order_id": str(order_id),
        "kind": order.kind.value,
        "reason": order.reason.value,
        "institution": order.institution,
        "lines": [[line.hop_no, line.amount_paise] for line in order.lines],
        "excess": any(line.excess for line in order.lines),
        "restoration_id": str(order.restoration_id) if order.restoration_id else None,
        "beneficiaries_digest": beneficiaries_digest(order_id, order),
        "policy": policy.version,
    }
    await work.log_all([Event(EventKind.ORDER_PLANNED, data)])
    return order_id


async def cancel_order(ctx: Context, order_id: UUID, reason: str, by: str) -> None:
    """Cancel the part of an order that the bank has not done. Raises `NotFound`; `NotNow` if the order is over.

    If the bank may know of the order, the order's workflow sends the cancellation until the bank acknowledges it.
    """
    async with order_transaction(ctx, order_id, by) as work:
        if work.order.state not in LIVE:
            raise OrderOver(order_id, work.order.state)
        await cancel_live_order(work, reason)


async def cancel_live_order(work: OrderTransaction, reason: str) -> None:
    """Cancel a live order. The freed money may lapse or be restored."""
    connection, order, now = work.connection, work.order, work.now
    await bank_orders.finish(connection, order.order_id, OrderState.CANCELLED, now, reason)
    if order.tried_at is None:
        await order_over(work, reason)
    else:
        await work.close_tasks(work.subject, FOR_ITS_BANK, reason)
        await work.notify_workflows()
    await account_holds.mark_to_open_again(connection, order.case_no, now, order_id=order.order_id)
    await ask_about_retained_holds(connection, order.case_no, now)
    if order.court_order_id is not None:
        # The cancelled amount is available again under the court's order.
        await case_outbox.notify_procedures(connection, order.case_no, [ProcedureKind.RESTORATION], now)
    for hold_id in sorted({line.hold_id for line in await bank_orders.lines_of(connection, order.order_id)}):
        await work.notify(ProcedureKind.HOLD, hold_id)
        for restoration_id in await free_amounts.restorations_of(connection, hold_id):
            await work.notify(ProcedureKind.RESTORATION, restoration_id)
    await work.log(EventKind.ORDER_CANCELLED, bank_is_told=order.tried_at is not None)


async def order_over(work: OrderTransaction, reason: str) -> None:
    """End the order's workflow, close its tasks and notify the workflows that wait for it."""
    second = (TaskCause.ORDER_SECOND_OFFICER, TaskCause.CANCELLATION_TO_CONFIRM)
    await work.close_tasks(work.subject, (*FOR_ITS_BANK, *second), reason)
    await case_outbox.end(work.connection, ProcedureKind.ORDER, str(work.order.order_id), work.now)
    await work.notify_workflows()


async def note_refusal(work: OrderTransaction, code: str, passed: Mapping[str, Any] | None = None) -> None:
    """Ask a person to look at a recorded refusal, and log it.

    `passed` identifies the bytes sent to the bank and its reply.
    """
    await work.ask_about_order(TaskKind.ORDER_SILENT, TaskCause.ORDER_NOT_DONE)
    await work.log(EventKind.ORDER_REFUSED, refusal_code=code, **(passed or {}))


@dataclass(frozen=True)
class OrderActivities:
    """The activities of `OrderWorkflow`. Letters need a `mailer`; links in letters need `links`."""

    ctx: Context
    bank_delivery: BankDelivery
    mailer: Mailer | None
    document_of: DocumentOf
    links: LinkMaker | None = None

    @activity.defn(name="read_order_state")
    async def read_order_state(self, asked: ActionInput) -> RowState:
        """Read the state of the order, and when the bank's missing response is escalated next."""
        async with self.ctx.pool.acquire() as connection:
            order = await self._find(connection, asked)
            if order is not None and order.state is OrderState.CANCELLED:
                rules = self.ctx.policy.order.promised(self.ctx.policy.version, self.ctx.procedure_clock_factor)
                cancellation = await cancellations.find(connection, order.order_id)
                left = await bank_exchanges.channels_to_cancel(connection, order.order_id)
                return read_cancellation_state(order, cancellation, left, rules, asked.at)
            if order is None or order.state not in LIVE:
                return RowState(over=True)
            if await cancellations.has_to_wait(connection, order.order_id):
                return RowState(over=False, at=OrderStage.WAITS)
        level = _next_level(order)
        dues = [DueAction(what=level.level, at=level.at)] if level else []
        if order.state is OrderState.PLANNED:
            again_at = asked.at + timedelta(seconds=order.policy.try_again_seconds)
            dues.append(DueAction(what=OrderAction.TRY_AGAIN, at=again_at))
        return RowState(over=False, at=order.state.value, dues=tuple(sorted(dues, key=lambda due: due.at)))

    @activity.defn(name="send_order")
    async def send_order(self, asked: ActionInput) -> bool:
        """Send the order and its document to the bank; return True when the bank has it or refuses it.

        A repeated attempt sends the same order under the same key. Raises a retryable error if no channel could deliver
        it. If the fault is ours, opens a task and raises an error that is not retryable. The order then waits until the
        fault is corrected.
        """
        order_id = UUID(asked.subject)
        async with self.ctx.pool.acquire() as connection:
            order = await self._find(connection, asked)
            if order is None or order.state is not OrderState.PLANNED:
                return True
            (read,) = await bank_orders.as_read(connection, order.institution, [order_id])
            first = not await bank_exchanges.count(connection, About.ORDER, order_id)
        ticket = await self._with_document(order, read)
        if not await self._may_try(order):
            return True
        try:
            sent = await self._deliver(order, OrderMessage(order_id, ticket), first=first)
        except BankRefused as refusal:
            return await self._record_refusal(order, refusal)
        except BankError as error:
            log.info("order %s: %s", order_id, error)
            if not error.retryable:
                fault = f"{type(error).__name__} {error.detail}".strip()
                await self._open_task_about_fault(order, TaskFacts(error=fault[:ERROR_MAX_CHARS]))
                raise _not_until_mended(error) from error
            raise try_again(error, least_wait_seconds=LEAST_WAIT_SECONDS) from error

        async def kept(connection: Connection) -> str:
            # The bytes are written before the case is locked.
            await received.keep(self.ctx, connection, About.ORDER, order.order_id, sent.exchanges)
            return order.case_no

        async with order_transaction(self.ctx, order.order_id, ENGINE, case=kept) as work:
            await self._note_delivery(work, sent)
        return True

    @activity.defn(name="escalate_order")
    async def escalate_order(self, asked: ActionInput) -> None:
        """Escalate to the level `asked.what`: a letter to the desk or nodal officer, then a task for our desk.

        On the last level the supervisor is asked repeatedly, as often as the frozen policy says. At each level a status
        request is sent as well, if the channel has such a message.
        """
        level = OrderEscalationLevel(asked.what)
        try:
            async with self.ctx.pool.acquire() as connection:
                order, now = await bank_orders.get_at(connection, UUID(asked.subject))
        except NotFound:
            return
        if order.state not in LIVE:
            return
        if (due := _next_level(order)) is not None:
            refuse_if_early(asked, due.at, now)
        at = time_of_action(asked, now)
        if not _is_due(order, level, at):
            return
        await self._send_status_request(order, at)
        sent = await self._write_letter(order, level)
        async with self._transaction(order) as work:
            order = work.order
            if order.state not in LIVE or not _is_due(order, level, at):
                return
            passed = await bank_exchanges.bound(work.connection, About.ORDER, order.order_id) if sent else {}
            await bank_orders.escalate(work.connection, order.order_id, level, work.now)
            await work.log(EventKind.ORDER_ESCALATED, level=level.value, sent=sent, **passed)
            if kind := _TASK_OF_LEVEL.get(level):
                await _open_no_response_task(work, kind)
        await self._try_next_channel(order)

    # -- steps -----------------------------------------------------------------------------------------------------

    def _transaction(self, order: OrderRow) -> AbstractAsyncContextManager[OrderTransaction]:
        return order_transaction(self.ctx, order.order_id, ENGINE, case=order.case_no)

    async def _find(self, connection: Connection, asked: ActionInput) -> OrderRow | None:
        try:
            return await bank_orders.get(connection, UUID(asked.subject))
        except NotFound:
            return None

    async def _send_status_request(self, order: OrderRow, at: datetime) -> None:
        """Send a status request over the channel that delivered the order, if the channel has one."""
        if order.state is not OrderState.DELIVERED or order.channel is None:
            return
        async with self.ctx.pool.acquire() as connection:
            (read,) = await bank_orders.as_read(connection, order.institution, [order.order_id])
        references = [line.reference for line in read.lines if line.confirmed_paise < line.amount_paise]
        await self.bank_delivery.remind(order.order_id, order.institution, order.channel, references, at)

    async def _may_try(self, order: OrderRow) -> bool:
        """Record that the bank may know of the order; return False if it is over or must wait."""
        async with self._transaction(order) as work:
            if work.order.state not in LIVE or await cancellations.has_to_wait(work.connection, order.order_id):
                return False
            await bank_orders.note_tried(work.connection, order.order_id, work.now)
        return True

    async def _with_document(self, order: OrderRow, read: BankOrder) -> OrderTicket:
        """Return the order with its issued document. Opens a task and raises if the document lacks fields."""
        try:
            pdf = await self.document_of(order.order_id)
        except DocumentIncomplete as incomplete:
            missing = tuple(item.field for item in incomplete.missing)
            await self._open_task_about_fault(order, TaskFacts(lacking=missing))
            raise _not_until_mended(incomplete) from incomplete
        if pdf and not read.paper_number:
            async with self.ctx.pool.acquire() as connection:
                (read,) = await bank_orders.as_read(connection, order.institution, [order.order_id])
        return OrderTicket(read, pdf)

    async def _deliver(self, order: OrderRow, message: OrderMessage, *, first: bool) -> Delivered:
        """Deliver the order over a channel that takes orders, or by letter if the bank has no such channel."""
        try:
            return await self.bank_delivery.deliver(message, order.institution, first=first)
        except BankNotReached:
            sent = await send_by_letter(self.bank_delivery, self.mailer, self.links, message, order.institution)
            if sent is None:
                raise
            return sent

    async def _open_task_about_fault(self, order: OrderRow, facts: TaskFacts) -> None:
        """Open one task that says why the order cannot be sent, until it is sent or over."""
        async with self._transaction(order) as work:
            kind, cause = TaskKind.ORDER_SILENT, TaskCause.ORDER_NOT_SENT
            for task_id in await work.ask_about_order(kind, cause, facts):
                data = {
                    "task_id": task_id,
                    "kind": kind.value,
                    "institution": order.institution,
                    "note": compose(cause, work.subject, facts),
                }
                await work.log_all([Event(EventKind.TASK_OPENED, data)])

    async def _note_delivery(self, work: OrderTransaction, sent: Delivered) -> None:
        """Record that the bank has the order, and close the task about the failed sending.

        A bank without a channel for orders is to be telephoned too.
        """
        connection, order_id, channel = work.connection, work.order.order_id, sent.channel
        passed = await bank_exchanges.bound(connection, About.ORDER, order_id)
        delivered = await bank_orders.delivered(connection, order_id, channel, sent.job_id, work.now)
        if delivered or work.order.state is OrderState.CANCELLED:
            # An order that was cancelled meanwhile needs its cancellation sent over this channel.
            await bank_exchanges.note(connection, About.ORDER, order_id, channel, DeliveryOutcome.DELIVERED, work.now)
        if not delivered:
            return
        await work.close_tasks(work.subject, [TaskCause.ORDER_NOT_SENT], "it is sent")
        institution = self.ctx.directory.current.get(work.order.institution)
        if institution is not None and channel not in institution.channels:
            await work.ask_about_order(TaskKind.ORDER_SILENT, TaskCause.ORDER_BY_LETTER_ALONE)
        await work.log(EventKind.ORDER_DELIVERED, channel=channel.value, **passed)

    async def _record_refusal(self, order: OrderRow, refusal: BankRefused) -> bool:
        code = refusal.response_code
        async with self._transaction(order) as work:
            passed = await bank_exchanges.bound(work.connection, About.ORDER, order.order_id)
            if await bank_orders.refused(work.connection, order.order_id, code, refusal.message):
                await note_refusal(work, code, passed)
        return True

    async def _try_next_channel(self, order: OrderRow) -> None:
        """Send the order over the next untried channel."""
        message = OrderMessage(order.order_id)
        if await self.bank_delivery.next_after_no_response(message, order.institution, order.channel):
            async with self.ctx.pool.acquire() as connection:
                await bank_orders.send_again(connection, order.order_id)

    async def _write_letter(self, order: OrderRow, level: OrderEscalationLevel) -> bool:
        if level not in {OrderEscalationLevel.REMINDER, OrderEscalationLevel.NODAL_OFFICER} or self.mailer is None:
            return False
        institution = self.ctx.directory.current.get(order.institution)
        if institution is None:
            return False
        holidays = self.ctx.policy.bank_holidays
        letter = order_letter(institution, order, level, holidays, self.ctx.now())
        if not letter.to:
            return False
        if not await self._may_try(order):
            return False
        letters = LetterSender(self.ctx, self.mailer, self.links, About.ORDER, page_text)
        return not await letters.send(letter, order.order_id, institution.code)


async def send_by_letter(
    delivery: BankDelivery, mailer: Mailer | None, links: LinkMaker | None, message: BankMessage, institution: str
) -> Delivered | None:
    """Send a message by letter to a bank without a channel for it; None if no letter can be sent."""
    bank = delivery.ctx.directory.current.get(institution)
    if bank is None or mailer is None or links is None or not bank.desk_email:
        return None
    letters = EmailAdapter(mailer, links, lambda: delivery.ctx.policy.bank_holidays)
    return await delivery.send(message, letters, bank, ChannelKind.EMAIL)


async def _open_no_response_task(work: OrderTransaction, kind: TaskKind) -> None:
    """Open a task about the bank's missing response, and close the earlier tasks about it.

    The restoration's task about this bank is closed too. So one open task remains, and each level brings it up again
    even if a person has closed the one before.
    """
    before = {work.subject: [TaskCause.ORDER_NOT_DONE, TaskCause.ORDER_BY_LETTER_ALONE]}
    if work.order.restoration_id is not None:
        before[about(TaskSubject.RESTORATION, work.order.restoration_id)] = [TaskCause.RESTORATION_STEP]
    for subject, causes in before.items():
        await work.close_tasks(subject, causes, "replaced by the next level")
    await work.ask_about_order(kind, TaskCause.ORDER_NOT_DONE)


_TASK_OF_LEVEL: Final = {
    OrderEscalationLevel.DESK_TASK: TaskKind.ORDER_SILENT,
    OrderEscalationLevel.SUPERVISOR: TaskKind.SUPERVISE,
}


def _reached(level: OrderEscalationLevel | None, times: int = 1) -> Reached[OrderEscalationLevel] | None:
    return Reached(level, times) if level else None


def _next_level(order: OrderRow) -> LevelDue[OrderEscalationLevel] | None:
    """Return the next escalation level; None if all levels of the frozen policy are reached."""
    reached = _reached(order.level, order.level_times)
    return next_due(order_escalation(order.policy), reached, order.level_at or order.planned_at)


def _is_due(order: OrderRow, level: OrderEscalationLevel, at: datetime) -> bool:
    """Return whether the level is still to be reached."""
    reached, since = _reached(order.level, order.level_times), order.level_at or order.planned_at
    return may_reach(order_escalation(order.policy), reached, since, level, at)


def next_cancellation_level(
    order: OrderRow, cancellation: CancellationRow, rules: OrderPolicy
) -> LevelDue[OrderEscalationLevel] | None:
    """Return the next escalation level of a cancelled order; None if all levels are reached."""
    escalation = cancellation_escalation(order.policy, rules)
    return next_due(escalation, _reached(cancellation.level), cancellation.level_at or cancellation.cancelled_at)


def read_cancellation_state(
    order: OrderRow, cancellation: CancellationRow | None, left: Sequence[ChannelKind], rules: OrderPolicy, at: datetime
) -> RowState:
    """Read the state of a cancelled order; over when the bank acknowledges it or never received the order.

    `left` has the channels that delivered the order and not yet its cancellation. `rules` is the current policy for
    orders whose frozen policy says nothing about cancellations.
    """
    if cancellation is None or cancellation.settled_at is not None:
        return RowState(over=True)
    level = next_cancellation_level(order, cancellation, rules)
    dues = [DueAction(what=level.level, at=level.at)] if level else []
    bank_knows = cancellation.told_at is not None and not left
    if not bank_knows:
        dues.append(DueAction(what=OrderAction.TRY_AGAIN, at=at + timedelta(seconds=order.policy.try_again_seconds)))
    return RowState(
        over=False,
        at=OrderStage.TOLD if bank_knows else OrderStage.TO_TELL,
        dues=tuple(sorted(dues, key=lambda due: due.at)),
    )


def _not_until_mended(error: Exception) -> ApplicationError:
    return ApplicationError(
        f"{type(error).__name__}: the desk has a task",
        type=type(error).__name__,
        category=ApplicationErrorCategory.BENIGN,
        non_retryable=True,
    )
