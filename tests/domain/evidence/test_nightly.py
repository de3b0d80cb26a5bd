"""When a nightly run is due: by the clock in IST, once a night, and again after an error. Which lists are kept."""

from datetime import UTC, date, datetime, time, timedelta

from domain.evidence.integrity import is_due, list_name, lists_to_delete, newest_slot
from domain.policy.model import load_policy
from schemas.nightly_runs import NightlyRun, NightlyWork, RunOutcome
from tests.each import each

RULES = load_policy().nightly
SLOT = datetime(2026, 11, 27, 20, 30, tzinfo=UTC)
"""02:00 in India on 28 November"""
MINUTE = timedelta(minutes=1)


def ended(outcome: RunOutcome | None, at: datetime) -> NightlyRun:
    over = None if outcome is None else at + MINUTE
    return NightlyRun(run_id=1, work=NightlyWork.VERIFY, started_at=at, ended_at=over, outcome=outcome)


def due(newest: NightlyRun | None, now: datetime) -> bool:
    return is_due(RULES, NightlyWork.VERIFY, newest, now)


def test_the_slot_is_a_time_of_day_in_india() -> None:
    assert RULES.verify_at == time(2)
    assert newest_slot(time(2), SLOT) == SLOT
    assert newest_slot(time(2), SLOT - MINUTE) == SLOT - timedelta(days=1)
    assert newest_slot(time(2), SLOT + timedelta(hours=23)) == SLOT


def test_a_run_begins_within_the_window_only() -> None:
    window = timedelta(seconds=RULES.window_seconds)
    assert not due(None, SLOT - MINUTE)
    assert due(None, SLOT)
    assert due(None, SLOT + window - MINUTE)
    assert not due(None, SLOT + window), "a missed night is not made up in the day"


@each("outcome", [RunOutcome.CLEAN, RunOutcome.BROKEN])
def test_a_run_that_came_to_its_end_is_the_only_one_of_its_night(outcome: RunOutcome) -> None:
    newest = ended(outcome, SLOT)
    assert not due(newest, SLOT + timedelta(hours=2))
    assert due(newest, SLOT + timedelta(days=1))


@each("outcome", [RunOutcome.FAILED, RunOutcome.INTERRUPTED, None])
def test_a_run_that_did_not_is_tried_again_after_a_pause(outcome: RunOutcome | None) -> None:
    newest = ended(outcome, SLOT)
    again = (newest.ended_at or newest.started_at) + timedelta(seconds=RULES.again_after_seconds)
    assert not due(newest, again - MINUTE)
    assert due(newest, again)


def test_lists_of_the_newest_days_are_kept_and_one_of_each_older_month() -> None:
    first = date(2026, 8, 30)
    days = [first + timedelta(days=number) for number in range(95)]
    names = [list_name(day, number) for number, day in enumerate(days, start=1)]
    twice = list_name(days[70], 71_000)
    strange = ["anchor-2026-09-02-9.txt.part", ".anchor-2026-09-02-9.txt.7", "anchor-x.txt", "notes.txt"]
    gone = lists_to_delete(RULES, [*reversed(names), twice, *strange], 95)
    kept = [name for name in names if name not in gone]
    newest = names[-RULES.keep_anchor_days :]
    assert kept == [names[0], list_name(date(2026, 9, 1), 3), list_name(date(2026, 10, 1), 33), *newest]
    assert not {twice, *strange} & set(gone), "a second list of a day that is kept, and files that are no lists"
    assert lists_to_delete(RULES, [name for name in names if name not in gone], 95) == []


def test_neither_a_wrong_clock_nor_a_pause_deletes_the_newest_clean_list() -> None:
    of_days_that_never_came = [list_name(date(2031, 1, 1) + timedelta(days=number), number) for number in range(60)]
    clean = list_name(date(2026, 11, 28), 61)
    before = [list_name(date(2026, 11, day), 60) for day in (1, 27)]
    assert before[1] in lists_to_delete(RULES, [*of_days_that_never_came, *before, clean], 61)
    assert clean not in lists_to_delete(RULES, [*of_days_that_never_came, *before, clean], 61)
    assert lists_to_delete(RULES, [list_name(date(2020, 3, day), day) for day in range(1, 32)], 31) == []
