"""The figures of stages are what a plain recount finds, on random worlds: exact, added up, and case by case."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from asyncpg import CheckViolationError, Record
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from db.pool import Connection, Pool
from db.reporting import stage_cases, stage_counts
from db.reporting.stage_cases import BehindFigure, Overdue
from db.reporting.stage_counts import EVERY_KEY, Asked, Labels, midnight
from db.reporting.stage_times import SOURCES, SUM_NAMES, WAITING, Span, Targets
from domain.errors import BadCursor
from domain.reporting.figures import BUCKETS_A_DOUBLING, seconds_of
from schemas.enums import LateBy, TimedStage
from schemas.reporting.figures import StageCase, StageCases, StageGroup
from schemas.text import IST
from tests.db.stage_recount import Timed, recounted, summed
from tests.db.stage_rows import case_no_of, write
from tests.db.stage_world import AS_OF, DAYS, DISTRICTS, RICH, TARGETS, Case, worlds
from tests.deep import examples
from tests.each import each

_slow = settings(max_examples=examples(8), suppress_health_check=[HealthCheck.function_scoped_fixture])
_bounds = st.tuples(st.sampled_from((*DAYS, date(2031, 3, 1))), st.sampled_from((*DAYS[1:], date(2031, 6, 1)))).filter(
    lambda pair: pair[0] < pair[1]
)
_groups = st.sampled_from((None, *(group for group in StageGroup)))
TEAMS = {"North": ("LUCKNOW",), "All": (EVERY_KEY,), "Both": ("LUCKNOW", "AGRA")}
LABELS = Labels.of(((team, key) for team, keys in TEAMS.items() for key in keys), with_others=False)
NEAREST = 2 ** (0.5 / BUCKETS_A_DOUBLING) + 1e-6
"""the ratio of the middle of a bucket to its end"""


def span(first_day: date, end_day: date) -> Span:
    return Span(begins_at=midnight(first_day), ends_at=midnight(end_day), as_of=AS_OF, targets=Targets.of(TARGETS))


def about_of(by: StageGroup | None) -> Callable[[Timed], Iterable[str | None]]:
    """The texts of the rows that a stage counts in."""
    if by is None:
        return lambda one: [""]
    if by is StageGroup.TEAM:
        return lambda one: [
            team for team, keys in TEAMS.items() if EVERY_KEY in keys or one.keys[StageGroup.DISTRICT] in keys
        ]
    return lambda one: [one.keys[by]]


def counts(rows: Iterable[Record]) -> dict[tuple[str, str], dict[str, int]]:
    return {(row["about"], row["stage"]): {name: row[name] for name in SUM_NAMES} for row in rows}


def is_near(bucket: int, exact: float) -> bool:
    found = seconds_of(bucket)
    return found <= 0.001 if exact <= 0.001 else 1 / NEAREST <= found / exact <= NEAREST


class Rolled:
    """A world in a transaction that is rolled back."""

    def __init__(self, connection: Connection, world: list[Case]) -> None:
        self.connection = connection
        self._world = world
        self._transaction = connection.transaction()

    async def __aenter__(self) -> list[Timed]:
        await self._transaction.start()
        try:
            await write(self.connection, self._world)
        except BaseException:
            await self._transaction.rollback()
            raise
        return recounted(self._world)

    async def __aexit__(self, *_: object) -> None:
        await self._transaction.rollback()


@_slow
@given(world=worlds, bounds=_bounds, by=_groups, districts=st.none() | st.sets(st.sampled_from(DISTRICTS)))
@example(world=RICH, bounds=(DAYS[0], date(2031, 6, 1)), by=None, districts=None)
@example(world=RICH, bounds=(DAYS[2], DAYS[5]), by=StageGroup.CATEGORY, districts=None)
async def test_figures_are_what_a_plain_recount_finds(
    pool: Pool, world: list[Case], bounds: tuple[date, date], by: StageGroup | None, districts: set[str] | None
) -> None:
    over = span(*bounds)
    wanted = None if districts is None else tuple(sorted(districts))
    asked = Asked(by=by, districts=wanted, labels=LABELS if by is StageGroup.TEAM else None)
    async with pool.acquire() as connection, Rolled(connection, world) as timed:
        exact = await stage_counts.exact(connection, over, asked)
        await count_all(connection, timed)
        is_known = wanted is None or by in {None, StageGroup.DISTRICT, StageGroup.TEAM}
        added = await stage_counts.added(connection, *bounds, asked) if is_known else None
    of_period = [one for one in timed if over.begins_at <= one.counted_at < over.ends_at]
    if districts is not None:
        of_period = [one for one in of_period if one.keys[StageGroup.DISTRICT] in districts]
    expected = summed(of_period, about_of(by))
    assert counts(exact) == {key: {name: told[name] for name in SUM_NAMES} for key, told in expected.items()}
    for row in exact:
        assert row["percentiles"] == pytest.approx(expected[row["about"], row["stage"]]["percentiles"], abs=1e-6)
    if added is not None:
        assert counts(added) == counts(exact)
        for row in added:
            told = expected[row["about"], row["stage"]]["percentiles"]
            assert all(map(is_near, row["buckets"], told)) if told else not any(row["buckets"])


async def count_all(connection: Connection, timed: list[Timed]) -> None:
    """Count each day on which a stage is counted, the first one twice."""
    days = sorted({one.counted_at.astimezone(IST).date() for one in timed})
    for day in (*days[:1], *days):
        over = span(day, day + timedelta(days=1))
        await stage_counts.count_day(connection, day, AS_OF.astimezone(IST).date(), over)


def every_list(test: Callable[..., Any]) -> Callable[..., Any]:
    """Try each list of each stage of the rich world."""
    for stage in TimedStage:
        for only in StageCases:
            told = {"world": RICH, "bounds": (DAYS[0], date(2031, 6, 1)), "stage": stage, "only": only}
            test = example(**told, by=None, limit=2)(test)
    return test


@_slow
@given(
    world=worlds,
    bounds=_bounds,
    stage=st.sampled_from(TimedStage),
    only=st.sampled_from(StageCases),
    by=st.sampled_from([None, *(group for group in StageGroup if group is not StageGroup.TEAM)]),
    limit=st.integers(1, 4),
)
@every_list
async def test_the_cases_behind_a_figure_are_its_cases(
    pool: Pool,
    world: list[Case],
    bounds: tuple[date, date],
    stage: TimedStage,
    only: StageCases,
    by: StageGroup | None,
    limit: int,
) -> None:
    over = span(*bounds)
    async with pool.acquire() as connection, Rolled(connection, world) as timed:
        mine = [one for one in timed if one.stage is stage and over.begins_at <= one.counted_at < over.ends_at]
        keys = sorted({key for one in mine if by and (key := one.keys[by])}) or ["unknown"]
        asked = BehindFigure(stage=stage, late_by=LateBy.BANK, only=only, by=by, about=keys[0])
        found = await all_pages(lambda after: stage_cases.behind(connection, over, asked, after, limit))
    if by is not None:
        mine = [one for one in mine if one.keys[by] == keys[0]]
    chosen = [one for one in mine if is_chosen(one, only)]
    expected = sorted(((one.counted_at, one.case_no, one.subject) for one in chosen), reverse=True)
    assert [(one.case_ack_no, one.subject) for one in found] == [key[1:] for key in expected]


def is_chosen(one: Timed, only: StageCases) -> bool:
    match only:
        case StageCases.ALL:
            return True
        case StageCases.ENDED:
            return one.ended_at is not None
        case StageCases.WAITING:
            return one.waits
        case StageCases.LATE:
            due_at = one.began_at + timedelta(seconds=one.policy_seconds)
            return one.ended_at > due_at if one.ended_at else one.waits and due_at < AS_OF


@_slow
@given(world=worlds, limit=st.integers(1, 5))
@example(world=RICH, limit=1)
async def test_breaches_are_what_waits_and_is_past_its_target(pool: Pool, world: list[Case], limit: int) -> None:
    asked = Overdue(late_by=dict.fromkeys(WAITING, LateBy.BANK))
    targets = Targets.of(TARGETS)
    async with pool.acquire() as connection, Rolled(connection, world) as timed:
        found = await all_pages(
            lambda after: stage_cases.breaches(connection, AS_OF, targets, asked, after, limit * 100)
        )
    expected = sorted(
        (one.began_at + timedelta(seconds=one.policy_seconds), one.stage.value, one.case_no, one.subject)
        for one in timed
        if one.is_past(one.policy_seconds) and one.can_wait_now
    )
    of_world = {case_no_of(number) for number in range(len(world))}
    mine = [one for one in found if one.case_ack_no in of_world]
    assert [(one.due_at, one.stage.value, one.case_ack_no, one.subject) for one in mine] == expected
    assert [one.due_at for one in found] == sorted(one.due_at for one in found if one.due_at)


async def all_pages(read: Callable[[str | None], Any]) -> list[StageCase]:
    items: list[StageCase] = []
    after = None
    while True:
        page = await read(after)
        items += page.items
        if page.next is None:
            return items
        after = page.next


async def test_a_cursor_of_another_list_is_none(pool: Pool) -> None:
    asked = BehindFigure(stage=TimedStage.NOTICE, late_by=LateBy.IO)
    async with pool.acquire() as connection:
        for cursor in ("WzFd", "WyJub3ciLCJhIiwiYiJd"):
            with pytest.raises(BadCursor):
                await stage_cases.behind(connection, span(*DAYS[:2]), asked, cursor, 1)


@each("source", SOURCES)
async def test_each_source_finds_its_rows_by_an_index(pool: Pool, source: Any) -> None:
    """However many other cases, requests, restorations and orders there are."""
    over = span(*DAYS[:2])
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL enable_seqscan = off")
        plan = [line for (line,) in await connection.fetch(f"EXPLAIN {source.over()}", over.begins_at, over.ends_at)]
        waiting = [line for (line,) in await connection.fetch(f"EXPLAIN {source.now()}")] if source.waits else []
    assert not [line for line in (*plan, *waiting) if "Seq Scan" in line], (plan, waiting)


@each(
    "changed",
    [
        {"ended": 3},
        {"waiting": 2},
        {"in_policy": 2},
        {"past_legal": 1},
        {"span": "month"},
        {"grouping": "officer"},
        {"durations": [1, 1]},
    ],
)
async def test_a_count_that_cannot_be_is_refused(pool: Pool, changed: dict[str, Any]) -> None:
    row = {"grouping": "total", "span": "day", "starts_on": date(2033, 1, 2), "key": "", "stage": "notice"}
    row |= {"began": 2, "ended": 1, "waiting": 0, "in_policy": 1, "past_policy": 0, "in_legal": 1, "past_legal": 0}
    row |= {"buckets": [4], "durations": [1]} | changed
    places = ", ".join(f"${place}" for place in range(1, len(row) + 1))
    async with pool.acquire() as connection, connection.transaction():
        with pytest.raises(CheckViolationError):
            await connection.execute(f"INSERT INTO stage_count ({', '.join(row)}) VALUES ({places})", *row.values())


def test_a_day_begins_at_midnight_in_india() -> None:
    assert midnight(date(2031, 4, 1)) == datetime(2031, 4, 1, tzinfo=IST)
