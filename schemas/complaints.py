"""What a victim tells, as it comes through the door, and what goes back."""

from datetime import date, datetime, time, timedelta, timezone
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from schemas.base import Noun, PositivePaise, Storable, UtcDatetime
from schemas.enums import Channel, Language, Mode
from schemas.identifiers import names_a_transfer
from schemas.messages import EmailAddress

IST = timezone(timedelta(hours=5, minutes=30), "IST")
MAX_TRANSFERS = 100
TIME_FORMAT = "write YYYY-MM-DDTHH:MM:SS, with an offset such as +05:30 unless it is Indian time"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Identifier = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64), Storable]


def _placeholder_is_nothing(value: object) -> object:
    """A placeholder such as "NA" or twelve zeros: kept as a reference, it would make strangers' transfers one."""
    return None if isinstance(value, str) and not names_a_transfer(value) else value


Reference = Annotated[Identifier | None, BeforeValidator(_placeholder_is_nothing)]
Vpa = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=320), Storable]


def _is_number(value: object) -> bool:
    if not isinstance(value, str):
        return isinstance(value, int | float)
    try:
        float(value)
    except ValueError:
        return False
    return True


def _day_of(value: object) -> date | None:
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
    if day := _day_of(value):
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


class Flag(Noun):
    """Something odd that was taken all the same: where, what, and in words."""

    field: str
    code: str
    message: str


class Victim(Noun):
    """The person who lost the money."""

    name: Line
    mobile: Identifier
    district: Line
    woman: bool = False
    child: bool = False
    senior: bool = False
    language: Annotated[Language, Field(exclude_if=lambda language: language is Language.HI)] = Language.HI
    """in which the victim is told of the case"""
    email: Annotated[EmailAddress | None, Field(exclude_if=lambda email: email is None)] = None


class Party(Noun):
    """One end of a transfer: an institution and exactly one of account, VPA or wallet."""

    institution: Line
    account: Identifier | None = None
    vpa: Vpa | None = None
    wallet: Identifier | None = None
    ifsc: Identifier | None = None

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        given = [name for name in ("account", "vpa", "wallet") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of account, vpa or wallet (given: {', '.join(given) or 'none'})")
        return self

    @property
    def holder(self) -> str:
        """The account, VPA or wallet, whichever was given."""
        return self.account or self.vpa or self.wallet or ""


class Transfer(Noun):
    """One disputed transfer, as the victim reports it."""

    payer: Party
    payee: Party
    amount_paise: PositivePaise
    rrn: Reference = None
    utr: Reference = None
    mode: Mode
    transferred_at: LocalDatetime
    time_missing: Annotated[bool, Field(exclude_if=lambda missing: not missing)] = False
    """Only the day is known: `transferred_at` is its start."""

    @model_validator(mode="before")
    @classmethod
    def _note_a_missing_time(cls, told: object) -> object:
        if isinstance(told, dict) and _day_of(told.get("transferred_at")):
            return told | {"time_missing": True}
        return told

    @model_validator(mode="after")
    def _has_reference(self) -> Self:
        if self.rrn is None and self.utr is None:
            raise ValueError("give the rrn or the utr of the transfer")
        return self

    @property
    def reference(self) -> str:
        """The RRN where there is one, else the UTR."""
        return self.rrn or self.utr or ""


class Complaint(Noun):
    """A complaint at the door. `ack_no` is given when the portal has numbered it already."""

    ack_no: Annotated[str, StringConstraints(pattern=r"^[0-9]{14}$")] | None = None
    channel: Channel
    category: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), Storable]
    victim: Victim
    transfers: Annotated[tuple[Transfer, ...], Field(min_length=1, max_length=MAX_TRANSFERS)]


class ComplaintReceipt(Noun):
    """What goes back at the door: the number, the case it belongs to, and what looked odd."""

    ack_no: str
    case_ack_no: str
    joined: bool
    flags: tuple[Flag, ...]
    received_at: UtcDatetime
