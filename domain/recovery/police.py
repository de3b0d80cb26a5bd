"""Return what is due of a duty that the law asks for, and when. Pure."""

from datetime import datetime, timedelta

from domain.case.escalation import EscalationPolicy, open_dues
from domain.policy.restoration import DutyRule
from schemas.case.procedures import DueAction
from schemas.recovery.police import Duty, DutyAction
from schemas.restoration_enums import DutyKind

_SEPARATOR = ":"


def duty_policy(rule: DutyRule, clock_factor: float) -> EscalationPolicy[DutyAction]:
    """Return when a duty is reminded of and escalated, counted from its due time."""
    return EscalationPolicy(
        {
            DutyAction.REMIND: -timedelta(seconds=rule.remind_before_seconds / clock_factor),
            DutyAction.ESCALATE: timedelta(seconds=rule.escalate_after_seconds / clock_factor),
        }
    )


def duty_dues(duty: Duty) -> list[DueAction]:
    """Return what is due of the duty by itself; nothing once it is done."""
    if duty.done_at is not None:
        return []
    steps = {DutyAction.REMIND: duty.remind_at - duty.due_at}
    if duty.kind is DutyKind.FIR_SIGNATURE:
        # The report lapses at its due time, and the duty with it: nothing is left to escalate.
        steps[DutyAction.LAPSE] = timedelta(0)
    else:
        steps[DutyAction.ESCALATE] = duty.escalate_at - duty.due_at
    found = open_dues(EscalationPolicy(steps), _reached(duty), duty.due_at)
    return [DueAction(what=what_of(one.level, duty.kind), at=one.at) for one in found]


def _reached(duty: Duty) -> set[DutyAction]:
    times: dict[DutyAction, datetime | None] = {
        DutyAction.REMIND: duty.reminded_at,
        DutyAction.ESCALATE: duty.escalated_at,
    }
    return {action for action, at in times.items() if at is not None}


def what_of(action: DutyAction, kind: DutyKind) -> str:
    """Return the name of a due of a duty, as `remind:follow_up`."""
    return f"{action}{_SEPARATOR}{kind}"


def read_what(what: str) -> tuple[DutyAction, DutyKind]:
    """Return action and kind from the name of a due."""
    action, _, kind = what.partition(_SEPARATOR)
    return DutyAction(action), DutyKind(kind)
