"""Drafts of complaints: their checks, and the complaint that a draft becomes.

The complaint that a draft becomes, and what the draft lacks for that. Pure. The banks are asked with four facts: the
bank that paid, the reference, the amount and the time. Everything else may come later. What is not stated has a sign of
its own in the complaint, and is filled in once.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from domain.banks.directory import BANK_LETTERS, Directory
from domain.case.complaints import ifsc_flags, party_flags, reference_flags, same_account_flags, time_flags
from domain.districts import known_district
from domain.policy.model import TrailRules
from schemas.banks.institutions import Institution
from schemas.base import Flag
from schemas.case.answers import NOT_STATED
from schemas.case.intake import NO_MOBILE, Complaint, Transfer, Victim
from schemas.enums import Language, Mode
from schemas.identifiers import MOBILE_PATTERN, account_key, names_a_transfer, names_an_account
from schemas.people.drafts import DraftContent, DraftParty, DraftTransfer, DraftVictim, FoundBank
from schemas.privacy.personal_data import ReachWay
from schemas.text import LocalDatetime, day_of, is_email

MARKS: Final = ("woman", "child", "senior")
"""facts of a victim that are yes, no or not known"""
PERSONAL: Final = ("name", "mobile", "email")
"""facts that are sealed under the key of the victim"""
FACTS: Final = (*PERSONAL, "district", "language", *MARKS, "category")
"""facts of a complaint that may be stated after the banks are asked"""
SUSPECTS: Final = "Suspects"
_PLACE: Final = re.compile(r"^transfers\[([0-9]+)\]")


@dataclass(frozen=True)
class ReadDraft:
    """The transfers of a draft that can be sent, and the fields that the others lack."""

    transfers: tuple[Transfer, ...]
    places: tuple[int, ...]
    """the place in the draft of each of them"""
    missing: tuple[str, ...]

    def placed(self, flags: Iterable[Flag]) -> tuple[Flag, ...]:
        """Return the flags of these transfers with the places that they have in the draft."""
        return tuple(flag.model_copy(update={"field": _PLACE.sub(self._place, flag.field)}) for flag in flags)

    def _place(self, found: re.Match[str]) -> str:
        return f"transfers[{self.places[int(found[1])]}]"


def read_draft(content: DraftContent) -> ReadDraft:
    """Return what of a draft can be sent."""
    transfers, places, missing = [], [], []
    for index, told in enumerate(content.transfers):
        lacks = [f"transfers[{index}].{name}" for name in _lacks(told)]
        if lacks:
            missing += lacks
        else:
            transfers.append(_transfer(told))
            places.append(index)
    if not content.transfers:
        missing.append("transfers")
    return ReadDraft(tuple(transfers), tuple(places), tuple(missing))


def complaint_of(content: DraftContent, transfers: tuple[Transfer, ...]) -> Complaint:
    """Return the complaint with these transfers, and with signs for what the draft does not state."""
    stated = stated_facts(content)
    return Complaint(
        channel=content.channel,
        category=stated.get("category", NOT_STATED),
        victim=_victim(content.victim, stated),
        transfers=transfers,
    )


def stated_facts(content: DraftContent) -> dict[str, Any]:
    """Return the facts of the victim and the matter that a draft states, by their names in `FACTS`.

    A half-typed e-mail address is not stated yet.
    """
    victim = content.victim
    told = {name: getattr(victim, name) for name in (*PERSONAL, "district", "language", *MARKS)}
    if not is_email(victim.email):
        told["email"] = ""
    told["category"] = content.category
    return {name: value for name, value in told.items() if value not in ("", None)}


def told_story(content: DraftContent) -> str:
    """Return what happened as the victim told it, with those who deceived the victim in a last line."""
    suspects = f"{SUSPECTS}: {content.suspects}" if content.suspects else ""
    return "\n\n".join(filter(None, (content.story, suspects)))


def awaited_facts(content: DraftContent) -> frozenset[str]:
    """Return the facts that a complaint of this draft does not have yet, and that may be filled in.

    A mark that is not set may still be set, because it protects the victim.
    """
    stated = stated_facts(content)
    return frozenset(name for name in FACTS if name not in stated or stated[name] is False)


def party_institution(told: DraftParty) -> str:
    """Return the institution of one end as told, else by its IFSC or VPA, else an empty text."""
    if told.institution:
        return told.institution
    if told.ifsc:
        return told.ifsc[:BANK_LETTERS].upper()
    handle = _vpa(told).rpartition("@")[2] if "@" in _vpa(told) else ""
    return handle.strip()


def party_holder(told: DraftParty) -> str:
    """Return the account, VPA or wallet of one end; empty if none is told."""
    return _account(told) or _vpa(told) or told.wallet


def _lacks(told: DraftTransfer) -> Iterator[str]:
    if not party_institution(told.payer):
        yield "payer.institution"
    if not (names_a_transfer(told.rrn) or names_a_transfer(told.utr)):
        yield "rrn"
    if told.amount_paise is None:
        yield "amount_paise"
    if not told.transferred_at:
        yield "transferred_at"
    else:
        yield from _faults(told)


def _faults(told: DraftTransfer) -> list[str]:
    """Return the fields that the model of a transfer refuses. A missing reference or amount is not looked at."""
    stand_in = told.model_copy(update={"rrn": "1", "amount_paise": told.amount_paise or 1})
    try:
        _transfer(stand_in)
    except ValidationError as error:
        return [".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False, include_url=False)]
    return []


def _transfer(told: DraftTransfer) -> Transfer:
    by_vpa = bool(_vpa(told.payer) or _vpa(told.payee))
    return Transfer.model_validate(
        {
            "payer": _party(told.payer),
            "payee": _party(told.payee),
            "amount_paise": told.amount_paise,
            "rrn": told.rrn or None,
            "utr": told.utr or None,
            "mode": told.mode or (Mode.UPI if by_vpa else Mode.OTHER),
            "transferred_at": told.transferred_at,
        }
    )


def _party(told: DraftParty) -> dict[str, str | None]:
    """Return one end as a complaint has it: the account first, with a VPA beside it, then VPA, then wallet."""
    account, vpa = _account(told), _vpa(told)
    if account or not (vpa or told.wallet):
        holder = {"account": account or NOT_STATED} | ({"vpa": vpa} if vpa else {})
    else:
        holder = {"vpa": vpa} if vpa else {"wallet": told.wallet}
    return {"institution": party_institution(told) or NOT_STATED, "ifsc": told.ifsc.upper() or None} | holder


def _account(told: DraftParty) -> str:
    return "" if "@" in told.account else told.account


def _vpa(told: DraftParty) -> str:
    """Return the VPA of one end, also one in the field of the account; empty if it is half typed."""
    vpa = told.vpa or (told.account if "@" in told.account else "")
    return vpa if len(vpa) >= len("a@b") else ""


def _victim(told: DraftVictim, stated: dict[str, Any]) -> Victim:
    return Victim(
        name=stated.get("name", NOT_STATED),
        mobile=stated.get("mobile", NO_MOBILE),
        district=stated.get("district", NOT_STATED),
        woman=bool(told.woman),
        child=bool(told.child),
        senior=bool(told.senior),
        language=told.language or Language.HI,
        email=stated.get("email"),
    )


def number_to_confirm(content: DraftContent) -> str:
    """Return the number that a one-time code confirms: that of the person who complains."""
    teller = content.teller.mobile if content.teller else ""
    is_safe = content.reach is not None and content.reach.way is ReachWay.SMS
    return teller or (is_safe and content.victim.mobile) or content.caller_mobile or content.victim.mobile


def with_number_to_confirm(content: DraftContent, mobile: str) -> DraftContent:
    """Return a content in which the person who complains has this number."""
    told = content.model_copy(update={"caller_mobile": mobile})
    if content.teller and content.teller.mobile:
        return told.model_copy(update={"teller": content.teller.model_copy(update={"mobile": mobile})})
    if number_to_confirm(told) != mobile:
        return told.model_copy(update={"victim": content.victim.model_copy(update={"mobile": mobile})})
    return told


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
