"""The counts of days: which day is counted next, and the report that adds them up."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from activities.context import Context
from activities.reporting import stage_figures
from activities.reporting.stage_figures import Days, count_next, stage_table
from db.pool import Pool
from schemas.enums import TimedStage
from schemas.reporting.figures import StageGroup, StageReport
from tests.clock import Clock
from tests.db.stage_rows import VICTIM, case_no_of
from tests.db.stage_world import DAYS
from tests.factories import make_context

TODAY = DAYS[-1]
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 6, 30, tzinfo=UTC)


@pytest.fixture
def clock() -> Clock:
    return Clock(NOON)


@pytest.fixture
async def ctx(database: Pool, clock: Clock) -> Context:
    return replace(await make_context(database), clock=clock)


async def open_case(pool: Pool, number: int, day: date, held_seconds: float | None = None, **told: str) -> None:
    """A case that opened at noon of a day, and had its first hold so many seconds later."""
    case_no, at = case_no_of(number), datetime(day.year, day.month, day.day, 6, 30, tzinfo=UTC)
    await pool.execute(
        "INSERT INTO case_file (case_no, state, opened_at, policy, first_held_at) VALUES ($1, 'open', $2, '{}', $3)",
        case_no,
        at,
        None if held_seconds is None else at + timedelta(seconds=held_seconds),
    )
    await pool.execute(
        "INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by,"
        " idempotency_key, body_digest, joined, flags, marked) VALUES ($1, $1, 'portal', $3, $2, $4, 'officer:x', $1,"
        " '', false, '[]', $5)",
        case_no,
        await pool.fetchval(VICTIM, told.get("district", "LUCKNOW")),
        told.get("category", "upi_fraud"),
        at,
        "marked" in told,
    )


async def count_all(ctx: Context) -> int:
    counted = 0
    while await count_next(ctx):
        counted += 1
    return counted


async def report(
    ctx: Context, first: date, by: StageGroup | None = None, districts: tuple[str, ...] | None = None
) -> StageReport:
    days = Days(first_day=first, end_day=TODAY + timedelta(days=1), as_of=ctx.now())
    return await stage_figures.read(ctx, days, by, districts)


def held(found: StageReport, about: str = "") -> tuple[int, int]:
    """How many cases began and ended in the stage until the first hold: of a row, or in all."""
    rows = found.rows if found.by else found.total
    (row,) = [one for one in rows if one.stage is TimedStage.COMPLAINT_TO_HELD and one.about == about]
    return row.began, row.ended


async def test_each_day_from_the_first_case_on_is_counted_once_until_it_is_old(ctx: Context, clock: Clock) -> None:
    await open_case(ctx.pool, 1, DAYS[0], 60)
    assert await count_all(ctx) == (TODAY - DAYS[0]).days + 1
    assert await count_all(ctx) == 0
    rules = ctx.policy.figures
    clock.at += timedelta(seconds=rules.fresh_seconds)
    assert await count_all(ctx) == 2, "today and yesterday"
    clock.at += timedelta(seconds=rules.older_seconds)
    assert await count_all(ctx) == (TODAY - DAYS[0]).days + 2, "every day, and a new one"


async def test_a_day_before_those_that_change_keeps_its_count(ctx: Context, clock: Clock) -> None:
    await open_case(ctx.pool, 1, DAYS[0], 60)
    await count_all(ctx)
    clock.at += timedelta(days=ctx.policy.figures.recount_days + 10)
    await count_all(ctx)
    before = ctx.now() - timedelta(seconds=1)
    assert await ctx.pool.fetchval("SELECT min(counted_at) < $1 FROM stage_day", before)


async def test_a_long_period_is_added_up_and_says_how_old_its_counts_are(ctx: Context, clock: Clock) -> None:
    for number, (day, seconds) in enumerate(zip(DAYS, (60, None, 300, 4000, None, 20), strict=True)):
        await open_case(ctx.pool, number, day, seconds)
    assert (await report(ctx, DAYS[0])).counted_at is None, "not every day is counted"
    await count_all(ctx)
    assert await ctx.pool.fetchval("SELECT count(*) FROM stage_count WHERE span = 'month'"), "two months are over"
    found = await report(ctx, DAYS[0])
    assert (found.is_exact, found.counted_at) == (False, ctx.now())
    (row,) = [one for one in found.total if one.stage is TimedStage.COMPLAINT_TO_HELD]
    assert (row.began, row.ended, row.waiting) == (6, 4, 2)
    assert (row.policy.within, row.policy.judged, row.policy.late_now, row.policy.is_small) == (3, 6, 2, True)
    assert row.seconds.p50_seconds == pytest.approx(60, rel=0.045)
    short = await report(ctx, TODAY - timedelta(days=1))
    assert (short.is_exact, short.counted_at, held(short)) == (True, ctx.now(), (2, 1))
    clock.at += timedelta(days=1)
    assert (await report(ctx, DAYS[0])).counted_at is not None, "until yesterday"


@pytest.mark.parametrize("first", [DAYS[0], TODAY], ids=["added", "exact"])
async def test_a_category_of_few_cases_and_a_marked_one_are_not_named(ctx: Context, first: date) -> None:
    least = ctx.policy.figures.cell_cases_min
    for number in range(least):
        await open_case(ctx.pool, number, TODAY, 60)
        await open_case(ctx.pool, 100 + number, TODAY, 60, category="Sextortion", marked="yes")
    await open_case(ctx.pool, 200, TODAY, category="a matter of one person")
    await count_all(ctx)
    found = await report(ctx, first, StageGroup.CATEGORY)
    assert {row.about for row in found.rows} == {"", "upi_fraud"}
    assert (held(found, "upi_fraud"), held(found, "")) == ((least, least), (least + 1, least))
    assert "Sextortion" not in found.model_dump_json()


@pytest.mark.parametrize("first", [DAYS[0], TODAY], ids=["added", "exact"])
async def test_a_district_that_is_none_of_the_state_is_named_if_several_cases_have_it(
    ctx: Context, first: date
) -> None:
    for number, district in enumerate(("LALITPUR", "my village", "my street")):
        await open_case(ctx.pool, number, TODAY, 60, district=district)
    await open_case(ctx.pool, 9, DAYS[0], 60)
    await count_all(ctx)
    found = await report(ctx, first, StageGroup.DISTRICT)
    assert {row.about for row in found.rows} - {"LUCKNOW"} == {"LALITPUR", ""}
    assert held(found) == (2, 2)


@pytest.mark.parametrize("first", [DAYS[0], TODAY], ids=["added", "exact"])
async def test_a_team_has_the_cases_of_its_districts_and_two_may_share_them(ctx: Context, first: date) -> None:
    for number, district in enumerate(("LUCKNOW", "LUCKNOW", "AGRA", "VARANASI")):
        await open_case(ctx.pool, number, TODAY, 60, district=district)
    await open_case(ctx.pool, 9, DAYS[0])
    for name, districts in (("North", ["lakhnau"]), ("Both", ["Lucknow", "Agra"]), ("All", ["*"])):
        await ctx.pool.execute(
            "WITH t AS (INSERT INTO team (name, created_at, created_by) VALUES ($1, now(), 'x') RETURNING team_id)"
            " INSERT INTO team_district (team_id, district) SELECT team_id, d FROM t, unnest($2::text[]) AS d",
            name,
            districts,
        )
    await count_all(ctx)
    earlier = int(first == DAYS[0])
    found = await report(ctx, first, StageGroup.TEAM)
    assert [held(found, team)[0] for team in ("North", "Both", "All")] == [2 + earlier, 3 + earlier, 4 + earlier]
    own = await report(ctx, first, StageGroup.TEAM, ("AGRA",))
    assert [(row.about, row.began) for row in own.rows if row.stage is TimedStage.COMPLAINT_TO_HELD] == [
        ("All", 1),
        ("Both", 1),
    ]
    (total,) = [one for one in own.total if one.stage is TimedStage.COMPLAINT_TO_HELD]
    assert total.began == 1


async def test_a_table_has_every_figure_and_the_total_last(ctx: Context) -> None:
    for number in range(ctx.policy.figures.cell_cases_min):
        await open_case(ctx.pool, number, TODAY, 60, category="=cmd()")
    table = stage_table(await report(ctx, TODAY, StageGroup.CATEGORY))
    kinds = [str(row[0]) for row in table.rows]
    assert kinds == sorted(kinds)
    first = dict(zip(table.header, table.rows[0], strict=True))
    assert (first["about"], first["policy_is_small"], first["legal_share"]) == ("=cmd()", 1, None)
    assert "row,'=cmd()," in table.to_csv()
