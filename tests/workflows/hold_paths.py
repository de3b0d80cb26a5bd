"""Paths of a hold and a grievance, one function each.

Recorded by `record_histories.py`, replayed by `test_replay_holds.py`.
"""

from temporalio.client import Client, WorkflowHistory

from activities.context import Context
from schemas.restoration_enums import GrievanceDecision, GrievanceLevel
from tests.activities.grievances.test_decisions import DY_SP, IO, Appeal
from tests.activities.holds.test_lifecycle import CONTACT
from tests.workflows.hold_stage import GRIEVANCE, HOLD, HoldStage, hold_stage
from tests.workflows.restoration_paths import Path


async def lapsed(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """Notice, four warnings, lapse, release by the bank; the excess is released on the way."""
    async with hold_stage(ctx, client) as stage:
        case_no, hold_id = await stage.holds.hold(600, said=700, **CONTACT)
        await stage.begin(HOLD, hold_id, case_no)
        await stage.until_events(case_no, "holder_told")
        for warnings, days in enumerate((61, 15, 8, 6), start=1):
            await stage.forward(HOLD, hold_id, days)
            await stage.until_events(case_no, "hold_warned", warnings)
        await stage.forward(HOLD, hold_id, 1)
        await stage.until_events(case_no, "hold_lapsed")
        await stage.do(HOLD, hold_id, lambda: stage.holds.confirm(case_no))
        await stage.ended(HOLD, hold_id)
        return await stage.histories(HOLD, hold_id)


async def ended_early(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """The held money is gone before the first warning."""
    async with hold_stage(ctx, client) as stage:
        case_no, hold_id = await stage.holds.hold(600)
        await stage.begin(HOLD, hold_id, case_no)
        await stage.until_events(case_no, "holder_told")
        await stage.holds.bench.pool.execute(
            "SELECT ledger_post($1, 'resolution', 'gone', now(), '{1,1}', '{held,in_play}', '{-60000,60000}')", case_no
        )
        await stage.notify(HOLD, hold_id)
        await stage.ended(HOLD, hold_id)
        return await stage.histories(HOLD, hold_id)


async def _appeal(stage: HoldStage) -> Appeal:
    appeal = Appeal(stage.holds, *await stage.holds.hold(600, **CONTACT))
    await appeal.file()
    await stage.begin(GRIEVANCE, appeal.identity, appeal.case_no)
    return appeal


async def decided_twice(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """The bank reports, the IO upholds the hold, the Dy SP releases it."""
    async with hold_stage(ctx, client) as stage:
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
    async with hold_stage(ctx, client) as stage:
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


HOLD_PATHS: tuple[Path, ...] = (lapsed, ended_early)
GRIEVANCE_PATHS: tuple[Path, ...] = (decided_twice, silence)
