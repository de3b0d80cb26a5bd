"""How long things last: the policy's curves, and those that a bank's own history makes of them."""

import math
import random
from bisect import bisect_right
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.banks.answering import BandCount, Curve, default_curve, fitted_curve
from domain.policy.model import load_policy
from domain.policy.telephone import CallRules, Shares
from schemas.enums import AnswerClass
from tests.each import each

RULES = load_policy().call_list
API = default_curve(RULES.answering[AnswerClass.API], 1)
LEAVING = default_curve(RULES.leaving, 1)

_durations = st.lists(st.tuples(st.floats(0, 10**7), st.booleans()), min_size=RULES.min_history, max_size=80)


def history(curve: Curve, durations: Sequence[tuple[float, bool]]) -> list[BandCount]:
    """What the database would count of these durations, each with whether it came to its end."""
    found = []
    for seconds, ended in durations:
        band = bisect_right(curve.starts, seconds) - 1
        found.append(BandCount(band, 1, int(ended), seconds - curve.starts[band]))
    return found


@each("shares", [RULES.leaving, *RULES.answering.values()])
@each("clock_factor", [1, 1440])
def test_a_default_goes_through_the_policys_shares(shares: Shares, clock_factor: float) -> None:
    curve = default_curve(shares, clock_factor)
    assert curve.lasting(0) == 1
    for seconds, share in zip(shares.after_seconds, shares.shares, strict=True):
        assert 1 - curve.lasting(seconds / clock_factor) == pytest.approx(share)
    assert curve.lasting(10 * shares.after_seconds[-1] / clock_factor) < 1 - shares.shares[-1]


def test_money_is_mostly_gone_after_ten_minutes() -> None:
    assert 0.10 <= LEAVING.lasting(600) <= 0.20


@given(durations=_durations, seconds=st.lists(st.floats(0, 10**9), min_size=2, max_size=5))
def test_what_lasts_only_shrinks(durations: list[tuple[float, bool]], seconds: list[float]) -> None:
    curve = fitted_curve(LEAVING, history(LEAVING, durations), RULES)
    shares = [curve.lasting(moment) for moment in sorted(seconds)]
    assert all(0 < share <= 1 for share in shares)
    assert shares == sorted(shares, reverse=True)


@given(waited=st.floats(0, 10**6), more=st.floats(0, 10**6))
def test_to_last_longer_is_to_last_and_then_to_last_on(waited: float, more: float) -> None:
    assert API.lasting(waited) * API.lasting_on(waited, more) == pytest.approx(API.lasting(waited + more))


def test_a_clock_that_is_behind_is_no_negative_age() -> None:
    assert LEAVING.lasting(-5) == 1
    assert API.lasting_on(-5, 60) == API.lasting_on(0, 60) == pytest.approx(0.5)


def test_a_short_history_is_none() -> None:
    quick = [(1.0, True)] * (RULES.min_history - 1)
    assert fitted_curve(API, history(API, quick), RULES) is API
    assert fitted_curve(API, history(API, [*quick, (1.0, True)]), RULES).own_history == RULES.min_history


@each("mean_seconds", [20.0, 900.0, 40_000.0])
def test_a_long_history_speaks_for_itself(mean_seconds: float) -> None:
    dice = random.Random(7)
    durations = [(dice.expovariate(1 / mean_seconds), True) for _ in range(20_000)]
    curve = fitted_curve(API, history(API, durations), RULES)
    for seconds in (10, 60, 300, 1800, 14_400, 86_400):
        assert curve.lasting(seconds) == pytest.approx(math.exp(-seconds / mean_seconds), abs=0.02)


def test_what_has_not_ended_yet_is_not_forgotten() -> None:
    """Half of what began is cut off at some moment by our looking at it: the curve is the same as if it were not."""
    dice = random.Random(8)
    durations = []
    for _ in range(20_000):
        ends, looked = dice.expovariate(1 / 600), dice.uniform(0, 1200)
        durations.append((min(ends, looked), ends <= looked))
    curve = fitted_curve(API, history(API, durations), RULES)
    for seconds in (60, 300, 1000):
        assert curve.lasting(seconds) == pytest.approx(math.exp(-seconds / 600), abs=0.02)


def test_a_silent_bank_is_expected_to_stay_silent() -> None:
    curve = fitted_curve(API, history(API, [(86_400.0, False)] * 500), RULES)
    assert curve.lasting_on(0, 600) > 0.95
    assert API.lasting_on(0, 600) < 0.2


def test_the_default_weighs_as_much_as_the_policy_says() -> None:
    """As many of the bank's own as the default counts for: half way between the two, in what ended of those at risk."""
    weight = int(RULES.prior_history)
    curve = fitted_curve(API, history(API, [(10**9, False)] * weight), RULES)
    # Of the default's weight half ends in the first minute, of the bank's own nothing does.
    spent_seconds = 0.5 / (math.log(2) / 60) * weight + 60 * weight
    assert curve.rates[0] == pytest.approx(0.5 * weight / spent_seconds)


@each(
    ("after_seconds", "shares", "words"),
    [
        ((60, 60), (0.1, 0.2), "rise"),
        ((60, 120), (0.2, 0.2), "rise"),
        ((60, 120), (0.2,), "each time needs one share"),
        ((), (), "at least 1"),
        ((60,), (1.0,), "less than 1"),
        ((0,), (0.5,), "greater than 0"),
    ],
)
def test_a_curve_that_is_none_is_refused(
    after_seconds: tuple[float, ...], shares: tuple[float, ...], words: str
) -> None:
    with pytest.raises(ValidationError, match=words):
        Shares(after_seconds=after_seconds, shares=shares, source="a test")


def test_the_rules_name_every_class() -> None:
    told = RULES.model_dump() | {"answering": {"api": RULES.answering[AnswerClass.API].model_dump()}}
    with pytest.raises(ValidationError, match="answering lacks seat, mail"):
        CallRules.model_validate(told)
