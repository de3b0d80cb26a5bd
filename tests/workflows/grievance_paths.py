"""Paths of a grievance, one function each.

Recorded by `record_histories.py`, replayed by `test_replay_grievances.py`.
"""

from temporalio.client import Client, WorkflowHistory

from activities.context import Context
from schemas.restoration_enums import GrievanceDecision, GrievanceLevel
from tests.activities.recovery.test_grievance_decisions import DY_SP, IO, Appeal
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.workflows.grievance_stage import GRIEVANCE, GrievanceStage, grievance_stage
from tests.workflows.restoration_paths import Path


async def _appeal(stage: GrievanceStage) -> Appeal:
    appeal = Appeal(stage.holds, *await stage.holds.hold(600, **CONTACT))
    await appeal.file()
    await stage.begin(GRIEVANCE, appeal.identity, appeal.case_no)
    return appeal


async def decided_twice(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """The bank reports, the IO upholds the hold, the Dy SP releases it."""
    async with grievance_stage(ctx, client) as stage:
        appeal = await _appeal(stage)
        await stage.forward(GRIEVANCE, appeal.identity, 3)
        await stage.do(GRIEVANCE, appeal.identity, appeal.report)
        await stage.until_level(appeal.identity, "io")
        await stage.do(
            GRIEVANCE,
            appeal.identity,
            lambda: appeal.decide(IO, GrievanceLevel.IO, GrievanceDecision.UPHELD),
        )
        await stage.ended(GRIEVANCE, appeal.identity)
        await appeal.appeal_on(GrievanceLevel.IO)
        await stage.begin(GRIEVANCE, appeal.identity, appeal.case_no)
        await stage.do(
            GRIEVANCE,
            appeal.identity,
            lambda: appeal.decide(DY_SP, GrievanceLevel.DY_SP, GrievanceDecision.RELEASED),
        )
        await stage.ended(GRIEVANCE, appeal.identity)
        return await stage.histories(GRIEVANCE, appeal.identity)


async def silence(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """No level decides, until the hold is gone."""
    async with grievance_stage(ctx, client) as stage:
        appeal = await _appeal(stage)
        for level, days in (("io", 8), ("dy_sp", 15), ("district_gro", 15), ("state_gro", 15)):
            await stage.forward(GRIEVANCE, appeal.identity, days)
            await stage.until_level(appeal.identity, level)
        await stage.forward(GRIEVANCE, appeal.identity, 15)
        await stage.until_events(appeal.case_no, "grievance_overdue")
        await stage.holds.bench.pool.execute("UPDATE account_hold SET state = 'ended', ended_at = now()")
        await stage.notify(GRIEVANCE, appeal.identity)
        await stage.ended(GRIEVANCE, appeal.identity)
        return await stage.histories(GRIEVANCE, appeal.identity)


GRIEVANCE_PATHS: tuple[Path, ...] = (decided_twice, silence)
