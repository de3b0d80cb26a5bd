"""The measures of restoration, counted over cases with different outcomes."""

import csv
import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from activities.context import Context
from activities.recovery import restoration_deadlines
from activities.recovery.orders import cancel_order
from activities.reporting.outcomes import (
    DISTRICT_CASES_MIN,
    OTHER,
    SERIES_MAX,
    OutcomeGauges,
    labelled,
    outcome_table,
    period_of,
    read,
)
from db.pool import Pool
from documents.spreadsheet import BYTE_ORDER_MARK
from schemas.recovery.restorations import ReopenReason
from schemas.reporting.figures import FigureGroup, OutcomeFigures, OutcomeReport, Stage, Sum
from schemas.restoration_enums import ObjectionDecision, RestorationVerb
from tests.activities.hold_world import Holds
from tests.activities.restoration_bench import DAY, IO, SP, Home
from tests.factories import make_context

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """Context on a database of their own: every case in it is counted."""
    return await make_context(database)


async def report(home: Home, by: FigureGroup | None = None, days: int = 365) -> OutcomeReport:
    """The figures of the cases of so many days, as of the home's clock."""
    now = home.clock.at + timedelta(seconds=1)
    return await read(home.ctx, period_of(home.ctx, now - days * DAY, now, now), by)


def paise(figures: OutcomeFigures) -> dict[str, int]:
    """By stage, what there is of it."""
    return {stage.value: found.paise for stage, found in figures.stages.items() if found.paise}


def cases(figures: OutcomeFigures) -> dict[str, int]:
    return {stage.value: found.cases for stage, found in figures.stages.items() if found.cases}


async def restored(home: Home, held: int, lost: int = 0, part: int | None = None, **changes: str) -> UUID:
    """A case whose money on hold was given back, in whole or of each line only `part` (paise)."""
    restoration = await home.of(await home.hold(held, lost, **changes))
    await home.to_credit(restoration)
    home.clock.at += DAY
    await home.confirm(restoration, part=part)
    return restoration


async def test_held_restored_released_and_lost_are_apart(ctx: Context) -> None:
    home = Home(ctx)
    await restored(home, 300, lost=100)
    await restored(home, 200, part=50_00)
    await home.hold(400)
    objected = await home.of(await home.hold(500))
    await home.tick(objected, 3)
    await home.apply(objected)
    await home.verify(objected)
    await home.decide(objected, await home.object(objected), ObjectionDecision.UPHELD)
    total = (await report(home)).total
    # The bank has not let the last go yet: an order is no release.
    assert paise(total) == {
        "lost": 1500_00,
        "held": 1050_00,
        "restored": 350_00,
        "applied": 1000_00,
        "verified": 1000_00,
        "noticed": 500_00,
        "approved": 500_00,
        "ordered": 500_00,
    }
    assert cases(total) == {
        "lost": 4,
        "held": 3,
        "restored": 2,
        "applied": 3,
        "verified": 3,
        "noticed": 2,
        "approved": 2,
        "ordered": 2,
    }
    assert total.restored_of_held == 350 / 1400


async def test_a_hold_that_lapses_is_released_and_says_why(ctx: Context) -> None:
    holds = Holds(ctx)
    case_no, hold_id = await holds.hold(100)
    await holds.tick(hold_id, days=91)
    await holds.confirm(case_no)
    now = holds.clock.at + timedelta(seconds=1)
    total = (await read(holds.ctx, period_of(holds.ctx, now - 365 * DAY, now, now), None)).total
    assert paise(total) == {"lost": 100_00, "released": 100_00, "lapsed": 100_00}
    assert total.restored_of_held == 0.0


async def test_each_is_told_apart_and_the_rows_are_the_total(ctx: Context) -> None:
    home = Home(ctx)
    await restored(home, 300, bank="ICIC")
    await home.hold(200)
    first = await home.bench.value("SELECT case_no FROM case_file ORDER BY opened_at LIMIT 1")
    await home.bench.pool.execute(
        "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
        " assigned_by, assigned_at) SELECT $1, 'io', n, 'io.' || n, 'A', 'Inspector', 'PS', 'Lucknow', '9',"
        " 'officer:x', now() FROM generate_series(1, 2) AS n",
        first,
    )
    await home.bench.pool.execute(
        "UPDATE victim SET district = 'AGRA' WHERE victim_id = (SELECT victim_id FROM complaint WHERE ack_no = $1)",
        first,
    )
    expected = {
        FigureGroup.ROUTE: {"no_court": 300_00, "": 0},
        FigureGroup.DISTRICT: {"AGRA": 300_00, "LUCKNOW": 0},
        FigureGroup.BANK: {"ICIC": 300_00, "HDFC": 0},
        # The newest assignment stands.
        FigureGroup.OFFICER: {"io.2": 300_00, "": 0},
    }
    for by, restored_paise in expected.items():
        told = await report(home, by)
        assert {row.about: row.stages[Stage.RESTORED].paise for row in told.rows} == restored_paise
        for stage in Stage:
            assert sum(row.stages[stage].paise for row in told.rows) == told.total.stages[stage].paise, (by, stage)
        assert sum(row.held_to_restored.credits for row in told.rows) == told.total.held_to_restored.credits == 1
    banks = {row.about: row.name for row in (await report(home, FigureGroup.BANK)).rows}
    assert banks["ICIC"] != ""


