"""Orders to banks: planned with the decision that asks for them, carried over the channels, chased until they are done.

Each hand may be run twice. The row decides: an order that is over is sent and chased no more.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.carrying import AT_ONCE_SECONDS, Carried, Carrier
from activities.hands import Hands
from activities.kept_holds import ask_about_kept
from activities.order_letters import order_letter, with_link
from activities.parcels import OrderParcel
from adapters.banks.email import EmailAdapter, LinkMaker
from adapters.banks.protocol import BankError, BankNotReached, BankRefused, BankUnreachable, OrderTicket
from adapters.messages.smtp import Mailer, MailError
from db import account_holds, bank_orders, cases, events, hold_clocks, police, procedures, tasks
from db.bank_orders import LIVE, OrderRow
from db.events import Event
from db.pool import Connection
from domain.errors import NotFound, NotNow
from domain.papers import PaperLacks
from schemas.answers import NewTask
from schemas.enums import CarriageOutcome, ChannelKind, EventKind, ProcedureKind, TaskKind
from schemas.orders import BankOrder, NewOrder
from schemas.procedures import Due, Look, OrderPolicy, OrderRung, ProcedureOrder
from schemas.restoration_enums import OrderState

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
PaperOf = Callable[[UUID], Awaitable[bytes]]
"""the paper that goes with an order, issued by now; empty where none is needed"""


async def plan_order(connection: Connection, hands: Hands, order: NewOrder, now: datetime) -> UUID:
    """Write an order, inside the transaction of the decision that asks for it; the case's row is locked.

    The database refuses, at commit, an order for more than is on hold. Its workflow carries it.
    """
    policy = hands.policy.order.promised(hands.policy.version, hands.procedure_clock_factor)
    due_at = now + timedelta(seconds=policy.due_seconds)
    order_id = await bank_orders.insert(connection, order, policy, due_at, now)
    await procedures.begin(connection, ProcedureKind.ORDER, str(order_id), order.case_no, now)
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


async def cancel_order(hands: Hands, order_id: UUID, reason: str, by: str) -> None:
    """Take an order back, as far as the bank has not done it. Raises `NotFound`, `NotNow` when it is over."""
    now = hands.now()
    async with hands.pool.acquire() as connection, connection.transaction():
        case_no = await bank_orders.case_of(connection, order_id)
        await cases.hold(connection, case_no)
        order = await bank_orders.get(connection, order_id)
        if order.state not in LIVE:
            raise NotNow(f"the order is {order.state.value}")
        await bank_orders.finish(connection, order_id, OrderState.CANCELLED, now, reason)
        await order_over(connection, order, now, reason)
        await account_holds.take_up_again(connection, case_no, order_id=order_id)
        await ask_about_kept(connection, case_no, now)
        if order.court_order_id is not None:
            # What is left of the court's sum is more again.
            await police.tell_procedures(connection, case_no, [ProcedureKind.RESTORATION], now)
        for hold_id in sorted({line.hold_id for line in await bank_orders.lines_of(connection, order_id)}):
            # What is free again may lapse, or go home.
            await procedures.tell(connection, ProcedureKind.HOLD, str(hold_id), now)
            for restoration_id in await hold_clocks.restorations_of(connection, hold_id):
                await procedures.tell(connection, ProcedureKind.RESTORATION, str(restoration_id), now)
        data = {"order_id": str(order_id), "institution": order.institution}
        await events.append(connection, case_no, now, by, [Event(EventKind.ORDER_CANCELLED, data)])


async def order_over(connection: Connection, order: OrderRow, now: datetime, reason: str) -> None:
    """Whoever waits for the order is told, and its tasks need nobody any more."""
    await tasks.close_noted(connection, order.case_no, _TASKS, note_of(order.order_id), now, reason)
    await procedures.end(connection, ProcedureKind.ORDER, str(order.order_id), now)
    await tell_whose(connection, order, now)


async def tell_whose(connection: Connection, order: OrderRow, now: datetime) -> None:
    """Tell the procedures that an order of theirs has moved, and the order's own."""
    await procedures.tell(connection, ProcedureKind.ORDER, str(order.order_id), now)
    if order.restoration_id:
        await procedures.tell(connection, ProcedureKind.RESTORATION, str(order.restoration_id), now)
    if order.grievance_id:
        await procedures.tell(connection, ProcedureKind.GRIEVANCE, str(order.grievance_id), now)


