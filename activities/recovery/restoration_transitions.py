"""Steps of a restoration under the lock of its case, shared by officers' decisions and due actions.

The caller commits. State, event, task and workflow notification change together.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final
from uuid import UUID

from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery import message_sending
from activities.recovery.allocation import is_divided
from activities.recovery.order_releases import end_proposal
from activities.recovery.unassigned_holds import ask_about_retained_holds
from db.case import case_outbox
from db.pool import Connection
from db.proposals import Decision
from db.recovery import (
    account_holds,
    claims,
    court_orders,
    due_documents,
    officer_steps,
    openings,
    release_proposals,
    restoration_facts,
    restorations,
)
from db.recovery.restoration_facts import CourtOrderRow
from db.recovery.restorations import Line, RestorationRow, VisitRow
from domain.errors import NotNow
from domain.errors.restoration import CourtOrderSuperseded, CourtOrderUsedUp, CourtOrderWithdrawn
from domain.recovery.procedure import (
    BY_OTHERS,
    LAST_TO_BE_ROUTED,
    OBJECTION_STEPS,
    ORDERS_OF,
    choose_route,
    done_steps,
    next_step,
    steps_of,
    waits_for_order,
)
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.recovery.restorations import RestorationDone, RouteFacts, RoutePicked, StepState
from schemas.restoration_enums import CourtOrderEffect, RestorationState, Route, Step, StepOutcome
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about

_ASKED_FOR: Final = (TaskCause.RESTORATION_STEP, TaskCause.APPLICATION_LACKS_FACTS)


@dataclass
class Work(CaseTransaction):
    """One transaction on a restoration; `row` is its current state."""

    row: RestorationRow
    is_read_again: bool = False
    """whether the workflow of the restoration reads the state after this transaction anyway"""

    @property
    def subject(self) -> Subject:
        """Return the subject of the tasks about the restoration."""
        return about(TaskSubject.RESTORATION, self.row.restoration_id)

    def done(self, objection_id: int | None = None) -> RestorationDone:
        """Return the current state as the reply to an officer."""
        row = self.row
        return RestorationDone(
            restoration_id=row.restoration_id,
            case_ack_no=row.case_no,
            state=row.state,
            step=row.step,
            visit_no=row.visit_no,
            objection_id=objection_id,
        )

    async def lines(self) -> list[Line]:
        """Return the lines of the restoration."""
        return await restorations.lines(self.connection, self.row.restoration_id)

    async def log(self, kind: EventKind, /, **data: object) -> None:
        """Write an event of the case that names the restoration."""
        await super().log(kind, restoration_id=str(self.row.restoration_id), **data)

    async def notify_own(self) -> None:
        """Make the restoration's workflow read its state again, unless it does so anyway."""
        if not self.is_read_again:
            await self.notify(ProcedureKind.RESTORATION, self.row.restoration_id)


@asynccontextmanager
async def restoration_transaction(ctx: Context, restoration_id: UUID, actor: str) -> AsyncIterator[Work]:
    """Run one transaction on a restoration, with its case locked. Raises `NotFound`."""
    async with case_transaction(ctx, partial(restorations.case_of, restoration_id=restoration_id), actor) as work:
        yield Work.of(work, row=await restorations.lock(work.connection, restoration_id))


async def facts(connection: Connection, ctx: Context, row: RestorationRow, lines: Sequence[Line]) -> RouteFacts:
    """Return the current facts that decide the route."""
    accounts = {(line.institution, line.account_key) for line in lines if line.free_paise}
    victims = min(len(accounts), 1)
    # An account that no other complaint names has no other claims.
    for account in await claims.shared(connection, sorted(accounts)):
        claim_rows = await claims.claims(connection, account)
        # A share from before may be on hold for a complaint that no bank confirmed: it is no victim.
        victims = max(victims, len({row.claim.ack_no for row in claim_rows if row.firm_paise}))
    orders = await restoration_facts.court_orders(connection, row.restoration_id)
    victim = await ctx.persons.victim_of(connection, row.ack_no)
    return RouteFacts(
        held_paise=await restorations.of_victim(connection, row.ack_no, ctx.persons.same_person(victim)),
        victims=victims,
        fir_registered=await restoration_facts.fir_is_registered(connection, row.case_no),
        order=next((order.kind for order in orders if order.effect is CourtOrderEffect.RESTORE), None),
    )


