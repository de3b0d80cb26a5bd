"""Decisions on payers, and proposals to release.

Who paid a transfer that two complainants claim: one officer proposes, and a second officer agrees. Two officers are
needed, because the decision says whose account is credited.

Releases that officers propose: the victims are told and heard before the bank is ordered to release. A release needs
two acts. One officer proposes it. When the victims were heard, it is confirmed: by a second officer above the sums of
the policy, otherwise by anybody who decides on holds.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from uuid import UUID

from activities.case.intake import new_ack_no
from activities.case.payer_inquiries import plan_inquiries
from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery import message_sending
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.order_releases import (
    Releasable,
    end_proposal,
    log_proposal,
    notify_hold_workflows,
    order_release,
    releasable,
    waiting_release,
)
from activities.recovery.restoration_transitions import Work, close
from db import proposals
from db.case import cases, firs, hops, payer_inquiries
from db.proposals import Decision, Kind, NewProposal
from db.recovery import account_holds, payer_decisions, release_proposals, restorations
from db.recovery.account_holds import AccountHold
from domain.errors.recovery import ReleaseGrew, ReleaseProposed
from domain.errors.restoration import (
    PayerDecisionDiffers,
    PayerNeedsSecondOfficer,
    PayerNotContested,
    PayerNotTold,
    PayerOrdered,
)
from domain.message_rules import NotificationEvent
from domain.recovery.holds import check_confirming, check_decider
from schemas.base import Flag
from schemas.enums import Differing, Role, TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.notifications import MessageFacts
from schemas.officers.officers import Acting
from schemas.recovery.officer_steps import (
    ContestedTransfer,
    ContestedTransfers,
    NewPayerDecision,
    PayerDecision,
    SeenPayerDecision,
)
from schemas.recovery.orders import ReleaseProposal
from schemas.restoration_enums import CaseDuty, OrderReason, RestorationState, StepOutcome
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about


async def contested(ctx: Context, ack_no: str) -> ContestedTransfers:
    """Return the transfers of a case whose payer complaints tell differently. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        return ContestedTransfers(transfers=tuple(await payer_decisions.contested(connection, case_no)))


