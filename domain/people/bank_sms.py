"""Reading of a bank's message to its customer into the fields of a transfer. Pure.

Each field has a few patterns. What one of them has read is taken out of the text, so that no other reads it again.
Every repetition in a pattern has a limit, so that no text takes long.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from schemas.base import MAX_AMOUNT_PAISE
from schemas.enums import Mode
from schemas.people.drafts import DraftParty, DraftTransfer, SmsField, SmsPart, SmsQuestion, SmsReading

PACKAGED_BANKS: Final = Path(__file__).with_suffix(".toml")
UNREAD_MAX: Final = 20
"""parts of a message that are named as unread"""
UNREAD_MAX_CHARS: Final = 40
_Codes = tuple[tuple[re.Pattern[str], str], ...]
_TAKEN: Final = "\N{SYMBOL FOR NULL}"
"""stands where a pattern has read the text, so that nothing is read across it"""

_SUM: Final = r"([0-9][0-9,]{0,15}(?:\.[0-9]{1,2})?)(?![0-9])"
_RUPEES: Final = rf"(?:(?<![a-z])(?:rs|inr)|₹)[.:\s]{{0,3}}{_SUM}"
_NAME: Final = rf"([A-Z][A-Za-z .]{{1,39}}?)(?=\s{{1,2}}(?:[Rr]ef|[Oo]n|UPI|{_TAKEN})|[.,;(]|$)"
_CENTURY: Final = 2000
_YEARS_OF_CENTURY: Final = 100
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)


BALANCES: Final = (
    _pattern(rf"(?:bal(?:ance)?|lmt|limit)\b[^0-9₹]{{0,24}}{_RUPEES}"),
    _pattern(rf"bal(?:ance)?[.:\s]{{0,3}}{_SUM}"),
)
"""what is left in the account, which is no transfer"""
AMOUNTS: Final = (
    _pattern(_RUPEES),
    _pattern(rf"\b(?:debited|debit|sent|paid|spent|withdrawn|transferred)\s(?:by|for|with|of)?\s{{0,2}}{_SUM}"),
    _pattern(rf"\bamount\s(?:of\s)?{_SUM}"),
)
RRNS: Final = (
    _pattern(
        r"\b(?:ref(?:erence)?|refno|rrn|utr|upi|imps|txn|transaction|p2[ampv]|id)"
        r"(?:\s?(?:no|num|number|id|ref))?[^0-9a-z]{0,4}([0-9]{12})(?![0-9a-z])"
    ),
    _pattern(r"(?<![0-9a-z+])(?!91[6-9])([0-9]{12})(?![0-9a-z])"),
)
"""after a term that announces it; else any twelve digits that are no telephone number"""
UTRS: Final = (
    _pattern(r"(?<![0-9a-z])([a-z]{4}[a-z0-9][0-9]{11})(?![0-9a-z])"),
    _pattern(r"(?<![0-9a-z])([a-z]{4}r[0-9]{17})(?![0-9a-z])"),
)
"""of NEFT, and of RTGS"""
DAYS: Final = (
    _pattern(
        rf"(?<![0-9a-z])(?P<day>[0-9]{{1,2}})[-/. ]?(?P<name>{'|'.join(_MONTHS)})[a-z]{{0,6}}[-/., ]{{0,2}}"
        r"(?P<year>[0-9]{4}|[0-9]{2})(?![0-9])"
    ),
    _pattern(r"(?<![0-9])(?P<year>20[0-9]{2})[-/:.](?P<month>[0-9]{2})[-/:.](?P<day>[0-9]{2})(?![0-9])"),
    _pattern(r"(?<![0-9])(?P<day>[0-9]{1,2})[-/.](?P<month>[0-9]{1,2})[-/.](?P<year>20[0-9]{2}|[0-9]{2})(?![0-9])"),
)
CLOCKS: Final = (
    _pattern(
        r"(?<![0-9:])(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2}))?\s?(?P<half>am|pm)?(?![0-9a-z:])"
    ),
)
ACCOUNTS: Final = (
    _pattern(
        r"(?<!\bto )(?<!beneficiary )\b(?:a/?c|acct?|account)(?:\s?(?:no|number)\.?)?"
        r"[\s:.]{0,3}(?:ending\s(?:with\s|in\s)?)?[x*.]{0,16}([0-9]{3,6})(?![0-9])"
    ),
    _pattern(r"\bcard\s(?:no\.?\s)?(?:ending\s(?:with\s|in\s)?)?[x*.]{0,16}([0-9]{3,6})(?![0-9])"),
)
VPAS: Final = (
    _pattern(r"(?<!from )(?<![a-z0-9._-])([a-z0-9][a-z0-9._-]{1,63}@[a-z][a-z0-9]{1,30})(?![a-z0-9@]|\.[a-z0-9])"),
)
NAMES: Final = (
    re.compile(rf"\b(?:[Tt]rf|[Tt]ransfer(?:red)?|[Pp]aid|[Ss]ent)\s[Tt][Oo]\s{_NAME}"),
    re.compile(rf"\bTo\s{_NAME}"),
    re.compile(rf"{_TAKEN} /([A-Z][A-Z .]{{1,39}}?)(?=\s[A-Z][a-z]|[.,;(]|$)"),
    re.compile(r";\s([A-Z][A-Za-z .]{1,39}?)\scredited"),
    re.compile(r"\bat\s(?!ATM\b)([A-Z][A-Za-z0-9 .&]{1,39}?)(?=\son\b|[.,;(]|$)"),
)
"""in the letters of the message, because a name begins with a capital"""
_DEBIT: Final = _pattern(r"\b(?:debited|debit|dr|sent|paid|spent|withdrawn|transferred|purchase|beneficiary)\b")
_CREDIT: Final = _pattern(r"\b(?:credited|credit|cr|received|deposited|refund(?:ed)?)\b")
_NO_DEBIT: Final = _pattern(
    r"\b(?:otp|one[ -]time password)\b.{0,64}\bis\s[0-9]{4,8}\b"
    r"|\b[0-9]{4,8}\sis\b.{0,24}\b(?:otp|one[ -]time password)\b"
    r"|\b(?:will|to) be (?:auto-?)?(?:debited|sent|paid)\b"
    r"|\b(?:is|was|has|been|debit)\s(?:declined|failed|unsuccessful)\b"
)
"""a message of a code, of a debit to come, or of one that was refused"""
_MODES: Final = (
    (Mode.IMPS, _pattern(r"\bimps\b|\bmmid\b")),
    (Mode.NEFT, _pattern(r"\bneft\b")),
    (Mode.RTGS, _pattern(r"\brtgs\b")),
    (Mode.AEPS, _pattern(r"\baeps\b")),
    (Mode.UPI, _pattern(r"\bupi\b")),
    (Mode.CARD, _pattern(r"\bcard\b")),
)
_PAYER: Final = (
    r"(?:-\s?|[.:;]\s|[0-9]-?\s)NAME[.\s]{0,2}$"
    r"|^NAME(?=\s?:|\s(?:a/?c|acct?|account|card|customer|alert)\b)"
    r"|\b(?:from|your|aapke|on|using)\sNAME(?=\s(?:a/?c|acct?|account|card|has|credit|debit)\b|[.,;]|$)"
)
"""the signature of a message, its beginning, and the customer's own account or card"""
_PAYEE: Final = (
    r"(?<!debited )(?:\bto|\bbeneficiary)\s(?:a/?c|acct?|account)[\s:.]{0,3}[x*.]{0,16}[0-9]{3,6}[\s,(]{1,3}"
    r"(?:of\s|with\s|in\s|at\s)?NAME(?![a-z])"
)
"""the name behind the account that was paid"""
_SENDER: Final = re.compile(r"(?:[A-Z0-9]{2}-)?([A-Z0-9]{3,9})(?:-[A-Z])?", re.ASCII)
_WITH_DIGIT: Final = re.compile(r"\S{0,60}[0-9]\S{0,60}")


