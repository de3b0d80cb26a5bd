"""Ends orders of courts whose time is over: without document, without second officer, or at the end of a keep."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery.court_orders import DEPEND_ON_ORDERS, OVER_WITH_IT, end_time, retained_events, subject_of
from activities.recovery.unassigned_holds import ask_about_retained_holds
from db.case.events import Event
from db.recovery import account_holds, court_orders, firs
from domain.recovery.court_orders import warns_at
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.recovery.police import CourtOrder
from schemas.restoration_enums import CourtOrderEnd
from schemas.tasks import NewTask, TaskCause, TaskFacts

_REASONS: Final = {
    CourtOrderEnd.VOID: "its document or its second officer did not come in time",
    CourtOrderEnd.OVER: "its time is over",
}
_TASKS: Final = {
    CourtOrderEnd.VOID: TaskCause.COURT_ORDER_VOID,
    CourtOrderEnd.OVER: TaskCause.COURT_ORDER_OVER,
}


async def attend_to_orders(ctx: Context, case_no: str, court_order_ids: Sequence[int]) -> int:
    """End the orders of a case whose time is over, and warn of those that end soon.

    Returns how many changed.
    """
    async with case_transaction(ctx, case_no, ENGINE) as work:
        return sum([await _attend(work, court_order_id) for court_order_id in court_order_ids])


async def _attend(work: CaseTransaction, court_order_id: int) -> int:
    order = await court_orders.get(work.connection, work.case_no, court_order_id)
    if order.withdrawn_at is not None or order.counts_until is None:
        return 0
    if order.counts_until <= work.now:
        await _end(work, order)
        return 1
    warning_at = warns_at(order, work.ctx.policy.court_orders, work.ctx.procedure_clock_factor)
    if warning_at is None or warning_at > work.now:
        return 0
    await court_orders.note_warned(work.connection, court_order_id, work.now)
    facts = TaskFacts(at=end_time(order.counts_until))
    cause, subject = TaskCause.COURT_ORDER_ENDS, subject_of(court_order_id)
    await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, facts=facts))
    return 1


async def _end(work: CaseTransaction, order: CourtOrder) -> None:
    connection, case_no, now, court_order_id = work.connection, work.case_no, work.now, order.court_order_id
    ended_as = CourtOrderEnd.OVER if order.counts else CourtOrderEnd.VOID
    reason = _REASONS[ended_as]
    await court_orders.withdraw(connection, court_order_id, work.actor, reason, now, ended_as=ended_as)
    freed = await court_orders.let_holds_go(connection, case_no, court_order_id)
    await account_holds.warn_anew(connection, [UUID(hold_id) for hold_id in freed], now)
    await ask_about_retained_holds(connection, case_no, now)
    subject = subject_of(court_order_id)
    await work.close_tasks(subject, OVER_WITH_IT, reason)
    await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=_TASKS[ended_as], subject=subject))
    data = {"court_order_id": court_order_id, "effect": order.effect.value, "ended_as": ended_as.value}
    await work.log_all(
        [Event(EventKind.COURT_ORDER_ENDED, data), *retained_events(court_order_id, freed, retained=False)]
    )
    await firs.notify_procedures(connection, case_no, DEPEND_ON_ORDERS, now)
