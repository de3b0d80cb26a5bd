"""Other transfers that a victim's bank names: an officer takes one into the case, or dismisses it.

The loss of a case grows only by a person's decision. The officer has asked the victim.
"""

from collections.abc import Sequence

from activities.case.desk import DeskDone
from activities.case.followed_transfers import accept, hop_of
from activities.case.hop_steps import key_of, notify_workflow
from activities.case.payer_lines import found_task
from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.deadlocks import repeated
from db.case import cases, events, hops, intake, ledger, payer_inquiries
from db.case.payer_inquiries import FoundRow
from domain.case.ledger import complaint_entries
from domain.case.trail import tasks_before_asking
from domain.errors.cases import TrailFull, TransferBusy, TransferKnown
from domain.errors.tracing import FoundTransferDecided, FoundTransferFollowed
from schemas.case.case_workflow import FollowUp
from schemas.case.payer_inquiries import FoundTransferDecision, PayerInquiries
from schemas.events import EventKind
from schemas.payer_enums import FoundDecision


async def of_case(ctx: Context, ack_no: str) -> PayerInquiries:
    """Return the inquiries to victims' banks of a case, with what the banks said. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        return PayerInquiries(inquiries=tuple(await payer_inquiries.of_case(connection, case_no)))


@repeated()
async def decide(ctx: Context, ack_no: str, found_id: int, decided: FoundTransferDecision, officer: str) -> DeskDone:
    """Take a found transfer into the case, or dismiss it.

    Taken, it is a transfer of the victim: its money counts as lost, and its bank is asked at once, if no hop follows it
    already. Raises `NotFound`, `NotNow` (decided already, the transfer is known, or it is followed and only a
    withdrawal dismisses it) and `LimitExceeded`.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        found = await payer_inquiries.found_of_case(work.connection, work.case_no, found_id)
        if found.decision is not None:
            raise FoundTransferDecided(found_id)
        hop_no, follow_up = None, None
        if decided.decision is FoundDecision.TAKEN and found.followed_hop_no is not None:
            hop_no = await accept(work, found, decided.reason)
        elif decided.decision is FoundDecision.TAKEN:
            hop_no, follow_up = await _take(work, found, decided.reason)
        elif found.followed_hop_no is not None:
            raise FoundTransferFollowed(found_id, found.followed_hop_no)
        else:
            data = {"found_id": found_id, "institution": found.institution, "reason": decided.reason}
            await work.log(EventKind.FOUND_TRANSFER_DISMISSED, **data)
        await payer_inquiries.decide(
            work.connection, found_id, decided.decision.value, decided.reason, officer, work.now, hop_no
        )
        await _close_task(work, found)
    return DeskDone(work.case_no, hop_no, follow_up)


async def dismiss_followed(work: CaseTransaction, hop_nos: Sequence[int], reason: str) -> None:
    """Dismiss the found transfers that these hops follow, because two officers have withdrawn the hops."""
    for found in await payer_inquiries.undecided_at(work.connection, work.case_no, hop_nos):
        dismissed = FoundDecision.DISMISSED.value
        await payer_inquiries.decide(work.connection, found.found_id, dismissed, reason, work.actor, work.now, None)
        await _close_task(work, found)


async def _close_task(work: CaseTransaction, found: FoundRow) -> None:
    """Close the task that proposed a found transfer."""
    task = found_task(found.institution, found.hop_no, found.found_id, found)
    await work.close_tasks(task.subject, [task.cause], "it is decided", facts=task.facts)


async def _take(work: CaseTransaction, found: FoundRow, reason: str) -> tuple[int, FollowUp]:
    """Open the transfer as a hop of the victim, beside the told one."""
    connection, case_no, rules = work.connection, work.case_no, work.ctx.policy.trail
    if work.head.last_hop_no >= rules.max_hops:
        raise TrailFull(rules.max_hops, rules.max_layers)
    told = await hops.get(connection, case_no, found.hop_no)
    hop = hop_of(found, told, work.head.last_hop_no + 1)
    # No waiting for this lock: a complaint that holds it may be waiting for the case row, which we hold.
    if not await intake.try_lock(connection, intake.lock_of_transfer(hop.reference)):
        raise TransferBusy
    if (place := await intake.place_of_transfer(connection, key_of(hop))) is not None:
        raise TransferKnown(*place)
    await hops.insert(connection, case_no, work.now, [hop])
    await cases.give_out_hops(connection, case_no, hop.hop_no)
    await intake.register_transfers(connection, case_no, [key_of(hop)], [hop.hop_no])
    entries = list(complaint_entries(hop.hop_no, hop.amount_paise))
    key = f"found|{found.found_id}"
    await ledger.post(connection, case_no, "transfer_found", key, work.now, entries)
    await work.ask(*tasks_before_asking(hop.hop_no, hop.state, hop.flags))
    await work.log(
        EventKind.FOUND_TRANSFER_TAKEN,
        hop_no=hop.hop_no,
        found_id=found.found_id,
        institution=hop.institution,
        told_hop_no=told.hop_no,
        placed=events.placed(entries),
        reason=reason,
    )
    return hop.hop_no, await notify_workflow(work, reopened=[hop], closed=[])
