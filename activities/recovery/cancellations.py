"""Cancelled orders: notify the bank over every channel that delivered the order, until it acknowledges.

A new order for the same money waits for that (`bank_order_tried` in the database). A bank that had both orders might
pay twice.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Final
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.banks import received
from activities.banks.delivery import BankDelivery, Delivered
from activities.banks.letters import BankMessage
from activities.case.transaction import ENGINE, refuse_if_early
from activities.context import Context
from activities.recovery.order_transaction import OrderTransaction, order_transaction
from activities.recovery.orders import next_cancellation_level, order_over, send_by_letter
from adapters.banks.email import LinkMaker
from adapters.banks.protocol import BankError, BankMisconfigured, BankRefused, CancellationTaker, Delivery
from adapters.messages.smtp import Mailer
from db.banks import bank_exchanges
from db.pool import Connection
from db.recovery import bank_orders, cancellations
from db.recovery.bank_orders import OrderRow
from domain.errors.recovery import CancellationNeedsSecondOfficer, NotCancelled
from schemas.banks.keys import About
from schemas.enums import ChannelKind, DeliveryOutcome, ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.procedures import ActionInput, OrderEscalationLevel
from schemas.recovery.orders import BankOrder
from schemas.restoration_enums import OrderKind, OrderState
from schemas.tasks import TaskCause

log = logging.getLogger(__name__)

_TASK_OF_LEVEL: Final = {
    OrderEscalationLevel.DESK_TASK: TaskKind.ORDER_SILENT,
    OrderEscalationLevel.SUPERVISOR: TaskKind.SUPERVISE,
}


async def acknowledge_cancellation(ctx: Context, institution: str, order_id: UUID) -> datetime:
    """Record that the bank acknowledges the cancellation, and return the time of the first acknowledgement.

    Raises `NotFound`, `NotCancelled`.
    """
    async with order_transaction(ctx, order_id, f"bank:{institution}", institution=institution) as work:
        cancellation = await cancellations.find(work.connection, order_id)
        if cancellation is None:
            raise NotCancelled(order_id, work.order.state)
        await settle_cancellation(work, "")
        return cancellation.settled_at or work.now


async def reject_cancellation(ctx: Context, institution: str, order_id: UUID) -> None:
    """Ask a person to telephone a bank that rejects the cancellation. Replacement orders go on waiting.

    Raises `NotFound`.
    """
    async with order_transaction(ctx, order_id, f"bank:{institution}", institution=institution) as work:
        cancellation = await cancellations.find(work.connection, order_id)
        if cancellation is not None and cancellation.settled_at is None:
            await work.ask_about_order(TaskKind.ORDER_SILENT, TaskCause.ORDER_CANCELLATION_REJECTED)


async def record_attestation(ctx: Context, order_id: UUID, note: str, by: str) -> tuple[datetime, bool]:
    """Record an officer's attestation that the bank knows of the cancellation; `note` says how.

    Return when it counts, and whether it waits for a second officer, as it does for an order to restore: the order in
    its place goes out at once, and the bank might pay twice. Raises `NotFound`, `NotCancelled`, `SameEyes`.
    """
    async with order_transaction(ctx, order_id, by) as work:
        cancellation = await cancellations.find(work.connection, order_id)
        if cancellation is None:
            raise NotCancelled(order_id, work.order.state)
        if cancellation.settled_at is not None:
            return cancellation.settled_at, False
        if work.order.kind is OrderKind.RESTORE:
            if cancellation.attested_by is None:
                await cancellations.attest(work.connection, order_id, by, note)
                await work.ask_about_order(TaskKind.SUPERVISE, TaskCause.CANCELLATION_TO_CONFIRM, caused_by=by)
                await work.log(EventKind.ORDER_CANCELLATION_ATTESTED, reason=note)
                return work.now, True
            if is_same_person(by, cancellation.attested_by):
                raise CancellationNeedsSecondOfficer(by)
        await settle_cancellation(work, note)
        return work.now, False


async def settle_cancellation(work: OrderTransaction, note: str) -> None:
    """Finish the cancellation, and start the orders that waited for it. A repeated call changes nothing."""
    connection, order_id = work.connection, work.order.order_id
    if not await cancellations.settle(connection, order_id, work.actor, note, work.now):
        return
    await order_over(work, note or "the bank has acknowledged the cancellation")
    for waiting in await cancellations.waiting_for(connection, order_id):
        await cancellations.begin_clocks(connection, waiting, work.now)
        await work.notify(ProcedureKind.ORDER, waiting)
    await work.log(EventKind.ORDER_CANCELLATION_SETTLED)


@dataclass(frozen=True)
class CancellationMessage(BankMessage):
    """The cancellation of an order."""

    about: ClassVar = About.CANCELLATION
    order: BankOrder

    def fits(self, adapter: object) -> bool:
        """Return whether the channel takes cancellations."""
        return isinstance(adapter, CancellationTaker)

    async def send(self, adapter: CancellationTaker[Any], way: Any, timeout_seconds: float) -> Delivery:
        """Send the cancellation."""
        return await adapter.send_cancellation(way, self.order, timeout_seconds=timeout_seconds)


@dataclass(frozen=True)
class CancellationActivities:
    """The activities of `OrderWorkflow` for a cancelled order. Letters need both `mailer` and `links`."""

    ctx: Context
    bank_delivery: BankDelivery
    mailer: Mailer | None = None
    links: LinkMaker | None = None

    @activity.defn(name="send_cancellation")
    async def send_cancellation(self, asked: ActionInput) -> bool:
        """Send the cancellation over every channel that delivered the order; return True when the bank has it.

        Also returns True if no cancellation is needed. A repeated attempt sends the same message under the same key.
        Raises a retryable error while such a channel does not take the message. A channel that never will
        raises an error that is not retryable, and a person takes over.
        """
        order_id = UUID(asked.subject)
        async with self.ctx.pool.acquire() as connection:
            cancellation = await cancellations.find(connection, order_id)
            if cancellation is None or cancellation.settled_at is not None:
                return True
            order = await bank_orders.get(connection, order_id)
            (read,) = await bank_orders.as_read(connection, order.institution, [order_id])
            channels = await bank_exchanges.channels_to_cancel(connection, order_id)
        message = CancellationMessage(order_id, read)
        failed: BankError | None = None
        for channel in channels:
            try:
                await self._note(order, await self._over(order, message, channel), about=channel)
            except BankError as error:
                failed = error if failed is None or error.retryable else failed
        if not channels and cancellation.told_at is None:
            try:
                await self._note(order, await self._over_any_channel(order, message))
            except BankError as error:
                failed = error
        if failed is not None:
            log.info("cancelled order %s: %s", order_id, failed)
            raise _not_told(failed) from failed
        return True

    @activity.defn(name="escalate_cancellation")
    async def escalate_cancellation(self, asked: ActionInput) -> None:
        """Escalate to the level `asked.what`: the desk telephones the bank, then the supervisor looks."""
        level, order_id = OrderEscalationLevel(asked.what), UUID(asked.subject)
        async with order_transaction(self.ctx, order_id, ENGINE) as work:
            cancellation = await cancellations.find(work.connection, order_id)
            if (
                work.order.state is not OrderState.CANCELLED
                or cancellation is None
                or cancellation.settled_at is not None
            ):
                return
            if cancellation.level in {level, OrderEscalationLevel.SUPERVISOR}:
                return
            rules = self.ctx.policy.order.promised(self.ctx.policy.version, self.ctx.procedure_clock_factor)
            if (due := next_cancellation_level(work.order, cancellation, rules)) is not None:
                refuse_if_early(asked, due.at, work.now)
            await cancellations.escalate(work.connection, order_id, level, work.now)
            cause = TaskCause.ORDER_CANCELLATION_SILENT
            await work.close_tasks(work.subject, [cause], "replaced by the next level")
            await work.ask_about_order(_TASK_OF_LEVEL[level], cause)
            await work.log(EventKind.ORDER_CANCELLATION_ESCALATED, level=level.value)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _over(self, order: OrderRow, message: CancellationMessage, channel: ChannelKind) -> Delivered:
        """Send over the channel that delivered the order, or over any if it is gone or cannot cancel."""
        try:
            return await self.bank_delivery.deliver_over(message, order.institution, channel)
        except (BankMisconfigured, BankRefused):
            return await self._over_any_channel(order, message)

    async def _over_any_channel(self, order: OrderRow, message: CancellationMessage) -> Delivered:
        """Send over the best working channel, or by letter to a known address if no channel takes it."""
        try:
            async with self.ctx.pool.acquire() as connection:
                first = not await bank_exchanges.count(connection, message.about, message.subject_id)
            return await self.bank_delivery.deliver(message, order.institution, first=first)
        except (BankMisconfigured, BankRefused):
            sent = await send_by_letter(self.bank_delivery, self.mailer, self.links, message, order.institution)
            if sent is None:
                raise
            return sent

    async def _note(self, order: OrderRow, sent: Delivered, about: ChannelKind | None = None) -> None:
        """Record that the bank has the cancellation, for the channel `about` that delivered the order."""
        order_id = order.order_id

        async def kept(connection: Connection) -> str:
            # The bytes are written before the case is locked.
            await received.keep(self.ctx, connection, About.CANCELLATION, order_id, sent.exchanges)
            return order.case_no

        async with order_transaction(self.ctx, order_id, ENGINE, case=kept) as work:
            connection = work.connection
            passed = await bank_exchanges.bound(connection, About.CANCELLATION, order_id)
            for channel in {sent.channel, about or sent.channel}:
                detail = "" if channel is sent.channel else f"over {sent.channel.value}"
                await bank_exchanges.note(
                    connection, About.CANCELLATION, order_id, channel, DeliveryOutcome.DELIVERED, work.now, detail
                )
            if await cancellations.told(connection, order_id, sent.channel, work.now):
                await work.log(EventKind.ORDER_CANCELLATION_TOLD, channel=sent.channel.value, **passed)


def _not_told(error: BankError) -> ApplicationError:
    """Return the error for a failed cancellation message.

    The escalation runs in parallel. An error that no retry can mend is not retryable, so that it is tried seldom.
    """
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        category=ApplicationErrorCategory.BENIGN,
        non_retryable=not error.retryable,
    )
