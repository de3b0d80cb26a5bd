"""The hands of a restoration's workflow: looking where it stands, and what it does by itself when its time has come.

Each hand may run twice: it does what is due at the workflow's clock, and nothing where it is done or not due any more.
"""

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from temporalio import activity

from activities.context import Context
from activities.documents.issuing import issue_about
from activities.notifications import restoration_messages
from activities.orders.orders import FOR_ITS_BANK
from activities.restoration import allocation
from activities.restoration.refusals import go_on_under
from activities.restoration.transitions import (
    Work,
    ask,
    back_to_approval,
    close,
    go_back,
    move_on,
    order_waiting,
    paid,
    reroute,
    standing,
    why_dropped,
)
from db import notifications
from db.cases import tasks
from db.orders import bank_orders
from db.restoration import restorations
from domain.errors import RuleBroken
from domain.restoration.procedure import dues, waits_for_order
from schemas.enums import EventKind, TaskKind
from schemas.outbox.procedures import Look, ProcedureOrder
from schemas.restoration.restorations import Errand
from schemas.restoration_enums import PaperKind, RestorationState, Step, StepOutcome
from schemas.tasks import TaskCause

log = logging.getLogger(__name__)

ENGINE: Final = "engine"
NOTHING_LEFT: Final = "nothing of it is on hold any more"
_ENDS_WITH: Final = {Step.COLLECTING: "the trail has been followed", Step.CREDIT: "every order is done or cancelled"}
TAKEN_BACK: Final = "what was ordered is on hold still: its order was cancelled"
NOBODY_OBJECTS: Final = "nobody has objected in time"


