"""The circuit breaker, and which channel a request takes."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.banks import channel_choice
from domain.banks.channel_choice import WELL, ChannelBreaker, choose, last_resort, next_probe
from domain.policy.model import BreakerRules
from schemas.enums import ChannelKind, ChannelState

RULES = BreakerRules(failures_to_open=3, silences_to_open=2, probe_after_seconds=5, probe_after_max_seconds=60)
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
I4C, PUSH, EMAIL = ChannelKind.I4C, ChannelKind.PUSH, ChannelKind.EMAIL


def failing(times: int, health: ChannelBreaker = WELL) -> ChannelBreaker:
    for _ in range(times):
        health = channel_choice.failed(health, NOW, RULES)
    return health


def test_a_channel_is_dropped_at_its_third_failure_in_a_row() -> None:
    assert failing(2).state is ChannelState.CLOSED
    assert failing(3) == ChannelBreaker(state=ChannelState.OPEN, failures=3, probe_at=NOW + timedelta(seconds=5))
    assert channel_choice.delivered(failing(2), RULES) == WELL


def test_a_dropped_channel_is_tried_by_one_when_its_time_has_come() -> None:
    dropped = failing(3)
    assert not channel_choice.usable(dropped, NOW + timedelta(seconds=4))
    due = NOW + timedelta(seconds=5)
    assert channel_choice.usable(dropped, due)
    tried = channel_choice.probing(dropped, due, RULES)
    assert tried.state is ChannelState.HALF_OPEN
    assert not channel_choice.usable(tried, due), "the second caller waits"
    assert channel_choice.usable(tried, due + timedelta(seconds=5)), "a probe whose worker died does not close it"
    assert channel_choice.delivered(tried, RULES) == WELL


def test_a_probe_that_fails_doubles_the_wait_up_to_its_limit() -> None:
    health, waits = failing(3), []
    for _ in range(6):
        health = channel_choice.failed(channel_choice.probing(health, NOW, RULES), NOW, RULES)
        assert health.probe_at is not None
        waits.append((health.probe_at - NOW).total_seconds())
    assert waits == [10, 20, 40, 60, 60, 60]


def test_a_bank_whose_replies_cannot_be_read_is_tried_again_as_soon_as_the_first_time() -> None:
    health = failing(6)
    for _ in range(6):
        tried = channel_choice.probing(health, NOW, RULES)
        health = channel_choice.failed(tried, NOW, RULES, reached=True)
        assert health.state is ChannelState.OPEN
        assert health.probe_at == NOW + timedelta(seconds=5)


def test_calls_that_fail_together_are_no_reason_to_stay_away_longer() -> None:
    assert failing(16) == failing(3)
    mute = channel_choice.silent(channel_choice.silent(WELL, NOW, RULES), NOW, RULES)
    assert not channel_choice.delivers(failing(3, mute), RULES), "failures count, although silence dropped it before"


def test_a_bank_that_takes_everything_and_answers_nothing_is_dropped_until_it_answers() -> None:
    health = WELL
    for _ in range(2):
        health = channel_choice.silent(channel_choice.delivered(health, RULES), NOW, RULES)
    assert health.state is ChannelState.OPEN
    assert channel_choice.delivered(health, RULES).state is ChannelState.OPEN
    assert channel_choice.answered(health, RULES) == WELL


def test_a_request_takes_the_best_channel_that_works_and_has_not_had_its_turn() -> None:
    ways = [I4C, PUSH, EMAIL]
    assert choose(ways, {}, {}, NOW) is I4C
    assert choose(ways, {}, {I4C: 1}, NOW) is PUSH
    assert choose(ways, {}, {I4C: 1, PUSH: 1, EMAIL: 1}, NOW) is I4C
    assert choose(ways, {I4C: failing(3)}, {}, NOW) is PUSH
    assert choose(ways, {I4C: failing(3)}, {}, NOW + timedelta(seconds=5)) is I4C
    assert choose([I4C], {I4C: failing(3)}, {}, NOW) is None
    assert next_probe([I4C, PUSH], {I4C: failing(3)}) == NOW + timedelta(seconds=5)


def test_what_only_missing_answers_have_dropped_carries_where_there_is_no_other_way() -> None:
    mute = channel_choice.silent(channel_choice.silent(WELL, NOW, RULES), NOW, RULES)
    assert choose([EMAIL], {EMAIL: mute}, {}, NOW) is None
    assert last_resort([EMAIL], {EMAIL: mute}, {}, RULES) is EMAIL
    assert last_resort([I4C, EMAIL], {I4C: failing(3), EMAIL: mute}, {}, RULES) is EMAIL
    assert last_resort([I4C], {I4C: failing(3)}, {}, RULES) is None


@given(st.lists(st.sampled_from(["failed", "silent", "delivered", "answered", "probing", "wait"]), max_size=60))
def test_whatever_happens_a_channel_comes_back_by_itself(steps: list[str]) -> None:
    health, now = WELL, NOW
    for step in steps:
        if step == "wait":
            now += timedelta(seconds=7)
        elif step == "probing":
            if channel_choice.usable(health, now) and health.state is not ChannelState.CLOSED:
                health = channel_choice.probing(health, now, RULES)
        elif step in {"failed", "silent"}:
            health = (channel_choice.failed if step == "failed" else channel_choice.silent)(health, now, RULES)
        else:
            health = (channel_choice.delivered if step == "delivered" else channel_choice.answered)(health, RULES)
        assert (health.state is ChannelState.CLOSED) == (health.probe_at is None)
        assert health.probe_at is None or health.probe_at <= now + timedelta(seconds=60)
    assert channel_choice.usable(health, now + timedelta(seconds=60))
    assert channel_choice.answered(health, RULES) == WELL
