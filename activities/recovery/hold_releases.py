"""Actions of officers on a proposed release of a hold: hear a victim, confirm, reject. Each is one transaction."""

from uuid import UUID

from activities.context import Context
from activities.recovery import grievance_decisions
from activities.recovery.hold_transaction import HoldTransaction, hold_transaction
from activities.recovery.release_proposals import confirm_proposal, reject_proposal, waiting_release
from activities.recovery.small_holds import note_decision
from db.privacy import person_keys
from db.recovery import account_holds, release_proposals
from domain.errors.orders import HearerProposed, NotAVictimOfHold, TooManyHearings
from domain.errors.victims import VictimErased
from domain.officers.persons import is_same_person
from schemas.events import EventKind
from schemas.recovery.holds import SmallHoldDecision
from schemas.recovery.releases import NewHearing, ReleaseProposal, ReleaseProposals


async def proposed_of(ctx: Context, hold_id: UUID) -> ReleaseProposals:
    """Return the releases that were proposed of a hold. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        await account_holds.case_of(connection, hold_id)
        found = await release_proposals.of_hold(connection, hold_id, ctx.now(), ctx.persons.open_stored)
    return ReleaseProposals(releases=found)


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
    """Order the release that waits, and end what it decides: the grievance, or the small hold.

    Raises `NotFound`. Raises `NotNow` without such a release, while the victims are heard, and if more is free than was
    proposed. Raises `SameEyes` for an officer who may not confirm it.
    """
    async with hold_transaction(ctx, hold_id, by) as work:
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
    """Reject the release that waits. Its grievance or small hold is decided again. Raises `NotFound`, `NotNow`."""
    async with hold_transaction(ctx, hold_id, by) as work:
        await reject_proposal(work, work.hold, reason)
        return await _newest(work)


async def _newest(work: HoldTransaction) -> ReleaseProposal:
    # An act is no read, so it does not return what victims said.
    return (await release_proposals.of_hold(work.connection, work.hold.hold_id, work.now))[0]
