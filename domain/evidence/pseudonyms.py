"""How the editions of an evidence pack name victims. Pure.

Of a marked case the accused's edition has a pseudonym in place of the victim, and the court's edition says which one.
Whatever else repeats the victim's personal data, such as a bank's own reply, is cut in the rows.
"""

import json
import re
from collections.abc import Callable, Mapping
from string import ascii_uppercase
from typing import Any, Final

from domain.evidence.personal_data import VictimsData
from domain.evidence_binding import COMPLAINTS, CREDIT_ACCOUNTS, HOPS, MESSAGES, TRANSFERS, Edition

_TRAITS: Final = ("woman", "child", "senior", "district_as_told")
"""what a row says of a victim that no accused needs in any case"""
_MOBILE: Final = re.compile(r"[6-9][0-9]{9}")
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