async def test_time_runs_from_the_first_hold_to_the_credit(ctx: Context) -> None:
    home = Home(ctx)
    restoration = await home.of(await home.hold(100))
    held_at = await home.bench.value("SELECT first_held_at FROM restoration WHERE restoration_id = $1", restoration)
    await home.to_credit(restoration)
    home.clock.at = held_at + 20 * DAY
    await home.confirm(restoration)
    # What a bank says again, or what only contradicts, is no credit.
    await home.confirm(restoration)
    spread = (await report(home)).total.held_to_restored
    assert (spread.credits, spread.p50_seconds, spread.p95_seconds) == (1, 20 * 86_400, 20 * 86_400)


async def test_a_credit_of_which_only_the_day_is_told_counts_from_the_banks_statement(ctx: Context) -> None:
    home = Home(ctx)
    await restored(home, 100)
    await home.bench.pool.execute("UPDATE bank_confirmation SET done_at = received_at - interval '30 days'")
    spread = (await report(home)).total.held_to_restored
    assert spread.p50_seconds is not None
    # The holder's time to contradict the waiver is part of it.
    assert 6 * 86_400 <= spread.p50_seconds <= 7 * 86_400


@pytest.mark.parametrize(("days", "past"), [(29, {}), (30, {30: 1}), (60, {30: 1, 60: 1}), (91, {30: 1, 60: 1, 90: 1})])
async def test_what_is_held_for_long_is_counted(ctx: Context, days: int, past: dict[int, int]) -> None:
    home = Home(ctx)
    await home.hold(100)
    await restored(home, 200)
    home.clock.at = await home.bench.value("SELECT max(first_held_at) FROM account_hold") + days * DAY
    found = (await report(home)).total.past
    assert {one.days: one.holds for one in found if one.holds} == past
    assert {one.days: one.paise for one in found if one.paise} == dict.fromkeys(past, 100_00)


async def test_days_are_as_long_as_this_engine_runs_them(ctx: Context) -> None:
    home = Home(ctx)
    await home.hold(100)
    now = await home.bench.value("SELECT max(first_held_at) FROM account_hold") + timedelta(seconds=91)
    period = period_of(home.ctx, now - DAY, now + DAY, now).model_copy(update={"clock_factor": 86_400.0})
    assert [one.holds for one in (await read(home.ctx, period, None)).total.past] == [1, 1, 1]


async def test_money_of_a_second_round_counts_once(ctx: Context) -> None:
    home = Home(ctx)
    restoration = await restored(home, 200, part=50_00)
    of_it = "FROM bank_order WHERE restoration_id = $1"
    ((order_id, case_no),) = await home.bench.rows(f"SELECT order_id, case_no {of_it}", restoration)
    await cancel_order(home.ctx, order_id, "the bank cannot", "officer:chief")
    await home.tick(restoration)
    await home.do(restoration, RestorationVerb.REFUSE, SP)
    await home.do(restoration, RestorationVerb.RECEIVE_BOND, IO)
    await restoration_deadlines.reopen(home.ctx, restoration, ReopenReason(reason="the holder agrees"), SP)
    await home.open_for_new_holds(case_no)
    assert await home.bench.value("SELECT count(*) FROM restoration_line WHERE case_no = $1", case_no) == 2
    total = (await report(home)).total
    assert (paise(total)["held"], paise(total)["restored"], paise(total)["ordered"]) == (150_00, 50_00, 50_00)
    # The second round has not been applied for, and has no route yet: its victim's money stays with that of the first.
    assert paise(total).get("applied", 0) == 0
    (row,) = (await report(home, FigureGroup.ROUTE)).rows
    assert (row.about, paise(row)["restored"], row.held_to_restored.credits) == ("no_court", 50_00, 1)


