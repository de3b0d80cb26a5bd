"""Inquiries to victims' banks: planned with the hops, sent in the background, with an end (policy `payer_bank`).

The victim's bank gets the same fraud report as a bank that holds money, under a key of its own. Nothing waits for it.
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
from activities.case.tickets import category_of, instrument_of, urgency_of
from activities.case.transaction import ENGINE, CaseTransaction, case_transaction
from activities.context import Context
from activities.isolation import FailedRows
from activities.secrets import CannotOpen
from adapters.banks.protocol import BankError, BankRefused, HoldTicket, Incident
from db.banks import bank_exchanges
from db.case import payer_inquiries, told_transfers
from db.case.hops import HopRow
from db.case.payer_inquiries import AskedInquiry, DueInquiry, NewInquiry
from db.case.told_transfers import Payment
from schemas.banks.keys import About
from schemas.events import EventKind
from schemas.payer_enums import PayerInquiryState

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
