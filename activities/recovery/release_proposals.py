"""Releases that officers propose: the victims are told and heard before the bank is ordered to release.

A release needs two acts. One officer proposes it. After the hearing it is confirmed: by a second officer above the sums
of the policy, otherwise by anybody who decides on holds.
"""

from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from uuid import UUID

from activities.case.transaction import CaseTransaction
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.order_releases import notify_hold_workflows, order_release, releasable
from db import proposals
from db.proposals import Decision, Kind, NewProposal
from db.recovery import firs, release_proposals
from db.recovery.account_holds import AccountHold
from domain.errors.recovery import NoReleaseProposed, ReleaseGrew, ReleaseProposed
from domain.recovery.holds import check_confirming, check_decider
from domain.recovery.message_rules import NotificationEvent
from schemas.enums import Role, TaskKind
from schemas.events import EventKind
from schemas.notifications import MessageFacts
from schemas.officers.officers import Acting
from schemas.recovery.orders import ReleaseProposal
from schemas.restoration_enums import CaseDuty, OrderReason
from schemas.tasks import NewTask, TaskCause, TaskSubject, about


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
    work: CaseTransaction, hold: AccountHold, wanted_paise: int | None, reason: str, *, grievance_id: UUID | None = None
) -> ReleaseProposal:
    """Propose the release of `wanted_paise` of a hold (None: everything free), and tell the victims.

    Raises `NotNow` if a release of the hold waits already, if that amount is not free, and if a court retains the hold.
    """
    await refuse_proposed(work, hold.hold_id)
    found = await releasable(work.connection, hold, wanted_paise)
    rules, policy = work.ctx.policy.release, work.ctx.policy.version
    hear_until = work.now + timedelta(seconds=rules.hear_seconds / work.ctx.procedure_clock_factor)
    new = NewProposal(
        kind=Kind.RELEASE,
        subject=str(hold.hold_id),
        case_no=work.case_no,
        body={
            "grievance_id": str(grievance_id) if grievance_id else None,
            "paise": found.paise,
            "whole": wanted_paise is None,
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
    await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject), institution=hold.institution)
    await _log(
        work,
        EventKind.RELEASE_PROPOSED,
        proposal,
        reason=reason,
        hear_until=hear_until.isoformat(),
        second_officer=proposal.needs_second,
        policy=policy,
    )
    concerned = Concerned(case_no=work.case_no, shares=found.shares)
    occasion = f"release.{proposal.proposal_id}"
    facts = MessageFacts(occasion=occasion, until=hear_until, amount_paise=found.paise)
    await notify_people(work.connection, work.ctx, NotificationEvent.RELEASE_PROPOSED, concerned, facts, work.now)
    return proposal


async def confirm_proposal(work: CaseTransaction, hold: AccountHold, reason: str) -> tuple[ReleaseProposal, int]:
    """Order the release that waits, as its confirming officer; return it and the released paise.

    Raises `NotNow` without such a release, while the victims are heard, and if more is free than was proposed. Raises
    `SameEyes` for an officer who may not confirm it.
    """
    connection = work.connection
    proposal = await waiting_release(work, hold.hold_id)
    check_confirming(proposal, work.actor, await release_proposals.told_about(connection, hold.hold_id), work.now)
    found = await releasable(connection, hold, None if proposal.whole else proposal.paise)
    if found.paise > proposal.paise:
        raise ReleaseGrew(found.paise, proposal.paise)
    await _end(work, proposal, Decision.AGREED, reason)
    order_reason = OrderReason.GRIEVANCE if proposal.grievance_id else OrderReason.SMALL_HOLD
    await order_release(work, hold, order_reason, found.lines, grievance_id=proposal.grievance_id)
    await notify_hold_workflows(work, hold)
    return proposal, found.paise


async def reject_proposal(work: CaseTransaction, hold: AccountHold, reason: str) -> ReleaseProposal:
    """Reject the release that waits. Raises `NotNow` without one."""
    proposal = await waiting_release(work, hold.hold_id)
    await _end(work, proposal, Decision.REFUSED, reason)
    return proposal


async def drop_proposal(work: CaseTransaction, hold_id: UUID, reason: str, *, grievance_id: UUID | None = None) -> None:
    """Drop the release of a hold that waits, or only one of `grievance_id`, because it is overtaken."""
    proposal = await release_proposals.waiting(work.connection, hold_id, work.now)
    if proposal is not None and grievance_id in {None, proposal.grievance_id}:
        await _end(work, proposal, Decision.OVERTAKEN, reason)


def confirm_by(work: CaseTransaction, proposal: ReleaseProposal) -> datetime:
    """Return until when a proposed release is to be confirmed, before the next level decides its grievance."""
    seconds = work.ctx.policy.release.confirm_within_seconds / work.ctx.procedure_clock_factor
    return proposal.hear_until + timedelta(seconds=seconds)


async def waiting_release(work: CaseTransaction, hold_id: UUID) -> ReleaseProposal:
    """Return the release of a hold that waits. Raises `NoReleaseProposed`."""
    proposal = await release_proposals.waiting(work.connection, hold_id, work.now)
    if proposal is None:
        raise NoReleaseProposed(hold_id)
    return proposal


async def _end(work: CaseTransaction, proposal: ReleaseProposal, decision: Decision, reason: str) -> None:
    await proposals.decide(work.connection, proposal.proposal_id, decision, work.actor, work.now, reason)
    state = release_proposals.STATES[decision]
    subject = about(TaskSubject.HOLD, proposal.hold_id)
    await work.close_tasks(subject, [TaskCause.RELEASE_TO_CONFIRM], f"the release is {state.value}")
    await _log(work, EventKind.RELEASE_ENDED, proposal, state=state.value, reason=reason)


async def _log(work: CaseTransaction, kind: EventKind, proposal: ReleaseProposal, /, **data: object) -> None:
    """Write an event about a proposed release.

    The subclass of the work may add a hold or a grievance of its own.
    """
    grievance_id = str(proposal.grievance_id) if proposal.grievance_id else None
    about_it = {"proposal_id": proposal.proposal_id, "hold_id": str(proposal.hold_id), "grievance_id": grievance_id}
    await CaseTransaction.log(work, kind, **about_it, paise=proposal.paise, **data)
