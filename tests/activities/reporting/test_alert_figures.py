"""Figures that alerts are made of: requests that wait, duties, and holds that lapse without a decision."""

from datetime import datetime, timedelta

import pytest

from activities.context import Context
from db.banks import bank_exchanges
from db.reporting import wall
from db.reporting.wall import AlertFigures, DutyBacklog
from schemas.banks.keys import About
from schemas.enums import ChannelKind, DeliveryOutcome
from schemas.restoration_enums import DutyKind
from tests.activities.bench import Bench
from tests.activities.hold_world import Holds
from tests.factories import make_context
from tests.kept_database import Kept

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
async def ctx(kept: Kept) -> Context:
    """A database of its own, because all cases count together."""
    return await make_context(kept.pool)


async def read(ctx: Context, now: datetime) -> AlertFigures:
    async with ctx.pool.acquire() as connection:
        return await wall.read(connection, now)


async def test_a_request_is_unsent_until_a_channel_has_tried_it(ctx: Context) -> None:
    bench = Bench(ctx)
    await bench.complain()
    planned_at = await bench.value("SELECT min(planned_at) FROM hold_request")
    waiting = (await read(ctx, planned_at + HOUR)).requests
    assert (waiting.unsent, waiting.undelivered, round(waiting.oldest_unsent_seconds)) == (1, 0, 3600)
    async with ctx.pool.acquire() as connection:
        request_id = await connection.fetchval("SELECT request_id FROM hold_request")
        about, outcome = About.HOLD_REQUEST, DeliveryOutcome.FAILED
        await bank_exchanges.note(connection, about, request_id, ChannelKind.I4C, outcome, planned_at)
    waiting = (await read(ctx, planned_at + HOUR)).requests
    assert (waiting.unsent, waiting.undelivered, waiting.oldest_unsent_seconds) == (0, 1, 0)
    waiting = (await read(ctx, planned_at + 2 * DAY)).requests
    assert (waiting.unsent, waiting.undelivered) == (0, 0)


async def test_a_duty_is_due_soon_and_then_overdue(ctx: Context) -> None:
    holds = Holds(ctx)
    case_no, _ = await holds.hold(400)
    opened_at = await holds.bench.value("SELECT opened_at FROM duty WHERE kind = 'magistrate_report'")
    for after, found in (
        (HOUR, DutyBacklog(soon=0, overdue=0)),
        (19 * HOUR, DutyBacklog(soon=1, overdue=0)),
        (25 * HOUR, DutyBacklog(soon=0, overdue=1)),
    ):
        assert (await read(ctx, opened_at + after)).duties[DutyKind.MAGISTRATE_REPORT] == found
    await holds.bench.pool.execute("UPDATE duty SET done_at = now(), done_by = 'x' WHERE case_no = $1", case_no)
    assert (await read(ctx, opened_at + 25 * HOUR)).duties == {}


async def test_a_hold_lapses_undecided_until_an_order_asks_for_its_money(ctx: Context) -> None:
    holds = Holds(ctx)
    _, hold_id = await holds.hold(400, 250)
    lapses_at = await holds.bench.value("SELECT lapses_at FROM account_hold")
    before = await read(ctx, lapses_at - DAY - HOUR)
    assert (before.lapsing_holds, before.lapsing_paise) == (0, 0)
    near = await read(ctx, lapses_at - DAY + HOUR)
    assert (near.lapsing_holds, near.lapsing_paise) == (1, 650_00)
    async with ctx.pool.acquire() as connection:
        compressed = await wall.read(connection, lapses_at - DAY + HOUR, procedure_clock_factor=24.0)
    assert compressed.lapsing_holds == 0, "a day of a demo is an hour"
    await holds.tick(hold_id, 91)
    ordered = await read(ctx, lapses_at + DAY)
    assert (ordered.lapsing_holds, ordered.lapsing_paise) == (0, 0)
