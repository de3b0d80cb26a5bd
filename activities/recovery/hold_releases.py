"""Releases of holds: by officers, of small values, and those that wait for a supervisor."""

from uuid import UUID

from activities.context import Context
from activities.recovery import grievance_decisions, objections
from activities.recovery.hold_transaction import HoldTransaction, hold_transaction
from activities.recovery.order_releases import waiting_release
from activities.recovery.payer_decisions import (
    confirm_proposal,
    propose_release,
    refuse_decider,
    refuse_proposed,
    reject_proposal,
)
from db.privacy import person_keys
from db.recovery import account_holds, free_amounts, hold_views, release_proposals
from domain.errors.people import VictimErased
from domain.errors.recovery import (
    BrakedReleasesDiffer,
    HearerProposed,
    NoReleaseWaits,
    NotAVictimOfHold,
    NothingOnHold,
    NotSmallHold,
    SmallHoldDecided,
    TooManyHearings,
)
from domain.recovery.holds import SMALL_HOLD_DECIDERS
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.identifiers import is_same_person
from schemas.officers.officers import Acting
from schemas.recovery.holds import (
    ContinueReleases,
    NewSmallHoldDecision,
    ReleaseBrakeView,
    ReleasesContinued,
    SmallHoldDecision,
    SmallHoldDone,
)
from schemas.recovery.orders import NewHearing, ReleaseProposal, ReleaseProposals
from schemas.tasks import NewTask, TaskCause, TaskFacts


async def is_braked(work: HoldTransaction, paise: int) -> bool:
    """Return whether a release that the engine is about to order has to wait; count it if not.

    The first that waits opens a work item for the supervisor.
    """
    rules, factor = work.ctx.policy.automatic_release, work.ctx.procedure_clock_factor
    counted = await hold_views.count(
        work.connection,
        work.hold.hold_id,
        paise,
        work.now,
        releases_max=rules.releases_max,
        paise_max=rules.paise_max,
        window=rules.window(factor),
        valid=rules.continued_valid(factor),
    )
    if counted.waits_newly:
        await work.log(EventKind.HOLD_RELEASE_WAITS, paise=paise)
    if counted.begun:
        facts = TaskFacts(releases=counted.releases, released_paise=counted.released_paise, waiting_paise=paise)
        task = NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.RELEASES_BRAKED, subject=work.subject, facts=facts)
        await work.ask(task, institution=work.hold.institution)
    return counted.braked


async def read_brake(ctx: Context) -> ReleaseBrakeView:
    """Return the releases that wait, and the limits."""
    rules = ctx.policy.automatic_release
    async with ctx.pool.acquire() as connection:
        waiting = await hold_views.waiting(connection)
    return ReleaseBrakeView(waiting=waiting, releases_max=rules.releases_max, paise_max=rules.paise_max)


async def continue_releases(ctx: Context, seen: ContinueReleases, by: str) -> ReleasesContinued:
    """Continue the releases that wait. The due list orders them soon, and none of them counts again.

    Raises `NoReleaseWaits`, and `BrakedReleasesDiffer` if more wait than the supervisor saw.
    """
    async with ctx.pool.acquire() as connection:
        waiting_before = await hold_views.waiting(connection)
    if waiting_before is None or waiting_before.brake_id != seen.brake_id:
        raise NoReleaseWaits(seen.brake_id)
    async with hold_transaction(ctx, waiting_before.first_hold_id, by) as work:
        await hold_views.lock(work.connection)
        waiting = await hold_views.waiting(work.connection)
        if waiting is None or waiting.brake_id != seen.brake_id:
            raise NoReleaseWaits(seen.brake_id)
        if waiting.releases > seen.releases or waiting.paise > seen.paise:
            raise BrakedReleasesDiffer(waiting.releases, waiting.paise)
        await hold_views.continue_all(work.connection, waiting.brake_id, by, seen.reason, work.now)
        done = ReleasesContinued(brake_id=waiting.brake_id, releases=waiting.releases, paise=waiting.paise)
        await work.log(EventKind.RELEASES_CONTINUED, releases=waiting.releases, paise=waiting.paise, reason=seen.reason)
        await work.close_tasks(work.subject, [TaskCause.RELEASES_BRAKED], "a supervisor continued them")
    return done


async def record_small_hold_decision(
    ctx: Context, hold_id: UUID, decided: NewSmallHoldDecision, by: Acting
) -> SmallHoldDone:
    """Keep a small-value hold and store the reason, or propose to release it in full.

    Raises `NotFound`, and `MayNot` or `SameEyes` about the officer. Raises `NotNow` if the hold is not small, is over,
    is decided, has a release that waits, or cannot be released.
    """
    async with hold_transaction(ctx, hold_id, by.actor) as work:
        connection, hold = work.connection, work.hold
        if not hold.small or hold.state != "held":
            raise NothingOnHold(hold_id) if hold.small else NotSmallHold(hold_id)
        if (earlier := await free_amounts.small_hold_decision(connection, hold_id)) is not None:
            raise SmallHoldDecided(hold_id, earlier.decided_by, earlier.decision)
        await refuse_decider(work, hold_id, by, SMALL_HOLD_DECIDERS)
        if decided.decision is SmallHoldDecision.RELEASE:
            proposal = await propose_release(work, hold, None, decided.reason)
            return _done(work, decided.decision).model_copy(
                update={"waits_for": proposal.stage, "hear_until": proposal.hear_until}
            )
        await refuse_proposed(work, hold_id)
        await note_decision(work, decided.decision, decided.reason, work.actor)
        return _done(work, decided.decision)


