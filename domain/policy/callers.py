"""Limits on what callers of the interface and banks may do: rates, tries, places and sizes."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.policy.fields import Seconds, Source
from schemas.base import FrozenModel


class LimitName(StrEnum):
    """Rate policies of the banks' API. Each has its own bucket, so that reads never use up calls for answers."""

    FEED_READS = "feed-reads"
    ANSWERS = "answers"
    ACKNOWLEDGES = "acknowledges"
    LIEN_LISTS = "lien-lists"
    JUNK_BODIES = "junk-bodies"
    """bodies on the I4C wire that cannot be used; the next limit counts them too"""
    JUNK_BODIES_A_DAY = "junk-bodies-a-day"


class RateLimit(FrozenModel):
    """Token bucket of `calls`, refilled evenly in `seconds`."""

    calls: Annotated[int, Field(ge=1, le=1_000_000)]
    seconds: Seconds
    source: Source


class BankLimits(FrozenModel):
    """Limits for a bank's calls to our API."""

    waiting_at_once: Annotated[int, Field(ge=1, le=100)]
    """calls that wait for a change, in one process"""
    policies: dict[LimitName, RateLimit]
    source: Source

    @model_validator(mode="after")
    def _none_is_missing(self) -> Self:
        missing = [name.value for name in LimitName if name not in self.policies]
        if missing:
            raise ValueError(f"bank_limits.policies lacks {', '.join(missing)}")
        return self


class TryName(StrEnum):
    """Attempts without a login. Each has its own limit: `RateLimit.calls` at once for one name."""

    LINK_USES = "link-uses"
    LINK_GUESSES = "link-guesses"
    LINK_CODES = "link-codes"
    BANK_LOGINS = "bank-logins"
    BANK_LOGIN_ADDRESSES = "bank-login-addresses"
    BANK_LOGINS_ELSEWHERE = "bank-logins-elsewhere"
    APPEAL_CODES = "appeal-codes"
    APPEAL_TRIES = "appeal-tries"
    MY_CASE_CODES = "my-case-codes"
    MY_CASE_TRIES = "my-case-tries"
    SIGN_INS = "sign-ins"
    SIGN_IN_ADDRESSES = "sign-in-addresses"
    SIGN_IN_STRANGERS = "sign-in-strangers"
    SIGN_IN_CODES = "sign-in-codes"
    FORM_DRAFTS = "form-drafts"
    FORM_CODES = "form-codes"
    FORM_CODE_SENDERS = "form-code-senders"
    FORM_CODES_IN_ALL = "form-codes-in-all"
    FORM_UNCONFIRMED = "form-unconfirmed"
    FORM_UNCONFIRMED_IN_ALL = "form-unconfirmed-in-all"
    FORM_COMPLAINTS = "form-complaints"
    INBOX_CHECKS = "inbox-checks"
    INBOX_EVENTS = "inbox-events"


class DoorName(StrEnum):
    """Kinds of callers. Each kind has places of its own, so that none can take the places of another."""

    PUBLIC = "public"
    """callers without a credential: the pages"""
    SIGN_IN = "sign_in"
    """callers who sign in: officers, banks and their people"""
    BANKS = "banks"
    OFFICERS = "officers"


class Places(FrozenModel):
    """Requests of one kind of callers that one process serves at once."""

    requests: Annotated[int, Field(ge=1, le=100_000)]
    of_one: Annotated[int, Field(ge=1, le=100_000)]
    """those of one caller: an address without a credential, a bank, or an officer"""
    of_one_crowded: Annotated[int, Field(ge=1, le=100_000)]
    """those of one caller while half of the places are taken"""
    source: Source

    @model_validator(mode="after")
    def _one_has_no_more_than_all(self) -> Self:
        if not self.of_one_crowded <= self.of_one <= self.requests:
            raise ValueError("of_one_crowded is more than of_one, or of_one is more than requests")
        return self


class WaitingCalls(FrozenModel):
    """Calls that wait for something new. They are no requests, and take no places."""

    streams: Annotated[int, Field(ge=1, le=100_000)]
    """streams of officers in one process"""
    streams_of_one: Annotated[int, Field(ge=1, le=100_000)]
    """streams of one officer"""
    bank_calls: Annotated[int, Field(ge=1, le=100_000)]
    """waiting calls of all banks in one process; `bank_limits.waiting_at_once` has those of one bank"""
    source: Source


class InterfaceRules(FrozenModel):
    """Limits of our public interfaces, in real time."""

    body_seconds: Annotated[float, Field(gt=0, le=600)]
    """time for the whole body of a request, from the first wait for it; for a head, from its first byte"""
    connections_of_address: Annotated[int, Field(ge=1, le=100_000)]
    """connections of one address to one process; a trusted proxy has no such limit"""
    places: dict[DoorName, Places]
    waiting: WaitingCalls
    tries: dict[TryName, RateLimit]
    source: Source

    @model_validator(mode="after")
    def _none_is_missing(self) -> Self:
        missing = [f"tries.{name.value}" for name in TryName if name not in self.tries]
        missing += [f"places.{name.value}" for name in DoorName if name not in self.places]
        if missing:
            raise ValueError(f"doors lacks {', '.join(missing)}")
        return self