async def step_state(connection: Connection, ctx: Context, row: RestorationRow) -> StepState:
    """Return the state of the open step, from which its due actions are computed."""
    lines = await restorations.lines(connection, row.restoration_id)
    visits = await restorations.visits(connection, row.restoration_id)
    visit = next(visit for visit in visits if (visit.step, visit.visit_no) == (row.step, row.visit_no))
    picked = choose_route(await facts(connection, ctx, row, lines), row.policy)
    return StepState(
        step=row.step,
        visit_no=row.visit_no,
        due_at=visit.due_at,
        reminded_at=visit.reminded_at,
        escalated_at=visit.escalated_at,
        case_state=await restoration_facts.case_state(connection, row.case_no),
        held_paise=sum(line.on_hold_paise for line in lines),
        orders=await restorations.order_states(connection, row.restoration_id),
        open_objections=await _undecided(connection, row),
        is_divided=row.prepared_by is not None or is_divided(lines),
        route=row.route,
        picked=picked,
        asks_for_more=_next(row, picked.route, visits) is not row.step,
        order_waiting=await order_waiting(connection, row) is not None,
        order_dropped=row.step is Step.APPROVAL and await why_order_dropped(connection, row) is not None,
        notice_waits=await due_documents.is_waited_for(connection, row.restoration_id, row.step, row.visit_no),
        somebody_acts=await message_sending.somebody_acts(connection, row),
    )


async def _undecided(connection: Connection, row: RestorationRow) -> int:
    grievances = await officer_steps.open_grievances(connection, row.restoration_id)
    return len(grievances) + len(await officer_steps.undecided(connection, row.restoration_id))


def _next(row: RestorationRow, route: Route, visits: Sequence[VisitRow]) -> Step | None:
    done = done_steps([(visit.step, visit.outcome) for visit in visits])
    return next_step(route, row.policy.bond_for, done)


async def route_needing_more(work: Work) -> RoutePicked | None:
    """Return the route that the current facts pick, if it needs a step that the present route did not."""
    state = await step_state(work.connection, work.ctx, work.row)
    return state.picked if state.picked.route is not state.route and state.asks_for_more else None


async def order_waiting(connection: Connection, row: RestorationRow) -> CourtOrderRow | None:
    """Return the newest court order that ends the current step, except the one that was dropped."""
    newest = await _newest(connection, row, row.step)
    return newest if newest is None or newest.court_order_id != row.court_order_id else None


async def _newest(connection: Connection, row: RestorationRow, step: Step) -> CourtOrderRow | None:
    kinds = ORDERS_OF.get(step, frozenset())
    orders = await valid_orders(connection, row) if kinds else []
    return next((order for order in orders if order.kind in kinds), None)


async def valid_orders(connection: Connection, row: RestorationRow) -> list[CourtOrderRow]:
    """Return the court orders about its money, newest first, without refusals of excluded accounts."""
    orders = await restoration_facts.court_orders(connection, row.restoration_id)
    if all(order.effect is not CourtOrderEffect.REFUSE for order in orders):
        return orders
    lines = [line for line in await restorations.lines(connection, row.restoration_id) if not line.is_out]
    refusing = CourtOrderEffect.REFUSE
    return [
        court_order
        for court_order in orders
        if court_order.effect is not refusing or any(court_order.is_about(line) for line in lines)
    ]


async def why_order_dropped(connection: Connection, row: RestorationRow) -> NotNow | None:
    """Return why the restoration can no longer rely on its court order.

    Returns None if it still can, or if it has no court order.
    """
    if row.court_order_id is None:
        return None
    if await restoration_facts.is_withdrawn(connection, row.court_order_id):
        return CourtOrderWithdrawn(row.court_order_id)
    step = waits_for_order(row.route) if row.route else None
    later = await _newest(connection, row, step) if step else None
    if later is not None and later.court_order_id > row.court_order_id:
        return CourtOrderSuperseded(later.court_order_id)
    if all(part.left_paise == 0 for part in await restoration_facts.covered(connection, row.court_order_id)):
        return CourtOrderUsedUp(row.court_order_id)
    return None


# -- from step to step -------------------------------------------------------------------------------------------------


