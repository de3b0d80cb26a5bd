"""Texts from outside: lines, identifiers, references, Indian times, e-mail addresses, mobile numbers."""

import re
from datetime import date, datetime, time, timedelta, timezone
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from schemas.base import Storable, UtcDatetime
from schemas.identifiers import MOBILE_PATTERN, names_a_transfer

IST = timezone(timedelta(hours=5, minutes=30), "IST")
TIME_FORMAT = "write YYYY-MM-DDTHH:MM:SS, with an offset such as +05:30 or without one for Indian time"
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9_]{2,20}$")]
TypedLine = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200), Storable, Field(repr=False)]
"""line as far as it is typed; it may be empty"""
TypedShort = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), Storable, Field(repr=False)]
"""identifier, number or time as far as it is typed; it may be empty"""


def indian_minute(at: datetime) -> str:
    """Return a moment in Indian time, as letters and work items have it."""
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M} IST"


def _placeholder_is_nothing(value: object) -> object:
    """Turn a placeholder such as "NA" or twelve zeros into None, because it would match unrelated transfers."""
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
    """Return the date if `value` is a date without a time of day, else None."""
    if isinstance(value, str) and not _is_number(value):
        try:
            return date.fromisoformat(value.strip())
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _as_indian_time(value: object) -> object:
    """Read a time without an offset as IST, and a date alone as the start of that day.

    Officers write local time. A number is refused, because seconds and milliseconds look alike, and so do an epoch and
    a date without dashes.
    """
    if _is_number(value):
        raise ValueError(f"a number is not a time: {TIME_FORMAT}")
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


LocalDatetime = Annotated[UtcDatetime, BeforeValidator(_as_indian_time)]
EMAIL_MAX_CHARS: Final = 254
_EMAIL: Final = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)


def is_email(text: str) -> bool:
    """Return whether `text` is exactly one plain address."""
    return len(text) <= EMAIL_MAX_CHARS and _EMAIL.fullmatch(text) is not None


def _mobile(text: str) -> str:
    digits = text.replace(" ", "").replace("-", "").removeprefix("+91")
    if not MOBILE_PATTERN.fullmatch(digits):
        raise ValueError("is not an Indian mobile number: ten digits, the first of them 6 to 9")
    return digits


Mobile = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20), AfterValidator(_mobile)]
"""number that can receive short messages"""


def _plain(text: str) -> str:
    if not is_email(text):
        raise ValueError("is not a plain e-mail address")
    return text


EmailAddress = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=EMAIL_MAX_CHARS), AfterValidator(_plain)
]
