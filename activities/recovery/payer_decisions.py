"""Who paid a transfer that two complainants claim: one officer proposes, and a second officer agrees.

Two officers are needed, because the decision says whose account is credited.
"""

from activities.case.intake import new_ack_no
from activities.case.payer_inquiries import plan_inquiries
from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery import holder_messages
from activities.recovery.restoration_transitions import Work, close
from db import proposals
from db.case import cases, hops, payer_inquiries
from db.proposals import Decision, Kind, NewProposal
from db.recovery import account_holds, payer_decisions, restorations
from domain.errors.restoration import (
    PayerDecisionDiffers,
    PayerNeedsSecondOfficer,
    PayerNotContested,
    PayerNotTold,
    PayerOrdered,
)
from domain.officers.officers import is_same_person
from schemas.base import Flag
from schemas.enums import Differing, TaskKind
from schemas.events import EventKind
from schemas.recovery.officer_steps import (
    ContestedTransfer,
    ContestedTransfers,
    NewPayerDecision,
    PayerDecision,
    SeenPayerDecision,
)
from schemas.restoration_enums import RestorationState, StepOutcome
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
        found = await _contested(work, hop_no)
        told_by = {claim.ack_no for claim in found.claims} | {await _owner(work, hop_no)}
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
        subject = about(TaskSubject.HOP, hop_no)
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.PAYER_TO_CONFIRM, subject=subject))
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
        found = await _contested(work, hop_no)
        given_to = await _complaint_in_case(work, hop_no, payer_decisions.decision_of(proposed))
        owner = given_to or seen.ack_no
        before = await _owner(work, hop_no)
        if owner != before:
            reason = f"complaint {seen.ack_no} is right about who paid transfer {hop_no}"
            await give_to(work, hop_no, owner, reason)
        others = await _who_lost(work, found, owner, before)
        agreed = await proposals.decide(work.connection, decision_id, Decision.AGREED, by, work.now, given_to=given_to)
        decision = payer_decisions.decision_of(agreed)
        await holder_messages.payer_decided(work.connection, ctx, decision, others, work.now)
        await _close_tasks(work, found)
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
    found = await payer_decisions.contested(work.connection, work.case_no, [hop_no])
    if not found or not found[0].undecided:
        raise PayerNotContested(hop_no)
    return found[0]


async def _who_lost(work: CaseTransaction, found: ContestedTransfer, owner: str, before: str) -> dict[str, int]:
    """Return, by complaint, the amount in paise of a transfer that does not count for it.

    The amount is as the complaint tells it. `before` is the complaint for which it counted. A complaint that lost by
    an earlier decision was notified then.
    """
    told = await payer_decisions.told(work.connection, work.case_no, found.hop_no)
    owners = [one for one in told if one.ack_no == owner]
    lost: dict[str, int] = {}
    for one in told:
        if one.ack_no != owner and not any(one.is_same_payer(each) for each in owners):
            lost[one.ack_no] = max(lost.get(one.ack_no, 0), one.amount_paise)
    if before not in {owner, *(one.ack_no for one in told)}:
        lost[before] = (await hops.get(work.connection, work.case_no, found.hop_no)).disputed_paise
    lost_before = await payer_decisions.lost_before(work.connection, work.case_no, found.hop_no)
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
    told = hop.payer_institution_as_told
    found, _ = work.ctx.directory.current.resolve(told, hop.payer_ifsc, hop.payer_holder, "payer")
    await plan_inquiries(work, [hop], {hop_no: found.code if found else ""})


async def _close_tasks(work: CaseTransaction, found: ContestedTransfer) -> None:
    """Close the work items that asked for this decision, and those about the payer alone."""
    subject = about(TaskSubject.HOP, found.hop_no)
    await work.close_tasks(subject, [TaskCause.PAYER_TO_CONFIRM], "it is decided")
    for claim in found.claims:
        facts = TaskFacts(ack_no=claim.ack_no, differing=(Differing.PAYER,))
        await work.close_tasks(subject, [TaskCause.TOLD_OTHERWISE], "it is decided who paid", facts=facts)
