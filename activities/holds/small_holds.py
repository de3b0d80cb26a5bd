"""Decisions on small-value holds, which may block a business because of a small amount."""

from uuid import UUID

from activities.context import Context
from activities.notifications.holder_messages import subject_of
from activities.orders.releases import release_amount
from db.cases import cases, events, tasks
from db.cases.events import Event
from db.holds import account_holds, free_amounts
from domain.errors.holds import NothingOnHold, NotSmallHold, SmallHoldDecided
from schemas.enums import EventKind
from schemas.holds import MicroDecided, MicroDecision, MicroDone
from schemas.restoration.restorations import Acting
from schemas.restoration_enums import OrderReason
from schemas.tasks import TaskCause


async def decide_micro(ctx: Context, hold_id: UUID, decided: MicroDecided, by: Acting) -> MicroDone:
    """Release a small-value hold in full or keep it, and store the reason.

    Raises `NotFound`. Raises `NotNow` if the hold is not small, is over, is decided or cannot be released.
    """
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await account_holds.case_of(connection, hold_id)
        await cases.hold(connection, case_no)
        hold = await account_holds.get(connection, hold_id)
        if not hold.micro or hold.state != "held":
            raise NothingOnHold(hold_id) if hold.micro else NotSmallHold(hold_id)
        if (earlier := await free_amounts.micro_decision(connection, hold_id)) is not None:
            raise SmallHoldDecided(hold_id, earlier.decided_by, earlier.decision)
        released_paise = None
        if decided.decision is MicroDecision.RELEASE:
            released_paise = await release_amount(connection, ctx, hold, OrderReason.MICRO, None, by.actor, now)
        await free_amounts.decide_micro(connection, hold_id, decided.decision.value, by.actor, now, decided.reason)
        data = {
            "hold_id": str(hold_id),
            "institution": hold.institution,
            "decision": decided.decision.value,
            "released_paise": released_paise,
            "reason": decided.reason,
            "policy": hold.policy.version,
        }
        await events.append(connection, case_no, now, by.actor, [Event(EventKind.MICRO_HOLD_DECIDED, data)])
        subject, causes = subject_of(hold.hold_id), [TaskCause.SMALL_HOLD]
        await tasks.close_about(connection, case_no, subject, causes, now, decided.decision.value)
    return MicroDone(hold_id=hold_id, case_ack_no=case_no, decision=decided.decision, released_paise=released_paise)