_Place = tuple[int, int, SmsField]
"""where a field stands in a message"""


@dataclass
class _Text:
    """A message, from which each pattern takes what it reads. What is left keeps its place."""

    left: str
    places: list[_Place] = dataclass_field(default_factory=list)

    def take(self, patterns: tuple[re.Pattern[str], ...], field: SmsField | None = None) -> re.Match[str] | None:
        """Return the first match of the first pattern that has one, and take it out of the text."""
        for pattern in patterns:
            if matched := pattern.search(self.left):
                self.left = _without(self.left, matched)
                if field is not None:
                    self.places.append((*matched.span(0 if matched.groupdict() else 1), field))
                return matched
        return None

    def take_group(self, patterns: tuple[re.Pattern[str], ...], field: SmsField | None = None) -> str:
        """Return the first group of what `take` finds, or an empty text."""
        matched = self.take(patterns, field)
        return matched.group(1).strip() if matched else ""


def _without(text: str, matched: re.Match[str]) -> str:
    """Return a text of the same length without what was matched."""
    return f"{text[: matched.start()]} {_TAKEN * max(1, len(matched.group()) - 2)} {text[matched.end() :]}"


def _parts(whole: str, places: Iterable[_Place]) -> tuple[SmsPart, ...]:
    """Cut a message at the places that were understood. One that lies in another is left out."""
    parts, at = [], 0
    for start, end, field in sorted(places):
        if start < at:
            continue
        parts += [SmsPart(text=whole[at:start]), SmsPart(text=whole[start:end], understood_as=field)]
        at = end
    return tuple(part for part in (*parts, SmsPart(text=whole[at:])) if part.text)