@dataclass(frozen=True)
class RestorationActivities:
    """The activities of `RestorationWorkflow`."""

    ctx: Context

    @activity.defn(name="look_at_restoration")
    async def look_at_restoration(self, asked: ProcedureOrder) -> Look:
        """Where the restoration stands, and what falls due when."""
        async with (
            self.ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await restorations.find(connection, UUID(asked.subject))
            if row is None or row.state is not RestorationState.OPEN:
                return Look(over=True)
            found = await standing(connection, row)
        return Look(over=False, at=row.step.value, dues=dues(found, row.policy, asked.at))

    @activity.defn(name="write_application")
    async def write_application(self, asked: ProcedureOrder) -> None:
        """Write the application that the victim signs, in the victim's language; a paper for every turn of the step.

        What keeps it from being written goes to a person, and it is tried again at the next look.
        """
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            row = await restorations.lock(connection, UUID(asked.subject))
            if row.state is not RestorationState.OPEN or row.step is not Step.APPLICATION:
                return
            work = Work(self.ctx, connection, row, asked.at, ENGINE)
            victim = await notifications.victim(connection, row.ack_no)
            try:
                async with connection.transaction():
                    await issue_about(
                        connection,
                        self.ctx,
                        PaperKind.RESTORATION_APPLICATION,
                        str(row.restoration_id),
                        language=victim.language,
                        case_no=row.case_no,
                        issued_by=ENGINE,
                        now=asked.at,
                        revision=row.turn,
                    )
            except RuleBroken as error:
                log.info("restoration %s has no application: %s", row.restoration_id, type(error).__name__)
                await ask(work, cause=TaskCause.APPLICATION_LACKS_FACTS)
                return
            causes = (TaskCause.APPLICATION_LACKS_FACTS,)
            await tasks.close_about(connection, row.case_no, work.subject, causes, asked.at, "it is written")

    @activity.defn(name="divide_accounts")
    async def divide_accounts(self, asked: ProcedureOrder) -> None:
        """Divide what is on hold at its accounts between their victims, once it is up for approval."""
        await allocation.divide(self.ctx, UUID(asked.subject), asked.at, ENGINE)

    @activity.defn(name="remind_of_step")
    async def remind_of_step(self, asked: ProcedureOrder) -> None:
        """Say to whoever has to act that the step is due soon."""
        await self._do(asked, Errand.REMIND)

    @activity.defn(name="escalate_step")
    async def escalate_step(self, asked: ProcedureOrder) -> None:
        """Put the step that is overdue before the supervisor, and tell who supervises the case."""
        await self._do(asked, Errand.ESCALATE)

    @activity.defn(name="move_restoration")
    async def move_restoration(self, asked: ProcedureOrder) -> None:
        """End the step, pick another route, go on under an order or drop it, or wind up: whichever `asked.what` is."""
        await self._do(asked, Errand(asked.what))

    async def _do(self, asked: ProcedureOrder, errand: Errand) -> None:
        async with self.ctx.pool.acquire() as connection, connection.transaction():
            row = await restorations.lock(connection, UUID(asked.subject))
            if row.state is not RestorationState.OPEN:
                return
            found = dues(await standing(connection, row), row.policy, asked.at)
            if any(due.what == errand and due.at <= asked.at for due in found):
                await _run(Work(self.ctx, connection, row, asked.at, ENGINE), errand)


async def _run(work: Work, errand: Errand) -> None:
    match errand:
        case Errand.WIND_UP:
            await _wind_up(work)
        case Errand.END_STEP:
            await _end_step(work)
        case Errand.ROUTE:
            await reroute(work)
        case Errand.TAKE_ORDER:
            order = await order_waiting(work.connection, work.row)
            assert order is not None, "it was due a moment ago, and the case is locked"
            await go_on_under(work, order)
        case Errand.DROP_ORDER:
            await _drop_order(work)
        case Errand.REMIND:
            await restorations.note_reminded(work.connection, work.row.restoration_id, work.now)
            await _overdue(work, errand)
            await restoration_messages.due_soon(work.connection, work.ctx, work.row, await _due_at(work))
        case Errand.ESCALATE:
            await escalate(work)
        case Errand.ALLOCATE:
            raise AssertionError("accounts are divided in a transaction that locks all their cases")
        case other:
            assert_never(other)


async def escalate(work: Work) -> None:
    """Put the step before the supervisor, who is told too.

    Who is late at `credit` is a bank, and its order has a ladder of its own: one open task about it is enough.
    """
    await restorations.note_escalated(work.connection, work.row.restoration_id, work.now)
    await _overdue(work, Errand.ESCALATE)
    if not await bank_orders.are_asked_about(work.connection, work.row.restoration_id, FOR_ITS_BANK):
        await ask(work, TaskKind.SUPERVISE)
    await restoration_messages.overdue(work.connection, work.ctx, work.row, await _due_at(work))


async def _wind_up(work: Work) -> None:
    """Nothing is left of it; where a bank has given back under an order that was cancelled, it is restored."""
    if await restorations.restored_paise(work.connection, work.row.restoration_id):
        await paid(work, StepOutcome.SKIPPED, NOTHING_LEFT)
    else:
        await close(work, RestorationState.CANCELLED, StepOutcome.CANCELLED, NOTHING_LEFT)
        await restoration_messages.wound_up(work.connection, work.ctx, work.row)


async def _due_at(work: Work) -> datetime:
    due_at = (await standing(work.connection, work.row)).due_at
    assert due_at is not None, "nothing is reminded of that is never due"
    return due_at


async def _drop_order(work: Work) -> None:
    """Wait for another order where the route needs one; the one that has come since is taken at once."""
    why = await why_dropped(work.connection, work.row)
    assert why is not None, "it was so a moment ago, and the case is locked"
    await restorations.set_court_order(work.connection, work.row.restoration_id, None)
    step = waits_for_order(work.row.route) if work.row.route else None
    await go_back(work, step or Step.VERIFICATION, why.fact)


async def _end_step(work: Work) -> None:
    step = work.row.step
    if step is Step.CREDIT and await _something_taken_back(work):
        await back_to_approval(work, TAKEN_BACK)
        return
    await move_on(work, StepOutcome.DONE, _ENDS_WITH.get(step, NOBODY_OBJECTS))


async def _something_taken_back(work: Work) -> bool:
    """Whether orders were cancelled whose money is on hold still: it is made ready anew, the application stands."""
    if not await bank_orders.is_taken_back(work.connection, work.row.restoration_id):
        return False
    if not await restorations.restored_paise(work.connection, work.row.restoration_id):
        return True
    return any(line.due_paise and line.free_paise for line in await work.lines())


async def _overdue(work: Work, errand: Errand) -> None:
    await work.log(EventKind.RESTORATION_OVERDUE, step=work.row.step.value, turn=work.row.turn, what=errand.value)
