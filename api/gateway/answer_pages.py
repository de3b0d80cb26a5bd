"""The answer page with its form: an officer of a bank states for each transfer where the money is.

The fields of the form become statements, and every mistake gets a text beside its field. Names of fields: `t3.held`
belongs to transfer 3, `t3.m1.bank` to its first transfer onward, and `t3.o2.how` to its second withdrawal. Reading does
no input and output, so the same fields give the same reading.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Final

from activities.case.answer_links import AnswerForm, AnswerLinks, AnswerView, AskedTransfer
from adapters.banks.stated import CARD, WAYS_OUT, Stated, way_of
from adapters.messages.sms import mobile_of
from api.forms import CLOCK_SLACK, FormReader, whole_number
from api.gateway.reply_pages import Reading, ReplyPages
from api.services import Services
from schemas.case.answers import (
    NOT_STATED,
    REFERENCE_MAX_CHARS,
    HeldLine,
    Line,
    MovedLine,
    Payee,
    RefusedLine,
    SpentLine,
    WithdrawnLine,
)
from schemas.enums import Language
from schemas.identifiers import IFSC_PATTERN, names_a_transfer, reference_key
from schemas.text import is_email

ROWS: Final = range(1, 6)
"""numbers of the rows for transfers onward, and of those for withdrawals, of each transfer"""
NOT_FOUND: Final = {
    "01": "Record not found",
    "02": "RRN/UTR, amount and date do not match",
    "20": "No such account",
}
"""Answers that do not say where the money is: the codes of the I4C wire and their texts."""

WAY_NAMES: Final = {"atm": "ATM", "aeps": "AEPS", CARD: "POS (card machine)", "cheque": "Cheque"}
NAMES: Final = re.compile(
    r"name|designation|made|t[0-9]{1,9}\.(?:seen|held|phone|email|no|m[1-5]\.(?:bank|account|ifsc|rrn|amount|whole|when)"
    r"|o[1-5]\.(?:how|amount|when|place))"
)
_TRANSFER_NO: Final = re.compile(r"t([0-9]{1,9})\.")
_REFERENCE: Final = re.compile(r"[A-Z0-9]{6,40}")


def _address(typed: str) -> str | None:
    return typed if is_email(typed) else None


def numbers_in(fields: Mapping[str, str]) -> set[int]:
    """Return the numbers of the transfers that a form has fields of."""
    return {int(match[1]) for name in fields if (match := _TRANSFER_NO.match(name))}


def read_form(
    fields: dict[str, str], open_now: Mapping[int, AskedTransfer], now: datetime, language: Language = Language.EN
) -> Reading[AnswerForm]:
    """Read a form about the transfers that are open now."""
    reading: Reading[AnswerForm] = Reading(fields)
    reader = _Reader(reading, now, language)
    answerer = reader.answerer()
    made_at = reader.made_at()
    if any(no not in open_now and is_filled(fields, f"t{no}.", ("seen",)) for no in numbers_in(fields)):
        reader.fault("", "form_answered")
    stated = {no: statement for no, transfer in open_now.items() if (statement := reader.transfer(transfer, made_at))}
    if not stated and not reading.errors:
        reader.fault("", "form_empty")
    if not reading.errors and made_at is not None:
        seen_paise = {no: whole_number(fields.get(f"t{no}.seen", "")) for no in stated}
        reading.form = AnswerForm(
            stated=stated, seen_paise=seen_paise, made_at=made_at, answerer=answerer, fields=fields
        )
    return reading


def is_filled(fields: Mapping[str, str], prefix: str, but: Collection[str] = ()) -> bool:
    """Return whether any field under `prefix`, except those in `but`, is filled in."""
    return any(name.startswith(prefix) and name.removeprefix(prefix) not in but for name in fields)


class _Reader(FormReader):
    """Reader of one form."""

    def __init__(self, reading: Reading[AnswerForm], now: datetime, language: Language) -> None:
        super().__init__(reading.fields, reading.errors, now, language)
        self._excesses = reading.excesses

    def made_at(self) -> datetime | None:
        """Return the time at which the form was made, or None if its hidden field is not valid."""
        try:
            made_at = datetime.fromisoformat(self._fields.get("made", "")).astimezone(UTC)
        except (ValueError, OverflowError):
            made_at = None
        if made_at is None or not self._now - timedelta(days=60) < made_at <= self._now + CLOCK_SLACK:
            self.fault("", "form_old")
            return None
        return made_at

    def transfer(self, asked: AskedTransfer, made_at: datetime | None) -> Stated | None:
        """Return the statement on one transfer, or None if there is none or it has a mistake."""
        prefix, before = f"t{asked.no}.", len(self._errors)
        code = self._fields.get(f"{prefix}no", "")
        if code and code not in NOT_FOUND:
            self.fault(f"{prefix}no", "wrong_choice")
        held_paise = self.amount(f"{prefix}held")
        placed = [*self._moved(prefix, asked), *self._taken_out(prefix, asked)]
        phone = self._contact(f"{prefix}phone", mobile_of, "wrong_mobile")
        email = self._contact(f"{prefix}email", _address, "wrong_email")
        lines: list[Line] = []
        if code in NOT_FOUND:
            lines.append(RefusedLine(kind="refused", hop=asked.no, code=code, remarks=NOT_FOUND[code]))
        if held_paise:
            lines.append(
                HeldLine(
                    kind="held",
                    hop=asked.no,
                    amount_paise=held_paise,
                    at=made_at,
                    holder_phone=phone,
                    holder_email=email,
                )
            )
        elif phone or email:
            self.fault(f"{prefix}held", "needs_held")
        stated = Stated(asked.rrn, (*lines, *placed))
        if code and is_filled(self._fields, prefix, ("seen", "no")):
            self.fault(f"{prefix}no", "not_both")
        if len(self._errors) > before or not (code or stated.total_paise):
            return None
        if stated.total_paise > asked.disputed_paise:
            self._excesses[asked.no] = stated.total_paise - asked.disputed_paise
        return stated

    # -- rows ------------------------------------------------------------------------------------------------------

    def _moved(self, transfer_prefix: str, asked: AskedTransfer) -> Iterable[MovedLine]:
        rows: dict[str, MovedLine] = {}
        for prefix in self._filled_rows(f"{transfer_prefix}m"):
            row = self._moved_row(prefix, asked)
            key = reference_key(row.reference) if row else ""
            if row and key == reference_key(asked.rrn):
                self.fault(f"{prefix}rrn", "same_transfer")
            elif row and key in rows:
                self.fault(f"{prefix}rrn", "same_rrn")
            elif row:
                rows[key] = row
        return rows.values()

    def _moved_row(self, prefix: str, asked: AskedTransfer) -> MovedLine | None:
        before = len(self._errors)
        amount = self.amount(f"{prefix}amount", "needs_moved_amount")
        whole = self.amount(f"{prefix}whole") or amount
        at = self._moment(f"{prefix}when")
        ifsc = self._fields.get(f"{prefix}ifsc", "").upper()
        if ifsc and not IFSC_PATTERN.fullmatch(ifsc):
            self.fault(f"{prefix}ifsc", "wrong_ifsc")
        bank = self.text(f"{prefix}bank", "needs_bank")
        account = self.text(f"{prefix}account", "needs_account")
        rrn = self.text(f"{prefix}rrn", "needs_rrn")
        is_reference = _REFERENCE.fullmatch(reference_key(rrn)) and len(rrn) <= REFERENCE_MAX_CHARS
        if rrn and not (is_reference and names_a_transfer(rrn)):
            self.fault(f"{prefix}rrn", "wrong_rrn")
        if amount and whole and whole < amount:
            self.fault(f"{prefix}whole", "wrong_whole")
        if len(self._errors) > before or not (amount and whole and at):
            return None
        payee = Payee(institution=bank, account=account, ifsc=ifsc or None)
        return MovedLine(
            kind="moved", hop=asked.no, amount_paise=amount, transfer_paise=whole, reference=rrn, at=at, payee=payee
        )

    def _taken_out(self, transfer_prefix: str, asked: AskedTransfer) -> Iterable[WithdrawnLine | SpentLine]:
        rows: dict[tuple[object, ...], WithdrawnLine | SpentLine] = {}
        for prefix in self._filled_rows(f"{transfer_prefix}o"):
            row = self._taken_out_row(prefix, asked)
            key = (way_of(row), row.amount_paise, row.at) if row else ()
            if row and key in rows:
                self.fault(f"{prefix}when", "same_withdrawal")
            elif row:
                rows[key] = row
        return rows.values()

    def _taken_out_row(self, prefix: str, asked: AskedTransfer) -> WithdrawnLine | SpentLine | None:
        before = len(self._errors)
        amount = self.amount(f"{prefix}amount", "needs_amount")
        how = self._fields.get(f"{prefix}how", "")
        if how not in WAYS_OUT:
            self.fault(f"{prefix}how", "wrong_how")
        at = self._moment(f"{prefix}when")
        place = self._fields.get(f"{prefix}place", "")
        if place:
            self.text(f"{prefix}place", "too_long")
        if len(self._errors) > before or not (amount and at):
            return None
        row = {"hop": asked.no, "amount_paise": amount, "at": at, "place": place}
        if how == CARD:
            return SpentLine.model_validate(row | {"kind": "spent", "merchant": place or NOT_STATED})
        return WithdrawnLine.model_validate(row | {"kind": "withdrawn", "by": how})

    def _contact(self, name: str, read: Callable[[str], str | None], wrong: str) -> str:
        """Return a contact of the account holder, or "" if none is typed."""
        typed = self._fields.get(name, "")
        contact = read(typed) if typed else ""
        if contact is None:
            self.fault(name, wrong)
        return contact or ""

    def _filled_rows(self, prefix: str) -> list[str]:
        return [f"{prefix}{row}." for row in ROWS if is_filled(self._fields, f"{prefix}{row}.")]

    def _moment(self, name: str) -> datetime | None:
        return self.moment(name, "needs_moment")


class AnswerPages(ReplyPages[AnswerView, AnswerForm]):
    """The pages behind the reply links about hold requests."""

    folder = "answer"
    names = NAMES
    # The chase of the money does not wait for a telephone call.
    taken_without_mobile = True
    template_names: ClassVar[Mapping[str, Any]] = {
        "rows": ROWS,
        "not_found": NOT_FOUND,
        "way_names": WAY_NAMES,
        "way_of": way_of,
        "is_filled": lambda fields, errors, prefix: is_filled(fields, prefix) or is_filled(errors, prefix),
    }

    def __init__(self, services: Services) -> None:
        super().__init__(services, AnswerLinks(services.ctx, services.keys))

    def read(self, view: AnswerView, fields: dict[str, str]) -> Reading[AnswerForm]:
        """Read a form about the transfers that are open now."""
        return read_form(fields, view.items, self._ctx.now())

    def numbers_in(self, fields: Mapping[str, str]) -> set[int]:
        """Return the numbers of the transfers that a form has fields of."""
        return numbers_in(fields)
