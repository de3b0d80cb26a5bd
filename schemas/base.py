"""Base of every model, and one value before and after a change."""

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
    """Frozen record. An unknown field is an error, because a misspelt field is lost data."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def to_utc(moment: datetime) -> datetime:
    """Return the same instant in UTC; `moment` must be aware. Raises ValueError outside the years 1 to 9999."""
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("outside the years 1 to 9999") from None


def _without_nul(text: str) -> str:
    if "\x00" in text:
        raise ValueError("holds a NUL character")
    return text


Storable = AfterValidator(_without_nul)
"""For texts from JSON, which can contain NUL, the one character that PostgreSQL cannot store."""

MAX_AMOUNT_PAISE = 10**13
"""₹10,000 crore: above any reported case, and far below 64 bits even if thousands are summed."""

Paise = Annotated[int, Field(ge=0, le=MAX_AMOUNT_PAISE, strict=True)]
PositivePaise = Annotated[int, Field(gt=0, le=MAX_AMOUNT_PAISE, strict=True)]
UtcDatetime = Annotated[AwareDatetime, AfterValidator(to_utc)]


def _written_out(value: object) -> object:
    if isinstance(value, int | float) or (isinstance(value, str) and not _DATE_FIRST.match(value)):
        raise ValueError("write YYYY-MM-DDTHH:MM:SS with an offset")
    return value


WrittenOut = BeforeValidator(_written_out)
"""For times. A number is refused, because it may count seconds or milliseconds."""


class Flag(FrozenModel):
    """An odd value that was accepted: its field, a code, and a message."""

    field: str
    code: str
    message: str


REASON_MAX_CHARS: Final = 1_000

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=REASON_MAX_CHARS), Storable]
"""Reason of an act. It stands in the case log or in the record of the act."""

Note = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500), Storable]
"""Short text beside a work item or a session."""


class WithReason(FrozenModel):
    """Body of every action that needs a reason."""

    reason: Reason


class Change(FrozenModel):
    """One value before and after. None: there is none."""

    field: str
    before: str | None
    after: str | None