async def propose(ctx: Context, ack_no: str, hop_no: int, new: NewPayerDecision, by: str) -> PayerDecision:
    """Propose which complaint is right about the payer. A newer proposal replaces an older one.

    Raises `NotFound`, and `NotNow` if nothing is to be decided.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        transfer = await _contested(work, hop_no)
        told_by = {claim.ack_no for claim in transfer.claims} | {await _owner(work, hop_no)}
        if new.ack_no not in told_by:
            raise PayerNotTold(new.ack_no, hop_no)
        proposed = NewProposal(
            kind=Kind.PAYER,
            subject=payer_decisions.subject_of(work.case_no, hop_no),
            case_no=work.case_no,
            body={"hop_no": hop_no, "ack_no": new.ack_no, "among": sorted(told_by)},
            reason=new.reason,
            proposed_by=by,
            proposed_at=work.now,
        )
        decision = payer_decisions.decision_of(await proposals.replace(work.connection, proposed))
        subject, cause = about(TaskSubject.HOP, hop_no), TaskCause.PAYER_TO_CONFIRM
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, caused_by=by))
        data = {"hop_no": hop_no, "ack_no": new.ack_no, "decision_id": decision.decision_id, "reason": new.reason}
        await work.log(EventKind.PAYER_PROPOSED, **data)
    return decision


async def agree(
    ctx: Context, ack_no: str, hop_no: int, decision_id: int, seen: SeenPayerDecision, by: str
) -> PayerDecision:
    """Agree as the second officer. The complaint that is right owns the transfer and all money that came of it.

    If it is another complaint than before, open restorations with this money end, and new ones begin. If it is in
    another case, a complaint of the same victim is opened in this one and owns the money. The victims of the other
    complaints are notified. A repeated agreement changes nothing. Raises `NotFound`, `SameEyes`, and `NotNow` if the
    proposal is another, or if a bank is ordered to credit the money.
    """
    async with case_transaction(ctx, ack_no, by) as work:
        proposed = await payer_decisions.find(work.connection, work.case_no, hop_no, decision_id)
        if proposed.decision is Decision.AGREED:
            return payer_decisions.decision_of(proposed)
        if proposed.decision is not None or proposed.body["ack_no"] != seen.ack_no:
            raise PayerDecisionDiffers
        if is_same_person(proposed.proposed_by, by):
            raise PayerNeedsSecondOfficer(by)
        transfer = await _contested(work, hop_no)
        given_to = await _complaint_in_case(work, hop_no, payer_decisions.decision_of(proposed))
        owner = given_to or seen.ack_no
        before = await _owner(work, hop_no)
        if owner != before:
            reason = f"complaint {seen.ack_no} is right about who paid transfer {hop_no}"
            await give_to(work, hop_no, owner, reason)
        others = await _who_lost(work, transfer, owner, before)
        agreed = await proposals.decide(work.connection, decision_id, Decision.AGREED, by, work.now, given_to=given_to)
        decision = payer_decisions.decision_of(agreed)
        await message_sending.payer_decided(work.connection, ctx, decision, others, work.now)
        await _close_tasks(work, transfer)
        data = {"hop_no": hop_no, "ack_no": decision.ack_no, "decision_id": decision_id}
        await work.log(EventKind.PAYER_DECIDED, **data, **({"given_to": given_to} if given_to else {}))
    return decision


async def _complaint_in_case(work: CaseTransaction, hop_no: int, proposed: PayerDecision) -> str | None:
    """Return the victim's complaint in this case, or None if the one that is right is in this case.

    The first decision opens it. Money of a case belongs to its own complaints.
    """
    connection, of = work.connection, proposed.ack_no
    other_case = await cases.case_no_of(connection, of)
    if other_case == work.case_no:
        return None
    ack_no = await payer_decisions.given_before(connection, work.case_no, of)
    if ack_no is None:
        ack_no = await new_ack_no(connection, await payer_decisions.channel_of(connection, of), work.now)
        flag = Flag(field="transfers", code="paid_here", message=f"the victim of complaint {of} in case {other_case}")
        key = f"payer_decision|{proposed.decision_id}"
        await payer_decisions.open_complaint(connection, work.case_no, ack_no, of, flag, key, work.actor, work.now)
    await payer_decisions.repeat_statement(connection, work.case_no, hop_no, ack_no, of)
    return ack_no


async def _contested(work: CaseTransaction, hop_no: int) -> ContestedTransfer:
    transfers = await payer_decisions.contested(work.connection, work.case_no, [hop_no])
    if not transfers or not transfers[0].undecided:
        raise PayerNotContested(hop_no)
    return transfers[0]


async def _who_lost(work: CaseTransaction, transfer: ContestedTransfer, owner: str, before: str) -> dict[str, int]:
    """Return, by complaint, the amount in paise of a transfer that does not count for it.

    The amount is as the complaint tells it. `before` is the complaint for which it counted. A complaint that lost by
    an earlier decision was notified then.
    """
    stated = await payer_decisions.told(work.connection, work.case_no, transfer.hop_no)
    owners = [claim for claim in stated if claim.ack_no == owner]
    lost: dict[str, int] = {}
    for claim in stated:
        if claim.ack_no != owner and not any(claim.is_same_payer(each) for each in owners):
            lost[claim.ack_no] = max(lost.get(claim.ack_no, 0), claim.amount_paise)
    if before not in {owner, *(claim.ack_no for claim in stated)}:
        lost[before] = (await hops.get(work.connection, work.case_no, transfer.hop_no)).disputed_paise
    lost_before = await payer_decisions.lost_before(work.connection, work.case_no, transfer.hop_no)
    return {ack_no: paise for ack_no, paise in lost.items() if ack_no not in lost_before}


async def _owner(work: CaseTransaction, hop_no: int) -> str:
    return (await hops.get(work.connection, work.case_no, hop_no)).ack_no or work.case_no


async def give_to(work: CaseTransaction, hop_no: int, ack_no: str, reason: str) -> None:
    """Give a victim's transfer to another complaint. Rounds with its money end, and the engine opens new ones.

    Raises `NotNow` if a bank is ordered to credit the money.
    """
    connection = work.connection
    if (order_id := await payer_decisions.order_of(connection, work.case_no, hop_no)) is not None:
        raise PayerOrdered(hop_no, order_id)
    hop_nos, rounds = await payer_decisions.give_to(connection, work.case_no, hop_no, ack_no)
    await _ask_its_bank(work, hop_no)
    for restoration_id in rounds:
        # The engine ends the round, because only then a next one begins by itself.
        round_ = Work.of(work.as_engine, row=await restorations.lock(connection, restoration_id))
        await close(round_, RestorationState.CANCELLED, StepOutcome.CANCELLED, reason)
    # Also money of a round that has ended: it was refused to the complainant who did not pay.
    await account_holds.mark_to_open_again(connection, work.case_no, work.now, hop_nos=hop_nos, anew=True)


async def _ask_its_bank(work: CaseTransaction, hop_no: int) -> None:
    """Plan an inquiry to the bank of the transfer's present payer. The database has ended the one before."""
    if not work.ctx.policy.payer_bank.ask or await payer_inquiries.is_live(work.connection, work.case_no, hop_no):
        return
    hop = await hops.get(work.connection, work.case_no, hop_no)
    stated_bank = hop.payer_institution_as_told
    bank, _ = work.ctx.directory.current.resolve(stated_bank, hop.payer_ifsc, hop.payer_holder, "payer")
    await plan_inquiries(work, [hop], {hop_no: bank.code if bank else ""})


