"""Until when personal data are kept."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.policy.model import load_policy
from domain.privacy.retention import ComplaintFate, RetentionOutcome, retention_end
from tests.each import each

RULES = load_policy().personal_data.retention
LAST = datetime(2027, 1, 1, tzinfo=UTC)


def fate(**changes: Any) -> ComplaintFate:
    told = {"ack_no": "32411260000001", "case_no": "32411260000001", "last_at": LAST}
    flags = dict.fromkeys(("is_open", "has_fir", "is_withdrawn", "was_held", "is_restored"), False)
    return ComplaintFate(**{**told, **flags, **changes})


@each(
    ("changes", "outcome", "seconds"),
    [
        ({}, RetentionOutcome.NOTHING_HELD, RULES.nothing_held_seconds),
        ({"was_held": True}, RetentionOutcome.RELEASED, RULES.released_seconds),
        ({"was_held": True, "is_restored": True}, RetentionOutcome.RESTORED, RULES.restored_seconds),
        ({"was_held": True, "is_withdrawn": True}, RetentionOutcome.WITHDRAWN, RULES.withdrawn_seconds),
        ({"is_withdrawn": True, "is_restored": True}, RetentionOutcome.RESTORED, RULES.restored_seconds),
    ],
)
def test_the_outcome_says_how_long(changes: dict[str, bool], outcome: RetentionOutcome, seconds: float) -> None:
    end = retention_end([fate(**changes)], RULES)
    assert end is not None
    assert (end.outcome, end.at) == (outcome, LAST + timedelta(seconds=seconds))


def test_the_longest_of_several_complaints_counts() -> None:
    end = retention_end([fate(is_restored=True), fate(is_withdrawn=True)], RULES)
    assert end is not None
    assert end.outcome is RetentionOutcome.RESTORED


def test_what_is_open_or_before_a_court_has_no_end() -> None:
    assert retention_end([fate(), fate(is_open=True)], RULES) is None
    assert retention_end([fate(has_fir=True)], RULES) is None
    assert retention_end([], RULES) is None
