"""Closed vocabularies of inquiries to the victims' banks (docs/glossary.md)."""

from enum import StrEnum


class PayerInquiryState(StrEnum):
    """State of a question to the victim's bank."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    FAILED = "failed"
    """it could not be delivered, or no answer came in time"""
    SKIPPED = "skipped"
    """no bank can be asked"""


class FoundDecision(StrEnum):
    """Decision of an officer on another transfer that the victim's bank names."""

    TAKEN = "taken"
    """it is part of the fraud, and its money counts as lost"""
    DISMISSED = "dismissed"


class PayerLineKind(StrEnum):
    """Kind of a line in which the victim's bank speaks as such."""

    CONFIRMED = "confirmed"
    """it debited the transfer as the victim told it"""
    DIFFERS = "differs"
    """it debited the transfer, and another figure or account than the victim told"""
    DENIED = "denied"
    """it does not know the debit"""
    FOUND = "found"
    """another transfer left the account"""
    KNOWN = "known"
    """another transfer left the account, and the case has it already"""
