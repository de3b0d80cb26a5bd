"""The row keeps its frozen policy: a worker with another policy keeps the old times."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from activities.context import Context
from activities.recovery.orders import OrderActivities, cancel_order
from activities.recovery.restoration_deadlines import RestorationActivities
from db.pool import Pool
from domain.recovery.procedure import OBJECTION_STEPS
from schemas.procedures import OrderAction, OrderEscalationLevel, OrderPolicy, RowState
from schemas.recovery.holds import HoldAction
from schemas.restoration_enums import Step
from tests.activities.bench import Bench
from tests.activities.hold_world import Holds, WatchedDeadlines
from tests.activities.recovery.test_holder_messages import no_mailbox
from tests.activities.recovery.test_orders import EMAIL, I4C, HoldsOnly, OrderBank, Road, road_on
from tests.activities.restoration_bench import DAY, Home
from tests.factories import make_context, of_another_policy

__all__ = ["no_mailbox"]


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


# -- restorations ------------------------------------------------------------------------------------------------------


async def test_every_step_is_reminded_of_and_escalated_as_it_was_promised(ctx: Context) -> None:
    home = Home(ctx)
    case_no = await home.hold(60_000)
    await home.register_fir(case_no)
    await home.assign(case_no, "io", "supervising")
    restoration, promised = await home.of(case_no), home.ctx.policy.restoration.steps
    # From the first step on, the old policy is not used any more.
    home.ctx = of_another_policy(home.ctx)
    home.engine = RestorationActivities(home.ctx)
    assert await home.tick(restoration, promised[Step.COLLECTING].due_seconds / 86_400) == ["end_step"]
    for step, end in ((Step.APPLICATION, home.apply), (Step.VERIFICATION, home.verify)):
        clock, opened_at = promised[step], home.clock.at
        due_at = opened_at + seconds(clock.due_seconds)
        before, after = seconds(clock.remind_before_seconds), seconds(clock.escalate_after_seconds)
        assert await times(home, restoration) == [("remind", due_at - before), ("escalate", due_at + after)]
        assert await home.tick(restoration, (due_at - before - opened_at) / DAY) == ["remind"]
        assert await home.tick(restoration, (before + after) / DAY) == ["escalate"]
        assert await home.bench.value(DONE, restoration, step) == 2
        await end(restoration)
    assert (await home.at(restoration))[1] in OBJECTION_STEPS
    assert await home.tick(restoration, promised[Step.HOLDER_NOTICE].due_seconds / 86_400) == ["remind", "end_step"]
    assert (await home.at(restoration))[1] == "court_order"


DONE = (
    "SELECT (reminded_at IS NOT NULL)::int + (escalated_at IS NOT NULL)::int FROM restoration_step"
    " WHERE restoration_id = $1 AND step = $2"
)


async def times(home: Home, restoration: UUID) -> list[tuple[str, datetime]]:
    return [(due.what, due.at) for due in (await home.look(restoration)).dues]


# -- holds -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def holds(ctx: Context) -> Holds:
    return Holds(ctx)


def go_by_another_policy(holds: Holds) -> None:
    holds.ctx = of_another_policy(holds.ctx)
    holds.engine = WatchedDeadlines(holds.ctx)


async def test_a_hold_is_warned_of_and_lapses_as_it_was_promised(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    rule = holds.ctx.policy.hold
    go_by_another_policy(holds)
    assert HoldAction.TELL_HOLDER in await holds.tick(hold_id)
    lapses_at = await holds.bench.value(HELD_AT, hold_id) + seconds(rule.lapse_after_seconds)
    for before in rule.warn_before_seconds:
        holds.clock.at = lapses_at - seconds(before)
        assert [what.partition("_")[0] for what in await holds.tick(hold_id)] == ["warn"]
    assert [(due.what, due.at) for due in (await holds.look(hold_id)).dues] == [(HoldAction.LAPSE, lapses_at)]
    holds.clock.at = lapses_at
    assert await holds.tick(hold_id) == [HoldAction.LAPSE]
    assert await holds.orders(case_no) == [("lapsed", "planned", 600_00)]


HELD_AT = "SELECT first_held_at FROM account_hold WHERE hold_id = $1"


@pytest.mark.usefixtures("no_mailbox")
async def test_the_desk_is_told_of_a_holder_out_of_reach_as_the_frozen_policy_says(holds: Holds) -> None:
    _, hold_id = await holds.hold(600)
    within = seconds(holds.ctx.policy.hold.tell_holder_within_seconds)
    go_by_another_policy(holds)
    await holds.tick(hold_id)
    late = (await holds.look(hold_id)).dues[0]
    assert late.what == HoldAction.TELL_LATE
    assert late.at == await holds.bench.value(HELD_AT, hold_id) + within


# -- orders ------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def road(database: Pool) -> Road:
    return await road_on(Bench(await make_context(database)))


async def look_later(road: Road, order_id: UUID) -> RowState:
    return await later(road).read_order_state(road.asked(order_id))


def later(road: Road) -> OrderActivities:
    """Return the activities of a worker that has another policy."""
    ctx = of_another_policy(road.bench.ctx)
    return replace(road.made({I4C: HoldsOnly(), EMAIL: OrderBank()}), ctx=ctx)


async def test_no_response_escalates_as_it_was_promised(road: Road) -> None:
    promised = road.bench.ctx.policy.order
    order_id, levels = await road.ordered.order(), promised.promised("", 1.0).levels
    since = await road.bench.value("SELECT planned_at FROM bank_order WHERE order_id = $1", order_id)
    for level in OrderEscalationLevel:
        first, *_ = (due for due in (await look_later(road, order_id)).dues if due.what != OrderAction.TRY_AGAIN)
        assert (first.what, first.at) == (level.value, since + seconds(levels[level]))
        await road.escalate(order_id, level, later(road))
        since = await road.bench.value("SELECT level_at FROM bank_order WHERE order_id = $1", order_id)
    again, *_ = (due for due in (await look_later(road, order_id)).dues if due.what != OrderAction.TRY_AGAIN)
    assert again.at == since + seconds(promised.supervisor_again_after_seconds)
    await road.age(order_id, promised.supervisor_again_after_seconds)
    await road.escalate(order_id, OrderEscalationLevel.SUPERVISOR, later(road))
    assert await road.times_told(order_id) == 2


async def test_an_order_that_is_cancelled_is_asked_about_as_it_was_promised(road: Road) -> None:
    promised: OrderPolicy = road.bench.ctx.policy.order.promised("", 1.0)
    order_id = await road.ordered.order()
    await road.send(order_id)
    await cancel_order(road.bench.ctx, order_id, "the victim asked", "officer:sp")
    cancelled_at = await road.bench.value("SELECT cancelled_at FROM order_cancellation WHERE order_id = $1", order_id)
    dues = {due.what: due.at for due in (await look_later(road, order_id)).dues}
    assert dues[OrderEscalationLevel.DESK_TASK] == cancelled_at + seconds(
        promised.cancel_levels[OrderEscalationLevel.DESK_TASK]
    )
