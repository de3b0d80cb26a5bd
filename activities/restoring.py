"""What officers do to a restoration: each verb is one transaction, checked against the step that the officer saw."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from activities.allocating import divide, is_divided
from activities.hands import Hands
from activities.ordering import plan_order
from activities.restoration_moves import Work, ask, close, go_back, move_on, tell_holds, why_dropped
from db import credit_accounts, restorations
from db.pool import Connection
from db.restorations import CourtOrderRow, Covered, Line, RestorationRow
from domain import authority
from domain.errors import NotNow
from domain.restoring import ENDS_BY, ORDERS_OF, RULES, back_to
from schemas.enums import EventKind
from schemas.identifiers import IFSC_PATTERN
from schemas.orders import LINES_MAX, Beneficiary, NewOrder, NewOrderLine
from schemas.restoration_enums import (
    CourtOrderEffect,
    ObjectionDecision,
    OrderKind,
    OrderReason,
    RestorationState,
    Step,
    StepOutcome,
)
from schemas.restorations import (
    Acting,
    NewObjection,
    ObjectionDecided,
    OrderTaken,
    RestorationDone,
    RestorationVerb,
    Seen,
    SendBack,
)

ENDS_THE_STEP: Final = frozenset(
    {
        RestorationVerb.RECEIVE_APPLICATION,
        RestorationVerb.VERIFY,
        RestorationVerb.WAIVE_NOTICE,
        RestorationVerb.REFUSE,
        RestorationVerb.RECEIVE_BOND,
        RestorationVerb.CANCEL,
    }
)
"""verbs that need no more than an officer, and perhaps a reason"""


@asynccontextmanager
async def _verb(
    hands: Hands, restoration_id: UUID, verb: RestorationVerb, seen: Seen, by: Acting
) -> AsyncIterator[Work]:
    """The transaction of one verb: the case locked, the officer let pass, nothing moved on since it was seen."""
    now = hands.now()
    async with hands.pool.acquire() as connection, connection.transaction():
        row = await restorations.lock(connection, restoration_id)
        await _refuse_unseen(connection, row, seen)
        authority.check(verb, by.role, by.subject, row.step, row.prepared_by)
        yield Work(hands, connection, row, now, by.actor)


async def _refuse_unseen(connection: Connection, row: RestorationRow, seen: Seen) -> None:
    """Of two officers who decide at once the second is told what the first has done. Raises `NotNow`."""
    if row.state is RestorationState.OPEN and (row.step, row.turn) == (seen.step, seen.turn):
        return
    turns = await restorations.turns(connection, row.restoration_id)
    turn = next((turn for turn in turns if (turn.step, turn.turn) == (seen.step, seen.turn)), None)
    stands = f"it is at {row.step.value}, turn {row.turn}" if row.state is RestorationState.OPEN else row.state.value
    if turn is None:
        raise NotNow(f"{seen.step.value}, turn {seen.turn}, has not begun: {stands}")
    if turn.outcome is None:
        raise NotNow(f"the restoration is {stands}")
    raise NotNow(f"{turn.ended_by} has ended {seen.step.value} ({turn.outcome.value}): {stands}")


async def _refuse_withdrawn(work: Work) -> None:
    if (why := await why_dropped(work.connection, work.row)) is not None:
        raise NotNow(why)


async def _refuse_undecided(work: Work) -> None:
    if undecided := await restorations.open_objections(work.connection, work.row.restoration_id):
        raise NotNow(f"objection {undecided[0]} is to be decided first")


async def end_step(
    hands: Hands, restoration_id: UUID, verb: RestorationVerb, seen: Seen, by: Acting, reason: str = ""
) -> RestorationDone:
    """Do one of the verbs that `ENDS_THE_STEP`.

    Raises `NotFound`; `MayNot` or `SameEyes` for the officer; `NotNow` at another step, where another officer was
    quicker, or where an objection is to be decided first.
    """
    assert verb in ENDS_THE_STEP, "the others have their own functions"
    rule = RULES[verb]
    async with _verb(hands, restoration_id, verb, seen, by) as work:
        if verb is RestorationVerb.WAIVE_NOTICE:
            await _refuse_undecided(work)
        assert rule.outcome is not None, "it ends the step"
        if rule.closes is None:
            await move_on(work, rule.outcome, reason)
        else:
            # The victim has the money when the bond is asked for; without the bond it stays restored.
            state = RestorationState.RESTORED if work.row.step is Step.BOND else rule.closes
            await close(work, state, rule.outcome, reason)
    return work.done()


async def send_back(hands: Hands, restoration_id: UUID, back: SendBack, by: Acting) -> RestorationDone:
    """Send it back to an earlier step. Raises as `end_step`, and `NotNow` for a step that it cannot go back to."""
    async with _verb(hands, restoration_id, RestorationVerb.SEND_BACK, back, by) as work:
        assert work.row.route is not None, "a route is picked when the trail has been followed"
        to = back_to(work.row.step, back.to, work.row.route)
        if to is None:
            asked = back.to.value if back.to else "nothing"
            raise NotNow(f"from {work.row.step.value} it does not go back to {asked}")
        await go_back(work, to, back.reason)
    return work.done()


# -- objections --------------------------------------------------------------------------------------------------------


async def receive_objection(hands: Hands, restoration_id: UUID, new: NewObjection, by: Acting) -> RestorationDone:
    """Write an objection down; until it is decided nothing goes on that it could change. Raises as `end_step`."""
    async with _verb(hands, restoration_id, RestorationVerb.OBJECT, new, by) as work:
        if new.hold_id is not None and new.hold_id not in {line.hold_id for line in await work.lines()}:
            raise NotNow(f"hold {new.hold_id} is none of this restoration's")
        connection = work.connection
        objection_id = await restorations.insert_objection(connection, restoration_id, new, work.now, by.actor)
        hold = str(new.hold_id) if new.hold_id else None
        await work.log(EventKind.OBJECTION_RECEIVED, objection_id=objection_id, by_whom=new.by_whom.value, hold_id=hold)
        await ask(work)
        await work.tell()
    return work.done(objection_id)


async def decide_objection(
    hands: Hands, restoration_id: UUID, decided: ObjectionDecided, by: Acting
) -> RestorationDone:
    """Decide an objection. What an upheld one is about is let go; with nothing left the restoration is refused.

    Raises as `end_step`, `NotFound` for an objection to another, and `NotNow` when it is decided already.
    """
    async with _verb(hands, restoration_id, RestorationVerb.DECIDE_OBJECTION, decided, by) as work:
        connection, objection_id = work.connection, decided.objection_id
        objection = await restorations.objection(connection, restoration_id, objection_id)
        if objection.decision is not None:
            raise NotNow(f"objection {objection_id} is {objection.decision.value} already")
        decision = decided.decision
        await restorations.decide_objection(connection, objection_id, decision, work.now, by.actor, decided.reason)
        let_go = []
        if decision is ObjectionDecision.UPHELD:
            let_go = [line for line in await work.lines() if objection.hold_id in {None, line.hold_id}]
        await work.log(
            EventKind.OBJECTION_DECIDED,
            objection_id=objection_id,
            decision=decision.value,
            reason=decided.reason,
            let_go=[[line.hop_no, line.free_paise] for line in let_go if line.free_paise],
        )
        if let_go:
            await _let_go(work, let_go, objection_id)
        if let_go and not any(line.free_paise for line in await work.lines()):
            await close(work, RestorationState.REFUSED, StepOutcome.REFUSED, f"objection {objection_id} is upheld")
        await work.tell()
    return work.done(objection_id)


async def _let_go(work: Work, lines: Sequence[Line], objection_id: int) -> None:
    """This money does not go home: its banks are ordered to lift the hold, and what was made ready is so no more."""
    if work.row.prepared_by is not None:
        await restorations.unprepare(work.connection, work.row.restoration_id)
        work.row = work.row.model_copy(update={"prepared_by": None})
    numbers = [line.hop_no for line in lines]
    await restorations.take_out(work.connection, work.row.restoration_id, numbers, objection_id)
    amounts = {line.hop_no: max(line.free_paise - line.to_restore_paise, 0) for line in lines}
    await _order(work, lines, amounts, OrderKind.RELEASE, OrderReason.OBJECTION)


# -- orders of courts --------------------------------------------------------------------------------------------------


async def take_order(hands: Hands, restoration_id: UUID, taken: OrderTaken, by: Acting) -> RestorationDone:
    """Go on under an order that was taken in at the case, or end as it says.

    Raises as `end_step`, and `NotNow` for an order that is not one for this step and this money.
    """
    async with _verb(hands, restoration_id, RestorationVerb.TAKE_ORDER, taken, by) as work:
        orders = await restorations.court_orders(work.connection, restoration_id)
        found = next((order for order in orders if order.court_order_id == taken.court_order_id), None)
        if found is None or found.kind not in ORDERS_OF[work.row.step]:
            kinds = ", ".join(sorted(kind.value for kind in ORDERS_OF[work.row.step]))
            raise NotNow(f"{work.row.step.value} ends by an order of this case to restore or to refuse ({kinds})")
        await _refuse_undecided(work)
        await go_on_under(work, found)
    return work.done()


async def go_on_under(work: Work, order: CourtOrderRow) -> None:
    """Go on under an order, or end as it says."""
    await restorations.set_court_order(work.connection, work.row.restoration_id, order.court_order_id)
    work.row = work.row.model_copy(update={"court_order_id": order.court_order_id})
    reason = f"court order {order.court_order_id}"
    if order.effect is CourtOrderEffect.REFUSE:
        await close(work, RestorationState.REFUSED, ENDS_BY[order.effect], reason)
    else:
        await move_on(work, ENDS_BY[order.effect], reason)


# -- approval ----------------------------------------------------------------------------------------------------------


async def prepare(hands: Hands, restoration_id: UUID, seen: Seen, by: Acting) -> RestorationDone:
    """Make it ready for approval: what goes home of each hop is fixed. Whoever does so does not approve it.

    Raises as `end_step`, and `NotNow` where nothing is to go home.
    """
    await divide(hands, restoration_id, hands.now(), by.actor)
    async with _verb(hands, restoration_id, RestorationVerb.PREPARE, seen, by) as work:
        await _refuse_withdrawn(work)
        lines = await work.lines()
        if not is_divided(lines):
            raise NotNow("more money has come on hold: try again in a moment")
        due = await _due(work, lines)
        if not sum(due.values()):
            raise NotNow("there is nothing to give back: what is on hold is ordered otherwise")
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
    due = {}
    left = found.left_paise if found else None
    for line in lines:
        paise = max(line.free_paise - line.to_restore_paise, 0)
        if found is not None and not found.is_about(line):
            paise = 0
        if left is not None:
            paise = min(paise, left)
            left -= paise
        due[line.hop_no] = paise
    return due


async def _covered(work: Work) -> Covered | None:
    """What the order that it goes by lets go home still; None where it goes by none."""
    order_id = work.row.court_order_id
    if order_id is None:
        return None
    return await restorations.covered(work.connection, order_id, work.row.restoration_id)


async def approve(hands: Hands, restoration_id: UUID, seen: Seen, by: Acting) -> RestorationDone:
    """Order the banks to give back what was made ready, one order a bank.

    Raises as `end_step`, and `NotNow` when what is on hold is no longer what was made ready.
    """
    async with _verb(hands, restoration_id, RestorationVerb.APPROVE, seen, by) as work:
        await _refuse_undecided(work)
        await _refuse_withdrawn(work)
        lines = await work.lines()
        for line in lines:
            if (line.due_paise or 0) > max(line.free_paise - line.to_restore_paise, 0):
                raise NotNow(f"what is on hold of hop {line.hop_no} has changed since: send it back")
        found = await _covered(work)
        if found and found.left_paise is not None and sum(line.due_paise or 0 for line in lines) > found.left_paise:
            # Another restoration has been approved under it since.
            raise NotNow(f"{found.left_paise} paise are left of court order {work.row.court_order_id}: send it back")
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
            await plan_order(work.connection, work.hands, order, work.now)


async def _beneficiaries(work: Work, lines: Sequence[Line]) -> dict[int, Beneficiary]:
    """By hop, the account that the victim paid from, or the one that two officers have put in its place."""
    instead = await credit_accounts.standing(work.connection, work.row.ack_no)
    if instead is not None:
        to = Beneficiary(institution=instead.institution, holder=instead.account, ifsc=instead.ifsc)
        return {line.hop_no: to for line in lines}
    numbers = [line.hop_no for line in lines]
    directory = work.hands.directory.current
    found = {}
    for payer in await restorations.payers(work.connection, work.row.case_no, numbers):
        known, _ = directory.resolve(payer.institution_as_told, payer.ifsc, payer.holder, "payer")
        institution = known.code if known else payer.institution_as_told
        ifsc = (payer.ifsc or "").strip().upper()
        found[payer.hop_no] = Beneficiary(
            institution=institution, holder=payer.holder, ifsc=ifsc if IFSC_PATTERN.match(ifsc) else ""
        )
    return found
