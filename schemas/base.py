"""The base every noun stands on."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
)

_DATE_FIRST: Final = re.compile(r"^\d{4}-\d\d-\d\d[T ]", re.ASCII)


class FrozenModel(BaseModel):
    """A frozen record; an unknown field is an error, because a misspelt field is lost data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def to_utc(moment: datetime) -> datetime:
    """Return the same instant in UTC; `moment` must be aware. Raises ValueError at the edges of the calendar."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    return text


Storable = AfterValidator(_without_nul)
"""Beside a text that comes in by JSON: it can spell the one character that PostgreSQL cannot keep."""

MAX_AMOUNT_PAISE = 10**13
"""₹10,000 crore: above any case ever reported, and far from the 64-bit edge when thousands are summed."""

Paise = Annotated[int, Field(ge=0, le=MAX_AMOUNT_PAISE, strict=True)]
PositivePaise = Annotated[int, Field(gt=0, le=MAX_AMOUNT_PAISE, strict=True)]
UtcDatetime = Annotated[AwareDatetime, AfterValidator(to_utc)]


def _written_out(told: object) -> object:
    if isinstance(told, int | float) or (isinstance(told, str) and not _DATE_FIRST.match(told)):
        raise ValueError("write YYYY-MM-DDTHH:MM:SS with an offset")
    return told


WrittenOut = BeforeValidator(_written_out)
"""Beside a time: a number is none. Whether it counts seconds or milliseconds, nobody can tell."""


class Flag(FrozenModel):
    """Something odd that was taken all the same: where, what, and in words."""

    field: str
    code: str
    message: str


Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), Storable]


class WithReason(FrozenModel):
    """The body of every verb that must say why."""

    reason: Reason
