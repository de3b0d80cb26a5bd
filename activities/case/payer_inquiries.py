"""Inquiries to the victim's own bank, and the transfers that it names.

Other transfers that a victim's bank names: an officer takes one into the case, or dismisses it. The loss of a case
grows only by a person's decision. The officer has asked the victim.

Inquiries to victims' banks: planned with the hops, sent in the background, with an end (policy `payer_bank`). The
victim's bank gets the same fraud report as a bank that holds money, under a key of its own. Nothing waits for it.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid5

from activities.banks import received
from activities.banks.delivery import BankDelivery, Delivered
from activities.banks.letters import PayerInquiryMessage
from activities.case.desk import DeskDone
from activities.case.hop_steps import key_of, notify_workflow
from activities.case.tickets import category_of, instrument_of, urgency_of
from activities.case.told_transfers import Followable, accept, hop_of
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from activities.isolation import FailedRows, repeated
from activities.secrets import CannotOpen
from adapters.banks.protocol import BankError, BankRefused, HoldTicket, Incident
from db.banks import bank_exchanges
from db.case import cases, events, hops, intake, ledger, payer_inquiries, told_transfers
from db.case.hops import HopRow
from db.case.payer_inquiries import AskedInquiry, DueInquiry, FoundRow, NewFound, NewInquiry
from db.case.told_transfers import Payment
from domain.case.ledger import complaint_entries
from domain.case.trail import tasks_before_asking
from domain.errors.case import FoundTransferDecided, FoundTransferFollowed, TrailFull, TransferBusy, TransferKnown
from schemas.banks.keys import About
from schemas.base import Flag
from schemas.case.answers import NOT_STATED, PayerLine
from schemas.case.case_workflow import FollowUp
from schemas.case.payer_inquiries import FoundTransferDecision, PayerInquiries
from schemas.enums import Differing, FoundDecision, PayerInquiryState, PayerLineKind, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_key, reference_key
from schemas.tasks import NewTask, TaskCause, TaskFacts, about_hop
from schemas.text import IST

log = logging.getLogger(__name__)

_IDS: Final = UUID("7c1d0a52-9a0e-4a53-8f0c-2d2f6a1b9e77")
"""The namespace of the inquiries' ids. It is arbitrary and must not change."""
AT_ONCE: Final = 8
"""inquiries that one run sends at the same time"""
SENDS_A_RUN: Final = 40
ENDS_A_RUN: Final = 200


async def plan_inquiries(work: CaseTransaction, opened: Sequence[HopRow], banks: Mapping[int, str]) -> None:
    """Plan an inquiry for each victim's transfer, in the transaction that opens the hops."""
    if planned := new_inquiries(work, opened, banks):
        await payer_inquiries.plan(work.connection, work.case_no, planned, work.now)


def new_inquiries(work: CaseTransaction, opened: Sequence[HopRow], banks: Mapping[int, str]) -> list[NewInquiry]:
    """Return the inquiries to plan, one for each hop.

    `banks` has the payer's bank by hop, or "" if the directory does not know it.
    """
    near_seconds = work.ctx.policy.payer_bank.near_seconds / work.ctx.clock_factor
    planned = []
    for hop in opened:
        bank = banks[hop.hop_no]
        reason = _why_skipped(hop, bank)
        planned.append(
            NewInquiry(
                # A transfer that is given to another complaint gets a second one.
                inquiry_id=uuid5(_IDS, f"{work.case_no}|{hop.hop_no}|{work.now.isoformat()}"),
                hop_no=hop.hop_no,
                institution=bank or None,
                state=PayerInquiryState.SKIPPED if reason else PayerInquiryState.PLANNED,
                near_seconds=near_seconds,
                reason=reason,
            )
        )
    return planned


def _why_skipped(hop: HopRow, bank: str) -> str:
    if not bank:
        return "the directory does not know the bank"
    if not hop.reference:
        return "the transfer has no reference"
    # Its answer about the account credited would have the same reference as one about the account debited.
    return "the bank has both accounts" if bank == hop.institution else ""


def inquiry_ticket(ctx: Context, asked: AskedInquiry, payment: Payment) -> HoldTicket:
    """Return what the victim's bank is asked, the same over every channel and in every attempt."""
    urgency = urgency_of(ctx, asked.institution, asked.planned_at, asked.transferred_at, asked.amount_paise)
    incident = Incident(
        amount_paise=asked.amount_paise,
        rrn=asked.reference,
        transferred_at=asked.transferred_at,
        disputed_paise=asked.amount_paise,
        layer=asked.layer,
        hop_no=asked.hop_no,
    )
    return HoldTicket(
        request_id=asked.inquiry_id,
        ack_no=asked.case_no,
        sub_category=category_of(ctx, payment),
        instrument=instrument_of(ctx, payment),
        incidents=(incident,),
        priority=urgency.priority,
        requested_at=urgency.requested_at,
        respond_by=urgency.respond_by,
    )


