"""What officers do to a restoration: each verb is one transaction, checked against the step that the officer saw."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.orders.orders import plan_order
from activities.restoration.allocation import divide, is_divided
from activities.restoration.refusals import end, go_on_under
from activities.restoration.transitions import (
    Work,
    ask,
    close,
    go_back,
    move_on,
    orders_that_stand,
    route_asks_for_more,
    tell_holds,
    why_dropped,
)
from db.documents import due_documents
from db.holds import free_amounts
from db.pool import Connection
from db.restoration import credit_accounts, objections, restorations
from db.restoration.restorations import Covered, Line, RestorationRow
from domain.errors.orders import HoldKeptByCourt
from domain.errors.restoration import (
    CannotGoBack,
    CannotGoBackTo,
    CourtOrderDoesNotEndStep,
    CourtOrderExceeded,
    CourtOrderToRestore,
    GrievanceUndecided,
    HoldNotOfRestoration,
    MoneyJustHeld,
    NothingToRestore,
    NoticeNotServed,
    ObjectionAlreadyDecided,
    ObjectionUndecided,
    RestorationClosed,
    RestorationHoldChanged,
    RouteChanged,
    StepEnded,
    StepNotBegun,
)
from domain.restoration import authority
from domain.restoration.procedure import LETS_GO, ORDERS_OF, RULES, back_to
from schemas.enums import EventKind
from schemas.identifiers import IFSC_PATTERN
from schemas.orders.orders import LINES_MAX, Beneficiary, NewOrder, NewOrderLine
from schemas.restoration.restorations import (
    Acting,
    NewObjection,
    NoticeWaived,
    ObjectionDecided,
    OrderTaken,
    RestorationDone,
    RestorationVerb,
    Seen,
    SendBack,
)
from schemas.restoration_enums import (
    CourtOrderEffect,
    ObjectionDecision,
    OrderKind,
    OrderReason,
    RestorationState,
    Step,
    StepOutcome,
)

ENDS_THE_STEP: Final = frozenset(
    {
        RestorationVerb.RECEIVE_APPLICATION,
        RestorationVerb.VERIFY,
        RestorationVerb.REFUSE,
        RestorationVerb.RECEIVE_BOND,
        RestorationVerb.CANCEL,
    }
)
"""verbs that need no more than an officer, and perhaps a reason"""


@asynccontextmanager
async def _verb(
    ctx: Context, restoration_id: UUID, verb: RestorationVerb, seen: Seen, by: Acting
) -> AsyncIterator[Work]:
    """The transaction of one verb: the case locked, the officer let pass, nothing moved on since it was seen."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        row = await restorations.lock(connection, restoration_id)
        await _refuse_unseen(connection, row, seen)
        authority.check(verb, by.role, by.subject, row.step, row.prepared_by)
        yield Work(ctx, connection, row, now, by.actor)


async def _refuse_unseen(connection: Connection, row: RestorationRow, seen: Seen) -> None:
    """Of two officers who decide at once the second is told what the first has done. Raises `NotNow`."""
    if row.state is RestorationState.OPEN and (row.step, row.turn) == (seen.step, seen.turn):
        return
    turns = await restorations.turns(connection, row.restoration_id)
    turn = next((turn for turn in turns if (turn.step, turn.turn) == (seen.step, seen.turn)), None)
    if turn is None:
        raise StepNotBegun(seen.step, seen.turn, row.state, row.step, row.turn)
    if turn.outcome is None:
        raise RestorationClosed(row.state)
    assert turn.ended_by is not None, "a turn with an outcome was ended by somebody"
    raise StepEnded(seen.step, seen.turn, turn.ended_by, turn.outcome, row.state, row.step, row.turn)


async def _refuse_withdrawn(work: Work) -> None:
    if (why := await why_dropped(work.connection, work.row)) is not None:
        raise why


async def _refuse_other_route(work: Work) -> None:
    """Since it was routed the facts have come to ask for a step that was not done: the engine takes it there."""
    if (picked := await route_asks_for_more(work)) is not None:
        raise RouteChanged(picked.route, picked.reasons)


async def _refuse_undecided(work: Work) -> None:
    connection, restoration_id = work.connection, work.row.restoration_id
    if undecided := await objections.undecided(connection, restoration_id):
        raise ObjectionUndecided(undecided[0])
    if appeals := await objections.open_grievances(connection, restoration_id):
        raise GrievanceUndecided(appeals[0])


async def _refuse_unserved(work: Work) -> None:
    """Whoever has no notice yet can say that there is no objection only in writing."""
    row = work.row
    if await due_documents.is_waited_for(work.connection, row.restoration_id, row.step, row.turn):
        raise NoticeNotServed


