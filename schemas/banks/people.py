"""People of a bank who sign in to its inbox with logins of their own."""

from enum import StrEnum
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime


class PersonState(StrEnum):
    """State of a person's login."""

    INVITED = "invited"
    """has a code, or gets one, and has set no password yet"""
    ACTIVE = "active"
    ENDED = "ended"


class BankPerson(FrozenModel):
    """A person of a bank."""

    person_id: UUID
    institution: str
    email: str = Field(repr=False)
    name: str = Field(repr=False)
    designation: str
    state: PersonState
    added_at: UtcDatetime
    ended_at: UtcDatetime | None
    did_not_ask: bool = False
    """whether the person has ended the login with its code, without having asked for it"""
    told_at: UtcDatetime | None
    """when the newest code was sent; None while it is due, or could not be sent"""
    is_due: bool
    """whether a code is still to be sent"""
    last_sign_in_at: UtcDatetime | None
    confirmed_at: UtcDatetime | None
    """when two admins confirmed that this person is another one than the bank's other people; None: not confirmed"""