@dataclass(frozen=True)
class PayerInquirySender:
    """Sends the inquiries that are due. Several processes may do so at once."""

    ctx: Context
    bank_delivery: BankDelivery
    _failed: FailedRows[UUID] = field(default_factory=partial(FailedRows[UUID], "inquiries to victims' banks"))

    async def send_due(self) -> int:
        """Send the inquiries that are due, and end those without an answer in time; return how many were sent.

        Each attempt is counted before the bank is called. If the process dies, a later run makes the next attempt. An
        inquiry that fails delays no other.
        """
        rules, now = self.ctx.policy.payer_bank, self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            due = await payer_inquiries.take_due(connection, now, self._after(now, rules.retry_seconds), SENDS_A_RUN)
            silent = await payer_inquiries.overdue(connection, now, self._failed.resting(now), ENDS_A_RUN)
        limit = asyncio.Semaphore(AT_ONCE)

        async def send(inquiry: DueInquiry) -> bool:
            async with limit:
                return await self._failed.attempt(inquiry.inquiry_id, partial(self._send, inquiry), now) or False

        sent = await asyncio.gather(*(send(inquiry) for inquiry in due))
        for case_no, inquiry_id in silent:
            end = partial(self._fail, case_no, inquiry_id, "no answer in time")
            await self._failed.attempt(inquiry_id, end, now)
        return sum(sent)

    async def _send(self, due: DueInquiry) -> bool:
        """Make one attempt over the best channel; return whether the bank has the inquiry."""
        try:
            message = PayerInquiryMessage(due.inquiry_id, await self._ticket(due))
            delivered = await self.bank_delivery.send_once(message, due.institution)
        except BankRefused as refusal:
            await self._fail(due.case_no, due.inquiry_id, f"the bank refuses the report, code {refusal.response_code}")
            return False
        except (BankError, CannotOpen) as error:
            log.info("inquiry %s: %s", due.inquiry_id, type(error).__name__)
            is_over = due.tries >= self.ctx.policy.payer_bank.tries or not getattr(error, "retryable", False)
            if is_over:
                await self._fail(due.case_no, due.inquiry_id, type(error).__name__)
            return False
        await self._note_delivery(due, delivered)
        return True

    async def _ticket(self, due: DueInquiry) -> HoldTicket:
        async with self.ctx.pool.acquire() as connection:
            payment = await told_transfers.payment_of_hop(connection, due.case_no, due.hop_no)
        return inquiry_ticket(self.ctx, due, payment)

    async def _note_delivery(self, due: DueInquiry, delivered: Delivered) -> None:
        async with case_transaction(self.ctx, due.case_no, ENGINE) as work:
            await received.keep(self.ctx, work.connection, About.PAYER_INQUIRY, due.inquiry_id, delivered.exchanges)
            until = self._after(work.now, self.ctx.policy.payer_bank.answer_within_seconds)
            await payer_inquiries.delivered(
                work.connection, due.inquiry_id, delivered.channel, delivered.job_id, work.now, until
            )
            await self._log(
                work,
                EventKind.PAYER_BANK_ASKED,
                due.inquiry_id,
                due.hop_no,
                due.institution,
                channel=delivered.channel.value,
            )

    async def _fail(self, case_no: str, inquiry_id: UUID, reason: str) -> None:
        async with case_transaction(self.ctx, case_no, ENGINE) as work:
            ended = await payer_inquiries.fail(work.connection, inquiry_id, reason, work.now)
            if ended:
                hop_no, institution = ended
                kind = EventKind.PAYER_BANK_NOT_ASKED
                await self._log(work, kind, inquiry_id, hop_no, institution, reason=reason)

    async def _log(
        self, work: CaseTransaction, kind: EventKind, inquiry_id: UUID, hop_no: int, institution: str, **more: str
    ) -> None:
        passed = await bank_exchanges.bound(work.connection, About.PAYER_INQUIRY, inquiry_id)
        data = {"inquiry_id": str(inquiry_id), "hop_no": hop_no, "institution": institution} | more | passed
        await work.log(kind, **data)

    def _after(self, now: datetime, seconds: float) -> datetime:
        return now + timedelta(seconds=seconds / self.ctx.clock_factor)


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
    transfers = await _write_found(work, lines, answer_ids, is_signed=is_signed)
    proposed = [
        found_task(institution, line.hop_no, found_id, new) for found_id, line, new in transfers if line.is_proposed
    ]
    await work.ask(*_tasks(institution, statements), *proposed, institution=institution)
    for inquiry_id in inquiry_ids:
        stated = [line for line in lines if line.inquiry_id == inquiry_id]
        # What the bank fetched of its feed is bound here, because the delivery there has no bytes.
        passed = await bank_exchanges.bound(work.connection, About.PAYER_INQUIRY, inquiry_id)
        newest = next((line for line in reversed(stated) if line.kind in _STATEMENTS), None)
        await work.log(
            EventKind.PAYER_BANK_STATED,
            inquiry_id=str(inquiry_id),
            hop_no=stated[0].hop_no,
            institution=institution,
            statement=newest.kind.value if newest else "",
            differing=[difference.value for difference in newest.differing] if newest else [],
            found=sum(line.kind is PayerLineKind.FOUND for line in stated) or None,
            **passed,
        )
    least_paise = work.ctx.policy.trail.min_chase_paise
    return [
        Followable(found_id, line.hop_no, new)
        for found_id, line, new in transfers
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


def found_task(institution: str, hop_no: int, found_id: int, transfer: NewFound) -> NewTask:
    """Return the task that proposes a found transfer to the desk."""
    facts = TaskFacts(
        institution=institution,
        found_id=found_id,
        claimed_paise=transfer.amount_paise,
        to_bank=transfer.payee_institution or transfer.payee_institution_as_told,
        at=f"{transfer.occurred_at.astimezone(IST):%d-%m-%Y %H:%M}" if transfer.occurred_at else "",
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
        transfer = await payer_inquiries.found_of_case(work.connection, work.case_no, found_id)
        if transfer.decision is not None:
            raise FoundTransferDecided(found_id)
        hop_no, follow_up = None, None
        if decided.decision is FoundDecision.TAKEN and transfer.followed_hop_no is not None:
            hop_no = await accept(work, transfer, decided.reason)
        elif decided.decision is FoundDecision.TAKEN:
            hop_no, follow_up = await _take(work, transfer, decided.reason)
        elif transfer.followed_hop_no is not None:
            raise FoundTransferFollowed(found_id, transfer.followed_hop_no)
        else:
            data = {"found_id": found_id, "institution": transfer.institution, "reason": decided.reason}
            await work.log(EventKind.FOUND_TRANSFER_DISMISSED, **data)
        await payer_inquiries.decide(
            work.connection, found_id, decided.decision.value, decided.reason, officer, work.now, hop_no
        )
        await _close_task(work, transfer)
    return DeskDone(work.case_no, hop_no, follow_up)


async def dismiss_followed(work: CaseTransaction, hop_nos: Sequence[int], reason: str) -> None:
    """Dismiss the found transfers that these hops follow, because two officers have withdrawn the hops."""
    for transfer in await payer_inquiries.undecided_at(work.connection, work.case_no, hop_nos):
        dismissed = FoundDecision.DISMISSED.value
        await payer_inquiries.decide(work.connection, transfer.found_id, dismissed, reason, work.actor, work.now, None)
        await _close_task(work, transfer)


async def _close_task(work: CaseTransaction, transfer: FoundRow) -> None:
    """Close the task that proposed a found transfer."""
    task = found_task(transfer.institution, transfer.hop_no, transfer.found_id, transfer)
    await work.close_tasks(task.subject, [task.cause], "it is decided", facts=task.facts)


async def _take(work: CaseTransaction, transfer: FoundRow, reason: str) -> tuple[int, FollowUp]:
    """Open the transfer as a hop of the victim, beside the told one."""
    connection, case_no, rules = work.connection, work.case_no, work.ctx.policy.trail
    if work.head.last_hop_no >= rules.max_hops:
        raise TrailFull(rules.max_hops, rules.max_layers)
    stated_hop = await hops.get(connection, case_no, transfer.hop_no)
    hop = hop_of(transfer, stated_hop, work.head.last_hop_no + 1)
    # No waiting for this lock: a complaint that holds it may be waiting for the case row, which we hold.
    if not await intake.try_lock(connection, intake.lock_of_transfer(hop.reference)):
        raise TransferBusy
    if (place := await intake.place_of_transfer(connection, key_of(hop))) is not None:
        raise TransferKnown(*place)
    await hops.insert(connection, case_no, work.now, [hop])
    await cases.give_out_hops(connection, case_no, hop.hop_no)
    await intake.register_transfers(connection, case_no, [key_of(hop)], [hop.hop_no])
    entries = list(complaint_entries(hop.hop_no, hop.amount_paise))
    key = f"found|{transfer.found_id}"
    await ledger.post(connection, case_no, "transfer_found", key, work.now, entries)
    await work.ask(*tasks_before_asking(hop.hop_no, hop.state, hop.flags))
    await work.log(
        EventKind.FOUND_TRANSFER_TAKEN,
        hop_no=hop.hop_no,
        found_id=transfer.found_id,
        institution=hop.institution,
        told_hop_no=stated_hop.hop_no,
        placed=events.placed(entries),
        reason=reason,
    )
    return hop.hop_no, await notify_workflow(work, reopened=[hop], closed=[])