async def _refuse_against_court(work: Work) -> None:
    """What a court has ordered home is neither refused nor cancelled, unless the court has refused it since."""
    orders = await orders_that_stand(work.connection, work.row)
    if orders and orders[0].effect is CourtOrderEffect.RESTORE:
        raise CourtOrderToRestore(orders[0].court_order_id)


async def end_step(
    ctx: Context, restoration_id: UUID, verb: RestorationVerb, seen: Seen, by: Acting, reason: str = ""
) -> RestorationDone:
    """Do one of the verbs that `ENDS_THE_STEP`.

    Raises `NotFound`; `MayNot` or `SameEyes` for the officer; `NotNow` at another step, where another officer was
    quicker, and where a court has ordered home what is to be refused or cancelled.
    """
    assert verb in ENDS_THE_STEP, "the others have their own functions"
    rule = RULES[verb]
    async with _verb(ctx, restoration_id, verb, seen, by) as work:
        assert rule.outcome is not None, "it ends the step"
        if rule.closes is None:
            await move_on(work, rule.outcome, reason)
        elif work.row.step is Step.BOND:
            # The victim has the money when the bond is asked for; without the bond it stays restored.
            await close(work, RestorationState.RESTORED, rule.outcome, reason)
        else:
            await _refuse_against_court(work)
            await end(work, rule.closes, rule.outcome, reason)
    return work.done()


async def waive_notice(ctx: Context, restoration_id: UUID, waived: NoticeWaived, by: Acting) -> RestorationDone:
    """No holder objects: the days of the notice need not run out. Raises as `end_step`.

    `NotNow` too where an objection or a grievance is to be decided first, and where a holder has no notice yet and has
    not waived it in writing.
    """
    async with _verb(ctx, restoration_id, RestorationVerb.WAIVE_NOTICE, waived, by) as work:
        await _refuse_undecided(work)
        if not waived.in_writing:
            await _refuse_unserved(work)
        reason = f"waived in writing: {waived.reason}" if waived.in_writing else waived.reason
        await move_on(work, StepOutcome.SKIPPED, reason)
    return work.done()


async def send_back(ctx: Context, restoration_id: UUID, back: SendBack, by: Acting) -> RestorationDone:
    """Send it back to an earlier step. Raises as `end_step`, and `NotNow` for a step that it cannot go back to."""
    async with _verb(ctx, restoration_id, RestorationVerb.SEND_BACK, back, by) as work:
        assert work.row.route is not None, "a route is picked when the trail has been followed"
        to = back_to(work.row.step, back.to, work.row.route)
        if to is None:
            raise CannotGoBackTo(work.row.step, back.to) if back.to else CannotGoBack(work.row.step)
        await go_back(work, to, back.reason)
    return work.done()


# -- objections --------------------------------------------------------------------------------------------------------


async def receive_objection(ctx: Context, restoration_id: UUID, new: NewObjection, by: Acting) -> RestorationDone:
    """Write an objection down; until it is decided nothing goes on that it could change. Raises as `end_step`."""
    async with _verb(ctx, restoration_id, RestorationVerb.OBJECT, new, by) as work:
        if new.hold_id is not None and new.hold_id not in {line.hold_id for line in await work.lines()}:
            raise HoldNotOfRestoration(new.hold_id)
        connection = work.connection
        objection_id = await objections.insert(connection, restoration_id, new, work.now, by.actor)
        hold = str(new.hold_id) if new.hold_id else None
        await work.log(EventKind.OBJECTION_RECEIVED, objection_id=objection_id, by_whom=new.by_whom.value, hold_id=hold)
        await ask(work)
        await work.tell()
    return work.done(objection_id)


