"""Pseudonyms of persons in evidence packs, and which fields are personal.

How the editions of an evidence pack name victims. Pure. Of a marked case the accused's edition has a pseudonym in place
of the victim, and the court's edition says which one. Whatever else repeats the victim's personal data, such as a
bank's own reply, is cut in the rows.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from string import ascii_uppercase
from typing import Any, Final
from urllib.parse import unquote

from domain.evidence_binding import COMPLAINTS, CREDIT_ACCOUNTS, HOPS, MESSAGES, TRANSFERS, Edition
from schemas.privacy.personal_data import PersonalData

CUT: Final = "…"
"""stands in a row in place of what is cut"""
NAME_MIN_CHARS: Final = 3
"""A shorter name is a common syllable of other texts."""
_MOBILE: Final = re.compile(r"[6-9][0-9]{9}")
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})")


class VictimsData:
    """Names, mobile numbers, e-mail and payment addresses of the victims of a case."""

    def __init__(self, persons: Iterable[PersonalData], holders: Iterable[str], names: Iterable[str] = ()) -> None:
        """Take the victims, the holders of accounts that paid or are credited, and further names of the victims.

        The number of an account is no personal data here, because the trail of the money needs it.
        """
        known = list(persons)
        numbers = {item.mobile for item in known} | {item for item in holders if _MOBILE.fullmatch(item)}
        addresses = {item.email for item in known} | {item for item in holders if "@" in item}
        patterns = [
            *(_number(number) for number in numbers if _MOBILE.fullmatch(number)),
            *(_address(address) for address in addresses if address),
            *(_name(name) for name in {*names, *(item.name for item in known)} if len(name) >= NAME_MIN_CHARS),
        ]
        # Of two patterns that begin alike the longer one is tried first.
        patterns.sort(key=lambda pattern: (-len(pattern), pattern))
        self._pattern = re.compile("|".join(patterns), re.IGNORECASE) if patterns else None

    def are_in(self, content: bytes) -> bool:
        """Return whether a file repeats a part of the data, as text or as JSON, forms and addresses write it."""
        pattern = self._pattern
        return pattern is not None and any(pattern.search(text) for text in _readings(content))

    def cut(self, value: Any) -> Any:
        """Return a value of JSON without what repeats the data."""
        if self._pattern is None:
            return value
        if isinstance(value, str):
            return self._pattern.sub(CUT, value)
        if isinstance(value, dict):
            return {name: self.cut(part) for name, part in value.items()}
        if isinstance(value, list):
            return [self.cut(part) for part in value]
        is_number = isinstance(value, int) and not isinstance(value, bool)
        return CUT if is_number and self._pattern.fullmatch(str(value)) else value


def _number(mobile: str) -> str:
    return r"(?<![0-9])(?:(?:00|\+)?91[\s-]?|0)?" + r"[\s-]?".join(mobile) + r"(?![0-9])"


def _address(address: str) -> str:
    return rf"(?<![\w.+-]){re.escape(address)}(?![\w-])"


def _name(name: str) -> str:
    words = [re.escape(word) for part in name.split() if (word := part.strip(".,"))]
    return r"(?<!\w)" + r"[\s.,]+".join(words) + r"(?!\w)"


def _readings(content: bytes) -> Iterator[str]:
    text = content.decode("utf-8", "replace")
    yield text
    if "\\u" in text:
        yield _ESCAPED.sub(lambda escape: chr(int(escape[1], 16)), text)
    if "%" in text or "+" in text:
        yield unquote(text.replace("+", " "))


_TRAITS: Final = ("woman", "child", "senior", "district_as_told")
"""what a row says of a victim that no accused needs in any case"""
_END_CHARS: Final = 4

Row = dict[str, Any]


def hides_victims(edition: Edition, *, is_marked: bool) -> bool:
    """Return whether nothing in a pack may repeat the personal data of its victims."""
    return edition is Edition.ACCUSED and is_marked


def pseudonym(place: int) -> str:
    """Return the name for the victim of a complaint by its place in the case, from 1."""
    return f"Victim {ascii_uppercase[place - 1] if place <= len(ascii_uppercase) else place}"


class VictimsNamed:
    """The lines of one pack, with victims named as its edition names them.

    `data` are the victims' personal data, if the edition must not repeat them (`hides_victims`).
    """

    def __init__(self, edition: Edition, *, is_marked: bool, data: VictimsData | None = None) -> None:
        self._edition = edition
        self._is_marked = is_marked
        self._data = data
        self._place = 0

    def line(self, file: str, text: str) -> str:
        """Return a line of a file. The lines of the complaints come in their order."""
        if file == COMPLAINTS:
            self._place += 1
        if self._edition is Edition.COURT:
            return self._to_court(text) if file == COMPLAINTS and self._is_marked else text
        if file == COMPLAINTS:
            return self._cut(_text(self._complaint_to_accused(json.loads(text))))
        change = _OF_MARKED.get(file) if self._is_marked else None
        return self._cut(text if change is None else _text(change(json.loads(text))))

    def repeats(self, content: bytes) -> bool:
        """Return whether a file repeats personal data that the edition must not have."""
        return self._data is not None and self._data.are_in(content)

    def _cut(self, text: str) -> str:
        return _text(self._data.cut(json.loads(text))) if self._data and self._data.are_in(text.encode()) else text

    def _to_court(self, text: str) -> str:
        row = json.loads(text)
        row["victim"]["pseudonym"] = pseudonym(self._place)
        return _text(row)

    def _complaint_to_accused(self, row: Row) -> Row:
        row = _without(row, "marked")
        if self._is_marked:
            return _without(row, "category", "flags") | {"victim": {"name": pseudonym(self._place)}}
        return row | {"victim": _without(row["victim"], *_TRAITS)}


def _text(row: Row) -> str:
    """Return a row as the database writes it."""
    return json.dumps(row, ensure_ascii=False)


def _without(row: Row, *names: str) -> Row:
    return {name: value for name, value in row.items() if name not in names}


def _hop(row: Row) -> Row:
    """Return a hop. Only the hops of the first layer were paid by a victim."""
    return row | {"payer_holder": _masked(row["payer_holder"])} if row["layer"] == 1 else row


def _message(row: Row) -> Row:
    return row | {"address": ""} if row["to_whom"] == "victim" else row


def _credit_account(row: Row) -> Row:
    return _cut("account")(_without(row, "holder_name", "reason", "proof", "ended_reason"))


def _objection(row: Row) -> Row:
    """Return an objection. Only a holder's text is the holder's own; any other can name the victim."""
    return row if row["by_whom"] == "holder" else _without(row, "text")


def _correction(row: Row) -> Row:
    return row | {name: _cut("payer_holder")(row[name]) for name in ("before", "after")}


def _proposed_words(row: Row) -> Row:
    return row | {"lines": [_cut("credited_account")(line) for line in row["lines"]]}


def _cut(*names: str) -> Callable[[Row], Row]:
    """Return what cuts these holders of accounts in a row, where it has them."""
    return lambda row: row | {name: _masked(row[name]) for name in names if name in row}


def _masked(holder: str | None) -> str | None:
    """Return the holder of an account, cut if it is a payment address or a mobile number.

    These can name a person.
    """
    if holder is None:
        return None
    _, at, bank = holder.rpartition("@")
    if at:
        return f"…@{bank}"
    return f"…{holder[-_END_CHARS:]}" if _MOBILE.fullmatch(holder) else holder


_OF_MARKED: Final[Mapping[str, Callable[[Row], Row]]] = {
    "banks/payer_found_transfers.jsonl": _cut("payer_account"),
    "banks/payer_statements.jsonl": _cut("payer_key"),
    TRANSFERS: _cut("payer_holder", "payer_vpa"),
    "case/hop_corrections.jsonl": _correction,
    HOPS: _hop,
    MESSAGES: _message,
    "orders/confirmations.jsonl": _cut("credited_holder"),
    CREDIT_ACCOUNTS: _credit_account,
    "orders/lines.jsonl": _cut("beneficiary_holder"),
    "orders/words_proposed.jsonl": _proposed_words,
    "restorations/objections.jsonl": _objection,
}
"""what the accused's edition of a marked case changes in other files"""
