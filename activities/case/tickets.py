"""The parts of a hold request that are the same on every channel: the victim's payment and the urgency."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from activities.context import Context
from adapters.banks.protocol import Instrument
from db.case.told_transfers import Payment
from domain.banks.channel_choice import priority_key
from schemas.enums import EscalationLevel

REQUESTOR: Final = "I4C-MHA"
STATE: Final = "UTTAR PRADESH"


def category_of(ctx: Context, payment: Payment) -> str:
    """Return the category that a bank reads: of a marked complaint, the policy's neutral one."""
    return ctx.policy.marked.category_to_banks if payment.is_marked else payment.category


def instrument_of(ctx: Context, payment: Payment) -> Instrument:
    """Return the payment in the form of the bank wire. A marked complaint tells neither mobile nor district."""
    return Instrument(
        requestor=REQUESTOR,
        payer_bank=payment.payer_institution,
        payer_bank_code=payment.payer_institution,
        mode_of_payment=payment.mode,
        # The request goes to the bank also without the number, because the money is on its way.
        payer_mobile="" if payment.is_marked else ctx.persons.open_or_empty(payment.victim).mobile,
        payer_account=payment.payer_holder,
        state=STATE,
        district="" if payment.is_marked else payment.district,
        transaction_type=payment.mode,
    )


@dataclass(frozen=True, slots=True)
class Urgency:
    """Urgency of a request when it was first sent. It is the same on every channel and in every attempt."""

    priority: int
    """1 (first) to 5 (last)"""
    requested_at: datetime
    respond_by: datetime | None
    """when the first reminder is due; None if the bank is no longer in the directory"""
    hold_until: datetime
    """until when a hold is asked that nothing keeps longer"""


def urgency_of(ctx: Context, institution: str, sent_at: datetime, freshest_at: datetime, largest_paise: int) -> Urgency:
    """Return the urgency of a request of `sent_at`, from the newest and the largest transfer it ever asked about."""
    known = ctx.directory.current.get(institution)
    waits = {level.level: level.after_seconds for level in ctx.case_policy.ladders[known.answer_class]} if known else {}
    return Urgency(
        priority=priority_key(ctx.case_policy.priority, freshest_at, largest_paise, sent_at),
        requested_at=sent_at,
        respond_by=sent_at + timedelta(seconds=waits[EscalationLevel.REMINDER]) if waits else None,
        hold_until=sent_at + timedelta(seconds=ctx.policy.hold.lapse_after_seconds / ctx.procedure_clock_factor),
    )