async def decide_objection(
    ctx: Context, restoration_id: UUID, decided: ObjectionDecided, by: Acting
) -> RestorationDone:
    """Decide an objection. What an upheld one of a holder or a bank is about is let go; with nothing left the
    restoration is refused. One of others, the victim too, says that something is wrong with it: it is sent back.

    Raises as `end_step`, `NotFound` for an objection to another, and `NotNow` when it is decided already or a court
    keeps the hold that it would let go.
    """
    async with _verb(ctx, restoration_id, RestorationVerb.DECIDE_OBJECTION, decided, by) as work:
        connection, objection_id = work.connection, decided.objection_id
        objection = await objections.get(connection, restoration_id, objection_id)
        if objection.decision is not None:
            raise ObjectionAlreadyDecided(objection_id, objection.decision)
        decision = decided.decision
        await objections.decide(connection, objection_id, decision, work.now, by.actor, decided.reason)
        upheld = decision is ObjectionDecision.UPHELD
        let_go = []
        if upheld and objection.by_whom in LETS_GO:
            let_go = [line for line in await work.lines() if objection.hold_id in {None, line.hold_id}]
            await _refuse_kept(work.connection, let_go)
        await work.log(
            EventKind.OBJECTION_DECIDED,
            objection_id=objection_id,
            decision=decision.value,
            reason=decided.reason,
            let_go=[[line.hop_no, line.not_ordered_paise] for line in let_go if line.not_ordered_paise],
        )
        if let_go:
            await _let_go(work, let_go, objection_id)
        reason = f"objection {objection_id} is upheld"
        if upheld and objection.by_whom not in LETS_GO:
            await _put_right(work, reason)
        elif let_go and not any(line.free_paise for line in await work.lines()):
            await end(work, RestorationState.REFUSED, StepOutcome.REFUSED, reason)
        await work.tell()
    return work.done(objection_id)


async def _refuse_kept(connection: Connection, lines: Sequence[Line]) -> None:
    """What a court keeps, in whole or up to a sum, is let go by nobody else."""
    for hold_id in {line.hold_id for line in lines}:
        wanted_paise = sum(line.not_ordered_paise for line in lines if line.hold_id == hold_id)
        kept_paise = await free_amounts.court_keeps(connection, hold_id)
        held_paise = sum(one.free_paise for one in await free_amounts.not_ordered(connection, hold_id))
        if wanted_paise and (kept_paise is None or wanted_paise > held_paise - kept_paise):
            keeper = next((line.kept_by for line in lines if line.hold_id == hold_id and line.kept_by), "a court")
            raise HoldKeptByCourt(keeper)


async def _put_right(work: Work, reason: str) -> None:
    """Back to where it is put right; the victim's application is that already."""
    assert work.row.route is not None, "nobody objects before a route is picked"
    to = back_to(work.row.step, None, work.row.route)
    if to is not None:
        await go_back(work, to, reason)


async def _let_go(work: Work, lines: Sequence[Line], objection_id: int) -> None:
    """This money does not go home: its banks are ordered to lift the hold, and what was made ready is so no more."""
    if work.row.prepared_by is not None:
        await restorations.unprepare(work.connection, work.row.restoration_id)
        work.row = work.row.model_copy(update={"prepared_by": None})
    numbers = [line.hop_no for line in lines]
    await objections.take_out(work.connection, work.row.restoration_id, numbers, objection_id)
    amounts = {line.hop_no: line.not_ordered_paise for line in lines}
    await _order(work, lines, amounts, OrderKind.RELEASE, OrderReason.OBJECTION)


# -- orders of courts --------------------------------------------------------------------------------------------------


async def take_order(ctx: Context, restoration_id: UUID, taken: OrderTaken, by: Acting) -> RestorationDone:
    """Go on under an order that was taken in at the case, or end as it says.

    Raises as `end_step`, and `NotNow` for an order that is not one for this step and this money.
    """
    async with _verb(ctx, restoration_id, RestorationVerb.TAKE_ORDER, taken, by) as work:
        orders = await restorations.court_orders(work.connection, restoration_id)
        found = next((order for order in orders if order.court_order_id == taken.court_order_id), None)
        if found is None or found.kind not in ORDERS_OF[work.row.step]:
            raise CourtOrderDoesNotEndStep(work.row.step, tuple(sorted(ORDERS_OF[work.row.step])))
        await _refuse_undecided(work)
        await go_on_under(work, found)
    return work.done()


# -- approval ----------------------------------------------------------------------------------------------------------


async def prepare(ctx: Context, restoration_id: UUID, seen: Seen, by: Acting) -> RestorationDone:
    """Make it ready for approval: what goes home of each hop is fixed. Whoever does so does not approve it.

    Raises as `end_step`, and `NotNow` where nothing is to go home.
    """
    await divide(ctx, restoration_id, ctx.now(), by.actor)
    async with _verb(ctx, restoration_id, RestorationVerb.PREPARE, seen, by) as work:
        await _refuse_withdrawn(work)
        lines = await work.lines()
        if not is_divided(lines):
            raise MoneyJustHeld
        await _refuse_other_route(work)
        due = await _due(work, lines)
        if not sum(due.values()):
            raise NothingToRestore
        await restorations.set_prepared(work.connection, restoration_id, by.subject, due)
        await work.log(
            EventKind.RESTORATION_PREPARED,
            due=[[hop_no, paise] for hop_no, paise in due.items() if paise],
            court_order_id=work.row.court_order_id,
        )
        await work.tell()
    return work.done()