async def _close_tasks(work: CaseTransaction, transfer: ContestedTransfer) -> None:
    """Close the work items that asked for this decision, and those about the payer alone."""
    subject = about(TaskSubject.HOP, transfer.hop_no)
    await work.close_tasks(subject, [TaskCause.PAYER_TO_CONFIRM], "it is decided")
    for claim in transfer.claims:
        facts = TaskFacts(ack_no=claim.ack_no, differing=(Differing.PAYER,))
        await work.close_tasks(subject, [TaskCause.TOLD_OTHERWISE], "it is decided who paid", facts=facts)


async def refuse_decider(work: CaseTransaction, hold_id: UUID, by: Acting, deciders: AbstractSet[Role]) -> None:
    """Check that an officer may decide about a hold, by one of the roles `deciders`. Raises `MayNot` or `SameEyes`."""
    io = await firs.officer(work.connection, work.case_no, CaseDuty.IO)
    tellers = await release_proposals.told_about(work.connection, hold_id)
    check_decider(by.roles & deciders, by.subject, io.subject if io else None, tellers)


async def refuse_proposed(work: CaseTransaction, hold_id: UUID) -> None:
    """Raise `ReleaseProposed` while a release of the hold waits."""
    waits = await release_proposals.waiting(work.connection, hold_id, work.now)
    if waits is not None:
        raise ReleaseProposed(hold_id, waits.proposed_by)