async def test_only_the_cases_of_the_period_are_counted(ctx: Context) -> None:
    home = Home(ctx)
    await home.hold(100)
    await home.bench.pool.execute("UPDATE case_file SET opened_at = opened_at - interval '40 days'")
    await home.hold(200)
    assert paise((await report(home, days=30)).total) == {"lost": 200_00, "held": 200_00}
    assert paise((await report(home, days=60)).total) == {"lost": 300_00, "held": 300_00}


async def test_what_has_waited_longest_is_of_no_period(ctx: Context) -> None:
    home = Home(ctx)
    await home.hold(100)
    home.clock.at = await home.bench.value("SELECT max(first_held_at) FROM account_hold") + 400 * DAY
    found = await report(home, FigureGroup.BANK, days=30)
    assert paise(found.total) == {}
    assert [(one.days, one.paise) for one in found.total.past] == [(30, 100_00), (60, 100_00), (90, 100_00)]
    assert [sum(one.paise for one in row.past) for row in found.rows] == [300_00], "and it is somebody's"


async def test_a_credit_counts_when_it_was_told_whenever_its_case_was_opened(ctx: Context) -> None:
    home = Home(ctx)
    await restored(home, 100)
    await home.bench.pool.execute("UPDATE case_file SET opened_at = opened_at - interval '200 days'")
    assert (await report(home, days=2)).total.held_to_restored.credits == 1
    home.clock.at += 3 * DAY
    assert (await report(home, days=2)).total.held_to_restored.credits == 0


async def test_of_nothing_there_are_figures_too(ctx: Context) -> None:
    found = await report(Home(ctx), FigureGroup.BANK)
    assert (paise(found.total), found.rows, found.grievances) == ({}, (), ())
    assert found.total.restored_of_held is None
    assert outcome_table(found).to_csv().splitlines()[1].startswith("total,,0,0")


# -- labels and tables -------------------------------------------------------------------------------------------------


def row(about: str, lost_cases: int = 10, held: int = 100) -> OutcomeFigures:
    stages = {stage: Sum() for stage in Stage}
    stages |= {Stage.LOST: Sum(paise=1, cases=lost_cases), Stage.HELD: Sum(paise=held, cases=1)}
    return OutcomeFigures(about=about, stages=stages)


def test_what_was_typed_by_few_is_no_label() -> None:
    rows = [row("Lucknow"), row("9876543210", lost_cases=DISTRICT_CASES_MIN - 1), row("")]
    assert [label for label, _ in labelled(FigureGroup.DISTRICT, rows)] == ["Lucknow", OTHER, OTHER]


def test_labels_are_bounded() -> None:
    labels = [
        label for label, _ in labelled(FigureGroup.BANK, [row(f"B{number}") for number in range(SERIES_MAX + 50)])
    ]
    assert len(set(labels)) == SERIES_MAX + 1
    assert labels.count(OTHER) == 50


async def test_gauges_show_what_is_there_and_drop_what_is_not(ctx: Context) -> None:
    home, registry = Home(ctx), CollectorRegistry()
    gauges = OutcomeGauges(registry)
    await restored(home, 300, lost=100)
    gauges.show(await report(home, FigureGroup.BANK))
    text = generate_latest(registry).decode()
    assert 'goldenhour_restoration_bank_paise{bank="HDFC",stage="restored"} 30000.0' in text
    assert 'goldenhour_restoration_cases{stage="lost"} 1.0' in text
    assert "goldenhour_restoration_restored_of_held_ratio 1.0" in text
    gauges.show(await report(home, FigureGroup.BANK, days=0))
    assert 'bank="HDFC"' not in generate_latest(registry).decode()


def test_a_report_of_no_group_sets_the_gauges_of_the_total_alone() -> None:
    registry = CollectorRegistry()
    gauges = OutcomeGauges(registry)
    told = OutcomeReport(opened_from=NOW, opened_to=NOW, as_of=NOW, by=None, total=row(""), rows=(), grievances=())
    gauges.show(told)
    text = generate_latest(registry).decode()
    assert 'goldenhour_restoration_cases{stage="lost"} 10.0' in text
    assert "district=" not in text
    assert "bank=" not in text


def test_no_cell_of_the_table_is_a_formula() -> None:
    rows = (row("=1+1"), row("Agra"))
    told = OutcomeReport(
        opened_from=NOW, opened_to=NOW, as_of=NOW, by=FigureGroup.DISTRICT, total=row(""), rows=rows, grievances=()
    )
    table = list(csv.DictReader(io.StringIO(outcome_table(told).to_csv().removeprefix(BYTE_ORDER_MARK))))
    assert [line["about"] for line in table] == ["'=1+1", "Agra", "total"]
    assert table[1]["held_paise"] == "100"