async def _due(work: Work, lines: Sequence[Line]) -> dict[int, int]:
    """By hop, what of its share may be ordered: nothing beyond the sum, or the account, that an order names."""
    found = await _covered(work)
    due = {line.hop_no: max(line.free_paise - line.to_restore_paise, 0) for line in lines}
    if found is None:
        return due
    for line in lines:
        if not any(one.is_about(line) for one in found):
            due[line.hop_no] = 0
    for one in found:
        left = one.left_paise
        for line in lines:
            if left is not None and one.is_about(line):
                due[line.hop_no] = min(due[line.hop_no], left)
                left -= due[line.hop_no]
    return due


async def _covered(work: Work) -> list[Covered] | None:
    """What the order that it goes by lets go home still, account by account; None where it goes by none."""
    order_id = work.row.court_order_id
    if order_id is None:
        return None
    return await restorations.covered(work.connection, order_id)


async def approve(ctx: Context, restoration_id: UUID, seen: Seen, by: Acting) -> RestorationDone:
    """Order the banks to give back what was made ready, one order a bank.

    Raises as `end_step`, and `NotNow` when what is on hold is no longer what was made ready.
    """
    async with _verb(ctx, restoration_id, RestorationVerb.APPROVE, seen, by) as work:
        await _refuse_undecided(work)
        await _refuse_withdrawn(work)
        await _refuse_other_route(work)
        lines = await work.lines()
        for line in lines:
            if (line.due_paise or 0) > max(line.free_paise - line.to_restore_paise, 0):
                raise RestorationHoldChanged(line.hop_no)
        for one in await _covered(work) or ():
            due = sum(line.due_paise or 0 for line in lines if one.is_about(line))
            if one.left_paise is not None and due > one.left_paise:
                assert work.row.court_order_id is not None, "only a court order covers"
                # Another restoration has been approved under it since.
                raise CourtOrderExceeded(work.row.court_order_id, one.left_paise)
        await restorations.set_approved(work.connection, restoration_id, by.subject)
        amounts = {line.hop_no: line.due_paise or 0 for line in lines}
        await _order(work, lines, amounts, OrderKind.RESTORE, OrderReason.RESTORATION)
        await tell_holds(work, await restorations.keep(work.connection, restoration_id))
        await move_on(work, StepOutcome.DONE)
    return work.done()


async def _order(
    work: Work, lines: Sequence[Line], amounts: dict[int, int], kind: OrderKind, reason: OrderReason
) -> None:
    """Order banks to do something with these amounts (paise, by hop): one order a bank, or more where it is long."""
    restores = kind is OrderKind.RESTORE
    to_whom = await _beneficiaries(work, lines) if restores else {}
    wanted = [line for line in lines if amounts[line.hop_no]]
    for institution in sorted({line.institution for line in wanted}):
        of_bank = [line for line in wanted if line.institution == institution]
        for start in range(0, len(of_bank), LINES_MAX):
            order = NewOrder(
                kind=kind,
                reason=reason,
                case_no=work.row.case_no,
                institution=institution,
                ordered_by=work.actor,
                restoration_id=work.row.restoration_id if restores else None,
                court_order_id=work.row.court_order_id if restores else None,
                lines=tuple(
                    NewOrderLine(
                        hop_no=line.hop_no,
                        hold_id=line.hold_id,
                        amount_paise=amounts[line.hop_no],
                        ack_no=work.row.ack_no if restores else None,
                        beneficiary=to_whom.get(line.hop_no),
                    )
                    for line in of_bank[start : start + LINES_MAX]
                ),
            )
            await plan_order(work.connection, work.ctx, order, work.now)


async def _beneficiaries(work: Work, lines: Sequence[Line]) -> dict[int, Beneficiary]:
    """By hop, the account that the victim paid from, or the one that two officers have put in its place."""
    instead = await credit_accounts.standing(work.connection, work.row.ack_no)
    if instead is not None:
        to = Beneficiary(institution=instead.institution, holder=instead.account, ifsc=instead.ifsc)
        return {line.hop_no: to for line in lines}
    numbers = [line.hop_no for line in lines]
    directory = work.ctx.directory.current
    found = {}
    for payer in await restorations.payers(work.connection, work.row.case_no, numbers):
        known, _ = directory.resolve(payer.institution_as_told, payer.ifsc, payer.holder, "payer")
        institution = known.code if known else payer.institution_as_told
        ifsc = (payer.ifsc or "").strip().upper()
        found[payer.hop_no] = Beneficiary(
            institution=institution, holder=payer.holder, ifsc=ifsc if IFSC_PATTERN.match(ifsc) else ""
        )
    return found
