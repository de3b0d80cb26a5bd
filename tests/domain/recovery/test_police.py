"""What is due of a duty that the law asks for."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.policy.model import load_policy
from domain.recovery.officer_steps import duty_dues, duty_policy, read_what, what_of
from schemas.recovery.court_orders import Duty, DutyAction
from schemas.restoration_enums import DutyKind
from tests.each import each

DUE_AT = datetime(2026, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def duty(kind: DutyKind = DutyKind.FOLLOW_UP, **changes: Any) -> Duty:
    """Return a duty that is reminded of an hour before it is due, and escalated two hours after."""
    empty = dict.fromkeys(Duty.model_fields) | {"reason": ""}
    times = {"opened_at": DUE_AT - 9 * HOUR, "due_at": DUE_AT, "remind_at": DUE_AT - HOUR}
    return Duty.model_validate(empty | times | {"kind": kind, "escalate_at": DUE_AT + 2 * HOUR} | changes)


def told(one: Duty) -> list[tuple[str, timedelta]]:
    return [(due.what, due.at - DUE_AT) for due in duty_dues(one)]


def test_a_duty_is_reminded_of_and_escalated_until_it_is_done() -> None:
    remind, escalate = ("remind:follow_up", -HOUR), ("escalate:follow_up", 2 * HOUR)
    assert told(duty()) == [remind, escalate]
    assert told(duty(reminded_at=DUE_AT)) == [escalate]
    assert told(duty(escalated_at=DUE_AT)) == [remind]
    assert told(duty(done_at=DUE_AT)) == []


def test_a_report_that_is_not_signed_lapses_when_it_is_due() -> None:
    one = duty(DutyKind.FIR_SIGNATURE, reminded_at=DUE_AT)
    assert told(one) == [("lapse:fir_signature", timedelta(0))]


@each("action", DutyAction)
@each("kind", DutyKind)
def test_a_name_is_read_as_it_is_written(action: DutyAction, kind: DutyKind) -> None:
    assert read_what(what_of(action, kind)) == (action, kind)


def test_the_clock_factor_divides_every_wait() -> None:
    rule = load_policy().police.duties[DutyKind.FOLLOW_UP]
    steps, fast = duty_policy(rule, 1.0).steps, duty_policy(rule, 10.0).steps
    assert {level: wait / 10 for level, wait in steps.items()} == fast
    assert steps[DutyAction.REMIND] == -timedelta(seconds=rule.remind_before_seconds)
