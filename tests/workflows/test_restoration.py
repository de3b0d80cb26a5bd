"""Months in seconds: every route from the first hold to closure, by the workflow's own clock."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.context import Context
from activities.recovery.court_orders import confirm_withdrawal, withdraw_court_order
from schemas.restoration_enums import ObjectionDecision
from tests.factories import rrn
from tests.workflows.conftest import FEW_EVENTS
from tests.workflows.restoration_stage import RestorationStage, restoration_stage, worker_of
from workers.worker import running

LARGE = 60_000
DAY = timedelta(days=1)
BY_ORDER = "SELECT court_order_id FROM restoration WHERE restoration_id = $1"


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[RestorationStage]:
    async with restoration_stage(ctx, temporal_client) as stage:
        yield stage


async def begun(stage: RestorationStage, held: int, lost: int = 0, *, fir: bool = False) -> UUID:
    """A restoration whose workflow runs."""
    case_no = await stage.home.hold(held, lost)
    restoration = await stage.home.of(case_no)
    if fir:
        await stage.home.register_fir(case_no)
    await stage.begin(restoration)
    return restoration


# -- every route -------------------------------------------------------------------------------------------------------


async def test_by_order_of_the_police(stage: RestorationStage) -> None:
    restoration = await begun(stage, 400, 600)
    await stage.to_notice(restoration)
    await stage.forward(restoration, 15)
    await stage.approve(restoration)
    await stage.credit(restoration)
    await stage.bond(restoration)
    await stage.outcome(restoration)
    assert await stage.home.at(restoration) == ("restored", "bond", "no_court")
    case_no = await stage.case_of(restoration)
    assert await stage.home.bench.buckets(case_no) == {"lost": -1000_00, "restored": 400_00, "withdrawn": 600_00}
    # A step that ends by itself ends at its deadline, not before; the server may skip time while officers act.
    late = await stage.home.bench.rows(
        "SELECT step, extract(epoch FROM ended_at - due_at)::float8 FROM restoration_step WHERE restoration_id = $1"
        " AND step IN ('collecting', 'holder_notice') ORDER BY place",
        restoration,
    )
    assert [step for step, _ in late] == ["collecting", "holder_notice"]
    assert all(0 <= seconds < 60 for _, seconds in late), late


async def test_by_a_court(stage: RestorationStage) -> None:
    restoration = await begun(stage, LARGE, fir=True)
    await stage.to_notice(restoration)
    await stage.forward(restoration, 15)
    await stage.until(restoration, "court_order")

    async def court_orders(_: UUID) -> None:
        await stage.home.court_order(await stage.case_of(restoration), "bnss_497")

    await stage.do(restoration, court_orders)
    await stage.approve(restoration)
    await stage.credit(restoration)
    await stage.bond(restoration)
    await stage.outcome(restoration)
    assert await stage.home.at(restoration) == ("restored", "bond", "court")


async def test_an_order_that_is_withdrawn_before_the_approval_is_waited_for_again(stage: RestorationStage) -> None:
    restoration = await begun(stage, LARGE, fir=True)
    case_no = await stage.case_of(restoration)
    order_id = await stage.home.court_order(case_no, "bnss_497")
    await stage.to_notice(restoration)
    await stage.do(restoration, stage.home.waive)
    await stage.until(restoration, "approval")
    await stage.until_divided(restoration)

    async def court_recalls_it(_: UUID) -> None:
        await withdraw_court_order(stage.home.ctx, case_no, order_id, "recalled", "officer:io")
        await confirm_withdrawal(stage.home.ctx, case_no, order_id, "recalled", "officer:second")

    await stage.do(restoration, court_recalls_it)
    await stage.until(restoration, "court_order")
    assert (await stage.home.at(restoration))[2] == "court"
    assert await stage.home.bench.value(BY_ORDER, restoration) is None
    again = await stage.home.court_order(case_no, "bnss_503")
    await stage.notify(restoration)
    await stage.approve(restoration)
    assert await stage.home.bench.value(BY_ORDER, restoration) == again


async def test_by_the_lok_adalat_and_a_court_when_an_fir_comes(stage: RestorationStage) -> None:
    restoration = await begun(stage, LARGE)
    await stage.to_notice(restoration)
    await stage.do(restoration, stage.home.waive)
    await stage.until(restoration, "lok_adalat_award")

    async def fir_is_registered(_: UUID) -> None:
        await stage.home.register_fir(await stage.case_of(restoration))

    await stage.do(restoration, fir_is_registered)
    await stage.until(restoration, "court_order")
    assert (await stage.home.at(restoration))[2] == "court"


async def test_by_the_district_magistrate(stage: RestorationStage) -> None:
    account = f"5{rrn()}"
    many = stage.home.ctx.policy.restoration.many_victims_min
    case_nos = [await stage.home.hold(10, 90, account=account) for _ in range(many)]
    restoration = await stage.home.of(case_nos[0])
    await stage.begin(restoration)
    await stage.to_notice(restoration)
    await stage.until(restoration, "show_cause")
    await stage.forward(restoration, 14)
    await stage.until(restoration, "distribution")

    async def the_magistrate_distributes(_: UUID) -> None:
        await stage.home.take_order(restoration, await stage.home.court_order(case_nos[0], "bnss_107"))

    await stage.do(restoration, the_magistrate_distributes)
    await stage.approve(restoration)
    await stage.credit(restoration)
    await stage.outcome(restoration)
    assert await stage.home.at(restoration) == ("restored", "credit", "magistrate_107")


# -- deadlines ---------------------------------------------------------------------------------------------------------


async def test_without_any_act_all_are_told_at_the_times_of_the_frozen_policy(stage: RestorationStage) -> None:
    """Time jumps while the workflow waits: reminder and escalation come at the exact second."""
    restoration = await stage.home.of(await stage.home.hold(400))
    await stage.begin(restoration, skipping=True)
    await stage.until_value(
        1,
        "SELECT count(*) FROM restoration_step WHERE restoration_id = $1 AND escalated_at IS NOT NULL",
        restoration,
    )
    (times,) = await stage.home.bench.rows(
        "SELECT first_held_at, opened_at, reminded_at, due_at, escalated_at FROM restoration_step s"
        " JOIN (SELECT restoration_id, first_held_at FROM restoration) r USING (restoration_id)"
        " WHERE restoration_id = $1 AND step = 'application'",
        restoration,
    )
    first_held_at, opened_at, reminded_at, due_at, escalated_at = times
    assert soon(first_held_at + 3 * DAY, opened_at)
    assert due_at == opened_at + 15 * DAY
    assert soon(due_at - 8 * DAY, reminded_at)
    assert soon(due_at + 7 * DAY, escalated_at)
    assert await stage.home.tasks(restoration) == ["restoration_step", "supervise"]


def soon(due: datetime, done: datetime) -> bool:
    return timedelta(0) <= done - due < timedelta(seconds=30)


async def test_an_objection_stops_the_clock_until_it_is_decided(stage: RestorationStage) -> None:
    restoration = await begun(stage, 400)
    await stage.to_notice(restoration)
    said: list[int] = []

    async def object_to_it(identity: UUID) -> None:
        said.append(await stage.home.object(identity))

    async def dismiss(identity: UUID) -> None:
        await stage.home.decide(identity, said[0], ObjectionDecision.DISMISSED)

    await stage.do(restoration, object_to_it)
    await stage.forward(restoration, 18)
    await stage.until_value(
        True,
        "SELECT escalated_at IS NOT NULL FROM restoration_step WHERE restoration_id = $1 AND ended_at IS NULL",
        restoration,
    )
    assert (await stage.home.at(restoration))[1] == "holder_notice"
    await stage.do(restoration, dismiss)
    await stage.until(restoration, "approval")


async def test_a_workflow_that_was_lost_goes_on_where_the_row_stands(ctx: Context, temporal_client: Client) -> None:
    async with restoration_stage(ctx, temporal_client) as stage:
        restoration = await begun(stage, 400)
        await stage.forward(restoration, 3)
        await stage.until(restoration, "application")
    async with restoration_stage(ctx, temporal_client) as stage:
        await stage.begin(restoration)
        await stage.until_value(
            1, "SELECT count(*) FROM restoration_step WHERE restoration_id = $1 AND ended_at IS NULL", restoration
        )
        await stage.do(restoration, stage.home.apply)
        await stage.until(restoration, "verification")


async def test_work_done_while_no_worker_was_there(ctx: Context, temporal_client: Client) -> None:
    stage = RestorationStage(ctx, temporal_client)
    restoration = await begun(stage, 400)
    async with running([worker_of(stage)]):
        await stage.forward(restoration, 3)
        await stage.until(restoration, "application")
    await stage.do(restoration, stage.home.apply)
    await stage.do(restoration, stage.home.verify)
    await stage.do(restoration, stage.home.waive)
    async with running([worker_of(stage)]):
        await stage.until_divided(restoration)
    await stage.clocks.clear()


async def test_a_long_life_goes_on_in_a_fresh_history(ctx: Context, short_histories: Client) -> None:
    async with restoration_stage(ctx, short_histories) as stage:
        restoration = await begun(stage, 400)
        first_run = (await stage.handle(restoration).describe()).run_id
        for _ in range(FEW_EVENTS):
            await stage.notify(restoration)
            if (await stage.handle(restoration).describe()).run_id != first_run:
                break
        else:
            raise AssertionError("it did not go on")
        await stage.forward(restoration, 3)
        await stage.until(restoration, "application")


async def test_nothing_personal_in_its_history(stage: RestorationStage) -> None:
    account = f"5{rrn()}"
    restoration = await stage.home.of(await stage.home.hold(400, account=account))
    await stage.begin(restoration)
    await stage.to_notice(restoration)

    async def object_to_it(identity: UUID) -> None:
        await stage.home.object(identity)

    await stage.do(restoration, object_to_it)
    kept = [event.SerializeToString() for event in (await stage.handle(restoration).fetch_history()).events]
    assert any(str(restoration).encode() in part for part in kept)
    for personal in (account, "A. Victim", "9876543210", "30000000001", "my pay"):
        assert not any(personal.encode() in part for part in kept)
