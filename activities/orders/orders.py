"""Orders to banks: planned with the decision that asks for them, carried over the channels, chased until they are done.

Each hand may be run twice. The row decides: an order that is over is sent and chased no more.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.banks.consignments import OrderParcel
from activities.banks.delivery import AT_ONCE_SECONDS, Carried, Carrier
from activities.banks.letters import send_letter
from activities.context import Context
from activities.orders.order_letters import order_letter, with_link
from activities.orders.unassigned_holds import ask_about_kept
from adapters.banks.email import EmailAdapter, LinkMaker
from adapters.banks.protocol import BankError, BankNotReached, BankRefused, BankUnreachable, OrderTicket
from adapters.messages.smtp import Mailer, MailError
from db.banks import bank_exchanges
from db.cases import cases, events, tasks
from db.cases.events import Event
from db.holds import account_holds, free_amounts
from db.orders import bank_orders, cancellations
from db.orders.bank_orders import LIVE, OrderRow
from db.orders.cancellations import CancellationRow
from db.outbox import procedure_outbox
from db.police import firs
from db.pool import Connection
from domain.documents import PaperLacks
from domain.errors import NotFound
from domain.errors.orders import OrderOver
from schemas.banks.exchanges import About
from schemas.enums import CarriageOutcome, ChannelKind, EventKind, ProcedureKind, TaskKind
from schemas.orders.orders import BankOrder, NewOrder
from schemas.outbox.procedures import Due, Look, OrderPolicy, OrderRung, ProcedureOrder
from schemas.restoration_enums import OrderState
from schemas.tracing.answers import NewTask

log = logging.getLogger(__name__)

ENGINE: Final = "engine"
NOTE_MAX_CHARS: Final = 300
LEAST_WAIT_SECONDS: Final = 300.0
"""what a bank or its dropped channels ask for below that is left to the workflow's own pause"""
BY_LETTER_ALONE: Final = "it went by letter alone, no channel of the bank carries orders: telephone"
_RUNGS: Final = tuple(OrderRung)
_TASKS: Final = (TaskKind.ORDER_SILENT, TaskKind.SUPERVISE)
TRY_AGAIN: Final = "try_again"
"""due of an order that could not be sent"""
WAITS: Final = "waits"
"""of an order that is not sent before the bank has said that it does an earlier one no more"""
TO_TELL: Final = "to_tell"
"""of an order that is taken back: the bank does not know it yet"""
TOLD: Final = "told"
"""of an order that is taken back: the bank knows it, and has not said that it does it no more"""
_CANCEL_RUNG_ABOVE: Final = {
    None: OrderRung.DESK_TASK,
    OrderRung.DESK_TASK: OrderRung.SUPERVISOR,
    OrderRung.SUPERVISOR: None,
}
PaperOf = Callable[[UUID], Awaitable[bytes]]
"""the paper that goes with an order, issued by now; empty where none is needed"""


async def plan_order(connection: Connection, ctx: Context, order: NewOrder, now: datetime) -> UUID:
    """Write an order, inside the transaction of the decision that asks for it; the case's row is locked.

    The database refuses, at commit, an order for more than is on hold. Its workflow carries it.
    """
    policy = ctx.policy.order.promised(ctx.policy.version, ctx.procedure_clock_factor)
    due_at = now + timedelta(seconds=policy.due_seconds)
    order_id = await bank_orders.insert(connection, order, policy, due_at, now)
    await procedure_outbox.begin(connection, ProcedureKind.ORDER, str(order_id), order.case_no, now)
    data = {
        "order_id": str(order_id),
        "kind": order.kind.value,
        "reason": order.reason.value,
        "institution": order.institution,
        "lines": [[line.hop_no, line.amount_paise] for line in order.lines],
        "excess": any(line.excess for line in order.lines),
        "restoration_id": str(order.restoration_id) if order.restoration_id else None,
        "policy": policy.version,
    }
    await events.append(connection, order.case_no, now, order.ordered_by, [Event(EventKind.ORDER_PLANNED, data)])
    return order_id


async def cancel_order(ctx: Context, order_id: UUID, reason: str, by: str) -> None:
    """Take an order back, as far as the bank has not done it. Raises `NotFound`, `NotNow` when it is over.

    A bank that may know of it is told by the order's workflow, until it has said that it does the order no more.
    """
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await bank_orders.case_of(connection, order_id)
        await cases.hold(connection, case_no)
        order = await bank_orders.get(connection, order_id)
        if order.state not in LIVE:
            raise OrderOver(order_id, order.state)
        await take_back(connection, order, reason, by, now)