def read_sms(asked: SmsQuestion) -> SmsReading:
    """Return what a message of a bank says. A field that no pattern reads is named in `missing`.

    A message that states no debit has no transfer.
    """
    whole = " ".join(asked.text.split())
    text = _Text(whole)
    while text.take(BALANCES):
        pass
    vpa = text.take_group(VPAS, SmsField.PAYEE)
    utr, rrn = text.take_group(UTRS, SmsField.REFERENCE).upper(), text.take_group(RRNS, SmsField.REFERENCE)
    day = _day(text)
    transferred_at = _moment(day, text)
    amount_paise = _paise(text.take_group(AMOUNTS, SmsField.AMOUNT))
    account_end = text.take_group(ACCOUNTS, SmsField.ACCOUNT)
    name = text.take_group(NAMES, SmsField.PAYEE)
    is_debit = _is_debit(whole)
    payer_bank, payee_bank = _bank_of(asked.sender, whole), _payee_bank(whole)[:2]
    banks = ((payer_bank, SmsField.BANK), (payee_bank, SmsField.PAYEE_BANK))
    text.places += [(*place, field) for (code, place), field in banks if code and place]
    stated = DraftTransfer(
        payer=DraftParty(institution=payer_bank[0]),
        payee=DraftParty(institution=payee_bank[0], vpa=vpa),
        amount_paise=amount_paise,
        rrn=rrn,
        utr=utr,
        mode=_mode(whole, vpa),
        transferred_at=transferred_at,
    )
    transfer = stated if is_debit else DraftTransfer()
    return SmsReading(
        transfer=transfer,
        is_debit=is_debit,
        payer_account_end=account_end if is_debit else "",
        payee_name=name if is_debit else "",
        missing=_missing(transfer),
        unread=_unread(text.left),
        parts=_parts(whole, text.places if is_debit else ()),
    )


def bank_of(sender: str, text: str) -> str:
    """Return the code of the bank whose account paid, as `_bank_of` finds it, or an empty text."""
    return _bank_of(sender, text)[0]


