"""Rules of sign-in and sessions."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from schemas.base import FrozenModel


class SessionRules(FrozenModel):
    """Sign-in of officers and their sessions, in real time whatever the clock factor."""

    idle_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """a session without a request for this long is over"""
    longest_seconds: Annotated[float, Field(ge=60, le=86_400)]
    """the longest session"""
    seen_every_seconds: Annotated[float, Field(ge=1, le=600)]
    """the use of a session is written at most this often"""
    cached_seconds: Annotated[float, Field(ge=0, le=1)]
    """time for which a process may rely on what it read about a session"""
    most_of_officer: Annotated[int, Field(ge=1, le=100)]
    """sessions of one officer at once; one more ends the oldest"""
    link_seconds: Annotated[float, Field(ge=60, le=7 * 86_400)]
    """life of a sign-in link"""
    bank_link_seconds: Annotated[float, Field(ge=60, le=7 * 86_400)]
    """life of a link by which a bank sets the password of its login"""
    proof_seconds: Annotated[float, Field(ge=30, le=3600)]
    """time after a sign-in or a code in which the officer may end other own sessions, and do acts that need a proof"""
    address_known_seconds: Annotated[float, Field(ge=0, le=400 * 86_400)]
    """time for which an address counts as an officer's own after a sign-in from it"""
    provider_acr: tuple[str, ...] = ()
    """authentication classes of which an identity provider must state one; empty demands none"""
    provider_amr: tuple[str, ...] = ("mfa",)
    """methods of which an identity provider must state one; empty demands none"""
    provider_longest_seconds: Annotated[float, Field(ge=60, le=400 * 86_400)] | None = None
    """longest time since the officer gave the proof at an identity provider; None demands no time"""
    source: Annotated[str, Field(min_length=3)]

    @model_validator(mode="after")
    def _idle_is_shorter(self) -> Self:
        if not self.seen_every_seconds < self.idle_seconds <= self.longest_seconds:
            raise ValueError("seen_every_seconds, idle_seconds and longest_seconds must be in this order")
        return self
