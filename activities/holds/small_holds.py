"""Decisions on small-value holds, which may block a business because of a small amount."""

from uuid import UUID

from activities.context import Context
from activities.holds.hold_transaction import hold_transaction
from activities.orders.releases import release_amount
from db.holds import free_amounts
from domain.errors.holds import NothingOnHold, NotSmallHold, SmallHoldDecided
from schemas.enums import EventKind
from schemas.holds import NewSmallHoldDecision, SmallHoldDecision, SmallHoldDone
from schemas.restoration.restorations import Acting
from schemas.restoration_enums import OrderReason
from schemas.tasks import TaskCause


async def record_small_hold_decision(
    ctx: Context, hold_id: UUID, decided: NewSmallHoldDecision, by: Acting
) -> SmallHoldDone:
    """Release a small-value hold in full or keep it, and store the reason.

    Raises `NotFound`. Raises `NotNow` if the hold is not small, is over, is decided or cannot be released.
    """
    async with hold_transaction(ctx, hold_id, by.actor) as work:
        connection, hold = work.connection, work.hold
        if not hold.small or hold.state != "held":
            raise NothingOnHold(hold_id) if hold.small else NotSmallHold(hold_id)
        if (earlier := await free_amounts.small_hold_decision(connection, hold_id)) is not None:
            raise SmallHoldDecided(hold_id, earlier.decided_by, earlier.decision)
        released_paise = None
        if decided.decision is SmallHoldDecision.RELEASE:
            released_paise = await release_amount(work, hold, OrderReason.SMALL_HOLD, None)
        await free_amounts.record_small_hold_decision(
            connection, hold_id, decided.decision.value, work.actor, work.now, decided.reason
        )
        await work.log(
            EventKind.SMALL_HOLD_DECIDED,
            decision=decided.decision.value,
            released_paise=released_paise,
            reason=decided.reason,
            policy=hold.policy.version,
        )
        await work.close_tasks(work.subject, [TaskCause.SMALL_HOLD], decided.decision.value)
    return SmallHoldDone(
        hold_id=hold_id, case_ack_no=work.case_no, decision=decided.decision, released_paise=released_paise
    )