async def take_back(connection: Connection, order: OrderRow, reason: str, by: str, now: datetime) -> None:
    """End a live order; its case is locked. What is free again may lapse, or go home."""
    await bank_orders.finish(connection, order.order_id, OrderState.CANCELLED, now, reason)
    if order.tried_at is None:
        await order_over(connection, order, now, reason)
    else:
        await tasks.close_noted(connection, order.case_no, _TASKS, note_of(order.order_id), now, reason)
        await tell_whose(connection, order, now)
    await account_holds.take_up_again(connection, order.case_no, now, order_id=order.order_id)
    await ask_about_kept(connection, order.case_no, now)
    if order.court_order_id is not None:
        # What is left of the court's sum is more again.
        await firs.tell_procedures(connection, order.case_no, [ProcedureKind.RESTORATION], now)
    for hold_id in sorted({line.hold_id for line in await bank_orders.lines_of(connection, order.order_id)}):
        await procedure_outbox.tell(connection, ProcedureKind.HOLD, str(hold_id), now)
        for restoration_id in await free_amounts.restorations_of(connection, hold_id):
            await procedure_outbox.tell(connection, ProcedureKind.RESTORATION, str(restoration_id), now)
    data = {
        "order_id": str(order.order_id),
        "institution": order.institution,
        "bank_is_told": order.tried_at is not None,
    }
    await events.append(connection, order.case_no, now, by, [Event(EventKind.ORDER_CANCELLED, data)])


async def order_over(connection: Connection, order: OrderRow, now: datetime, reason: str) -> None:
    """Whoever waits for the order is told, and its tasks need nobody any more."""
    for note in (note_of(order.order_id), second_note(order.order_id)):
        await tasks.close_noted(connection, order.case_no, _TASKS, note, now, reason)
    await procedure_outbox.end(connection, ProcedureKind.ORDER, str(order.order_id), now)
    await tell_whose(connection, order, now)


async def tell_whose(connection: Connection, order: OrderRow, now: datetime) -> None:
    """Tell the procedures that an order of theirs has moved, and the order's own."""
    await procedure_outbox.tell(connection, ProcedureKind.ORDER, str(order.order_id), now)
    if order.restoration_id:
        await procedure_outbox.tell(connection, ProcedureKind.RESTORATION, str(order.restoration_id), now)
    if order.grievance_id:
        await procedure_outbox.tell(connection, ProcedureKind.GRIEVANCE, str(order.grievance_id), now)


async def note_refusal(
    connection: Connection, order: OrderRow, code: str, by: str, now: datetime, passed: Mapping[str, Any] | None = None
) -> None:
    """Have a person look at a refusal that is written; `passed` says what the bank was sent, and replied."""
    task = NewTask(kind=TaskKind.ORDER_SILENT, note=note_of(order.order_id))
    await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)
    data = {"order_id": str(order.order_id), "institution": order.institution, "refusal_code": code, **(passed or {})}
    await events.append(connection, order.case_no, now, by, [Event(EventKind.ORDER_REFUSED, data)])


def second_note(order_id: UUID) -> str:
    """The note of the task for a second officer, which no reminder of the bank's silence closes."""
    return f"second officer for {note_of(order_id)}"


def note_of(order_id: UUID) -> str:
    """The note of the desk's task about an order; what it goes on with stands behind ": "."""
    return f"order {order_id}"


def _not_sent(order_id: UUID) -> str:
    return f"{note_of(order_id)}: not sent"


