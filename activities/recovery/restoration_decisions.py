"""Decisions of officers on a restoration: each is one transaction, checked against the step the officer saw."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.recovery import signatures
from activities.recovery.allocation import divide, is_divided
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.orders import plan_order
from activities.recovery.restoration_deadlines import continue_under_order, end
from activities.recovery.restoration_transitions import (
    Work,
    close,
    go_back,
    move_on,
    notify_holds,
    restoration_transaction,
    route_needing_more,
    valid_orders,
    why_order_dropped,
)
from db.pool import Connection
from db.recovery import credit_accounts, officer_steps, payer_decisions, restoration_facts, restorations
from db.recovery.restoration_facts import Covered
from db.recovery.restorations import Line, RestorationRow
from domain.errors.restoration import (
    ApplicationNamesOtherAccount,
    ApprovalDiffers,
    BeneficiaryDiffers,
    CannotGoBack,
    CannotGoBackTo,
    CourtOrderDoesNotEndStep,
    CourtOrderExceeded,
    CourtOrderToRestore,
    CreditAccountNeedsSecondOfficer,
    CreditAccountObjectable,
    GrievanceUndecided,
    ImporterDecides,
    MoneyJustHeld,
    NothingToRestore,
    ObjectionUndecided,
    RestorationClosed,
    RestorationHoldChanged,
    RouteChanged,
    StepEnded,
    StepNotBegun,
    TransferContested,
    TransferNotAccepted,
)
from domain.message_rules import NotificationEvent
from domain.recovery import authority
from domain.recovery.procedure import ORDERS_OF, RULES, back_to
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.notifications import MessageFacts
from schemas.officers.officers import Acting
from schemas.recovery.orders import LINES_MAX, NewOrder, NewOrderLine
from schemas.recovery.restorations import OrderTaken, RestorationApproval, RestorationDone, Seen, SendBack
from schemas.restoration_enums import (
    CourtOrderEffect,
    OrderKind,
    OrderReason,
    RestorationState,
    RestorationVerb,
    Step,
    StepOutcome,
)
from schemas.tasks import NewTask, TaskCause, TaskFacts

ACCOUNT_END_CHARS: Final = 4
"""digits of the account that the approver repeats"""
ENDS_THE_STEP: Final = frozenset(
    {
        RestorationVerb.RECEIVE_APPLICATION,
        RestorationVerb.VERIFY,
        RestorationVerb.REFUSE,
        RestorationVerb.RECEIVE_BOND,
        RestorationVerb.CANCEL,
    }
)
"""decisions that need only an officer and perhaps a reason"""


@asynccontextmanager
async def decision(
    ctx: Context, restoration_id: UUID, verb: RestorationVerb, seen: Seen, by: Acting
) -> AsyncIterator[Work]:
    """Run one decision in a transaction with the case locked, the officer checked and the step unchanged."""
    async with restoration_transaction(ctx, restoration_id, by.actor) as work:
        await _refuse_unseen(work.connection, work.row, seen)
        authority.check(verb, by.roles, by.subject, work.row.step, work.row.prepared_by)
        yield work


async def _refuse_unseen(connection: Connection, row: RestorationRow, seen: Seen) -> None:
    """Raise `NotNow` if another officer has already ended the step that this officer saw."""
    if row.state is RestorationState.OPEN and (row.step, row.visit_no) == (seen.step, seen.visit_no):
        return
    visits = await restorations.visits(connection, row.restoration_id)
    visit = next((visit for visit in visits if (visit.step, visit.visit_no) == (seen.step, seen.visit_no)), None)
    if visit is None:
        raise StepNotBegun(seen.step, seen.visit_no, row.state, row.step, row.visit_no)
    if visit.outcome is None:
        raise RestorationClosed(row.state)
    assert visit.ended_by is not None, "an ended visit of a step names who ended it"
    raise StepEnded(seen.step, seen.visit_no, visit.ended_by, visit.outcome, row.state, row.step, row.visit_no)


async def _refuse_withdrawn(work: Work) -> None:
    if (why := await why_order_dropped(work.connection, work.row)) is not None:
        raise why


async def _refuse_other_route(work: Work) -> None:
    """Raise `RouteChanged` if new facts require a step that was not done. The engine then moves it there."""
    if (picked := await route_needing_more(work)) is not None:
        raise RouteChanged(picked.route, picked.reasons)


async def refuse_undecided(work: Work) -> None:
    """Raise `NotNow` while an objection or a holder's grievance is undecided."""
    connection, restoration_id = work.connection, work.row.restoration_id
    if undecided := await officer_steps.undecided(connection, restoration_id):
        raise ObjectionUndecided(undecided[0])
    if appeals := await officer_steps.open_grievances(connection, restoration_id):
        raise GrievanceUndecided(appeals[0])


async def _refuse_contested(work: Work) -> None:
    """Raise `TransferContested` while two complainants claim a transfer from which the money comes."""
    for hop_no, ack_nos in (await payer_decisions.undecided(work.connection, work.row.restoration_id)).items():
        raise TransferContested(hop_no, ack_nos)