async def move_on(work: Work, outcome: StepOutcome, reason: str = "") -> None:
    """End the step and open the next step of the currently right route; after the last step it is restored."""
    connection, step = work.connection, work.row.step
    await _end_visit(work, outcome, reason)
    if step in OBJECTION_STEPS:
        await restorations.note_noticed(connection, work.row.restoration_id)
    if step in LAST_TO_BE_ROUTED or step is Step.COLLECTING:
        await _pick_route(work)
    assert work.row.route is not None, "a route is picked when the trail has been followed"
    visits = await restorations.visits(connection, work.row.restoration_id)
    following = None if step is Step.BOND else _next(work.row, work.row.route, visits)
    if following is None:
        await _close(work, RestorationState.RESTORED, reason, ended=step, outcome=outcome)
    else:
        await _open(work, following, ended=step, outcome=outcome, reason=reason)


async def go_back(work: Work, to: Step, reason: str) -> None:
    """Send the restoration back to an earlier step, and undo its preparation for approval."""
    step = work.row.step
    await _end_visit(work, StepOutcome.SENT_BACK, reason)
    await _unprepare(work)
    await _open(work, to, ended=step, outcome=StepOutcome.SENT_BACK, reason=reason)


async def _unprepare(work: Work) -> None:
    await restorations.unprepare(work.connection, work.row.restoration_id)
    work.row = work.row.model_copy(update={"prepared_by": None, "approved_by": None})


async def back_to_approval(work: Work, reason: str) -> None:
    """Go back to approval, because the money is still on hold and not credited. An officer prepares or ends it."""
    await go_back(work, Step.APPROVAL, reason)
    await _stop_retaining(work)


async def paid(work: Work, outcome: StepOutcome, reason: str) -> None:
    """Finish a restoration after its last credit, with a bond step if the route requires one."""
    step = work.row.step
    assert work.row.route is not None, "money is credited only after a route is picked"
    await _end_visit(work, outcome, reason)
    await _stop_retaining(work)
    if Step.BOND in steps_of(work.row.route, work.row.policy.bond_for):
        await _open(work, Step.BOND, ended=step, outcome=outcome, reason=reason)
    else:
        await _close(work, RestorationState.RESTORED, reason, ended=step, outcome=outcome)


async def close(work: Work, state: RestorationState, outcome: StepOutcome, reason: str) -> None:
    """End the restoration at its current step."""
    step = work.row.step
    await _end_visit(work, outcome, reason)
    await _close(work, state, reason, ended=step, outcome=outcome)


async def reroute(work: Work) -> None:
    """Change to the route that the current facts pick.

    The step continues if the new route has it too and all steps before it are done. Else the missing step is opened.
    """
    await _pick_route(work)
    assert work.row.route is not None, "just picked"
    following = _next(work.row, work.row.route, await restorations.visits(work.connection, work.row.restoration_id))
    assert following is not None, "the current step is not done"
    if following is not work.row.step:
        step = work.row.step
        await _end_visit(work, StepOutcome.CANCELLED, "another route")
        if step is Step.APPROVAL:
            await _unprepare(work)
        await _open(work, following, ended=step, outcome=StepOutcome.CANCELLED, reason="another route")


async def _pick_route(work: Work) -> None:
    route_facts = await facts(work.connection, work.ctx, work.row, await work.lines())
    picked: RoutePicked = choose_route(route_facts, work.row.policy)
    if picked.route is work.row.route:
        return
    await restorations.set_route(work.connection, work.row.restoration_id, picked)
    policy = work.row.policy
    await work.log(
        EventKind.RESTORATION_ROUTED,
        route=picked.route.value,
        instead_of=work.row.route.value if work.row.route else None,
        reasons=[reason.value for reason in picked.reasons],
        held_paise=route_facts.held_paise,
        victims=route_facts.victims,
        fir_registered=route_facts.fir_registered,
        order=route_facts.order.value if route_facts.order else None,
        no_court_below_paise=policy.no_court_below_paise,
        many_victims_min=policy.many_victims_min,
        policy=policy.version,
    )
    work.row = work.row.model_copy(update={"route": picked.route})


async def _end_visit(work: Work, outcome: StepOutcome, reason: str) -> None:
    await restorations.end_visit(work.connection, work.row, outcome, work.now, work.actor, reason)
    await due_documents.end_for_visit(work.connection, work.row.restoration_id, work.now)
    what = f"{work.row.step.value}: {outcome.value}"
    await work.close_tasks(work.subject, _ASKED_FOR, what)


