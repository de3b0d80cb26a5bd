"""Texts from outside: lines, identifiers, references, times as told in India, mail addresses and mobile numbers."""

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, StringConstraints

from schemas.base import Storable, UtcDatetime
from schemas.identifiers import MOBILE_PATTERN, names_a_transfer

IST = timezone(timedelta(hours=5, minutes=30), "IST")
TIME_FORMAT = "write YYYY-MM-DDTHH:MM:SS, with an offset such as +05:30 unless it is Indian time"
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]


def _placeholder_is_nothing(value: object) -> object:
    """A placeholder such as "NA" or twelve zeros: kept as a reference, it would make strangers' transfers one."""
    return None if isinstance(value, str) and not names_a_transfer(value) else value


Reference = Annotated[Identifier | None, BeforeValidator(_placeholder_is_nothing)]


def _is_number(value: object) -> bool:
    if not isinstance(value, str):
        return isinstance(value, int | float)
    try:
        float(value)
    except ValueError:
        return False
    return True


def day_of(value: object) -> date | None:
    """The date, where `value` is one without a time of day."""
    if isinstance(value, str) and not _is_number(value):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _as_told_in_india(value: object) -> object:
    """Officers write local time: a time without an offset is Indian time, a date alone the start of that day.

    A number is no time: seconds and milliseconds look alike, and so do an epoch and a date without its dashes.
    """
    if _is_number(value):
        raise ValueError(f"a number is no time: {TIME_FORMAT}")
    if day := day_of(value):
        value = datetime.combine(day, time())
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return value
    if isinstance(value, datetime) and value.tzinfo is None:
        return value.replace(tzinfo=IST)
    return value


LocalDatetime = Annotated[UtcDatetime, BeforeValidator(_as_told_in_india)]
EMAIL_MAX_CHARS: Final = 254
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)


def is_email(text: str) -> bool:
    """Whether `text` is one plain address, with nothing around it."""
    return len(text) <= EMAIL_MAX_CHARS and _EMAIL.fullmatch(text) is not None


def _mobile(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "").removeprefix("+91")
    if not MOBILE_PATTERN.fullmatch(digits):
        raise ValueError("is no Indian mobile number: ten digits, the first of them 6 to 9")
    return digits


Mobile = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(_mobile)]
"""a number that short messages reach"""


def _plain(text: str) -> str:
    if not is_email(text):
        raise ValueError("is no plain e-mail address")
    return text


EmailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=EMAIL_MAX_CHARS), AfterValidator(_plain)
]