async def propose_release(
    work: CaseTransaction,
    hold: AccountHold,
    wanted: int | Releasable | None,
    reason: str,
    *,
    grievance_id: UUID | None = None,
    objection_id: int | None = None,
) -> ReleaseProposal:
    """Propose the release of `wanted` (paise, lines, or None: everything free) of a hold, and tell the victims.

    Raises `NotNow` if a release of the hold waits already, if that amount is not free, and if a court retains the hold.
    """
    await refuse_proposed(work, hold.hold_id)
    to_release = wanted if isinstance(wanted, Releasable) else await releasable(work.connection, hold, wanted)
    rules, policy = work.ctx.policy.release, work.ctx.policy.version
    hear_until = work.now + timedelta(seconds=rules.hear_seconds / work.ctx.procedure_clock_factor)
    new = NewProposal(
        kind=Kind.RELEASE,
        subject=str(hold.hold_id),
        case_no=work.case_no,
        body={
            "grievance_id": str(grievance_id) if grievance_id else None,
            "objection_id": objection_id,
            "paise": to_release.paise,
            "whole": wanted is None,
            "hold_limit_paise": rules.second_officer_above_paise,
            "day_limit_paise": rules.second_officer_above_a_day_paise,
            "policy": policy,
        },
        reason=reason,
        proposed_by=work.actor,
        proposed_at=work.now,
        not_before=hear_until,
    )
    # The database counts whether a second officer is needed. Two proposals of one officer wait for each other there.
    written = await proposals.insert(work.connection, new)
    assert written is not None, "none waits"
    proposal = release_proposals.shown(written, work.now)
    cause, subject = TaskCause.RELEASE_TO_CONFIRM, about(TaskSubject.HOLD, hold.hold_id)
    to_confirm = NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject, caused_by=work.actor)
    await work.ask(to_confirm, institution=hold.institution)
    await log_proposal(
        work,
        EventKind.RELEASE_PROPOSED,
        proposal,
        reason=reason,
        hear_until=hear_until.isoformat(),
        second_officer=proposal.needs_second,
        policy=policy,
    )
    concerned = Concerned(case_no=work.case_no, shares=to_release.shares)
    occasion = f"release.{proposal.proposal_id}"
    facts = MessageFacts(occasion=occasion, until=hear_until, amount_paise=to_release.paise)
    await notify_people(work.connection, work.ctx, NotificationEvent.RELEASE_PROPOSED, concerned, facts, work.now)
    return proposal


async def confirm_proposal(work: CaseTransaction, hold: AccountHold, reason: str) -> tuple[ReleaseProposal, int]:
    """Order the release that waits, as its confirming officer; return it and the released paise.

    Raises `NotNow` without such a release, while the victims are heard, and if more is free than was proposed. Raises
    `SameEyes` for an officer who may not confirm it.
    """
    proposal = await waiting_release(work, hold.hold_id)
    to_release = await releasable(work.connection, hold, None if proposal.whole else proposal.paise)
    await agree_to_release(work, proposal, to_release.paise, reason)
    order_reason = OrderReason.GRIEVANCE if proposal.grievance_id else OrderReason.SMALL_HOLD
    await order_release(work, hold, order_reason, to_release.lines, grievance_id=proposal.grievance_id)
    await notify_hold_workflows(work, hold)
    return proposal, to_release.paise


async def agree_to_release(work: CaseTransaction, proposal: ReleaseProposal, paise: int, reason: str) -> None:
    """Agree to a release that waits, which is of this amount now. Raises as `confirm_proposal`."""
    tellers = await release_proposals.told_about(work.connection, proposal.hold_id)
    check_confirming(proposal, work.actor, tellers, work.now)
    if paise > proposal.paise:
        raise ReleaseGrew(paise, proposal.paise)
    await end_proposal(work, proposal, Decision.AGREED, reason)


async def reject_proposal(work: CaseTransaction, hold: AccountHold, reason: str) -> ReleaseProposal:
    """Reject the release that waits. Raises `NotNow` without one."""
    proposal = await waiting_release(work, hold.hold_id)
    await end_proposal(work, proposal, Decision.REFUSED, reason)
    return proposal


def confirm_by(work: CaseTransaction, proposal: ReleaseProposal) -> datetime:
    """Return until when a proposed release is to be confirmed, before the next level decides its grievance."""
    seconds = work.ctx.policy.release.confirm_within_seconds / work.ctx.procedure_clock_factor
    return proposal.hear_until + timedelta(seconds=seconds)
