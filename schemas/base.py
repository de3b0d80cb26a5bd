"""The base every noun stands on."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field


class Noun(BaseModel):
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
