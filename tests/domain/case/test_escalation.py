"""Which escalation level comes next and when, for every policy; and the rules of orders and lists made of it."""

from datetime import UTC, datetime, timedelta
from enum import StrEnum

from hypothesis import given
from hypothesis import strategies as st

from domain.case.requests import (
    EscalationPolicy,
    LevelDue,
    Reached,
    Repeat,
    due_at,
    due_since,
    may_reach,
    next_due,
    open_dues,
)
from domain.gateway.liens import ListLevel, list_escalation
from domain.policy.model import load_policy
from domain.recovery.orders import cancellation_escalation, order_escalation
from schemas.procedures import OrderEscalationLevel

SINCE = datetime(2026, 4, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Level(StrEnum):
    FIRST = "first"
    SECOND = "second"
    THIRD = "third"
    FOURTH = "fourth"


WAITS = st.timedeltas(min_value=-30 * HOUR, max_value=300 * HOUR)
STEPS = st.lists(st.sampled_from(Level), min_size=1, unique=True).flatmap(
    lambda levels: st.fixed_dictionaries(dict.fromkeys(levels, WAITS))
)
REPEATS = st.none() | st.builds(
    Repeat, every=st.timedeltas(min_value=HOUR, max_value=9 * HOUR), times=st.integers(1, 6)
)
POLICIES = st.builds(EscalationPolicy[Level], steps=STEPS, repeat=REPEATS)


def escalated(policy: EscalationPolicy[Level]) -> list[LevelDue[Level]]:
    """Return every level that a missing answer reaches, each counted from the one below."""
    found: list[LevelDue[Level]] = []
    reached, since = None, SINCE
    while due := next_due(policy, reached, since):
        found.append(due)
        times = reached.times + 1 if reached and reached.level is due.level else 1
        reached, since = Reached(due.level, times), due.at
    return found


@given(POLICIES)
def test_every_level_comes_once_in_order_and_the_last_as_often_as_promised(policy: EscalationPolicy[Level]) -> None:
    levels = list(policy.steps)
    times = policy.repeat.times if policy.repeat else 1
    assert [due.level for due in escalated(policy)] == levels[:-1] + levels[-1:] * times


@given(POLICIES)
def test_each_level_waits_for_its_time_after_the_one_below(policy: EscalationPolicy[Level]) -> None:
    before = SINCE
    for index, due in enumerate(escalated(policy)):
        is_again = policy.repeat is not None and index >= len(policy.steps)
        assert due.at - before == (policy.repeat.every if is_again and policy.repeat else policy.steps[due.level])
        before = due.at


@given(POLICIES, st.data())
def test_a_level_may_be_reached_once_unless_it_repeats(policy: EscalationPolicy[Level], data: st.DataObject) -> None:
    levels = list(policy.steps)
    reached = Reached(data.draw(st.sampled_from(levels)), data.draw(st.integers(1, 7)))
    for level in levels:
        may = may_reach(policy, reached, SINCE, level, SINCE + 1000 * HOUR)
        is_above = levels.index(level) > levels.index(reached.level)
        repeats = policy.repeat is not None and reached.times < policy.repeat.times
        assert may == (is_above or (level is levels[-1] and reached.level is level and repeats))


def test_the_last_level_is_not_reached_again_before_its_time() -> None:
    policy = EscalationPolicy({Level.FIRST: HOUR}, Repeat(every=3 * HOUR, times=2))
    reached = Reached(Level.FIRST)
    assert not may_reach(policy, reached, SINCE, Level.FIRST, SINCE + 2 * HOUR)
    assert may_reach(policy, reached, SINCE, Level.FIRST, SINCE + 3 * HOUR)
    assert may_reach(policy, None, SINCE, Level.FIRST, SINCE)


@given(POLICIES, st.sets(st.sampled_from(Level)))
def test_what_counts_from_one_moment_is_due_until_it_is_reached(
    policy: EscalationPolicy[Level], reached: set[Level]
) -> None:
    found = list(open_dues(policy, reached, SINCE))
    assert [due.level for due in found] == [level for level in policy.steps if level not in reached]
    assert all(due.at == SINCE + policy.steps[due.level] for due in found)


@given(POLICIES, st.data())
def test_a_thing_that_waits_long_enough_has_its_level_due_now(
    policy: EscalationPolicy[Level], data: st.DataObject
) -> None:
    level = data.draw(st.sampled_from(list(policy.steps)))
    assert due_at(policy, level, due_since(policy, level, SINCE)) == SINCE


def test_an_order_reaches_the_supervisor_as_often_as_it_was_promised() -> None:
    promised = load_policy().order.promised("1", 1.0)
    policy = order_escalation(promised)
    assert list(policy.steps) == list(OrderEscalationLevel)
    assert policy.repeat is not None
    assert policy.repeat.times == promised.supervisor_times
    once = order_escalation(promised.model_copy(update={"supervisor_again_seconds": None}))
    assert next_due(once, Reached(OrderEscalationLevel.SUPERVISOR), SINCE) is None


def test_levels_of_an_order_stand_in_order_however_its_row_has_them() -> None:
    promised = load_policy().order.promised("1", 1.0)
    turned = promised.model_copy(update={"levels": dict(reversed(promised.levels.items()))})
    assert list(order_escalation(turned).steps) == list(OrderEscalationLevel)


def test_a_cancellation_begins_with_the_desk_and_an_older_order_gets_the_rules_of_today() -> None:
    today = load_policy().order.promised("1", 1.0)
    older = today.model_copy(update={"cancel_levels": {}})
    policy = cancellation_escalation(older, today)
    assert policy == cancellation_escalation(today, older)
    assert list(policy.steps) == [OrderEscalationLevel.DESK_TASK, OrderEscalationLevel.SUPERVISOR]
    assert policy.repeat is None


def test_the_supervisor_has_a_list_after_the_desk() -> None:
    rules = load_policy().reconciliation.of(by_channel=True)
    desk, supervisor = (due_at(list_escalation(rules), level, SINCE) for level in ListLevel)
    assert desk - SINCE == timedelta(seconds=rules.deadline_seconds)
    assert supervisor - desk == timedelta(seconds=rules.supervisor_after_seconds)