async def _refuse_not_accepted(work: Work) -> None:
    """Raise `TransferNotAccepted` while money comes from a transfer that only the victim's bank names."""
    if hop_nos := await payer_decisions.proposed(work.connection, work.row.restoration_id):
        raise TransferNotAccepted(hop_nos)


async def _refuse_credit_account(work: Work, seen: RestorationApproval, by: Acting) -> None:
    """Raise `NotNow` or `SameEyes` if another account to be credited cannot be approved, as `approve` says."""
    instead = await credit_accounts.standing(work.connection, work.row.ack_no)
    if (instead.account_id if instead else None) != work.row.credit_account_id:
        raise ApplicationNamesOtherAccount
    if instead is None:
        return
    assert instead.object_until is not None, "it is confirmed"
    if work.now < instead.object_until:
        raise CreditAccountObjectable(instead.account_id, instead.object_until)
    if is_same_person(instead.told_by, by.actor):
        raise CreditAccountNeedsSecondOfficer(by.subject)
    if seen.account_end != instead.account[-ACCOUNT_END_CHARS:]:
        raise BeneficiaryDiffers


async def _refuse_importer(work: Work, by: Acting) -> None:
    """Raise `ImporterDecides` if what alone confirms money of it was imported or entered by this officer."""
    hop_no = await restorations.imported_by(work.connection, work.row.restoration_id, by.subject)
    if hop_no is not None:
        raise ImporterDecides(by.subject, hop_no)


async def _refuse_against_court(work: Work) -> None:
    """Raise `CourtOrderToRestore` if the newest court order about the money is to restore it."""
    orders = await valid_orders(work.connection, work.row)
    if orders and orders[0].effect is CourtOrderEffect.RESTORE:
        raise CourtOrderToRestore(orders[0].court_order_id)


async def end_step(
    ctx: Context, restoration_id: UUID, verb: RestorationVerb, seen: Seen, by: Acting, reason: str = ""
) -> RestorationDone:
    """Do one of the decisions in `ENDS_THE_STEP`.

    Raises `NotFound`, and `MayNot` or `SameEyes` about the officer. Raises `NotNow` at another step, after another
    officer's decision, and if a court has ordered to restore the money that is to be refused or cancelled.
    """
    assert verb in ENDS_THE_STEP, "other decisions have their own functions"
    rule = RULES[verb]
    async with decision(ctx, restoration_id, verb, seen, by) as work:
        assert rule.outcome is not None, "it ends the step"
        if verb is RestorationVerb.RECEIVE_APPLICATION:
            named = await credit_accounts.standing(work.connection, work.row.ack_no)
            await restorations.note_application(work.connection, restoration_id, named.account_id if named else None)
        if rule.closes is None:
            await move_on(work, rule.outcome, reason)
        elif work.row.step is Step.BOND:
            # The victim already has the money when the bond is requested; without the bond it stays restored.
            await close(work, RestorationState.RESTORED, rule.outcome, reason)
        else:
            await _refuse_against_court(work)
            if verb is RestorationVerb.CANCEL:
                await _alarm(work)
            await end(work, rule.closes, rule.outcome, reason)
    return work.done()


async def _alarm(work: Work) -> None:
    """Tell the supervisor at once that one officer cancels the return of money."""
    held_paise = sum(line.held_paise for line in await work.lines())
    facts = TaskFacts(claimed_paise=held_paise)
    cause = TaskCause.RESTORATION_CANCELLED
    alarm = NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=work.subject, facts=facts, caused_by=work.actor)
    await work.ask(alarm)
    await work.log(EventKind.OFFICER_ALARM, cause=cause.value, amount_paise=held_paise)
    message_facts = MessageFacts(occasion=str(work.row.restoration_id), amount_paise=held_paise)
    concerned = Concerned(case_no=work.case_no)
    await notify_people(
        work.connection, work.ctx, NotificationEvent.RESTORATION_STOPPED, concerned, message_facts, work.now
    )


async def send_back(ctx: Context, restoration_id: UUID, back: SendBack, by: Acting) -> RestorationDone:
    """Send the restoration back to an earlier step.

    Raises as `end_step`, and `NotNow` for a step that it cannot go back to.
    """
    async with decision(ctx, restoration_id, RestorationVerb.SEND_BACK, back, by) as work:
        assert work.row.route is not None, "a route is picked when the trail has been followed"
        to = back_to(work.row.step, back.to, work.row.route)
        if to is None:
            raise CannotGoBackTo(work.row.step, back.to) if back.to else CannotGoBack(work.row.step)
        await go_back(work, to, back.reason)
    return work.done()


# -- orders of courts --------------------------------------------------------------------------------------------------


async def take_order(ctx: Context, restoration_id: UUID, taken: OrderTaken, by: Acting) -> RestorationDone:
    """Continue under a court order recorded at the case, or end as it says.

    Raises as `end_step`, and `NotNow` for an order that does not fit this step and this money.
    """
    async with decision(ctx, restoration_id, RestorationVerb.TAKE_ORDER, taken, by) as work:
        orders = await restoration_facts.court_orders(work.connection, restoration_id)
        court_order = next((order for order in orders if order.court_order_id == taken.court_order_id), None)
        if court_order is None or court_order.kind not in ORDERS_OF[work.row.step]:
            raise CourtOrderDoesNotEndStep(work.row.step, tuple(sorted(ORDERS_OF[work.row.step])))
        await refuse_undecided(work)
        await continue_under_order(work, court_order)
    return work.done()


