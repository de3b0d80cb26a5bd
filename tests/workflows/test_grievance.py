"""A grievance through its levels: months in seconds, by the workflow's own clock."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.client import Client

from activities.context import Context
from activities.recovery import grievance_decisions
from activities.recovery.grievance_decisions import HOLDER
from schemas.restoration_enums import GrievanceDecision, GrievanceLevel
from tests.activities.recovery.test_grievance_decisions import IO, TEXT, Appeal
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.workflows.conftest import FEW_EVENTS
from tests.workflows.grievance_stage import GRIEVANCE, GrievanceStage, grievance_stage, worker_of
from workers.worker import running

DAY = timedelta(days=1)
LEVEL, UPHELD, RELEASED = GrievanceLevel, GrievanceDecision.UPHELD, GrievanceDecision.RELEASED


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[GrievanceStage]:
    async with grievance_stage(ctx, temporal_client) as stage:
        yield stage


async def begun(stage: GrievanceStage, *, skipping: bool = False) -> Appeal:
    """A grievance whose workflow runs."""
    appeal = Appeal(stage.holds, *await stage.holds.hold(600, **CONTACT))
    await appeal.file()
    await stage.begin(GRIEVANCE, appeal.identity, appeal.case_no, skipping=skipping)
    return appeal


async def test_without_a_decision_every_level_has_its_days(stage: GrievanceStage) -> None:
    appeal = await begun(stage, skipping=True)
    await stage.until_events(appeal.case_no, "grievance_overdue")
    rows = await stage.holds.bench.rows(
        "SELECT level, opened_at, due_at, coalesce(ended_at, overdue_at) AS ended_at FROM grievance_level"
        " WHERE grievance_id = $1 ORDER BY place",
        appeal.identity,
    )
    assert [level for level, *_ in rows] == ["bank", "io", "dy_sp", "district_gro", "state_gro"]
    days = [(due_at - opened_at).days for _, opened_at, due_at, _ in rows]
    assert days == [7, 15, 15, 15, 15]
    assert all(timedelta(0) <= ended_at - due_at < timedelta(minutes=1) for _, _, due_at, ended_at in rows)
    assert sum(days) == 67
    await appeal.holds.bench.check(appeal.case_no)


async def test_from_the_banks_report_to_the_second_decision(stage: GrievanceStage) -> None:
    appeal = await begun(stage)
    await stage.forward(GRIEVANCE, appeal.identity, 3)
    await stage.do(GRIEVANCE, appeal.identity, appeal.report)
    await stage.until_level(appeal.identity, "io")
    await stage.forward(GRIEVANCE, appeal.identity, 14)
    await stage.do(GRIEVANCE, appeal.identity, lambda: appeal.decide(IO, LEVEL.IO, UPHELD))
    await stage.ended(GRIEVANCE, appeal.identity)
    await appeal.appeal_on(LEVEL.IO)
    await stage.begin(GRIEVANCE, appeal.identity, appeal.case_no)
    # The second run's own clock begins at real time: seventeen days to the end of the first run, then fifteen.
    await stage.forward(GRIEVANCE, appeal.identity, 31)
    assert (await appeal.stands())[1] == "dy_sp"
    await stage.forward(GRIEVANCE, appeal.identity, 2)
    await stage.until_level(appeal.identity, "district_gro")


async def test_an_appeal_that_comes_while_its_workflow_goes_is_not_lost(stage: GrievanceStage) -> None:
    appeal = await begun(stage)
    await appeal.report()
    await appeal.decide(IO, LEVEL.IO, UPHELD)
    # At once, with two signals: it may have found the grievance decided, and must read the state again.
    await stage.notify(GRIEVANCE, appeal.identity)
    await appeal.appeal_on(LEVEL.IO)
    await stage.reach(GRIEVANCE, appeal.identity, appeal.case_no)
    await stage.forward(GRIEVANCE, appeal.identity, 16)
    await stage.until_level(appeal.identity, "district_gro")


async def test_it_ends_with_the_hold(stage: GrievanceStage) -> None:
    appeal = await begun(stage)
    await stage.holds.tick(appeal.hold_id)
    await appeal.report()
    await appeal.decide(IO, LEVEL.IO, RELEASED)
    await stage.notify(GRIEVANCE, appeal.identity)
    await stage.ended(GRIEVANCE, appeal.identity)
    await stage.holds.confirm(appeal.case_no)
    assert (await stage.holds.look(appeal.hold_id)).over
    assert await stage.holds.bench.buckets(appeal.case_no) == {"lost": -600_00, "released": 600_00}


async def test_work_done_while_no_worker_was_there(ctx: Context, temporal_client: Client) -> None:
    stage = GrievanceStage(ctx, temporal_client)
    appeal = await begun(stage)
    async with running([worker_of(stage)]):
        await stage.forward(GRIEVANCE, appeal.identity, 8)
        await stage.until_level(appeal.identity, "io")
    await stage.do(GRIEVANCE, appeal.identity, lambda: appeal.decide(IO, LEVEL.IO, UPHELD))
    async with running([worker_of(stage)]):
        await stage.ended(GRIEVANCE, appeal.identity)
    assert await appeal.levels() == [("bank", "escalated", "engine"), ("io", "decided", "officer:io")]


async def test_a_long_life_goes_on_in_a_fresh_history(ctx: Context, short_histories: Client) -> None:
    async with grievance_stage(ctx, short_histories) as stage:
        appeal = await begun(stage)
        first_run = (await stage.handle(GRIEVANCE, appeal.identity).describe()).run_id
        for _ in range(FEW_EVENTS):
            await stage.notify(GRIEVANCE, appeal.identity)
            if (await stage.handle(GRIEVANCE, appeal.identity).describe()).run_id != first_run:
                break
        else:
            raise AssertionError("it did not go on")
        await stage.forward(GRIEVANCE, appeal.identity, 8)
        await stage.until_level(appeal.identity, "io")


async def test_nothing_personal_in_its_history(stage: GrievanceStage) -> None:
    appeal = await begun(stage)
    await stage.do(GRIEVANCE, appeal.identity, appeal.report)
    await stage.until_level(appeal.identity, "io")
    await grievance_decisions.withdraw(appeal.ctx, appeal.identity, None, HOLDER)
    await stage.notify(GRIEVANCE, appeal.identity)
    await stage.ended(GRIEVANCE, appeal.identity)
    (history,) = await stage.histories(GRIEVANCE, appeal.identity)
    kept = [event.SerializeToString() for event in history.events]
    assert any(str(appeal.identity).encode() in part for part in kept)
    for personal in (TEXT, "a shop since 2011", *CONTACT.values(), "A. Victim"):
        assert not any(personal.encode() in part for part in kept)
