"""Releases of held money to the account holder: proposals, and orders to the bank."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from activities.case.transaction import CaseTransaction
from activities.recovery.orders import plan_order
from db import proposals
from db.pool import Connection
from db.proposals import Decision
from db.recovery import account_holds, free_amounts, hold_views, release_proposals
from db.recovery.account_holds import AccountHold
from db.recovery.free_amounts import Free
from domain.errors.recovery import AmountNotFree, HoldKeptByCourt, NoReleaseProposed, NothingFree
from domain.recovery.holds import Part
from schemas.enums import ProcedureKind
from schemas.events import EventKind
from schemas.recovery.orders import LINES_MAX, NewOrder, NewOrderLine, ReleaseProposal
from schemas.restoration_enums import OrderKind, OrderReason
from schemas.tasks import TaskCause, TaskSubject, about


async def order_release(
    work: CaseTransaction,
    hold: AccountHold,
    reason: OrderReason,
    lines: Sequence[NewOrderLine],
    *,
    grievance_id: UUID | None = None,
) -> None:
    """Order the bank to release these lines, in several orders if they are many."""
    for start in range(0, len(lines), LINES_MAX):
        order = NewOrder(
            kind=OrderKind.RELEASE,
            reason=reason,
            case_no=hold.case_no,
            institution=hold.institution,
            ordered_by=work.actor,
            lines=tuple(lines[start : start + LINES_MAX]),
            grievance_id=grievance_id,
        )
        await plan_order(work, order)


async def release_parts(work: CaseTransaction, hold: AccountHold, reason: OrderReason, parts: Sequence[Part]) -> None:
    """Order the release of these parts of a hold; the parts of one hop become one line."""
    paise: Counter[tuple[int, bool]] = Counter()
    for part in parts:
        paise[part.hop_no, part.excess] += part.free_paise
    lines = [
        NewOrderLine(hop_no=hop_no, hold_id=hold.hold_id, amount_paise=amount, excess=excess)
        for (hop_no, excess), amount in sorted(paise.items())
    ]
    await order_release(work, hold, reason, lines)
    await notify_hold_workflows(work, hold)


@dataclass(frozen=True)
class Releasable:
    """Lines that can be released of a hold, and the part of each complaint in paise."""

    lines: Sequence[NewOrderLine]
    shares: Mapping[str, int]

    @property
    def paise(self) -> int:
        """Return the sum of the lines."""
        return sum(line.amount_paise for line in self.lines)


async def releasable(connection: Connection, hold: AccountHold, wanted_paise: int | None) -> Releasable:
    """Return the lines of a release of `wanted_paise` (None: everything free), earliest transfers first.

    A release of everything includes the disputed amounts that the bank claims to hold. Raises `NotNow` with the figures
    if that amount is not free, and if a court's order retains the whole hold.
    """
    retained_paise = await free_amounts.court_keeps(connection, hold.hold_id)
    if retained_paise is None:
        raise HoldKeptByCourt(hold.kept_by or "a court")
    free = await free_amounts.not_ordered(connection, hold.hold_id)
    unordered_paise = sum(hop.free_paise for hop in free)
    free_paise = max(0, unordered_paise - retained_paise)
    claimed = await hold_views.parts(connection, hold.hold_id) if wanted_paise is None and not retained_paise else []
    claimed_paise = sum(part.free_paise for part in claimed)
    wanted = free_paise if wanted_paise is None else wanted_paise
    if wanted > free_paise or wanted + claimed_paise <= 0:
        held_paise = sum(hop.held_paise for hop in await account_holds.held(connection, hold.hold_id))
        ordered_paise = held_paise - unordered_paise
        if wanted_paise is None:
            raise NothingFree(held_paise, ordered_paise, retained_paise, free_paise)
        raise AmountNotFree(wanted_paise, held_paise, ordered_paise, retained_paise, free_paise)
    taken = first_hops_for(free, wanted)
    shares: Counter[str] = Counter()
    for hop in taken:
        shares[hop.ack_no] += hop.free_paise
    for part in claimed:
        shares[part.ack_no] += part.free_paise
    lines = [NewOrderLine(hop_no=hop.hop_no, hold_id=hold.hold_id, amount_paise=hop.free_paise) for hop in taken] + [
        NewOrderLine(hop_no=part.hop_no, hold_id=hold.hold_id, amount_paise=part.free_paise, excess=True)
        for part in claimed
    ]
    return Releasable(lines, shares)


def first_hops_for(free: Sequence[Free], wanted_paise: int) -> list[Free]:
    """Return the first hops that make up the sum, the last of them in part."""
    taken: list[Free] = []
    for hop in free:
        paise = min(hop.free_paise, wanted_paise)
        wanted_paise -= paise
        if paise:
            taken.append(hop.model_copy(update={"free_paise": paise}))
    return taken


async def notify_hold_workflows(work: CaseTransaction, hold: AccountHold) -> None:
    """Notify the workflows of the hold and of its restorations."""
    await work.notify(ProcedureKind.HOLD, hold.hold_id)
    for restoration_id in await free_amounts.restorations_of(work.connection, hold.hold_id):
        await work.notify(ProcedureKind.RESTORATION, restoration_id)


async def waiting_release(work: CaseTransaction, hold_id: UUID) -> ReleaseProposal:
    """Return the release of a hold that waits. Raises `NoReleaseProposed`."""
    proposal = await release_proposals.waiting(work.connection, hold_id, work.now)
    if proposal is None:
        raise NoReleaseProposed(hold_id)
    return proposal


async def drop_proposal(work: CaseTransaction, hold_id: UUID, reason: str, *, grievance_id: UUID | None = None) -> None:
    """Drop the release of a hold that waits, or only one of `grievance_id`, because it is overtaken."""
    proposal = await release_proposals.waiting(work.connection, hold_id, work.now)
    if proposal is not None and grievance_id in {None, proposal.grievance_id}:
        await end_proposal(work, proposal, Decision.OVERTAKEN, reason)


async def end_proposal(work: CaseTransaction, proposal: ReleaseProposal, decision: Decision, reason: str) -> None:
    """Write how a proposed release ends, and close its work item."""
    await proposals.decide(work.connection, proposal.proposal_id, decision, work.actor, work.now, reason)
    state = release_proposals.STATES[decision]
    subject = about(TaskSubject.HOLD, proposal.hold_id)
    await work.close_tasks(subject, [TaskCause.RELEASE_TO_CONFIRM], f"the release is {state.value}")
    await log_proposal(work, EventKind.RELEASE_ENDED, proposal, state=state.value, reason=reason)


async def log_proposal(work: CaseTransaction, kind: EventKind, proposal: ReleaseProposal, /, **data: object) -> None:
    """Write an event about a proposed release.

    The subclass of the work may add a hold or a grievance of its own.
    """
    grievance_id = str(proposal.grievance_id) if proposal.grievance_id else None
    about_it = {"proposal_id": proposal.proposal_id, "hold_id": str(proposal.hold_id), "grievance_id": grievance_id}
    if proposal.objection_id is not None:
        data["objection_id"] = proposal.objection_id
    await CaseTransaction.log(work, kind, **about_it, paise=proposal.paise, **data)