@dataclass(frozen=True)
class OrderActivities:
    """The activities of `OrderWorkflow`. Without a `mailer` no letter is sent, without `links` none brings a link."""

    ctx: Context
    carrier: Carrier
    mailer: Mailer | None
    paper_of: PaperOf
    links: LinkMaker | None = None

    @activity.defn(name="look_at_order")
    async def look_at_order(self, asked: ProcedureOrder) -> Look:
        """Where the order stands, and when silence climbs next."""
        async with self.ctx.pool.acquire() as connection:
            order = await self._find(connection, asked)
            if order is not None and order.state is OrderState.CANCELLED:
                rules = self.ctx.policy.order.promised(self.ctx.policy.version, self.ctx.procedure_clock_factor)
                found = await cancellations.find(connection, order.order_id)
                left = await cancellations.delivered_over(connection, order.order_id)
                return look_at_cancellation(order, found, left, rules, asked.at)
            if order is None or order.state not in LIVE:
                return Look(over=True)
            if await cancellations.has_to_wait(connection, order.order_id):
                return Look(over=False, at=WAITS)
        rung = next_rung(order)
        dues = [Due(what=rung.value, at=_climbs_at(order, rung))] if rung else []
        if order.state is OrderState.PLANNED:
            again_at = asked.at + timedelta(seconds=order.policy.try_again_seconds)
            dues.append(Due(what=TRY_AGAIN, at=again_at))
        return Look(over=False, at=order.state.value, dues=tuple(sorted(dues, key=lambda due: due.at)))

    @activity.defn(name="send_order")
    async def send_order(self, asked: ProcedureOrder) -> bool:
        """Put the order before the bank, with its paper; true when the bank has it, or has refused it.

        Run twice, it is the same order under the same key. Raises a retryable error when no channel could carry it; one
        that is not, with a task for a person, where the fault is ours: the order waits until it is mended.
        """
        order_id = UUID(asked.subject)
        async with self.ctx.pool.acquire() as connection:
            order = await self._find(connection, asked)
            if order is None or order.state is not OrderState.PLANNED:
                return True
            (read,) = await bank_orders.as_read(connection, order.institution, [order_id])
            first = not await bank_orders.turns(connection, order_id)
        ticket = await self._ticket(order, read)
        if not await self._may_try(order):
            return True
        parcel = OrderParcel(order_id, ticket)
        try:
            carried = await self._carry(order, parcel, first=first)
        except BankRefused as refusal:
            return await self._record_refusal(order, refusal)
        except BankError as error:
            log.info("order %s: %s", order_id, error)
            if not error.retryable:
                await self._ask_a_person(order, f"{type(error).__name__} {error.detail}".strip())
                raise _not_until_mended(error) from error
            raise _try_again(error) from error
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await parcel.keep(connection, carried.exchanges)
            passed = await bank_exchanges.bound(connection, About.ORDER, order_id)
            await cases.hold(connection, order.case_no)
            job_id, channel = carried.job_id, carried.channel
            delivered = await bank_orders.delivered(connection, order_id, channel, job_id, now)
            if delivered or (await bank_orders.get(connection, order_id)).state is OrderState.CANCELLED:
                # Of one that was taken back meanwhile: that has to be told over this channel.
                await parcel.note(connection, channel, CarriageOutcome.DELIVERED, now)
            if delivered:
                await self._note_delivery(connection, order, channel, now)
                data = {"order_id": str(order_id), "institution": order.institution, "channel": channel.value} | passed
                await events.append(connection, order.case_no, now, ENGINE, [Event(EventKind.ORDER_DELIVERED, data)])
        return True

    @activity.defn(name="climb_order")
    async def climb_order(self, asked: ProcedureOrder) -> None:
        """Climb the rung `asked.what`: a letter to the desk or to the nodal officer, then a person of ours.

        On the last rung the supervisor is told again and again, as often as was promised. A channel with a message for
        "what became of our order?" carries it at each rung.
        """
        rung = OrderRung(asked.what)
        async with self.ctx.pool.acquire() as connection:
            order = await self._find(connection, asked)
        if order is None or order.state not in LIVE or not _is_due(order, rung, asked.at):
            return
        await self._chase(order, asked.at)
        sent = await self._write_letter(order, rung)
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            passed = await bank_exchanges.bound(connection, About.ORDER, order.order_id) if sent else {}
            await cases.hold(connection, order.case_no)
            order = await bank_orders.get(connection, order.order_id)
            if order.state not in LIVE or not _is_due(order, rung, asked.at):
                return
            await bank_orders.climb(connection, order.order_id, rung, asked.at)
            data = {
                "order_id": str(order.order_id),
                "institution": order.institution,
                "rung": rung.value,
                "sent": sent,
                **passed,
            }
            await events.append(connection, order.case_no, asked.at, ENGINE, [Event(EventKind.ORDER_CLIMBED, data)])
            if kind := _TASK_OF_RUNG.get(rung):
                await _ask_about_silence(connection, order, kind, asked.at)
        await self._past_silence(order)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _find(self, connection: Connection, asked: ProcedureOrder) -> OrderRow | None:
        try:
            return await bank_orders.get(connection, UUID(asked.subject))
        except NotFound:
            return None

    async def _chase(self, order: OrderRow, at: datetime) -> None:
        """Ask over the channel that delivered it, where the channel has a message for that."""
        if order.state is not OrderState.DELIVERED or order.channel is None:
            return
        async with self.ctx.pool.acquire() as connection:
            (read,) = await bank_orders.as_read(connection, order.institution, [order.order_id])
        references = [line.reference for line in read.lines if line.confirmed_paise < line.amount_paise]
        await self.carrier.chase(order.order_id, order.institution, order.channel, references, at)

    async def _may_try(self, order: OrderRow) -> bool:
        """Write that the bank may know of the order from here on; false where it is over, or has to wait."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, order.case_no)
            order = await bank_orders.get(connection, order.order_id)
            if order.state not in LIVE or await cancellations.has_to_wait(connection, order.order_id):
                return False
            await bank_orders.note_tried(connection, order.order_id, now)
        return True

    async def _ticket(self, order: OrderRow, read: BankOrder) -> OrderTicket:
        """The order with its paper, issued by now."""
        try:
            pdf = await self.paper_of(order.order_id)
        except PaperLacks as lacks:
            missing = ", ".join(one.field for one in lacks.missing)
            await self._ask_a_person(order, f"its paper lacks {missing}")
            raise _not_until_mended(lacks) from lacks
        if pdf and not read.paper_number:
            async with self.ctx.pool.acquire() as connection:
                (read,) = await bank_orders.as_read(connection, order.institution, [order.order_id])
        return OrderTicket(read, pdf)

    async def _carry(self, order: OrderRow, parcel: OrderParcel, *, first: bool) -> Carried:
        """Over a channel that has a message for it; where there is none, by a letter to whatever address is known."""
        try:
            return await self.carrier.carry(parcel, order.institution, first=first)
        except BankNotReached:
            institution = self.ctx.directory.current.get(order.institution)
            if institution is None or self.mailer is None or self.links is None or not institution.desk_email:
                raise
            letters = EmailAdapter(self.mailer, self.links, self.ctx.policy.bank_holidays)
            return await self.carrier.hand_over(parcel, letters, institution, ChannelKind.EMAIL)

    async def _ask_a_person(self, order: OrderRow, why: str) -> None:
        """Why the order cannot be sent: told once, until it is sent or over."""
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, order.case_no)
            task = NewTask(kind=TaskKind.ORDER_SILENT, note=f"{_not_sent(order.order_id)}: {why}"[:NOTE_MAX_CHARS])
            opened = await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)
            for task_id in opened:
                data = {
                    "task_id": task_id,
                    "kind": task.kind.value,
                    "institution": order.institution,
                    "note": task.note,
                }
                await events.append(connection, order.case_no, now, ENGINE, [Event(EventKind.TASK_OPENED, data)])

    async def _note_delivery(
        self, connection: Connection, order: OrderRow, channel: ChannelKind, now: datetime
    ) -> None:
        """What kept the order is mended; a bank without a channel for orders is telephoned besides."""
        note = _not_sent(order.order_id)
        await tasks.close_noted(connection, order.case_no, [TaskKind.ORDER_SILENT], note, now, "it is sent")
        institution = self.ctx.directory.current.get(order.institution)
        if institution is not None and channel not in institution.channels:
            task = NewTask(kind=TaskKind.ORDER_SILENT, note=f"{note_of(order.order_id)}: {BY_LETTER_ALONE}")
            await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)

    async def _record_refusal(self, order: OrderRow, refusal: BankRefused) -> bool:
        now, code = self.ctx.now(), refusal.response_code
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            passed = await bank_exchanges.bound(connection, About.ORDER, order.order_id)
            await cases.hold(connection, order.case_no)
            if await bank_orders.refused(connection, order.order_id, code, refusal.message):
                await note_refusal(connection, order, code, ENGINE, now, passed)
        return True

    async def _past_silence(self, order: OrderRow) -> None:
        """Another channel that has not had its turn carries the order too."""
        if order.channel is None:
            return
        parcel = OrderParcel(order.order_id)
        if await self.carrier.next_after_silence(parcel, order.institution, order.channel):
            async with self.ctx.pool.acquire() as connection:
                await bank_orders.send_again(connection, order.order_id)

    async def _write_letter(self, order: OrderRow, rung: OrderRung) -> bool:
        if rung not in {OrderRung.REMINDER, OrderRung.NODAL_OFFICER} or self.mailer is None:
            return False
        institution = self.ctx.directory.current.get(order.institution)
        if institution is None:
            return False
        holidays = self.ctx.policy.bank_holidays
        letter = order_letter(institution, order, rung, holidays, self.ctx.now())
        if not letter.to:
            return False
        if not await self._may_try(order):
            return False
        link = None
        if self.links is not None:
            link = await self.links.issue_for_order(order.order_id, institution.code, letter.to)
            letter = with_link(letter, link)
        try:
            await send_letter(self.ctx, self.mailer, letter, link, About.ORDER, order.order_id)
        except MailError as error:
            if error.retryable and activity.info().attempt < self.ctx.policy.delivery.mail_attempts:
                raise ApplicationError(str(error), type=type(error).__name__) from error
            return False
        return True


async def _ask_about_silence(connection: Connection, order: OrderRow, kind: TaskKind, at: datetime) -> None:
    """Put the bank's silence before a person. It is one open task: it comes up anew, whoever has closed or forgotten
    the one before, and what asked about this bank before, the restoration too, needs nobody any more."""
    note, case_no = note_of(order.order_id), order.case_no
    before = [note, f"{note}: {BY_LETTER_ALONE}"]
    if order.restoration_id is not None:
        before.append(f"restoration {order.restoration_id}")
    await tasks.close_with_notes(connection, case_no, _TASKS, before, at, "told again")
    await tasks.open_tasks(connection, case_no, [NewTask(kind=kind, note=note)], at, institution=order.institution)


_TASK_OF_RUNG: Final = {OrderRung.DESK_TASK: TaskKind.ORDER_SILENT, OrderRung.SUPERVISOR: TaskKind.SUPERVISE}


def next_rung(order: OrderRow) -> OrderRung | None:
    """The rung above, or the last one again; None where silence has climbed as often as was promised."""
    if order.rung is OrderRung.SUPERVISOR:
        again = order.policy.supervisor_again_seconds is not None and order.rung_times < order.policy.supervisor_times
        return OrderRung.SUPERVISOR if again else None
    return _RUNGS[_RUNGS.index(order.rung) + 1 if order.rung else 0]


def _is_due(order: OrderRow, rung: OrderRung, at: datetime) -> bool:
    """Whether the rung is still to be climbed."""
    if order.rung is None or _RUNGS.index(order.rung) < _RUNGS.index(rung):
        return True
    return next_rung(order) is rung and _climbs_at(order, rung) <= at


def _climbs_at(order: OrderRow, rung: OrderRung) -> datetime:
    policy, since = order.policy, order.rung_at or order.planned_at
    again = policy.supervisor_again_seconds if order.rung is rung else None
    return since + timedelta(seconds=policy.rungs[rung] if again is None else again)


def look_at_cancellation(
    order: OrderRow, found: CancellationRow | None, left: Sequence[ChannelKind], rules: OrderPolicy, at: datetime
) -> Look:
    """Where an order stands that is taken back; over once the bank does it no more, or cannot have known of it.

    `left`: the channels that have carried the order and not yet this word. `rules`: of orders made now, for one that
    was promised nothing about it.
    """
    if found is None or found.settled_at is not None:
        return Look(over=True)
    waits = order.policy.cancel_rungs or rules.cancel_rungs
    rung = _CANCEL_RUNG_ABOVE[found.rung]
    dues = (
        [Due(what=rung.value, at=(found.rung_at or found.cancelled_at) + timedelta(seconds=waits[rung]))]
        if rung
        else []
    )
    told = found.told_at is not None and not left
    if not told:
        dues.append(Due(what=TRY_AGAIN, at=at + timedelta(seconds=order.policy.try_again_seconds)))
    return Look(over=False, at=TOLD if told else TO_TELL, dues=tuple(sorted(dues, key=lambda due: due.at)))


def _not_until_mended(error: Exception) -> ApplicationError:
    return ApplicationError(
        f"{type(error).__name__}: the desk has a task",
        type=type(error).__name__,
        category=ApplicationErrorCategory.BENIGN,
        non_retryable=True,
    )


def _try_again(error: BankError) -> ApplicationError:
    """A retryable failure: another channel is tried at once; else an order, which is in no hurry, waits as it does."""
    wait_seconds = error.retry_after_seconds if isinstance(error, BankUnreachable) else None
    if wait_seconds is not None and AT_ONCE_SECONDS < wait_seconds < LEAST_WAIT_SECONDS:
        wait_seconds = None
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=timedelta(seconds=wait_seconds) if wait_seconds is not None else None,
    )
