"""Test events to a bank's webhook."""

from enum import StrEnum
from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime


class BankTestOutcome(StrEnum):
    """Result of a test event."""

    TAKEN = "taken"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    CLOSED = "closed"
    """the endpoint said that it is closed for good"""
    NO_WEBHOOK = "no_webhook"
    """the directory has no webhook of the bank"""


class BankTestCall(FrozenModel):
    """A test event that a bank has asked for."""

    call_id: UUID
    institution: str
    asked_at: UtcDatetime
    done_at: UtcDatetime | None = None
    """None: it is not sent yet"""
    outcome: BankTestOutcome | None = None
    took_seconds: float | None = None
    detail: str = ""
