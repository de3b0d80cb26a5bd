"""Refusal or cancellation of a restoration or a part of it, and its reopening.

If a bank has credited a part already, the restoration ends as restored, with its bond. The money still on hold is
marked as excluded, with actor, time and reason. No later round takes it by itself. An officer reopens it, or a court
orders to restore it.
"""

from collections.abc import Sequence
from uuid import UUID

from activities.context import Context
from activities.recovery import holder_messages
from activities.recovery.restoration_transitions import (
    Work,
    close,
    move_on,
    notify_appealed_holds,
    paid,
    restoration_transaction,
)
from db.recovery import account_holds, exclusions, restorations
from db.recovery.exclusions import As, Why
from db.recovery.restoration_facts import CourtOrderRow
from db.recovery.restorations import Line
from domain.errors.restoration import NothingToReopen
from domain.recovery import authority
from domain.recovery.procedure import ENDS_BY
from schemas.enums import ProcedureKind
from schemas.events import EventKind
from schemas.officers.officers import Acting
from schemas.recovery.restorations import ReopenReason, RestorationDone
from schemas.restoration_enums import CourtOrderEffect, RestorationState, StepOutcome

_EXCLUDED_AS: dict[RestorationState, As] = {
    RestorationState.REFUSED: "refused",
    RestorationState.CANCELLED: "cancelled",
}


async def end(
    work: Work, state: RestorationState, outcome: StepOutcome, reason: str, court_order_id: int | None = None
) -> None:
    """End the restoration without further credits. The victim keeps credited money and gives a bond for it."""
    lines = [line for line in await work.lines() if line.held_paise and not line.is_out]
    why = Why(as_=_EXCLUDED_AS[state], by=work.actor, reason=reason, court_order_id=court_order_id)
    if await restorations.restored_paise(work.connection, work.row.restoration_id):
        if lines:
            await _exclude(work, lines, why)
        await paid(work, outcome, reason)
    else:
        hop_nos = [line.hop_no for line in lines]
        await exclusions.exclude(work.connection, work.row.restoration_id, hop_nos, why, work.now)
        await close(work, state, outcome, reason)


async def _exclude(work: Work, lines: Sequence[Line], why: Why) -> None:
    """Exclude this money, so that the restoration ends or continues without it."""
    hop_nos = [line.hop_no for line in lines]
    paise = sum(line.held_paise for line in lines)
    restored_paise = await restorations.restored_paise(work.connection, work.row.restoration_id)
    await exclusions.exclude(work.connection, work.row.restoration_id, hop_nos, why, work.now)
    await notify_appealed_holds(work)
    await work.log(
        EventKind.RESTORATION_REFUSED_IN_PART,
        court_order_id=why.court_order_id,
        hop_nos=hop_nos,
        outcome=why.as_,
        excluded_paise=paise,
        restored_paise=restored_paise,
        reason=why.reason,
    )
    if why.as_ == "cancelled" and paise:
        await holder_messages.cancelled_in_part(work.connection, work.ctx, work.row, "cancelled", paise, work.now)
    if why.as_ == "refused" and paise:
        occasion = f"refused.{why.court_order_id or 'rest'}"
        await holder_messages.refused_in_part(
            work.connection, work.ctx, work.row, occasion, paise, restored_paise, work.now
        )


async def continue_under_order(work: Work, order: CourtOrderRow) -> None:
    """Continue under a court order, or end as it says. Money that it does not refuse waits for another order."""
    reason = f"court order {order.court_order_id}"
    lines = [line for line in await work.lines() if not line.is_out]
    refused = [line for line in lines if order.is_about(line)]
    if order.effect is CourtOrderEffect.REFUSE and len(refused) < len(lines):
        why = Why(as_="refused", by=work.actor, reason=reason, court_order_id=order.court_order_id)
        await _exclude(work, refused, why)
        await work.notify(ProcedureKind.RESTORATION, work.row.restoration_id)
        return
    await restorations.set_court_order(work.connection, work.row.restoration_id, order.court_order_id)
    work.row = work.row.model_copy(update={"court_order_id": order.court_order_id})
    if order.effect is CourtOrderEffect.REFUSE:
        await end(work, RestorationState.REFUSED, ENDS_BY[order.effect], reason, order.court_order_id)
    else:
        await move_on(work, ENDS_BY[order.effect], reason)


async def reopen(ctx: Context, restoration_id: UUID, why: ReopenReason, by: Acting) -> RestorationDone:
    """Reopen a refused or cancelled restoration: its held money starts the next round at the first step.

    For a restored one this is the excluded money. Raises `NotFound`, `MayNot`. Raises `NotNow` if it ended otherwise or
    none of its money is on hold and free.
    """
    async with restoration_transaction(ctx, restoration_id, by.actor) as work:
        excluded = await exclusions.of_restoration(work.connection, restoration_id)
        authority.check_reopening(by.roles, work.row.state, has_excluded=bool(excluded))
        if not await account_holds.mark_to_open_again(
            work.connection, work.case_no, work.now, restoration_id=restoration_id, anew=True
        ):
            raise NothingToReopen
        await work.log(EventKind.RESTORATION_REOPENED, state=work.row.state.value, reason=why.reason)
    return work.done()
