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
from schemas.privacy.personal_data import DONT_KNOW, ReachWay
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

    def _place(self, matched: re.Match[str]) -> str:
        return f"transfers[{self.places[int(matched[1])]}]"


def read_draft(content: DraftContent) -> ReadDraft:
    """Return what of a draft can be sent."""
    transfers, places, missing = [], [], []
    for index, transfer in enumerate(content.transfers):
        lacks = [f"transfers[{index}].{name}" for name in _lacks(transfer)]
        if lacks:
            missing += lacks
        else:
            transfers.append(_transfer(transfer))
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

    A half-typed e-mail address is not stated yet, nor what the person does not know.
    """
    victim = content.victim
    facts = {name: getattr(victim, name) for name in (*PERSONAL, "district", "language", *MARKS)}
    if not is_email(victim.email):
        facts["email"] = ""
    facts["category"] = content.category
    return {name: value for name, value in facts.items() if value not in ("", None, DONT_KNOW)}


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


def party_institution(party: DraftParty) -> str:
    """Return the institution of one end as told, else by its IFSC or VPA, else an empty text."""
    if party.institution:
        return party.institution
    if party.ifsc:
        return party.ifsc[:BANK_LETTERS].upper()
    handle = _vpa(party).rpartition("@")[2] if "@" in _vpa(party) else ""
    return handle.strip()


def party_holder(party: DraftParty) -> str:
    """Return the account, VPA or wallet of one end; empty if none is told."""
    return _account(party) or _vpa(party) or party.wallet


def _lacks(transfer: DraftTransfer) -> Iterator[str]:
    if not party_institution(transfer.payer):
        yield "payer.institution"
    if not (names_a_transfer(transfer.rrn) or names_a_transfer(transfer.utr)):
        yield "rrn"
    if transfer.amount_paise is None:
        yield "amount_paise"
    if not transfer.transferred_at:
        yield "transferred_at"
    else:
        yield from _faults(transfer)


def _faults(transfer: DraftTransfer) -> list[str]:
    """Return the fields that the model of a transfer refuses. A missing reference or amount is not looked at."""
    stand_in = transfer.model_copy(update={"rrn": "1", "amount_paise": transfer.amount_paise or 1})
    try:
        _transfer(stand_in)
    except ValidationError as error:
        return [".".join(map(str, fault["loc"])) for fault in error.errors(include_input=False, include_url=False)]
    return []


def _transfer(transfer: DraftTransfer) -> Transfer:
    by_vpa = bool(_vpa(transfer.payer) or _vpa(transfer.payee))
    return Transfer.model_validate(
        {
            "payer": _party(transfer.payer),
            "payee": _party(transfer.payee),
            "amount_paise": transfer.amount_paise,
            "rrn": transfer.rrn or None,
            "utr": transfer.utr or None,
            "mode": transfer.mode or (Mode.UPI if by_vpa else Mode.OTHER),
            "transferred_at": transfer.transferred_at,
        }
    )


def _party(party: DraftParty) -> dict[str, str | None]:
    """Return one end as a complaint has it: the account first, with a VPA beside it, then VPA, then wallet."""
    account, vpa = _account(party), _vpa(party)
    if account or not (vpa or party.wallet):
        holder = {"account": account or NOT_STATED} | ({"vpa": vpa} if vpa else {})
    else:
        holder = {"vpa": vpa} if vpa else {"wallet": party.wallet}
    return {"institution": party_institution(party) or NOT_STATED, "ifsc": party.ifsc.upper() or None} | holder


def _account(party: DraftParty) -> str:
    return "" if "@" in party.account else party.account


def _vpa(party: DraftParty) -> str:
    """Return the VPA of one end, also one in the field of the account; empty if it is half typed."""
    vpa = party.vpa or (party.account if "@" in party.account else "")
    return vpa if len(vpa) >= len("a@b") else ""


def _victim(victim: DraftVictim, stated: dict[str, Any]) -> Victim:
    return Victim(
        name=stated.get("name", NOT_STATED),
        mobile=stated.get("mobile", NO_MOBILE),
        district=stated.get("district", NOT_STATED),
        woman=victim.woman is True,
        child=victim.child is True,
        senior=victim.senior is True,
        language=victim.language or Language.HI,
        email=stated.get("email"),
    )


def number_to_confirm(content: DraftContent) -> str:
    """Return the number that a one-time code confirms: that of the person who complains."""
    teller = content.teller.mobile if content.teller else ""
    is_safe = content.reach is not None and content.reach.way is ReachWay.SMS
    return teller or (is_safe and content.victim.mobile) or content.caller_mobile or content.victim.mobile


def with_number_to_confirm(content: DraftContent, mobile: str) -> DraftContent:
    """Return a content in which the person who complains has this number."""
    with_mobile = content.model_copy(update={"caller_mobile": mobile})
    if content.teller and content.teller.mobile:
        return with_mobile.model_copy(update={"teller": content.teller.model_copy(update={"mobile": mobile})})
    if number_to_confirm(with_mobile) != mobile:
        return with_mobile.model_copy(update={"victim": content.victim.model_copy(update={"mobile": mobile})})
    return with_mobile


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
    for index, transfer in enumerate(content.transfers):
        yield from _transfer_flags(transfer, f"transfers[{index}]", now, rules)


def _transfer_flags(transfer: DraftTransfer, field: str, now: datetime, rules: TrailRules) -> Iterator[Flag]:
    yield from party_flags(transfer.payer.account, transfer.payer.vpa, f"{field}.payer")
    yield from ifsc_flags(transfer.payer.ifsc, f"{field}.payer")
    yield from party_flags(transfer.payee.account, transfer.payee.vpa, f"{field}.payee")
    yield from same_account_flags(party_holder(transfer.payer), party_holder(transfer.payee), field)
    yield from reference_flags(transfer.rrn, transfer.utr, field)
    if (at := moment_of(transfer.transferred_at)) is not None:
        is_day = day_of(transfer.transferred_at) is not None
        yield from time_flags(at, field, now, rules, time_missing=is_day)


def moment_of(text: str) -> datetime | None:
    """Return the time that a text names in full, or None."""
    try:
        return _MOMENT.validate_python(text) if text else None
    except ValidationError:
        return None


def banks_of(directory: Directory, content: DraftContent) -> tuple[list[FoundBank], list[Flag]]:
    """Return the institution of each end that names one, with the flags of the directory."""
    banks: list[FoundBank] = []
    flags: list[Flag] = []
    for index, transfer in enumerate(content.transfers):
        for side, party in (("payer", transfer.payer), ("payee", transfer.payee)):
            if party_institution(party):
                bank, odd = resolve(directory, party, f"transfers[{index}].{side}")
                flags += odd
                if bank is not None:
                    banks.append(FoundBank(field=f"transfers[{index}].{side}", code=bank.code, name=bank.name))
    return banks, flags


def paid_accounts(directory: Directory, content: DraftContent) -> dict[str, tuple[str, str]]:
    """Return the institution and the `account_key` of each account that was paid, by the transfer's field."""
    banks, _ = banks_of(directory, content)
    codes = {bank.field: bank.code for bank in banks}
    paid = {}
    for index, transfer in enumerate(content.transfers):
        field = f"transfers[{index}].payee"
        key = account_key(party_holder(transfer.payee))
        if field in codes and len(key) >= ACCOUNT_MIN_CHARS and names_an_account(key):
            paid[field] = (codes[field], key)
    return paid


def unasked(directory: Directory, content: DraftContent) -> tuple[str, ...]:
    """Return the transfers for which the directory finds no bank that was paid."""
    banks, _ = banks_of(directory, content)
    fields = {bank.field for bank in banks}
    numbers = range(len(content.transfers))
    return tuple(f"transfers[{index}]" for index in numbers if f"transfers[{index}].payee" not in fields)


def resolve(directory: Directory, party: DraftParty, field: str) -> tuple[Institution | None, list[Flag]]:
    """Return the institution of one end as the intake of a complaint finds it."""
    return directory.resolve(party_institution(party), party.ifsc or None, party_holder(party), field)
