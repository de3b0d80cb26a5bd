"""Forms on our pages: the fields of a form, and the values that several forms ask for."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from adapters.banks.i4c.values import AmountError, parse_moment, parse_rupees
from adapters.banks.stated import Answerer
from api.pages import TEMPLATES
from api.problems import UNREADABLE_FORM, Refused
from schemas.enums import Language

FIELDS_MAX: Final = 2_000
EXACT_FIELDS_MAX: Final = 10
"""fields of a form with a password"""
VALUE_MAX_CHARS: Final = 100
CLOCK_SLACK: Final = timedelta(minutes=10)
ACCEPTED_MAX: Final = 20
"""languages of an `Accept-Language` header that are read"""
FORM_TEXTS: Final[Mapping[Language, Mapping[str, str]]] = {
    language: tomllib.loads((TEMPLATES / "forms" / f"{language.value}.toml").read_text(encoding="utf-8"))
    for language in Language
}
"""what the reader of a form says beside a field, by language"""
_WEIGHT: Final = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


async def typed(request: Request, fields_max: int = FIELDS_MAX) -> dict[str, str]:
    """Return the fields of a form as sent. Raises `Refused`."""
    try:
        return dict(parse_qsl((await request.body()).decode("ascii"), max_num_fields=fields_max, errors="replace"))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None


async def exact_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form exactly as typed, because a password may have any signs. Raises `Refused`."""
    try:
        text = (await request.body()).decode("ascii")
        return dict(parse_qsl(text, max_num_fields=EXACT_FIELDS_MAX, errors="strict", keep_blank_values=True))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None


def preferred(accepts: str) -> Language | None:
    """Return the language of ours that an `Accept-Language` header prefers, or None if it has none of ours."""
    best, best_language = 0.0, None
    for part in accepts.lower().split(",")[:ACCEPTED_MAX]:
        name, _, weight_text = part.partition(";")
        language = name.strip().partition("-")[0]
        match = _WEIGHT.fullmatch(weight_text.replace(" ", "")) if weight_text.strip() else None
        weight = float(match[1]) if match else 0.0 if weight_text.strip() else 1.0
        if language in set(Language) and weight > best:
            best, best_language = weight, Language(language)
    return best_language


async def fields_of(request: Request, names: re.Pattern[str]) -> tuple[dict[str, str], str]:
    """Return the fields of a form whose names match `names` and are not empty, and the button pressed.

    Raises `Refused`.
    """
    sent = await typed(request)
    return chosen(sent, names), sent.get("step", "")


def chosen(sent: Mapping[str, str], names: re.Pattern[str]) -> dict[str, str]:
    """Return the fields whose names match `names` and are not empty."""
    tidied = {name: tidy(value) for name, value in sent.items() if names.fullmatch(name)}
    return {name: value for name, value in tidied.items() if value}


def tidy(value: str) -> str:
    """Return a value without unprintable characters, and with single spaces."""
    return "".join(c for c in " ".join(value.split()) if c.isprintable()).strip()


def digits_of(text: str) -> str:
    """Return the digits of a number or code typed in any script, with spaces and hyphens; empty for anything else."""
    plain = re.sub(r"[\s-]", "", text)
    return "".join(str(unicodedata.decimal(c, "")) for c in plain) if plain.isdecimal() else ""


def whole_number(text: str) -> int:
    """Return the number in a hidden field of ours, or -1 if the field was changed."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= VALUE_MAX_CHARS else -1


class FormReader:
    """Reads the values of one form, and puts every mistake beside its field."""

    def __init__(
        self, fields: Mapping[str, str], errors: dict[str, str], now: datetime, language: Language = Language.EN
    ) -> None:
        self._fields = fields
        self._errors = errors
        self._now = now
        self._say = FORM_TEXTS[language]

    def answerer(self) -> Answerer:
        """Return the officer who fills in the form."""
        return Answerer(self.text("name", "needs_name"), self.text("designation", "needs_designation"))

    def text(self, name: str, needed: str) -> str:
        """Return a text. `needed` is the key of what is said of an empty field."""
        value = self._fields.get(name, "")
        if not value:
            self.fault(name, needed)
        elif len(value) > VALUE_MAX_CHARS:
            self.fault(name, "too_long", most=VALUE_MAX_CHARS)
        return value

    def amount(self, name: str, needed: str = "") -> int | None:
        """Return an amount in rupees as paise, or None if the field is empty or not readable.

        `needed` is the key of what is said of an empty field; without it the field may be empty.
        """
        text = self._fields.get(name, "").removeprefix("₹").strip()
        if not text:
            if needed:
                self.fault(name, needed)
            return None
        try:
            paise = parse_rupees(text)
        except AmountError:
            self.fault(name, "wrong_amount")
            return None
        if needed and not paise:
            self.fault(name, "no_amount")
        return paise

    def moment(self, name: str, needed: str) -> datetime | None:
        """Return a time that is not in the future. `needed` is the key for an empty or unreadable field."""
        moment, _ = parse_moment(self._fields.get(name, ""))
        if moment is None:
            self.fault(name, needed)
        elif moment > self._now + CLOCK_SLACK:
            self.fault(name, "future")
        return moment

    def fault(self, name: str, key: str, **values: object) -> None:
        """Put the text of this key beside a field; an empty name stands for the whole form."""
        self._errors[name] = self._say[key].format_map(values)
