"""Forms that people fill in on our pages: what is typed, and the values that several forms ask for."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import parse_qsl

from fastapi import Request

from adapters.banks.i4c.money import AmountError, parse_rupees
from adapters.banks.i4c.times import parse_moment
from adapters.banks.stated import Answerer
from api.problems import UNREADABLE_FORM, Refused
from schemas.enums import Language

FIELDS_MAX: Final = 2_000
VALUE_MAX_CHARS: Final = 100
CLOCK_SLACK: Final = timedelta(minutes=10)
ACCEPTED_MAX: Final = 20
"""of the languages that a browser asks for"""
_WEIGHT: Final = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")


async def typed(request: Request, fields_max: int = FIELDS_MAX) -> dict[str, str]:
    """What a form says, as it came. Raises `Refused`."""
    try:
        return dict(parse_qsl((await request.body()).decode("ascii"), max_num_fields=fields_max, errors="replace"))
    except ValueError:
        raise Refused(UNREADABLE_FORM) from None


def preferred(accepts: str) -> Language | None:
    """The language of ours that a browser's `Accept-Language` asks for first; None where it asks for none of them."""
    best, found = 0.0, None
    for part in accepts.lower().split(",")[:ACCEPTED_MAX]:
        name, _, weighs = part.partition(";")
        language = name.strip().partition("-")[0]
        weight = _WEIGHT.fullmatch(weighs.replace(" ", "")) if weighs.strip() else None
        worth = float(weight[1]) if weight else 0.0 if weighs.strip() else 1.0
        if language in set(Language) and worth > best:
            best, found = worth, Language(language)
    return found


async def fields_of(request: Request, names: re.Pattern[str]) -> tuple[dict[str, str], str]:
    """The fields of a form that have one of `names` and are not empty, and the button pressed. Raises `Refused`."""
    sent = await typed(request)
    tidied = {name: tidy(value) for name, value in sent.items() if names.fullmatch(name)}
    return {name: value for name, value in tidied.items() if value}, sent.get("step", "")


def tidy(value: str) -> str:
    """A value without what nobody can see, each run of space as one."""
    return "".join(c for c in " ".join(value.split()) if c.isprintable())


def whole_number(text: str) -> int:
    """The number that a hidden field of ours holds; -1 where it was changed on its way."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= VALUE_MAX_CHARS else -1


class FormReader:
    """Reads the values of one form; every mistake is put beside its field."""

    def __init__(self, fields: Mapping[str, str], errors: dict[str, str], now: datetime) -> None:
        self._fields = fields
        self._errors = errors
        self._now = now

    def answerer(self) -> Answerer:
        """Who fills it in."""
        return Answerer(self.text("name", "Your name"), self.text("designation", "Your designation"))

    def text(self, name: str, what: str) -> str:
        """A text that must be there."""
        value = self._fields.get(name, "")
        if not value:
            self._errors[name] = f"{what} is needed."
        elif len(value) > VALUE_MAX_CHARS:
            self._errors[name] = f"At most {VALUE_MAX_CHARS} characters."
        return value

    def amount(self, name: str, what: str, *, needed: bool = True) -> int | None:
        """Rupees, in paise; None where there are none or they cannot be read."""
        text = self._fields.get(name, "").removeprefix("₹").strip()
        if not text:
            if needed:
                self._errors[name] = f"{what} is needed."
            return None
        try:
            paise = parse_rupees(text)
        except AmountError:
            self._errors[name] = "Rupees, like 5000 or 5000.50."
            return None
        if needed and not paise:
            self._errors[name] = "More than nothing."
        return paise

    def moment(self, name: str, needed: str) -> datetime | None:
        """A time that is not to come; `needed` is said where there is none."""
        moment, _ = parse_moment(self._fields.get(name, ""))
        if moment is None:
            self._errors[name] = needed
        elif moment > self._now + CLOCK_SLACK:
            self._errors[name] = "This is in the future."
        return moment
