"""Part of the policy file on calls to banks, the call list, and days on which banks are closed."""

from datetime import timedelta
from itertools import pairwise
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import FrozenModel, Paise
from schemas.enums import AnswerClass

Seconds = Annotated[float, Field(gt=0, le=7 * 86_400)]
_LongSeconds = Annotated[float, Field(gt=0, le=400 * 86_400)]
_Share = Annotated[float, Field(gt=0, lt=1)]


class TelephoneRules(FrozenModel):
    """Calls that banks promise to the desk."""

    call_back_within_seconds: Seconds
    """the latest that a bank may promise, in real time"""
    call_again_after_seconds: Seconds
    """time after the promised call at which the desk telephones"""
    supervise_after_seconds: Seconds
    """time after that at which the supervisor is told"""
    source: Annotated[str, Field(min_length=3, max_length=600)]


class Shares(FrozenModel):
    """Curve in the policy: the share that has ended after so many seconds."""

    after_seconds: Annotated[tuple[_LongSeconds, ...], Field(min_length=1, max_length=20)]
    shares: Annotated[tuple[_Share, ...], Field(min_length=1, max_length=20)]
    source: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if len(self.after_seconds) != len(self.shares):
            raise ValueError("each time needs one share")
        for values in (self.after_seconds, self.shares):
            if any(before >= after for before, after in pairwise(values)):
                raise ValueError("times and shares must rise")
        return self


class PersonWeights(FrozenModel):
    """Rupees that a call for a person counts more, in paise. The largest that fits counts."""

    child_paise: Paise
    woman_paise: Paise
    senior_paise: Paise
    source: Annotated[str, Field(min_length=3)]


class CallRules(FrozenModel):
    """Policy of the call list."""

    horizon_seconds: _LongSeconds
    """a bank that answers by itself within this time needs no call"""
    min_history: Annotated[int, Field(ge=1)]
    """number of requests or lines from which a bank's own history counts"""
    prior_history: Annotated[float, Field(gt=0)]
    """weight of the default, as a number of requests or lines of the bank"""
    history_days: Annotated[int, Field(ge=1, le=366)]
    source: Annotated[str, Field(min_length=3)]
    persons: PersonWeights
    leaving: Shares
    """share of the arrived money that has left the account"""
    answering: dict[AnswerClass, Shares]
    """share of the delivered requests that the bank has answered"""

    @model_validator(mode="after")
    def _knows_every_class(self) -> Self:
        missing = [answer_class.value for answer_class in AnswerClass if answer_class not in self.answering]
        if missing:
            raise ValueError(f"answering lacks {', '.join(missing)}")
        return self

    @property
    def history(self) -> timedelta:
        """Return how far back a bank's own history goes."""
        return timedelta(days=self.history_days)


class HolidayRules(FrozenModel):
    """Days on which all banks are closed in every year."""

    yearly: tuple[Annotated[str, StringConstraints(pattern=r"^(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$")], ...] = ()
    """as month and day, like `01-26`"""
    saturdays: tuple[Annotated[int, Field(ge=1, le=5)], ...] = ()
    """numbers of the closed Saturdays in a month"""
    source: Annotated[str, StringConstraints(min_length=3)]
