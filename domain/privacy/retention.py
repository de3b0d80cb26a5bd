"""Retention of personal data, and the stated contact of an account holder."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from domain.policy.personal_data import RetentionRules
from schemas.base import FrozenModel, UtcDatetime
from schemas.privacy.personal_data import ContactData

BODIES_OF_BANK: Final = "bodies_of_bank"
"""the rule by which the key of a bank ends, whose bodies are of no single case"""


class RetentionOutcome(StrEnum):
    """Outcome of a complaint whose case is over."""

    WITHDRAWN = "withdrawn"
    NOTHING_HELD = "nothing_held"
    RELEASED = "released"
    RESTORED = "restored"


class ComplaintFate(FrozenModel):
    """How a complaint stands."""

    ack_no: str
    case_no: str
    last_at: UtcDatetime
    """time of the last event of its case; the end of a victim's data is none"""
    is_open: bool
    """whether something of its case is still to be done"""
    has_fir: bool
    """whether an FIR is asked for or registered: the court's file decides how long the data are kept"""
    is_withdrawn: bool
    was_held: bool
    is_restored: bool


class RetentionEnd(FrozenModel):
    """End of the time for which the data of a victim are kept, and the outcome that kept them longest."""

    at: UtcDatetime
    outcome: RetentionOutcome


def retention_end(fates: Sequence[ComplaintFate], rules: RetentionRules) -> RetentionEnd | None:
    """Return until when a victim's data are kept, or None while a complaint has no end in sight."""
    if not fates or any(fate.is_open or fate.has_fir for fate in fates):
        return None
    ends = [(_end(fate, outcome_of(fate), rules), outcome_of(fate)) for fate in fates]
    at, outcome = max(ends, key=lambda end: end[0])
    return RetentionEnd(at=at, outcome=outcome)


def outcome_of(fate: ComplaintFate) -> RetentionOutcome:
    """Return the outcome of a complaint whose case is over."""
    if fate.is_restored:
        return RetentionOutcome.RESTORED
    if fate.is_withdrawn:
        return RetentionOutcome.WITHDRAWN
    return RetentionOutcome.RELEASED if fate.was_held else RetentionOutcome.NOTHING_HELD


def _end(fate: ComplaintFate, outcome: RetentionOutcome, rules: RetentionRules) -> datetime:
    seconds = {
        RetentionOutcome.WITHDRAWN: rules.withdrawn_seconds,
        RetentionOutcome.NOTHING_HELD: rules.nothing_held_seconds,
        RetentionOutcome.RELEASED: rules.released_seconds,
        RetentionOutcome.RESTORED: rules.restored_seconds,
    }
    return fate.last_at + timedelta(seconds=seconds[outcome])


_PHONES: Final = ("phone_number", "holder_phone")
_EMAILS: Final = ("email", "holder_email")
"""names of the fields on the I4C wire and in our API"""


def stated_contact(raw: Mapping[str, Any]) -> ContactData:
    """Return the contact that a line states; a field is empty if the line has it not."""
    return ContactData(phone=_first(raw, _PHONES), email=_first(raw, _EMAILS))


def _first(raw: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return next((value for name in names if isinstance(value := raw.get(name), str) and value), "")