def _done(work: HoldTransaction, decision: SmallHoldDecision) -> SmallHoldDone:
    return SmallHoldDone(hold_id=work.hold.hold_id, case_ack_no=work.case_no, decision=decision, released_paise=None)


async def note_decision(
    work: HoldTransaction, decision: SmallHoldDecision, reason: str, by: str, *, released_paise: int | None = None
) -> None:
    """Store and log the decision on a small-value hold, and close its task."""
    await free_amounts.record_small_hold_decision(
        work.connection, work.hold.hold_id, decision.value, by, work.now, reason
    )
    await work.log(
        EventKind.SMALL_HOLD_DECIDED,
        decision=decision.value,
        released_paise=released_paise,
        reason=reason,
        policy=work.hold.policy.version,
    )
    await work.close_tasks(work.subject, [TaskCause.SMALL_HOLD], decision.value)


async def proposed_of(ctx: Context, hold_id: UUID) -> ReleaseProposals:
    """Return the releases that were proposed of a hold. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        await account_holds.case_of(connection, hold_id)
        releases = await release_proposals.of_hold(connection, hold_id, ctx.now(), ctx.persons.open_stored)
    return ReleaseProposals(releases=releases)


async def hear_victim(ctx: Context, hold_id: UUID, new: NewHearing, by: str) -> ReleaseProposal:
    """Record what a victim says to the release that waits.

    Raises `NotFound`. Raises `NotNow` without such a release, for a complaint without money there, and when the key of
    the victim is destroyed. Raises `SameEyes` for the officer who proposed it, and `LimitExceeded`.
    """
    async with hold_transaction(ctx, hold_id, by) as work:
        proposal = await waiting_release(work, hold_id)
        if is_same_person(by, proposal.proposed_by):
            raise HearerProposed(by)
        if not await release_proposals.has_money(work.connection, hold_id, new.ack_no):
            raise NotAVictimOfHold(new.ack_no)
        if len(proposal.hearings) >= release_proposals.HEARINGS_MOST:
            raise TooManyHearings(release_proposals.HEARINGS_MOST)
        victim = await person_keys.of_complaint(work.connection, new.ack_no)
        assert victim is not None, "a complaint with a hop has a victim"
        if victim.is_erased:
            raise VictimErased(new.ack_no)
        use = release_proposals.use_of_hearing(proposal.proposal_id, new.ack_no)
        sealed = ctx.persons.seal_new(victim, new.said, use)
        await release_proposals.insert_hearing(work.connection, proposal.proposal_id, new.ack_no, by, work.now, sealed)
        await work.log(EventKind.VICTIM_HEARD, proposal_id=proposal.proposal_id, ack_no=new.ack_no)
        return await waiting_release(work, hold_id)


async def confirm_release(
    ctx: Context, hold_id: UUID, reason: str, by: str, *, appeal_address: str = ""
) -> ReleaseProposal:
    """Order the release that waits, and end what it decides: the grievance, the objection, or the small hold.

    Raises `NotFound`. Raises `NotNow` without such a release, while the victims are heard, and if more is free than was
    proposed. Raises `SameEyes` for an officer who may not confirm it.
    """
    async with hold_transaction(ctx, hold_id, by) as work:
        waiting = await waiting_release(work, hold_id)
        if waiting.objection_id is not None:
            await objections.uphold_with_release(work, work.hold, waiting, reason)
            return await _newest(work)
        proposal, released_paise = await confirm_proposal(work, work.hold, reason)
        if proposal.grievance_id is None:
            decided_by, released = proposal.proposed_by, SmallHoldDecision.RELEASE
            await note_decision(work, released, proposal.reason, decided_by, released_paise=released_paise)
        else:
            await grievance_decisions.end_with_release(
                work, work.hold, proposal, released_paise, appeal_address=appeal_address
            )
        return await _newest(work)


async def reject_release(ctx: Context, hold_id: UUID, reason: str, by: str) -> ReleaseProposal:
    """Reject the release that waits. What it decides is decided again. Raises `NotFound`, `NotNow`."""
    async with hold_transaction(ctx, hold_id, by) as work:
        await reject_proposal(work, work.hold, reason)
        return await _newest(work)


async def _newest(work: HoldTransaction) -> ReleaseProposal:
    # An act is no read, so it does not return what victims said.
    return (await release_proposals.of_hold(work.connection, work.hold.hold_id, work.now))[0]
