"""What does not go home: a restoration, or a part of one, is refused or cancelled, and perhaps begun anew.

Where a bank has given back a part already, the restoration ends as restored, with its bond; what is on hold still is
marked as left out, by whom, when and why. No later round takes it up by itself: an officer has it begun anew, or a
court orders it home.
"""

from collections.abc import Sequence
from uuid import UUID

from activities.context import Context
from activities.notifications import restoration_messages
from activities.restoration.transitions import Work, close, move_on, paid
from db.holds import account_holds
from db.restoration import exclusions, restorations
from db.restoration.exclusions import As, Why
from db.restoration.restorations import CourtOrderRow, Line
from domain.errors.restoration import NothingToReopen
from domain.restoration import authority
from domain.restoration.procedure import ENDS_BY
from schemas.enums import EventKind
from schemas.restoration.restorations import Acting, ReopenReason, RestorationDone
from schemas.restoration_enums import CourtOrderEffect, RestorationState, StepOutcome

_AS: dict[RestorationState, As] = {RestorationState.REFUSED: "refused", RestorationState.CANCELLED: "cancelled"}


async def end(
    work: Work, state: RestorationState, outcome: StepOutcome, reason: str, court_order_id: int | None = None
) -> None:
    """End it without more; what banks have given back already stays the victim's, who gives a bond for it."""
    lines = [line for line in await work.lines() if line.held_paise and not line.is_out]
    why = Why(as_=_AS[state], by=work.actor, reason=reason, court_order_id=court_order_id)
    if await restorations.restored_paise(work.connection, work.row.restoration_id):
        if lines:
            await _leave_out(work, lines, why)
        await paid(work, outcome, reason)
    else:
        hop_nos = [line.hop_no for line in lines]
        await exclusions.leave_out(work.connection, work.row.restoration_id, hop_nos, why, work.now)
        await close(work, state, outcome, reason)


async def _leave_out(work: Work, lines: Sequence[Line], why: Why) -> None:
    """It ends or goes on without this money."""
    hop_nos = [line.hop_no for line in lines]
    paise = sum(line.held_paise for line in lines)
    restored_paise = await restorations.restored_paise(work.connection, work.row.restoration_id)
    await exclusions.leave_out(work.connection, work.row.restoration_id, hop_nos, why, work.now)
    await work.log(
        EventKind.RESTORATION_REFUSED_IN_PART,
        court_order_id=why.court_order_id,
        hop_nos=hop_nos,
        outcome=why.as_,
        left_out_paise=paise,
        restored_paise=restored_paise,
        reason=why.reason,
    )
    if why.as_ == "refused" and paise:
        occasion = f"refused.{why.court_order_id or 'rest'}"
        await restoration_messages.refused_in_part(work.connection, work.ctx, work.row, occasion, paise, restored_paise)


async def go_on_under(work: Work, order: CourtOrderRow) -> None:
    """Go on under an order, or end as it says; for what it does not refuse another is waited for."""
    reason = f"court order {order.court_order_id}"
    lines = [line for line in await work.lines() if not line.is_out]
    refused = [line for line in lines if order.is_about(line)]
    if order.effect is CourtOrderEffect.REFUSE and len(refused) < len(lines):
        why = Why(as_="refused", by=work.actor, reason=reason, court_order_id=order.court_order_id)
        await _leave_out(work, refused, why)
        await work.tell()
        return
    await restorations.set_court_order(work.connection, work.row.restoration_id, order.court_order_id)
    work.row = work.row.model_copy(update={"court_order_id": order.court_order_id})
    if order.effect is CourtOrderEffect.REFUSE:
        await end(work, RestorationState.REFUSED, ENDS_BY[order.effect], reason, order.court_order_id)
    else:
        await move_on(work, ENDS_BY[order.effect], reason)


async def reopen(ctx: Context, restoration_id: UUID, why: ReopenReason, by: Acting) -> RestorationDone:
    """Begin anew what was refused or cancelled: its money on hold is the next round, from the first step on.

    Of one that is restored, what it has left out. Raises `NotFound`, `MayNot`, and `NotNow` where it did not end so or
    none of its money is on hold and free.
    """
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        row = await restorations.lock(connection, restoration_id)
        out = await exclusions.of_restoration(connection, restoration_id)
        authority.check_reopening(by.role, row.state, leaves_out=bool(out))
        work = Work(ctx, connection, row, now, by.actor)
        if not await account_holds.take_up_again(
            connection, row.case_no, now, restoration_id=restoration_id, anew=True
        ):
            raise NothingToReopen
        await work.log(EventKind.RESTORATION_REOPENED, state=row.state.value, reason=why.reason)
    return work.done()
