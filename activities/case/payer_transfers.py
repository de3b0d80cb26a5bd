"""Transfers that a victim's bank names, and the lines of its answer."""

from collections.abc import Sequence

from activities.case.desk import DeskDone
from activities.case.hop_steps import key_of, notify_workflow
from activities.case.told_transfers import Followable, accept, hop_of
from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.isolation import repeated
from db.banks import bank_exchanges
from db.case import cases, events, hops, intake, ledger, payer_inquiries
from db.case.payer_inquiries import FoundRow, NewFound
from domain.case.ledger import complaint_entries
from domain.case.trail import tasks_before_asking
from domain.errors.case import FoundTransferDecided, FoundTransferFollowed, TrailFull, TransferBusy, TransferKnown
from schemas.banks.keys import About
from schemas.base import Flag
from schemas.case.answers import NOT_STATED, PayerLine
from schemas.case.case_workflow import FollowUp
from schemas.case.payer_inquiries import FoundTransferDecision, PayerInquiries
from schemas.enums import Differing, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key, reference_key
from schemas.payer_enums import FoundDecision, PayerLineKind
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop
from schemas.text import IST

_STATEMENTS = frozenset({PayerLineKind.CONFIRMED, PayerLineKind.DIFFERS, PayerLineKind.DENIED})


async def write_payer_lines(
    work: CaseTransaction, institution: str, lines: Sequence[PayerLine], answer_ids: Sequence[int], *, is_signed: bool
) -> list[Followable]:
    """Write what the bank says as the victim's bank, and ask the desk where a person must decide.

    It is part of the intake of an answer. Returns the new found transfers of a signed answer that may be followed.
    """
    inquiry_ids = list(dict.fromkeys(line.inquiry_id for line in lines))
    await payer_inquiries.answered(work.connection, inquiry_ids, work.now)
    statements = [line for line in lines if line.kind in _STATEMENTS]
    await payer_inquiries.insert_statements(work.connection, statements, answer_ids, _keys(statements), work.now)
    await _flag(work, statements)
    found = await _write_found(work, lines, answer_ids, is_signed=is_signed)
    proposed = [
        found_task(institution, line.hop_no, found_id, new) for found_id, line, new in found if line.is_proposed
    ]
    await work.ask(*_tasks(institution, statements), *proposed, institution=institution)
    for inquiry_id in inquiry_ids:
        said = [line for line in lines if line.inquiry_id == inquiry_id]
        # What the bank fetched of its feed is bound here, because the delivery there has no bytes.
        passed = await bank_exchanges.bound(work.connection, About.PAYER_INQUIRY, inquiry_id)
        newest = next((line for line in reversed(said) if line.kind in _STATEMENTS), None)
        await work.log(
            EventKind.PAYER_BANK_STATED,
            inquiry_id=str(inquiry_id),
            hop_no=said[0].hop_no,
            institution=institution,
            statement=newest.kind.value if newest else "",
            differing=[one.value for one in newest.differing] if newest else [],
            found=sum(line.kind is PayerLineKind.FOUND for line in said) or None,
            **passed,
        )
    least_paise = work.ctx.policy.trail.min_chase_paise
    return [
        Followable(found_id, line.hop_no, new)
        for found_id, line, new in found
        if is_signed and line.may_follow and new.amount_paise >= least_paise
    ]


def _keys(statements: Sequence[PayerLine]) -> list[tuple[str, str]]:
    """Return the accounts debited and credited of each statement, or "" where the bank states none."""
    keys = []
    for line in statements:
        payee = line.claim.payee
        credited = account_key(payee.account) if payee and payee.account != NOT_STATED else ""
        keys.append((line.claim.root_account_key, credited))
    return keys


async def _flag(work: CaseTransaction, statements: Sequence[PayerLine]) -> None:
    flags = {line.hop_no: _difference(line.differing) for line in statements if line.differing}
    if flags:
        await hops.flag(work.connection, work.case_no, flags)


def _difference(differing: Sequence[Differing]) -> Flag:
    message = f"the victim's bank states another {', '.join(differing)}"
    return Flag(field="transfer", code="payers_bank_differs", message=message)


def _tasks(institution: str, statements: Sequence[PayerLine]) -> list[NewTask]:
    tasks = []
    for line in statements:
        if line.kind is PayerLineKind.DIFFERS:
            facts = TaskFacts(institution=institution, differing=line.differing)
            tasks.append(about_hop(TaskKind.PAYER_BANK, TaskCause.PAYER_BANK_DIFFERS, line.hop_no, facts))
        elif line.kind is PayerLineKind.DENIED:
            facts = TaskFacts(institution=institution, code=line.claim.status_code)
            tasks.append(about_hop(TaskKind.PAYER_BANK, TaskCause.PAYER_BANK_DENIES, line.hop_no, facts))
    return tasks


async def _write_found(
    work: CaseTransaction, lines: Sequence[PayerLine], answer_ids: Sequence[int], *, is_signed: bool
) -> list[tuple[int, PayerLine, NewFound]]:
    """Write the transfers that the bank names; return each new one with its id."""
    told_by = {_key(line): line for line in lines if line.kind is PayerLineKind.FOUND and line.claim.amount_paise > 0}
    new = {key: _new_found(line, answer_ids[line.claim_index], is_signed=is_signed) for key, line in told_by.items()}
    if not new:
        return []
    written = await payer_inquiries.insert_found(work.connection, list(new.values()), work.now)
    return [(written[key], line, new[key]) for key, line in told_by.items() if key in written]


def _key(line: PayerLine) -> tuple[object, str]:
    return line.inquiry_id, reference_key(line.claim.reference)


def found_task(institution: str, hop_no: int, found_id: int, found: NewFound) -> NewTask:
    """Return the task that proposes a found transfer to the desk."""
    facts = TaskFacts(
        institution=institution,
        found_id=found_id,
        claimed_paise=found.amount_paise,
        to_bank=found.payee_institution or found.payee_institution_as_told,
        at=f"{found.occurred_at.astimezone(IST):%d-%m-%Y %H:%M}" if found.occurred_at else "",
    )
    return about_hop(TaskKind.PAYER_BANK, TaskCause.TRANSFER_FOUND, hop_no, facts)


def _new_found(line: PayerLine, answer_id: int, *, is_signed: bool) -> NewFound:
    claim, payee = line.claim, line.claim.payee
    assert payee is not None, "a MOVED claim names its payee"
    return NewFound(
        inquiry_id=line.inquiry_id,
        answer_id=answer_id,
        payer_account=claim.root_account,
        payee_institution=payee.institution,
        payee_institution_as_told=payee.institution_as_told,
        payee_account=payee.account,
        payee_ifsc=payee.ifsc,
        reference=claim.reference,
        reference_key=reference_key(claim.reference),
        amount_paise=claim.amount_paise,
        occurred_at=claim.occurred_at,
        is_near=line.is_near,
        payer_differs=bool(line.differing),
        is_signed=is_signed,
    )


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
