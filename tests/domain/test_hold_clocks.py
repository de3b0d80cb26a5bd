"""When a hold is told of, warned about and lapses: the arithmetic of its clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.hold_clocks import LAPSE, RELEASE_EXCESS, TELL_HOLDER, WARN, HoldStands, dues, latest_warning
from domain.policy import load_policy
from schemas.procedures import HoldPolicy

RULES = load_policy().hold
POLICY = RULES.promised("1", 1.0)
HELD_AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
LAPSES_AT = HELD_AT + timedelta(days=90)
DAY = timedelta(days=1)


def stands(**changes: Any) -> HoldStands:
    return HoldStands.model_validate(
        {
            "policy": POLICY,
            "first_held_at": HELD_AT,
            "lapses_at": LAPSES_AT,
            "told": True,
            "warned_days": None,
            "kept": False,
            "free_paise": 500_00,
            "excess_paise": 0,
        }
        | changes
    )


def whats(**changes: Any) -> list[str]:
    return [due.what for due in dues(stands(**changes))]


def test_a_new_hold_is_told_of_at_once_then_warned_of_then_lapses() -> None:
    found = dues(stands(told=False))
    assert [due.what for due in found] == [TELL_HOLDER, "warn_30", "warn_15", "warn_7", "warn_1", LAPSE]
    assert [LAPSES_AT - due.at for due in found[1:]] == [30 * DAY, 15 * DAY, 7 * DAY, DAY, timedelta(0)]
    assert found[0].at == HELD_AT


def test_what_was_warned_of_is_not_warned_of_again() -> None:
    assert whats(warned_days=15) == ["warn_7", "warn_1", LAPSE]
    assert whats(warned_days=1) == [LAPSE]


def test_an_order_stops_the_clocks_but_excess_goes_all_the_same() -> None:
    assert whats(kept=True) == []
    assert whats(free_paise=0) == []
    assert whats(kept=True, excess_paise=1) == [RELEASE_EXCESS]
    assert whats(told=False, free_paise=0) == [TELL_HOLDER]


@given(
    told=st.booleans(),
    kept=st.booleans(),
    warned_days=st.sampled_from([None, *POLICY.warn_days]),
    free_paise=st.integers(0, 10**9),
    excess_paise=st.integers(0, 10**9),
)
def test_whatever_stands_comes_in_order_of_time_and_once(**standing: Any) -> None:
    found = dues(stands(**standing))
    assert [due.at for due in found] == sorted(due.at for due in found)
    assert len({due.what for due in found}) == len(found)
    lapses = [due.at for due in found if due.what == LAPSE]
    assert lapses == ([LAPSES_AT] if standing["free_paise"] and not standing["kept"] else [])
    assert all(HELD_AT <= due.at <= LAPSES_AT for due in found)


@given(at=st.integers(0, 190 * 86_400).map(lambda seconds: HELD_AT + timedelta(seconds=seconds)))
def test_after_an_outage_the_warning_is_the_one_that_is_true_then(at: datetime) -> None:
    """Acting on the first that is due leaves none that is due: so several that fall together are one."""
    days = latest_warning(POLICY.warn_days, POLICY.warn_before_seconds, LAPSES_AT, at)
    past = [due for due in dues(stands()) if due.what.startswith(WARN) and due.at <= at]
    assert (days is None) == (not past)
    if days is not None:
        left = [due for due in dues(stands(warned_days=days)) if due.what.startswith(WARN) and due.at <= at]
        assert left == []
        assert days == min(int(due.what.removeprefix(f"{WARN}_")) for due in past)


@given(factor=st.floats(0.5, 1_000_000))
def test_a_compressed_clock_divides_the_waits_and_not_the_words(factor: float) -> None:
    promised: HoldPolicy = RULES.promised("1", factor)
    assert promised.warn_days == POLICY.warn_days
    assert abs(promised.lapse_after_seconds * factor - POLICY.lapse_after_seconds) < 1
    assert list(promised.warn_before_seconds) == sorted(promised.warn_before_seconds, reverse=True)
