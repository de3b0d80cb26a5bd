"""Complaints: acknowledgement numbers, flags, and marked cases."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from domain.districts import known_district
from domain.policy.model import TrailRules
from domain.policy.people import MarkedRules
from schemas.base import Flag
from schemas.case.answers import NOT_STATED
from schemas.case.intake import Complaint, Transfer
from schemas.enums import Channel
from schemas.identifiers import (
    ACCOUNT_PATTERN,
    ACK_NO_PATTERN,
    IFSC_PATTERN,
    MOBILE_PATTERN,
    RRN_PATTERN,
    UTR_PATTERN,
    VPA_PATTERN,
    account_key,
    names_an_account,
    reference_key,
)
from schemas.text import IST

SERIALS_A_DAY = 10_000_000
SERIAL_DIGITS = 7
OUR_FIRST_SERIAL = 5_000_000
"""We use the upper half of a day's serials, and the portal the lower half as long as its serials are few enough."""

_FIRST_DIGIT = {
    Channel.PORTAL: "2",
    Channel.HELPLINE_1930: "3",
    Channel.IMPORT: "2",
    # The form belongs to the helpline.
    Channel.PUBLIC_FORM: "3",
}


def first_digits() -> frozenset[str]:
    """Return the first digits in use. Another first digit is flagged, never refused."""
    return frozenset(_FIRST_DIGIT.values())


def make_ack_no(channel: Channel, received_at: datetime, serial: int) -> str:
    """Return a number of our own; `received_at` is aware, and the date is in IST."""
    if not OUR_FIRST_SERIAL <= serial < SERIALS_A_DAY:
        raise ValueError(f"serial {serial} is outside {OUR_FIRST_SERIAL}..{SERIALS_A_DAY - 1}")
    return f"{_FIRST_DIGIT[channel]}{received_at.astimezone(IST):%d%m%y}{serial:07d}"


def is_of_our_half(ack_no: str) -> bool:
    """Return whether a number lies in the half that we give out."""
    return is_ack_no(ack_no) and int(ack_no[-SERIAL_DIGITS:]) >= OUR_FIRST_SERIAL


def is_ack_no(text: str) -> bool:
    """Return whether a text has the form of a number of the portal or the helpline."""
    if not ACK_NO_PATTERN.fullmatch(text) or text[0] not in first_digits():
        return False
    try:
        datetime.strptime(text[1:7], "%d%m%y")  # noqa: DTZ007 - only whether there is such a day
    except ValueError:
        return False
    return True


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
    payer, payee = transfer.payer, transfer.payee
    yield from party_flags(payer.account, payer.vpa, f"{field}.payer")
    yield from ifsc_flags(payer.ifsc, f"{field}.payer")
    yield from party_flags(payee.account, payee.vpa, f"{field}.payee")
    yield from same_account_flags(payer.holder, payee.holder, field)
    yield from reference_flags(transfer.rrn, transfer.utr, field)
    yield from time_flags(transfer.transferred_at, field, now, rules, time_missing=transfer.time_missing)


def ifsc_flags(ifsc: str | None, field: str) -> Iterator[Flag]:
    """Yield the flag of an odd IFSC of the payer.

    The directory reads the payee's IFSC, because it names the bank to ask, and flags an odd one.
    """
    if ifsc and not IFSC_PATTERN.fullmatch(ifsc.upper()):
        yield Flag(field=f"{field}.ifsc", code="odd_ifsc", message="not of the form AAAA0XXXXXX")


def same_account_flags(payer: str, payee: str, field: str) -> Iterator[Flag]:
    """Yield a flag if one account paid itself."""
    paid_by, paid_to = account_key(payer), account_key(payee)
    if paid_by == paid_to and names_an_account(paid_by):
        yield Flag(field=f"{field}.payee", code="self_transfer", message="the same account paid and was paid")


def reference_flags(rrn: str | None, utr: str | None, field: str) -> Iterator[Flag]:
    """Yield the flags of odd references of a transfer."""
    if rrn and not _is_reference(reference_key(rrn)):
        yield Flag(field=f"{field}.rrn", code="odd_rrn", message="an RRN has 12 digits")
    if utr and not UTR_PATTERN.fullmatch(reference_key(utr)):
        yield Flag(field=f"{field}.utr", code="odd_utr", message="a UTR has 16 (NEFT) or 22 (RTGS) characters")


def time_flags(at: datetime, field: str, now: datetime, rules: TrailRules, *, time_missing: bool) -> Iterator[Flag]:
    """Yield the flags of an odd time of a transfer."""
    if time_missing:
        yield Flag(
            field=f"{field}.transferred_at",
            code=TIME_MISSING,
            message="a date without a time: the start of that day in IST is used",
        )
    if at > now + CLOCK_SKEW:
        yield Flag(field=f"{field}.transferred_at", code="in_the_future", message="later than now")
    if at < now - timedelta(days=rules.stale_days):
        yield Flag(
            field=f"{field}.transferred_at",
            code="stale",
            message=f"more than {rules.stale_days} days ago: banks may refuse",
        )


def party_flags(account: str | None, vpa: str | None, field: str) -> Iterator[Flag]:
    """Yield the flags of an odd account or VPA. One that is not stated is not odd."""
    if account and account != NOT_STATED and not ACCOUNT_PATTERN.fullmatch(account):
        yield Flag(field=f"{field}.account", code="odd_account", message="an account has 9 to 18 digits")
    if vpa and not VPA_PATTERN.fullmatch(vpa):
        yield Flag(field=f"{field}.vpa", code="odd_vpa", message="not of the form name@handle")


def _is_reference(key: str) -> bool:
    """Return whether the RRN of a transfer is one, or a UTR: many files have one column for both."""
    return bool(RRN_PATTERN.fullmatch(key) or (UTR_PATTERN.fullmatch(key) and not key.isdecimal()))


_BETWEEN_PARTS: Final = re.compile(r"[\s!-/:-@\[-`{-~–—]+")


def is_marked(complaint: Complaint, rules: MarkedRules) -> bool:
    """Return whether a complaint is marked: the victim is a child, or the category is a protected matter.

    Whether the victim is a woman does not count, because many complaints do not say so.
    """
    return complaint.victim.child or is_protected_matter(complaint.category, rules)


def is_protected_matter(category: str, rules: MarkedRules) -> bool:
    """Return whether a part of the category begins with one of the policy's terms."""
    terms = tuple(term.casefold() for term in rules.terms)
    return any(part.startswith(terms) for part in _BETWEEN_PARTS.split(category.casefold()))
