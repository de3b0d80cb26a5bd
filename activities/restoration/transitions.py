"""What verbs and clocks have in common: a restoration under the lock of its case, moved from step to step.

Whoever calls commits. State, event, task and the news for the workflow change together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.notifications import restoration_messages
from activities.orders.unassigned_holds import ask_about_kept
from activities.restoration.allocation import is_divided
from db.cases import events, tasks
from db.cases.events import Event
from db.documents import due_documents
from db.holds import account_holds
from db.outbox import procedure_outbox
from db.pool import Connection
from db.restoration import allocations, court_orders, exclusions, objections, restorations
from db.restoration.restorations import CourtOrderRow, Line, RestorationRow, TurnRow
from domain.errors import NotNow
from domain.errors.court_orders import CourtOrderSuperseded, CourtOrderUsedUp, CourtOrderWithdrawn
from domain.restoration.procedure import (
    BY_OTHERS,
    HEARINGS,
    LAST_TO_BE_ROUTED,
    ORDERS_OF,
    choose_route,
    done_steps,
    next_step,
    steps_of,
    waits_for_order,
)
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.restoration.restorations import RestorationDone, RouteFacts, RoutePicked, StepStanding
from schemas.restoration_enums import CourtOrderEffect, RestorationState, Route, Step, StepOutcome
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about

_ASKED_FOR: Final = (TaskCause.RESTORATION_STEP, TaskCause.APPLICATION_LACKS_FACTS)


@dataclass
class Work:
    """A restoration as one transaction works on it: `row` is what it has come to."""

    ctx: Context
    connection: Connection
    row: RestorationRow
    now: datetime
    actor: str

    @property
    def subject(self) -> Subject:
        """The subject of the tasks about it."""
        return about(TaskSubject.RESTORATION, self.row.restoration_id)

    def done(self, objection_id: int | None = None) -> RestorationDone:
        """Where it stands."""
        row = self.row
        return RestorationDone(
            restoration_id=row.restoration_id,
            case_ack_no=row.case_no,
            state=row.state,
            step=row.step,
            turn=row.turn,
            objection_id=objection_id,
        )

    async def lines(self) -> list[Line]:
        """The money it is about."""
        return await restorations.lines(self.connection, self.row.restoration_id)

    async def log(self, kind: EventKind, **data: object) -> None:
        """Write an event of the case that names the restoration."""
        event = Event(kind, {"restoration_id": str(self.row.restoration_id), **data})
        await events.append(self.connection, self.row.case_no, self.now, self.actor, [event])

    async def tell(self) -> None:
        """Have its workflow look again."""
        subject = str(self.row.restoration_id)
        await procedure_outbox.tell(self.connection, ProcedureKind.RESTORATION, subject, self.now)


async def facts(connection: Connection, row: RestorationRow, lines: Sequence[Line]) -> RouteFacts:
    """What its route is picked by, as things stand."""
    accounts = {(line.institution, line.account_key) for line in lines if line.free_paise}
    victims = min(len(accounts), 1)
    # Where nobody else's money came nobody else claims any.
    for account in await allocations.shared(connection, sorted(accounts)):
        claims = await allocations.claims(connection, account)
        victims = max(victims, len({found.claim.ack_no for found in claims}))
    orders = await restorations.court_orders(connection, row.restoration_id)
    return RouteFacts(
        held_paise=await restorations.of_complaint(connection, row.case_no, row.ack_no),
        victims=victims,
        fir_registered=await restorations.fir_is_registered(connection, row.case_no),
        order=next((order.kind for order in orders if order.effect is CourtOrderEffect.RESTORE), None),
    )


async def standing(connection: Connection, row: RestorationRow) -> StepStanding:
    """What the clocks of the open step go by."""
    lines = await restorations.lines(connection, row.restoration_id)
    turns = await restorations.turns(connection, row.restoration_id)
    turn = next(turn for turn in turns if (turn.step, turn.turn) == (row.step, row.turn))
    picked = choose_route(await facts(connection, row, lines), row.policy)
    return StepStanding(
        step=row.step,
        turn=row.turn,
        due_at=turn.due_at,
        reminded_at=turn.reminded_at,
        escalated_at=turn.escalated_at,
        case_state=await restorations.case_state(connection, row.case_no),
        held_paise=sum(line.on_hold_paise for line in lines),
        orders=await restorations.order_states(connection, row.restoration_id),
        open_objections=await _undecided(connection, row),
        is_divided=row.prepared_by is not None or is_divided(lines),
        route=row.route,
        picked=picked,
        asks_for_more=_next(row, picked.route, turns) is not row.step,
        order_waiting=await order_waiting(connection, row) is not None,
        order_dropped=row.step is Step.APPROVAL and await why_dropped(connection, row) is not None,
        notice_waits=await due_documents.is_waited_for(connection, row.restoration_id, row.step, row.turn),
        somebody_acts=await restoration_messages.somebody_acts(connection, row),
    )


async def _undecided(connection: Connection, row: RestorationRow) -> int:
    grievances = await objections.open_grievances(connection, row.restoration_id)
    return len(grievances) + len(await objections.undecided(connection, row.restoration_id))


def _next(row: RestorationRow, route: Route, turns: Sequence[TurnRow]) -> Step | None:
    done = done_steps([(turn.step, turn.outcome) for turn in turns])
    return next_step(route, row.policy.bond_for, done)


async def route_asks_for_more(work: Work) -> RoutePicked | None:
    """The route that the facts of now pick, where by it a step is still to be done that this one did without."""
    found = await standing(work.connection, work.row)
    return found.picked if found.picked.route is not found.route and found.asks_for_more else None


async def order_waiting(connection: Connection, row: RestorationRow) -> CourtOrderRow | None:
    """The newest order that ends the step it is at; not the one that it was sent back from, to wait for another."""
    newest = await _newest(connection, row, row.step)
    return newest if newest is None or newest.court_order_id != row.court_order_id else None


async def _newest(connection: Connection, row: RestorationRow, step: Step) -> CourtOrderRow | None:
    kinds = ORDERS_OF.get(step, frozenset())
    orders = await orders_that_stand(connection, row) if kinds else []
    return next((order for order in orders if order.kind in kinds), None)


async def orders_that_stand(connection: Connection, row: RestorationRow) -> list[CourtOrderRow]:
    """The orders about its money, the newest first; without refusals of accounts that are out of it already."""
    orders = await restorations.court_orders(connection, row.restoration_id)
    if all(order.effect is not CourtOrderEffect.REFUSE for order in orders):
        return orders
    lines = [line for line in await restorations.lines(connection, row.restoration_id) if not line.is_out]
    refusing = CourtOrderEffect.REFUSE
    return [one for one in orders if one.effect is not refusing or any(one.is_about(line) for line in lines)]


async def why_dropped(connection: Connection, row: RestorationRow) -> NotNow | None:
    """Why it does not go on by the order that it goes by; None where it does, or goes by none."""
    if row.court_order_id is None:
        return None
    if await restorations.is_withdrawn(connection, row.court_order_id):
        return CourtOrderWithdrawn(row.court_order_id)
    step = waits_for_order(row.route) if row.route else None
    later = await _newest(connection, row, step) if step else None
    if later is not None and later.court_order_id > row.court_order_id:
        return CourtOrderSuperseded(later.court_order_id)
    if all(one.left_paise == 0 for one in await restorations.covered(connection, row.court_order_id)):
        return CourtOrderUsedUp(row.court_order_id)
    return None


# -- from step to step -------------------------------------------------------------------------------------------------


async def move_on(work: Work, outcome: StepOutcome, reason: str = "") -> None:
    """End the step, and go to the next of the route that the facts of now pick; after the last it is restored."""
    connection, step = work.connection, work.row.step
    await _end_turn(work, outcome, reason)
    if step in HEARINGS:
        await restorations.note_heard(connection, work.row.restoration_id)
    if step in LAST_TO_BE_ROUTED or step is Step.COLLECTING:
        await _pick_route(work)
    assert work.row.route is not None, "a route is picked when the trail has been followed"
    turns = await restorations.turns(connection, work.row.restoration_id)
    following = None if step is Step.BOND else _next(work.row, work.row.route, turns)
    if following is None:
        await _close(work, RestorationState.RESTORED, reason, ended=step, outcome=outcome)
    else:
        await _open(work, following, ended=step, outcome=outcome, reason=reason)


async def go_back(work: Work, to: Step, reason: str) -> None:
    """Send it back to an earlier step: what was made ready for approval is ready no more."""
    step = work.row.step
    await _end_turn(work, StepOutcome.SENT_BACK, reason)
    await _unprepare(work)
    await _open(work, to, ended=step, outcome=StepOutcome.SENT_BACK, reason=reason)


async def _unprepare(work: Work) -> None:
    await restorations.unprepare(work.connection, work.row.restoration_id)
    work.row = work.row.model_copy(update={"prepared_by": None, "approved_by": None})


async def back_to_approval(work: Work, reason: str) -> None:
    """The victim has nothing, and the money is on hold still: it is made ready anew, or an officer ends it."""
    await go_back(work, Step.APPROVAL, reason)
    await _keep_no_more(work)


async def paid(work: Work, outcome: StepOutcome, reason: str) -> None:
    """The victim has money and no more of it comes: it is restored, with its bond where the route asks for one."""
    step = work.row.step
    assert work.row.route is not None, "nothing is given back before a route is picked"
    await _end_turn(work, outcome, reason)
    await _keep_no_more(work)
    if Step.BOND in steps_of(work.row.route, work.row.policy.bond_for):
        await _open(work, Step.BOND, ended=step, outcome=outcome, reason=reason)
    else:
        await _close(work, RestorationState.RESTORED, reason, ended=step, outcome=outcome)


async def close(work: Work, state: RestorationState, outcome: StepOutcome, reason: str) -> None:
    """End it at the step it is at."""
    step = work.row.step
    await _end_turn(work, outcome, reason)
    await _close(work, state, reason, ended=step, outcome=outcome)


async def reroute(work: Work) -> None:
    """Other facts, another law: the step goes on where the new route has it too and all before it is done."""
    await _pick_route(work)
    assert work.row.route is not None, "just picked"
    following = _next(work.row, work.row.route, await restorations.turns(work.connection, work.row.restoration_id))
    assert following is not None, "the step it is at is not done"
    if following is not work.row.step:
        step = work.row.step
        await _end_turn(work, StepOutcome.CANCELLED, "another route")
        if step is Step.APPROVAL:
            await _unprepare(work)
        await _open(work, following, ended=step, outcome=StepOutcome.CANCELLED, reason="another route")


async def _pick_route(work: Work) -> None:
    found = await facts(work.connection, work.row, await work.lines())
    picked: RoutePicked = choose_route(found, work.row.policy)
    if picked.route is work.row.route:
        return
    await restorations.set_route(work.connection, work.row.restoration_id, picked)
    policy = work.row.policy
    await work.log(
        EventKind.RESTORATION_ROUTED,
        route=picked.route.value,
        instead_of=work.row.route.value if work.row.route else None,
        reasons=[reason.value for reason in picked.reasons],
        held_paise=found.held_paise,
        victims=found.victims,
        fir_registered=found.fir_registered,
        order=found.order.value if found.order else None,
        no_court_below_paise=policy.no_court_below_paise,
        many_victims_min=policy.many_victims_min,
        policy=policy.version,
    )
    work.row = work.row.model_copy(update={"route": picked.route})


async def _end_turn(work: Work, outcome: StepOutcome, reason: str) -> None:
    await restorations.end_turn(work.connection, work.row, outcome, work.now, work.actor, reason)
    await due_documents.end_for_turn(work.connection, work.row.restoration_id, work.now)
    what = f"{work.row.step.value}: {outcome.value}"
    await tasks.close_about(work.connection, work.row.case_no, work.subject, _ASKED_FOR, work.now, what)


async def _open(work: Work, step: Step, *, ended: Step, outcome: StepOutcome, reason: str) -> None:
    due_at = work.now + timedelta(seconds=work.row.policy.steps[step].due_seconds)
    if step in HEARINGS:
        await restorations.forget_heard(work.connection, work.row.restoration_id)
    work.row = await restorations.open_turn(work.connection, work.row.restoration_id, step, work.now, due_at)
    await work.log(
        EventKind.RESTORATION_MOVED,
        ended=ended.value,
        outcome=outcome.value,
        reason=reason,
        step=step.value,
        turn=work.row.turn,
        due_at=due_at.isoformat(),
    )
    lines = await work.lines()
    await restoration_messages.step_opened(work.connection, work.ctx, work.row, lines, due_at)
    if step not in BY_OTHERS:
        await ask(work)
    await work.tell()


async def ask(
    work: Work, kind: TaskKind = TaskKind.RESTORATION_STEP, cause: TaskCause = TaskCause.RESTORATION_STEP
) -> None:
    """Put the step it is at before a person."""
    task = NewTask(kind=kind, cause=cause, subject=work.subject)
    await tasks.open_tasks(work.connection, work.row.case_no, [task], work.now)


async def _close(work: Work, state: RestorationState, reason: str, *, ended: Step, outcome: StepOutcome) -> None:
    connection, row = work.connection, work.row
    out = await exclusions.of_restoration(connection, row.restoration_id)
    # What ends it, the bond say, may come long after what was left out, and say nothing of that.
    reason = "; ".join(why for why in dict.fromkeys([reason, *(one.reason for one in out)]) if why)
    await restorations.close(connection, row.restoration_id, state, work.now, work.actor, reason)
    work.row = row.model_copy(update={"state": state})
    lines = await work.lines()
    await work.log(
        EventKind.RESTORATION_CLOSED,
        state=state.value,
        ended=ended.value,
        outcome=outcome.value,
        reason=reason,
        restored_paise=await restorations.restored_paise(connection, row.restoration_id),
        held_paise=sum(line.held_paise for line in lines),
        left_out_paise=sum(one.held_paise for one in out) or None,
    )
    await restoration_messages.closed(connection, work.ctx, row, lines, state)
    await _keep_no_more(work)
    # What a bank has not given back, or has put on hold since, is the victim's: the next round. Nobody has refused it.
    await account_holds.take_up_again(connection, row.case_no, work.now, ack_no=row.ack_no)
    await ask_about_kept(connection, row.case_no, work.now)
    await procedure_outbox.end(connection, ProcedureKind.RESTORATION, str(row.restoration_id), work.now)
    await work.tell()


async def _keep_no_more(work: Work) -> None:
    """The holds of its money lapse again, but not before they are warned of."""
    connection, row = work.connection, work.row
    let_go = await restorations.keep_or_let_go(connection, row.restoration_id)
    for order_id in await court_orders.rows_of(connection, row.court_order_id) if row.court_order_id else ():
        if await court_orders.is_used_up(connection, order_id):
            freed = await court_orders.let_holds_go(connection, row.case_no, order_id)
            let_go += [UUID(hold_id) for hold_id in freed]
    await account_holds.warn_anew(work.connection, let_go, work.now)
    await tell_holds(work, let_go)


async def tell_holds(work: Work, hold_ids: Sequence[UUID]) -> None:
    """Have the clocks of these holds look again."""
    for hold_id in hold_ids:
        await procedure_outbox.tell(work.connection, ProcedureKind.HOLD, str(hold_id), work.now)