# -- approval ----------------------------------------------------------------------------------------------------------


async def prepare(ctx: Context, restoration_id: UUID, seen: Seen, by: Acting) -> RestorationDone:
    """Prepare the approval: fix the amount to restore for each hop. Another officer must approve it.

    Raises as `end_step`, and `NotNow` if there is nothing to restore. Raises `SameEyes` about the officer who imported
    the workbook that alone confirms money of it.
    """
    await divide(ctx, restoration_id, by.actor)
    async with decision(ctx, restoration_id, RestorationVerb.PREPARE, seen, by) as work:
        await _refuse_withdrawn(work)
        lines = await work.lines()
        if not is_divided(lines):
            raise MoneyJustHeld
        await _refuse_other_route(work)
        due = await _due(work, lines)
        if not sum(due.values()):
            raise NothingToRestore
        await _refuse_importer(work, by)
        await restorations.set_prepared(work.connection, restoration_id, by.subject, due)
        await work.log(
            EventKind.RESTORATION_PREPARED,
            due=[[hop_no, paise] for hop_no, paise in due.items() if paise],
            court_order_id=work.row.court_order_id,
        )
        await work.notify(ProcedureKind.RESTORATION, restoration_id)
    return work.done()


async def _due(work: Work, lines: Sequence[Line]) -> dict[int, int]:
    """Return by hop the paise of its share to order, within the sum and accounts of the court order."""
    covered = await _payable_under_order(work)
    due = {line.hop_no: max(line.free_paise - line.to_restore_paise, 0) for line in lines}
    if covered is None:
        return due
    for line in lines:
        if not any(part.is_about(line) for part in covered):
            due[line.hop_no] = 0
    for part in covered:
        left = part.left_paise
        for line in lines:
            if left is not None and part.is_about(line):
                due[line.hop_no] = min(due[line.hop_no], left)
                left -= due[line.hop_no]
    return due


async def _payable_under_order(work: Work) -> list[Covered] | None:
    """Return the amount still payable under the court order, per account; None without a court order."""
    order_id = work.row.court_order_id
    if order_id is None:
        return None
    return await restoration_facts.covered(work.connection, order_id)


async def approve(ctx: Context, restoration_id: UUID, seen: RestorationApproval, by: Acting) -> RestorationDone:
    """Order the banks to credit the prepared amounts, one order for each bank.

    Raises as `end_step`, and `NotNow` if the held money has changed since the preparation, while two complainants
    claim one of its transfers, or while no officer has accepted one that only the victim's bank names. If another
    account is credited than the one that paid, raises `NotNow` too while the victim may object, without an application
    that names it, and without its last digits in `seen`. Raises `ApprovalDiffers` if the officer saw another amount.
    """
    async with decision(ctx, restoration_id, RestorationVerb.APPROVE, seen, by) as work:
        await _refuse_credit_account(work, seen, by)
        await refuse_undecided(work)
        await _refuse_contested(work)
        await _refuse_not_accepted(work)
        await _refuse_importer(work, by)
        await _refuse_withdrawn(work)
        await _refuse_other_route(work)
        lines = await work.lines()
        amounts = {line.hop_no: line.due_paise or 0 for line in lines}
        # An upheld objection ends a preparation without a new visit, so step and visit do not tell the amount.
        if sum(amounts.values()) != seen.due_paise:
            raise ApprovalDiffers(sum(amounts.values()))
        for line in lines:
            if (line.due_paise or 0) > max(line.free_paise - line.to_restore_paise, 0):
                raise RestorationHoldChanged(line.hop_no)
        for part in await _payable_under_order(work) or ():
            due = sum(line.due_paise or 0 for line in lines if part.is_about(line))
            if part.left_paise is not None and due > part.left_paise:
                assert work.row.court_order_id is not None, "only a court order covers"
                # Another restoration was approved under the same order since.
                raise CourtOrderExceeded(work.row.court_order_id, part.left_paise)
        await restorations.set_approved(work.connection, restoration_id, by.subject)
        await order_banks(work, lines, amounts, OrderKind.RESTORE, OrderReason.RESTORATION)
        await notify_holds(work, await restorations.keep(work.connection, restoration_id))
        await move_on(work, StepOutcome.DONE)
    return work.done()


async def order_banks(
    work: Work, lines: Sequence[Line], amounts: dict[int, int], kind: OrderKind, reason: OrderReason
) -> None:
    """Order the banks to restore or release these amounts (paise by hop).

    Each bank gets one order, or several if there are many lines.
    """
    restores = kind is OrderKind.RESTORE
    to_whom = {}
    if restores:
        hop_nos = [line.hop_no for line in lines]
        to_whom = await signatures.by_hop(work.ctx, work.connection, work.row.ack_no, work.row.case_no, hop_nos)
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
            await plan_order(work, order)