async def _open(work: Work, step: Step, *, ended: Step, outcome: StepOutcome, reason: str) -> None:
    due_at = work.now + timedelta(seconds=work.row.policy.steps[step].due_seconds)
    if step in OBJECTION_STEPS:
        await restorations.forget_noticed(work.connection, work.row.restoration_id)
    work.row = await restorations.open_visit(work.connection, work.row.restoration_id, step, work.now, due_at)
    await work.log(
        EventKind.RESTORATION_MOVED,
        ended=ended.value,
        outcome=outcome.value,
        reason=reason,
        step=step.value,
        visit_no=work.row.visit_no,
        due_at=due_at.isoformat(),
    )
    lines = await work.lines()
    await message_sending.step_opened(work.connection, work.ctx, work.row, lines, work.now)
    if step not in BY_OTHERS:
        await ask(work)
    await work.notify_own()
    await notify_appealed_holds(work)


async def ask(
    work: Work, kind: TaskKind = TaskKind.RESTORATION_STEP, cause: TaskCause = TaskCause.RESTORATION_STEP
) -> None:
    """Open a task about the current step."""
    await work.ask(NewTask(kind=kind, cause=cause, subject=work.subject))


async def _close(work: Work, state: RestorationState, reason: str, *, ended: Step, outcome: StepOutcome) -> None:
    connection, row = work.connection, work.row
    await _drop_releases(work)
    excluded = await openings.of_restoration(connection, row.restoration_id)
    # The final reason, such as the bond, may come long after the exclusion and not mention it.
    reason = "; ".join(why for why in dict.fromkeys([reason, *(exclusion.reason for exclusion in excluded)]) if why)
    await restorations.close(connection, row.restoration_id, state, work.now, work.actor, reason)
    work.row = row.model_copy(update={"state": state})
    lines = await work.lines()
    restored_paise = await restorations.restored_paise(connection, row.restoration_id)
    await work.log(
        EventKind.RESTORATION_CLOSED,
        state=state.value,
        ended=ended.value,
        outcome=outcome.value,
        reason=reason,
        restored_paise=restored_paise,
        held_paise=sum(line.held_paise for line in lines),
        excluded_paise=sum(exclusion.held_paise for exclusion in excluded) or None,
    )
    await message_sending.closed(connection, work.ctx, row, lines, state, restored_paise, work.now)
    # Only the appeal kept these. Without a new warning the officer who ends the restoration would release them at once.
    if past_end := await restorations.appealed_holds_past_end(connection, row.restoration_id, work.now):
        await account_holds.warn_anew(connection, past_end, work.now)
    await _stop_retaining(work)
    # Money that a bank has not credited, or has held since, goes to the victim's next round. It was not refused.
    await account_holds.mark_to_open_again(connection, row.case_no, work.now, ack_no=row.ack_no)
    await ask_about_retained_holds(connection, row.case_no, work.now)
    await case_outbox.end(connection, ProcedureKind.RESTORATION, str(row.restoration_id), work.now)
    await work.notify_own()
    await notify_appealed_holds(work)


async def _drop_releases(work: Work) -> None:
    """Drop the releases that wait of objections to the restoration, because it ends."""
    connection, undecided = work.connection, await officer_steps.undecided(work.connection, work.row.restoration_id)
    for hold_id in sorted({line.hold_id for line in await work.lines()}) if undecided else ():
        waits = await release_proposals.waiting(connection, hold_id, work.now)
        if waits is not None and waits.objection_id in undecided:
            await end_proposal(work, waits, Decision.OVERTAKEN, "the restoration has ended")


async def _stop_retaining(work: Work) -> None:
    """Stop retaining the holds of its money. They lapse again, after a new warning."""
    connection, row = work.connection, work.row
    released_ids = await restorations.keep_or_let_go(connection, row.restoration_id)
    for order_id in await court_orders.rows_of(connection, row.court_order_id) if row.court_order_id else ():
        if await court_orders.is_used_up(connection, order_id):
            freed = await court_orders.let_holds_go(connection, row.case_no, order_id)
            released_ids += [UUID(hold_id) for hold_id in freed]
    await account_holds.warn_anew(work.connection, released_ids, work.now)
    await notify_holds(work, released_ids)


async def notify_holds(work: Work, hold_ids: Sequence[UUID]) -> None:
    """Notify the workflows of these holds."""
    for hold_id in hold_ids:
        await work.notify(ProcedureKind.HOLD, hold_id)


async def notify_appealed_holds(work: Work) -> None:
    """Notify the holds of its money against which there was an appeal: their lapse depends on the restoration."""
    await notify_holds(work, await restorations.appealed_holds(work.connection, work.row.restoration_id))
