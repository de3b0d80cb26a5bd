"""Decisions on small-value holds, which may block a business because of a small amount."""

from uuid import UUID

from activities.context import Context
from activities.recovery.hold_transaction import HoldTransaction, hold_transaction
from activities.recovery.release_proposals import propose_release, refuse_decider, refuse_proposed
from db.recovery import free_amounts
from domain.errors.holds import NothingOnHold, NotSmallHold, SmallHoldDecided
from domain.recovery.releases import SMALL_HOLD_DECIDERS
from schemas.events import EventKind
from schemas.recovery.holds import NewSmallHoldDecision, SmallHoldDecision, SmallHoldDone
from schemas.recovery.restorations import Acting
from schemas.tasks import TaskCause


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