async def note_refusal(connection: Connection, order: OrderRow, code: str, by: str, now: datetime) -> None:
    """Have a person look at a refusal that is written."""
    task = NewTask(kind=TaskKind.ORDER_SILENT, note=note_of(order.order_id))
    await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)
    data = {"order_id": str(order.order_id), "institution": order.institution, "refusal_code": code}
    await events.append(connection, order.case_no, now, by, [Event(EventKind.ORDER_REFUSED, data)])


def note_of(order_id: UUID) -> str:
    """The note of the desk's task about an order; what it goes on with stands behind ": "."""
    return f"order {order_id}"


def _not_sent(order_id: UUID) -> str:
    return f"{note_of(order_id)}: not sent"


@dataclass(frozen=True)
class OrderHands:
    """The activities of `OrderWorkflow`. Without a `mailer` no letter is sent, without `links` none brings a link."""

    hands: Hands
    carrier: Carrier
    mailer: Mailer | None
    paper_of: PaperOf
    links: LinkMaker | None = None

    @activity.defn
    async def look_at_order(self, asked: ProcedureOrder) -> Look:
        """Where the order stands, and when silence climbs next."""
        async with self.hands.pool.acquire() as connection:
            order = await self._find(connection, asked)
        if order is None or order.state not in LIVE:
            return Look(over=True)
        rung = next_rung(order.rung)
        dues = [Due(what=rung.value, at=_climbs_at(order, rung))] if rung else []
        if order.state is OrderState.PLANNED:
            again_at = asked.at + timedelta(seconds=order.policy.try_again_seconds)
            dues.append(Due(what=TRY_AGAIN, at=again_at))
        return Look(over=False, at=order.state.value, dues=tuple(sorted(dues, key=lambda due: due.at)))

    @activity.defn
    async def send_order(self, asked: ProcedureOrder) -> bool:
        """Put the order before the bank, with its paper; true when the bank has it, or has refused it.

        Run twice, it is the same order under the same key. Raises a retryable error when no channel could carry it; one
        that is not, with a task for a person, where the fault is ours: the order waits until it is mended.
        """
        order_id = UUID(asked.subject)
        async with self.hands.pool.acquire() as connection:
            order = await self._find(connection, asked)
            if order is None or order.state is not OrderState.PLANNED:
                return True
            (read,) = await bank_orders.as_read(connection, order.institution, [order_id])
            first = not await bank_orders.turns(connection, order_id)
        ticket = await self._ticket(order, read)
        parcel = OrderParcel(order_id, ticket)
        try:
            carried = await self._carry(order, parcel, ticket, first=first)
        except BankRefused as refusal:
            return await self._record_refusal(order, refusal)
        except BankError as error:
            log.info("order %s: %s", order_id, error)
            if not error.retryable:
                await self._ask_a_person(order, f"{type(error).__name__} {error.detail}".strip())
                raise _not_until_mended(error) from error
            raise _try_again(error) from error
        now = self.hands.now()
        async with self.hands.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, order.case_no)
            job_id, channel = carried.job_id, carried.channel
            if await bank_orders.delivered(connection, order_id, channel, job_id, now):
                await self._note_delivery(connection, order, channel, now)
                await parcel.note(connection, channel, CarriageOutcome.DELIVERED, now)
                data = {"order_id": str(order_id), "institution": order.institution, "channel": channel.value}
                await events.append(connection, order.case_no, now, ENGINE, [Event(EventKind.ORDER_DELIVERED, data)])
        return True

    @activity.defn
    async def climb_order(self, asked: ProcedureOrder) -> None:
        """Climb the rung `asked.what`: a letter to the desk or to the nodal officer, then a person of ours."""
        rung = OrderRung(asked.what)
        async with self.hands.pool.acquire() as connection:
            order = await self._find(connection, asked)
        if order is None or order.state not in LIVE or _stands_on(order, rung):
            return
        sent = await self._write_letter(order, rung)
        async with self.hands.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, order.case_no)
            order = await bank_orders.get(connection, order.order_id)
            if order.state not in LIVE or _stands_on(order, rung):
                return
            await bank_orders.climb(connection, order.order_id, rung, asked.at)
            data = {
                "order_id": str(order.order_id),
                "institution": order.institution,
                "rung": rung.value,
                "sent": sent,
            }
            await events.append(connection, order.case_no, asked.at, ENGINE, [Event(EventKind.ORDER_CLIMBED, data)])
            if kind := _TASK_OF_RUNG.get(rung):
                task = NewTask(kind=kind, note=note_of(order.order_id))
                await tasks.open_tasks(connection, order.case_no, [task], asked.at, institution=order.institution)
        await self._past_silence(order)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _find(self, connection: Connection, asked: ProcedureOrder) -> OrderRow | None:
        try:
            return await bank_orders.get(connection, UUID(asked.subject))
        except NotFound:
            return None

    async def _ticket(self, order: OrderRow, read: BankOrder) -> OrderTicket:
        """The order with its paper, issued by now."""
        try:
            pdf = await self.paper_of(order.order_id)
        except PaperLacks as lacks:
            missing = ", ".join(one.field for one in lacks.missing)
            await self._ask_a_person(order, f"its paper lacks {missing}")
            raise _not_until_mended(lacks) from lacks
        if pdf and not read.paper_number:
            async with self.hands.pool.acquire() as connection:
                (read,) = await bank_orders.as_read(connection, order.institution, [order.order_id])
        return OrderTicket(read, pdf)

    async def _carry(self, order: OrderRow, parcel: OrderParcel, ticket: OrderTicket, *, first: bool) -> Carried:
        """Over a channel that has a message for it; where there is none, by a letter to whatever address is known."""
        try:
            return await self.carrier.carry(parcel, order.institution, first=first)
        except BankNotReached:
            institution = self.hands.directory.current.get(order.institution)
            if institution is None or self.mailer is None or self.links is None or not institution.desk_email:
                raise
            letters = EmailAdapter(self.mailer, self.links, self.hands.policy.bank_holidays)
            timeout_seconds = self.hands.policy.delivery.call_timeout_seconds
            delivery = await letters.send_order(institution, ticket, timeout_seconds=timeout_seconds)
            return Carried(ChannelKind.EMAIL, delivery.job_id)

    async def _ask_a_person(self, order: OrderRow, why: str) -> None:
        """Why the order cannot be sent: told once, until it is sent or over."""
        now = self.hands.now()
        async with self.hands.pool.acquire() as connection, connection.transaction():
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
        institution = self.hands.directory.current.get(order.institution)
        if institution is not None and channel not in institution.channels:
            task = NewTask(kind=TaskKind.ORDER_SILENT, note=f"{note_of(order.order_id)}: {BY_LETTER_ALONE}")
            await tasks.open_tasks(connection, order.case_no, [task], now, institution=order.institution)

    async def _record_refusal(self, order: OrderRow, refusal: BankRefused) -> bool:
        now, code = self.hands.now(), refusal.response_code
        async with self.hands.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, order.case_no)
            if await bank_orders.refused(connection, order.order_id, code, refusal.message):
                await note_refusal(connection, order, code, ENGINE, now)
        return True

    async def _past_silence(self, order: OrderRow) -> None:
        """Another channel that has not had its turn carries the order too."""
        if order.channel is None:
            return
        parcel = OrderParcel(order.order_id)
        if await self.carrier.next_after_silence(parcel, order.institution, order.channel):
            async with self.hands.pool.acquire() as connection:
                await bank_orders.send_again(connection, order.order_id)

    async def _write_letter(self, order: OrderRow, rung: OrderRung) -> bool:
        if rung not in {OrderRung.REMINDER, OrderRung.NODAL_OFFICER} or self.mailer is None:
            return False
        institution = self.hands.directory.current.get(order.institution)
        if institution is None:
            return False
        holidays = self.hands.policy.bank_holidays
        letter = order_letter(institution, order, rung, holidays, self.hands.now())
        if not letter.to:
            return False
        if self.links is not None:
            letter = with_link(letter, await self.links.issue_for_order(order.order_id, institution.code, letter.to))
        try:
            await self.mailer.send(letter.to, letter.subject, letter.body_text, letter.message_id, cc=letter.cc)
        except MailError as error:
            if error.retryable and activity.info().attempt < self.hands.policy.delivery.mail_attempts:
                raise ApplicationError(str(error), type=type(error).__name__) from error
            return False
        return True


_TASK_OF_RUNG: Final = {OrderRung.DESK_TASK: TaskKind.ORDER_SILENT, OrderRung.SUPERVISOR: TaskKind.SUPERVISE}


def next_rung(rung: OrderRung | None) -> OrderRung | None:
    """The rung above; None above the last."""
    index = _RUNGS.index(rung) + 1 if rung else 0
    return _RUNGS[index] if index < len(_RUNGS) else None


def _stands_on(order: OrderRow, rung: OrderRung) -> bool:
    return order.rung is not None and _RUNGS.index(order.rung) >= _RUNGS.index(rung)


def _climbs_at(order: OrderRow, rung: OrderRung) -> datetime:
    policy: OrderPolicy = order.policy
    since = order.rung_at or order.planned_at
    return since + timedelta(seconds=policy.rungs[rung])


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
