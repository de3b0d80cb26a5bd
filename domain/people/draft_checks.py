"""Checks of a draft while it is typed, by the rules of a complaint. Pure."""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from pydantic import TypeAdapter, ValidationError

from domain.banks.directory import Directory
from domain.case.flags import ifsc_flags, party_flags, reference_flags, same_account_flags, time_flags
from domain.districts import known_district
from domain.people.draft_complaints import party_holder, party_institution
from domain.policy.model import TrailRules
from schemas.banks.institutions import Institution
from schemas.base import Flag
from schemas.identifiers import MOBILE_PATTERN, account_key, names_an_account
from schemas.people.drafts import DraftContent, DraftParty, DraftTransfer, FoundBank
from schemas.text import LocalDatetime, day_of

ACCOUNT_MIN_CHARS: Final = 6
"""a shorter text is half typed"""
_MOMENT: TypeAdapter[datetime] = TypeAdapter(LocalDatetime)


def draft_flags(content: DraftContent, now: datetime, rules: TrailRules) -> Iterator[Flag]:
    """Yield every flag of what is typed of a draft. What is not typed yet is not odd."""
    victim = content.victim
    if victim.mobile and not MOBILE_PATTERN.fullmatch(victim.mobile):
        yield Flag(field="victim.mobile", code="odd_mobile", message="not ten digits beginning with 6 to 9")
    if victim.district and known_district(victim.district) is None:
        yield Flag(field="victim.district", code="odd_district", message="not a known district of Uttar Pradesh")
    for index, told in enumerate(content.transfers):
        yield from _transfer_flags(told, f"transfers[{index}]", now, rules)


def _transfer_flags(told: DraftTransfer, field: str, now: datetime, rules: TrailRules) -> Iterator[Flag]:
    yield from party_flags(told.payer.account, told.payer.vpa, f"{field}.payer")
    yield from ifsc_flags(told.payer.ifsc, f"{field}.payer")
    yield from party_flags(told.payee.account, told.payee.vpa, f"{field}.payee")
    yield from same_account_flags(party_holder(told.payer), party_holder(told.payee), field)
    yield from reference_flags(told.rrn, told.utr, field)
    if (at := moment_of(told.transferred_at)) is not None:
        is_day = day_of(told.transferred_at) is not None
        yield from time_flags(at, field, now, rules, time_missing=is_day)


def moment_of(text: str) -> datetime | None:
    """Return the time that a text names in full, or None."""
    try:
        return _MOMENT.validate_python(text) if text else None
    except ValidationError:
        return None


def banks_of(directory: Directory, content: DraftContent) -> tuple[list[FoundBank], list[Flag]]:
    """Return the institution of each end that names one, with the flags of the directory."""
    found: list[FoundBank] = []
    flags: list[Flag] = []
    for index, told in enumerate(content.transfers):
        for side, party in (("payer", told.payer), ("payee", told.payee)):
            if party_institution(party):
                bank, odd = resolve(directory, party, f"transfers[{index}].{side}")
                flags += odd
                if bank is not None:
                    found.append(FoundBank(field=f"transfers[{index}].{side}", code=bank.code, name=bank.name))
    return found, flags


def paid_accounts(directory: Directory, content: DraftContent) -> dict[str, tuple[str, str]]:
    """Return the institution and the `account_key` of each account that was paid, by the transfer's field."""
    found, _ = banks_of(directory, content)
    codes = {one.field: one.code for one in found}
    paid = {}
    for index, told in enumerate(content.transfers):
        field = f"transfers[{index}].payee"
        key = account_key(party_holder(told.payee))
        if field in codes and len(key) >= ACCOUNT_MIN_CHARS and names_an_account(key):
            paid[field] = (codes[field], key)
    return paid


def unasked(directory: Directory, content: DraftContent) -> tuple[str, ...]:
    """Return the transfers for which the directory finds no bank that was paid."""
    found, _ = banks_of(directory, content)
    fields = {one.field for one in found}
    numbers = range(len(content.transfers))
    return tuple(f"transfers[{index}]" for index in numbers if f"transfers[{index}].payee" not in fields)


def resolve(directory: Directory, party: DraftParty, field: str) -> tuple[Institution | None, list[Flag]]:
    """Return the institution of one end as the intake of a complaint finds it."""
    return directory.resolve(party_institution(party), party.ifsc or None, party_holder(party), field)
