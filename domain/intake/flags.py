"""Flags for odd but possible values of a complaint, which is accepted because a refusal costs the victim time."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from domain.intake.ack_numbers import first_digits
from domain.intake.districts import known_district
from domain.policy.model import TrailRules
from schemas.base import Flag
from schemas.identifiers import (
    ACCOUNT_PATTERN,
    IFSC_PATTERN,
    MOBILE_PATTERN,
    RRN_PATTERN,
    UTR_PATTERN,
    VPA_PATTERN,
    account_key,
    names_an_account,
    reference_key,
)
from schemas.intake import Complaint, Transfer
from schemas.parties import Party
from schemas.tracing.answers import NOT_STATED

CLOCK_SKEW = timedelta(minutes=5)
TIME_MISSING = "time_missing"


def oddities(complaint: Complaint, now: datetime, rules: TrailRules) -> list[Flag]:
    """Return every flag of one complaint, in the order of its fields."""
    return list(_complaint_flags(complaint, now, rules))


def other_number(portal_ack_no: str) -> Flag:
    """Return the flag of a complaint that has another number than the portal gave it."""
    message = f"a complaint of ours has the number {portal_ack_no} already: this one has a number of ours"
    return Flag(field="ack_no", code="number_of_ours", message=message)


def _complaint_flags(complaint: Complaint, now: datetime, rules: TrailRules) -> Iterator[Flag]:
    if complaint.ack_no and complaint.ack_no[0] not in first_digits():
        yield Flag(field="ack_no", code="odd_first_digit", message="2 is the portal, 3 the helpline")
    if not MOBILE_PATTERN.fullmatch(complaint.victim.mobile):
        yield Flag(field="victim.mobile", code="odd_mobile", message="not ten digits beginning with 6 to 9")
    if complaint.victim.district != NOT_STATED and known_district(complaint.victim.district) is None:
        yield Flag(field="victim.district", code="odd_district", message="not a known district of Uttar Pradesh")
    for index, transfer in enumerate(complaint.transfers):
        yield from _transfer_flags(transfer, f"transfers[{index}]", now, rules)


def _transfer_flags(transfer: Transfer, field: str, now: datetime, rules: TrailRules) -> Iterator[Flag]:
    yield from _party_flags(transfer.payer, f"{field}.payer")
    # The directory reads the payee's IFSC, because it names the bank to ask, and flags an odd one.
    if transfer.payer.ifsc and not IFSC_PATTERN.fullmatch(transfer.payer.ifsc.upper()):
        yield Flag(field=f"{field}.payer.ifsc", code="odd_ifsc", message="not of the form AAAA0XXXXXX")
    yield from _party_flags(transfer.payee, f"{field}.payee")
    paid_by, paid_to = account_key(transfer.payer.holder), account_key(transfer.payee.holder)
    if paid_by == paid_to and names_an_account(paid_by):
        yield Flag(field=f"{field}.payee", code="self_transfer", message="the same account paid and was paid")
    if transfer.rrn and not _is_reference(reference_key(transfer.rrn)):
        yield Flag(field=f"{field}.rrn", code="odd_rrn", message="an RRN has 12 digits")
    if transfer.utr and not UTR_PATTERN.fullmatch(reference_key(transfer.utr)):
        yield Flag(field=f"{field}.utr", code="odd_utr", message="a UTR has 16 (NEFT) or 22 (RTGS) characters")
    if transfer.time_missing:
        yield Flag(
            field=f"{field}.transferred_at",
            code=TIME_MISSING,
            message="a date without a time: the start of that day in IST is used",
        )
    if transfer.transferred_at > now + CLOCK_SKEW:
        yield Flag(field=f"{field}.transferred_at", code="in_the_future", message="later than now")
    if transfer.transferred_at < now - timedelta(days=rules.stale_days):
        yield Flag(
            field=f"{field}.transferred_at",
            code="stale",
            message=f"more than {rules.stale_days} days ago: banks may refuse",
        )


def _is_reference(key: str) -> bool:
    """Return whether the RRN of a transfer is one, or a UTR: many files have one column for both."""
    return bool(RRN_PATTERN.fullmatch(key) or (UTR_PATTERN.fullmatch(key) and not key.isdecimal()))


def _party_flags(party: Party, field: str) -> Iterator[Flag]:
    if party.account and not ACCOUNT_PATTERN.fullmatch(party.account):
        yield Flag(field=f"{field}.account", code="odd_account", message="an account has 9 to 18 digits")
    if party.vpa and not VPA_PATTERN.fullmatch(party.vpa):
        yield Flag(field=f"{field}.vpa", code="odd_vpa", message="not of the form name@handle")