def _bank_of(sender: str, text: str) -> tuple[str, tuple[int, int] | None]:
    """Return the code of the bank whose account paid, or an empty one, and its place in the text.

    The sender counts before the text. In the text a bank counts where it signs, begins, or has the account that is the
    customer's own. Nothing is returned if two banks stand there, because one of them would be guessed.
    """
    senders, names, _ = _banks()
    if (matched := _SENDER.fullmatch(sender.upper())) and matched.group(1) in senders:
        return senders[matched.group(1)], None
    left = _payee_bank(text)[2]
    places: dict[str, tuple[int, int]] = {}
    for pattern, code in names:
        while matched := pattern.search(left):
            left = _without(left, matched)
            places.setdefault(code, matched.span(matched.lastindex or 0))
    return next(iter(places.items())) if len(places) == 1 else ("", None)


def _payee_bank(text: str) -> tuple[str, tuple[int, int] | None, str]:
    """Return the code of the bank at the account which was paid, where it stands, and the text without it."""
    for pattern, code in _banks()[2]:
        if matched := pattern.search(text):
            return code, matched.span(matched.lastindex or 0), _without(text, matched)
    return "", None, text


@cache
def _banks() -> tuple[Mapping[str, str], _Codes, _Codes]:
    """Return the codes by sender, and the patterns of the bank that paid and of the one that was paid.

    The longest name comes first, because the names of banks contain those of others.
    """
    table = tomllib.loads(PACKAGED_BANKS.read_text(encoding="utf-8"))["bank"]
    senders = {sender: bank["code"] for bank in table for sender in bank["senders"]}
    names = sorted(((name, bank["code"]) for bank in table for name in bank["names"]), key=lambda pair: -len(pair[0]))
    payers = tuple((_pattern(_PAYER.replace("NAME", f"({re.escape(name)})")), code) for name, code in names)
    payees = tuple((_pattern(_PAYEE.replace("NAME", f"({re.escape(name)})")), code) for name, code in names)
    return senders, payers, payees


def _paise(text: str) -> int | None:
    if not text:
        return None
    paise = int(Decimal(text.replace(",", "")) * 100)
    return paise if 0 < paise <= MAX_AMOUNT_PAISE else None


def _day(text: _Text) -> date | None:
    matched = text.take(DAYS, SmsField.TIME)
    if matched is None:
        return None
    parts = matched.groupdict()
    month = _MONTHS.index(parts["name"].lower()) + 1 if parts.get("name") else int(parts["month"])
    year = int(parts["year"])
    try:
        return date(year if year >= _YEARS_OF_CENTURY else _CENTURY + year, month, int(parts["day"]))
    except ValueError:
        return None


def _moment(day: date | None, text: _Text) -> str:
    """Return the time of the transfer as a draft has it; empty without a date."""
    if day is None:
        return ""
    matched = text.take(CLOCKS, SmsField.TIME)
    if matched is None:
        return day.isoformat()
    hour, half = int(matched["hour"]), (matched["half"] or "").lower()
    if half:
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return datetime.combine(day, time(hour, int(matched["minute"]), int(matched["second"] or 0))).isoformat()
    except ValueError:
        return day.isoformat()


def _is_debit(text: str) -> bool | None:
    """Return whether money left the account. A message that says both is about a debit and where the money went."""
    if _NO_DEBIT.search(text):
        return None
    if _DEBIT.search(text):
        return True
    return False if _CREDIT.search(text) else None


def _mode(text: str, vpa: str) -> Mode | None:
    return next((mode for mode, pattern in _MODES if pattern.search(text)), Mode.UPI if vpa else None)


def _missing(transfer: DraftTransfer) -> tuple[str, ...]:
    stated = {
        "payer.institution": transfer.payer.institution,
        "payee.vpa": transfer.payee.vpa,
        "amount_paise": transfer.amount_paise,
        "rrn": transfer.rrn or transfer.utr,
        "transferred_at": transfer.transferred_at,
    }
    return tuple(name for name, value in stated.items() if not value)


def _unread(left: str) -> tuple[str, ...]:
    parts = (part.strip(".,;:()") for part in _WITH_DIGIT.findall(left))
    return tuple(part[:UNREAD_MAX_CHARS] for part in parts if part)[:UNREAD_MAX]
