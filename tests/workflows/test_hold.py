"""A hold's ninety days in seconds, by the workflow's own clock."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from activities.context import Context
from tests.activities.holds.test_lifecycle import CONTACT, keep
from tests.factories import row
from tests.workflows.conftest import FEW_EVENTS
from tests.workflows.hold_stage import HOLD, HoldStage, hold_stage, worker_of

DAY = timedelta(days=1)


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[HoldStage]:
    async with hold_stage(ctx, temporal_client) as stage:
        yield stage


async def begun(stage: HoldStage, held: int = 600, *, skipping: bool = False) -> tuple[str, UUID]:
    """A hold whose workflow runs."""
    case_no, hold_id = await stage.holds.hold(held, **CONTACT)
    await stage.begin(HOLD, hold_id, case_no, skipping=skipping)
    return case_no, hold_id


async def times(stage: HoldStage, case_no: str) -> dict[str, datetime]:
    """Return when each action about a hold happened."""
    rows = await stage.holds.bench.rows(
        "SELECT kind || coalesce('_' || (data ->> 'days'), ''), at FROM case_event WHERE case_no = $1"
        " AND kind IN ('holder_told', 'hold_warned', 'hold_lapsed')",
        case_no,
    )
    return dict(rows)


async def test_nobody_does_anything_and_everything_comes_when_it_was_promised(stage: HoldStage) -> None:
    case_no, hold_id = await begun(stage, skipping=True)
    await stage.until_events(case_no, "hold_lapsed")
    held_at = await stage.holds.bench.value("SELECT first_held_at FROM account_hold WHERE hold_id = $1", hold_id)
    done = await times(stage, case_no)
    promised = {
        "holder_told": 0 * DAY,
        "hold_warned_30": 60 * DAY,
        "hold_warned_15": 75 * DAY,
        "hold_warned_7": 83 * DAY,
        "hold_warned_1": 89 * DAY,
        "hold_lapsed": 90 * DAY,
    }
    assert done.keys() == promised.keys()
    late = {what: at - held_at - promised[what] for what, at in done.items()}
    assert all(timedelta(0) <= wait < timedelta(minutes=1) for wait in late.values()), late
    assert await stage.holds.orders(case_no) == [("lapsed", "planned", 600_00)]
    await stage.do(HOLD, hold_id, lambda: stage.holds.confirm(case_no))
    await stage.ended(HOLD, hold_id)


async def test_a_court_keeps_it_and_it_lives_until_the_money_is_gone(stage: HoldStage) -> None:
    case_no, hold_id = await begun(stage)
    await stage.until_events(case_no, "holder_told")
    await stage.do(HOLD, hold_id, lambda: keep(stage.holds, case_no))
    await stage.forward(HOLD, hold_id, 400)
    assert (await stage.handle(HOLD, hold_id).describe()).status is WorkflowExecutionStatus.RUNNING
    assert await stage.holds.orders(case_no) == []
    await stage.do(HOLD, hold_id, lambda: keep(stage.holds, case_no, kept=False))
    await stage.until_events(case_no, "hold_warned")
    await stage.forward(HOLD, hold_id, 31)
    await stage.until_events(case_no, "hold_lapsed")


async def test_a_hold_that_starts_again_while_its_workflow_goes_is_not_lost(stage: HoldStage) -> None:
    case_no, hold_id = await stage.holds.hold(600, lost=400)
    await stage.begin(HOLD, hold_id, case_no)
    await stage.until_events(case_no, "holder_told")
    await stage.forward(HOLD, hold_id, 91)
    await stage.until_events(case_no, "hold_lapsed")
    await stage.holds.confirm(case_no)
    (root,) = await stage.holds.bench.hops(case_no, "reference")
    # At once, with two signals: it may have found the hold finished, and must read the state again.
    await stage.notify(HOLD, hold_id)
    await stage.holds.bench.answer("HDFC", case_no, row(1, root, "300.00"))
    await stage.holds.open_for_new_holds(case_no)
    await stage.reach(HOLD, hold_id, case_no)
    await stage.until_events(case_no, "holder_told", 2)


async def test_workers_that_stop_on_the_way_lose_nothing_and_do_nothing_twice(
    ctx: Context, temporal_client: Client
) -> None:
    stage = HoldStage(ctx, temporal_client)
    case_no, hold_id = await begun(stage)
    async with worker_of(stage):
        await stage.until_events(case_no, "holder_told")
    async with worker_of(stage):
        await stage.forward(HOLD, hold_id, 76)
        await stage.until_events(case_no, "hold_warned", 2)
    async with worker_of(stage):
        await stage.forward(HOLD, hold_id, 15)
        await stage.until_events(case_no, "hold_lapsed")
        await stage.do(HOLD, hold_id, lambda: stage.holds.confirm(case_no))
        await stage.ended(HOLD, hold_id)
    assert set(await times(stage, case_no)) == {
        *("holder_told", "hold_warned_30", "hold_warned_15", "hold_warned_7", "hold_warned_1", "hold_lapsed")
    }
    assert await stage.holds.bench.buckets(case_no) == {"lost": -600_00, "released": 600_00}
    await stage.holds.bench.check(case_no)


async def test_a_long_life_goes_on_in_a_fresh_history(ctx: Context, short_histories: Client) -> None:
    async with hold_stage(ctx, short_histories) as stage:
        case_no, hold_id = await begun(stage)
        first_run = (await stage.handle(HOLD, hold_id).describe()).run_id
        for _ in range(FEW_EVENTS):
            await stage.notify(HOLD, hold_id)
            if (await stage.handle(HOLD, hold_id).describe()).run_id != first_run:
                break
        else:
            raise AssertionError("it did not go on")
        await stage.forward(HOLD, hold_id, 61)
        await stage.until_events(case_no, "hold_warned")


async def test_nothing_personal_in_its_history(stage: HoldStage) -> None:
    case_no, hold_id = await begun(stage)
    await stage.forward(HOLD, hold_id, 91)
    await stage.until_events(case_no, "hold_lapsed")
    (history,) = await stage.histories(HOLD, hold_id)
    kept = [event.SerializeToString() for event in history.events]
    reference, account = (
        await stage.holds.bench.rows("SELECT reference, account_key FROM account_hold WHERE hold_id = $1", hold_id)
    )[0]
    assert any(str(hold_id).encode() in part for part in kept)
    for personal in (reference, account, *CONTACT.values(), "A. Victim", "9876543210"):
        assert not any(personal.encode() in part for part in kept)
