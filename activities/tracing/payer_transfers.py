"""Other transfers that a victim's bank names: an officer takes one into the case, or dismisses it.

The loss of a case grows only by a person's decision. The officer has asked the victim.
"""

from activities.cases.desk import DeskDone
from activities.cases.hop_steps import key_of, notify_workflow
from activities.cases.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.deadlocks import repeated
from activities.tracing.payer_lines import found_task
from db import intake
from db.cases import cases, events, hops, ledger
from db.tracing import payer_inquiries
from db.tracing.payer_inquiries import FoundRow
from domain.errors.cases import TrailFull, TransferBusy, TransferKnown
from domain.errors.tracing import FoundTransferDecided
from domain.ledger import complaint_entries
from domain.tracing.missing_dates import no_date_flag
from domain.tracing.trail import first_state, tasks_before_asking
from schemas.enums import EventKind, FoundDecision, HopSource
from schemas.identifiers import account_key
from schemas.outbox.case import FollowUp
from schemas.tracing.payer_inquiries import FoundTransferDecision, PayerInquiries


async def of_case(ctx: Context, ack_no: str) -> PayerInquiries:
    """Return the inquiries to victims' banks of a case, with what the banks said. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection:
        case_no = await cases.case_no_of(connection, ack_no)
        return PayerInquiries(inquiries=tuple(await payer_inquiries.of_case(connection, case_no)))


@repeated()
async def decide(ctx: Context, ack_no: str, found_id: int, decided: FoundTransferDecision, officer: str) -> DeskDone:
    """Take a found transfer into the case, or dismiss it.

    Taken, it is a transfer of the victim: its money counts as lost, and its bank is asked at once. Raises `NotFound`,
    `NotNow` (decided already, or the transfer is known) and `LimitExceeded`.
    """
    async with case_transaction(ctx, ack_no, officer) as work:
        found = await payer_inquiries.found_of_case(work.connection, work.case_no, found_id)
        if found.decision is not None:
            raise FoundTransferDecided(found_id)
        hop_no, follow_up = None, None
        if decided.decision is FoundDecision.TAKEN:
            hop_no, follow_up = await _take(work, found, decided.reason)
        else:
            data = {"found_id": found_id, "institution": found.institution, "reason": decided.reason}
            await work.log(EventKind.FOUND_TRANSFER_DISMISSED, **data)
        await payer_inquiries.decide(
            work.connection, found_id, decided.decision.value, decided.reason, officer, work.now, hop_no
        )
        task = found_task(found.institution, found.hop_no, found_id, found)
        await work.close_tasks(task.subject, [task.cause], "it is decided", facts=task.facts)
    return DeskDone(work.case_no, hop_no, follow_up)


async def _take(work: CaseTransaction, found: FoundRow, reason: str) -> tuple[int, FollowUp]:
    """Open the transfer as a hop of the victim, beside the told one."""
    connection, case_no, rules = work.connection, work.case_no, work.ctx.policy.trail
    if work.head.last_hop_no >= rules.max_hops:
        raise TrailFull(rules.max_hops, rules.max_layers)
    told = await hops.get(connection, case_no, found.hop_no)
    hop = _hop(found, told, work.head.last_hop_no + 1)
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


def _hop(found: FoundRow, told: hops.HopRow, hop_no: int) -> hops.HopRow:
    """Return the hop of a found transfer.

    The payer is the told one, because the bank was asked about that payer.
    """
    flags = () if found.occurred_at else (no_date_flag("the statement of the victim's bank"),)
    return told.model_copy(
        update={
            "hop_no": hop_no,
            "revision": 0,
            "source": HopSource.COMPLAINT,
            "state": first_state(routable=found.payee_institution is not None, reference=found.reference, flags=flags),
            "institution": found.payee_institution,
            "payee_institution_as_told": found.payee_institution_as_told,
            "payee_holder": found.payee_account,
            "payee_ifsc": found.payee_ifsc,
            "account_key": account_key(found.payee_account),
            "reference": found.reference,
            "reference_key": found.reference_key,
            "amount_paise": found.amount_paise,
            "disputed_paise": found.amount_paise,
            "transferred_at": found.occurred_at or told.transferred_at,
            "opened_by_answer": None,
            "flags": flags,
        }
    )
