"""When a hold is told of, warned about and lapses: the arithmetic of its clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.policy.model import load_policy
from domain.recovery.holds import Appealed, HoldClocks, Part, dues, lapsed, not_kept, warned_to, warnings
from schemas.procedures import HoldPolicy
from schemas.recovery.holds import HoldAction

RULES = load_policy().hold
POLICY = RULES.promised("1", 1.0)
HELD_AT = datetime(2026, 11, 24, 6, tzinfo=UTC)
LAPSES_AT = HELD_AT + timedelta(days=90)
DAY = timedelta(days=1)
WARNED = ("warn_30", "warn_15", "warn_7", "warn_1")


def part(paise: int = 500_00, days: float = 0, hop_no: int = 1) -> Part:
    return Part(hop_no=hop_no, ack_no="21102600000001", held_at=HELD_AT + days * DAY, free_paise=paise)


def stands(**changes: Any) -> HoldClocks:
    return HoldClocks.model_validate(
        {
            "policy": POLICY,
            "newest_at": HELD_AT,
            "told_to": HELD_AT,
            "tried_to": HELD_AT,
            "late_to": None,
            "reachable": True,
            "officer": True,
            "officer_told": True,
            "lapses_from": None,
            "warned_to": None,
            "parts": (part(),),
            "excess_paise": 0,
        }
        | changes
    )


def whats(**changes: Any) -> list[str]:
    return [due.what for due in dues(stands(**changes))]


def test_a_new_hold_is_told_of_at_once_then_warned_of_then_lapses() -> None:
    found = dues(stands(told_to=None, tried_to=None))
    assert [due.what for due in found] == [HoldAction.TELL_HOLDER, *WARNED, HoldAction.LAPSE]
    assert [LAPSES_AT - due.at for due in found[1:]] == [30 * DAY, 15 * DAY, 7 * DAY, DAY, timedelta(0)]
    assert found[0].at == HELD_AT


def test_what_was_warned_of_is_not_warned_of_again() -> None:
    assert whats(warned_to=LAPSES_AT - 15 * DAY) == ["warn_7", "warn_1", HoldAction.LAPSE]
    assert whats(warned_to=LAPSES_AT - DAY) == [HoldAction.LAPSE]


def test_what_nothing_leaves_free_has_no_end_but_excess_goes_all_the_same() -> None:
    assert whats(parts=()) == []
    assert whats(parts=(), excess_paise=1) == [HoldAction.RELEASE_EXCESS]
    assert whats(parts=(), told_to=None) == [HoldAction.TELL_HOLDER]


def test_what_joins_later_is_told_of_warned_of_and_lapses_by_its_own_time() -> None:
    two = (part(), part(days=89, hop_no=2))
    found = dues(stands(parts=two, newest_at=HELD_AT + 89 * DAY, warned_to=LAPSES_AT - DAY))
    assert [due.what for due in found] == [HoldAction.TELL_HOLDER, HoldAction.LAPSE, *WARNED, HoldAction.LAPSE]
    assert found[-1].at == LAPSES_AT + 89 * DAY
    assert lapsed(stands(parts=two), LAPSES_AT) == [two[0]]


def test_b7_the_time_of_a_hold_runs_from_the_banks_date_and_leaves_the_first_warning() -> None:
    early = part().model_copy(update={"begun_at": HELD_AT - 40 * DAY})
    assert dues(stands(parts=(early,)))[-1].at == LAPSES_AT - 40 * DAY
    long_ago = part().model_copy(update={"begun_at": HELD_AT - 100 * DAY})
    found = dues(stands(parts=(long_ago,)))
    assert [(due.what, due.at - HELD_AT) for due in found][0::4] == [("warn_30", 0 * DAY), (HoldAction.LAPSE, 30 * DAY)]


def test_nothing_lapses_before_what_kept_it_has_left_time_to_warn() -> None:
    until = LAPSES_AT + 20 * DAY
    assert {due.at for due in dues(stands(lapses_from=until)) if due.what == HoldAction.LAPSE} == {until}


def test_who_cannot_be_reached_is_tried_once_and_then_is_a_persons_the_same_day() -> None:
    nobody = {"told_to": None, "reachable": False, "parts": ()}
    assert whats(**nobody, tried_to=None) == [HoldAction.TELL_HOLDER]
    (late,) = dues(stands(**nobody))
    assert (late.what, late.at - HELD_AT) == (
        HoldAction.TELL_LATE,
        timedelta(seconds=POLICY.tell_holder_within_seconds),
    )
    assert whats(**nobody | {"late_to": HELD_AT}) == []
    assert whats(**nobody | {"late_to": HELD_AT, "reachable": True}) == [HoldAction.TELL_HOLDER]


def test_who_was_told_of_no_officer_is_told_as_soon_as_there_is_one() -> None:
    assert whats(parts=(), officer_told=False) == [HoldAction.TELL_OFFICER]
    assert whats(parts=(), officer_told=False, officer=False) == []


def test_what_a_court_leaves_is_the_oldest() -> None:
    both = (part(400_00, days=5, hop_no=2), part(600_00))
    assert [(one.hop_no, one.free_paise) for one in not_kept(both, 300_00)] == [(1, 600_00), (2, 100_00)]
    assert not_kept(both, 1000_00) == ()
    assert not_kept(both, None) == ()


PARTS = st.lists(st.builds(part, paise=st.integers(1, 10**9), days=st.integers(0, 200)), max_size=5).map(tuple)


@given(parts=PARTS, kept_paise=st.integers(0, 10**10))
def test_what_is_kept_and_what_is_left_are_the_whole(parts: tuple[Part, ...], kept_paise: int) -> None:
    whole = sum(one.free_paise for one in parts)
    assert sum(one.free_paise for one in not_kept(parts, kept_paise)) == max(0, whole - kept_paise)


@given(
    told_to=st.sampled_from([None, HELD_AT]),
    warned_to=st.sampled_from([None, *(LAPSES_AT - days * DAY for days in POLICY.warn_days)]),
    parts=PARTS,
    excess_paise=st.integers(0, 10**9),
)
def test_whatever_stands_comes_in_order_of_time_and_once(**standing: Any) -> None:
    found = dues(stands(**standing))
    assert [due.at for due in found] == sorted(due.at for due in found)
    assert len({(due.what, due.at) for due in found}) == len(found)
    lapses = {due.at for due in found if due.what == HoldAction.LAPSE}
    assert lapses == {one.held_at + 90 * DAY for one in standing["parts"]}


@given(at=st.integers(0, 90 * 86_400 - 1).map(lambda seconds: HELD_AT + timedelta(seconds=seconds)))
def test_after_an_outage_the_warning_is_the_one_that_is_true_then(at: datetime) -> None:
    """Acting on the first that is due leaves none that is due: so several that fall together are one."""
    past = [due for due in dues(stands()) if due.what.startswith(HoldAction.WARN) and due.at <= at]
    found = warnings(stands(), at)
    assert len(found) == (1 if past else 0)
    left = dues(stands(warned_to=warned_to(stands(), at)))
    assert [due for due in left if due.what.startswith(HoldAction.WARN) and due.at <= at] == []
    if past:
        assert found[0].days == min(int(due.what.removeprefix(f"{HoldAction.WARN}_")) for due in past)


@given(factor=st.floats(0.5, 1_000_000))
def test_a_compressed_clock_divides_the_waits_and_not_the_stated_days(factor: float) -> None:
    promised: HoldPolicy = RULES.promised("1", factor)
    assert promised.warn_days == POLICY.warn_days
    assert abs(promised.lapse_after_seconds * factor - POLICY.lapse_after_seconds) < 1
    assert list(promised.warn_before_seconds) == sorted(promised.warn_before_seconds, reverse=True)


def ends(**appeal: Any) -> list[datetime]:
    """When a hold with such an appeal lapses."""
    found = stands(appeal=Appealed.model_validate(appeal), parts=(part(),), warned_to=LAPSES_AT)
    return [due.at for due in dues(found) if due.what == HoldAction.LAPSE]


def test_m1_an_appeal_of_before_the_end_keeps_a_hold_up_to_the_policys_end() -> None:
    latest = LAPSES_AT + timedelta(seconds=RULES.appeal_keeps_seconds)
    after = timedelta(seconds=RULES.after_appeal_seconds)
    before = LAPSES_AT - DAY
    assert ends(filed_at=before, ended_at=None) == [latest]
    assert ends(filed_at=before, ended_at=LAPSES_AT) == [LAPSES_AT + after]
    assert ends(filed_at=before, ended_at=latest) == [latest]
    assert ends(filed_at=HELD_AT, ended_at=HELD_AT + DAY) == [LAPSES_AT], "it ended long before"
    assert ends(filed_at=LAPSES_AT, ended_at=None) == [LAPSES_AT], "it came too late"


def test_a_hold_that_only_unconfirmed_complaints_ask_for_ends_early_and_without_warnings() -> None:
    by = HELD_AT + DAY
    hold = stands(confirm_by=by, parts=(part(), part(days=3, hop_no=2)))
    assert [(due.what, due.at) for due in dues(hold)] == [("lapse", by), ("lapse", HELD_AT + 3 * DAY)]
    assert warnings(hold, by) == []
    assert [one.hop_no for one in lapsed(hold, by)] == [1]
    late = stands(confirm_by=LAPSES_AT + DAY)
    assert [due.at for due in dues(late)] == [LAPSES_AT], "it is never longer than without"
