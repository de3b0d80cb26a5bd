"""Paths of a restoration, one function each.

Recorded by `record_histories.py`, replayed by `test_replay_restorations.py`.
"""

from collections.abc import Awaitable, Callable

from temporalio.client import Client, WorkflowHistory

from activities.context import Context
from schemas.restoration_enums import ObjectionDecision
from tests.workflows.restoration_stage import restoration_stage

Path = Callable[[Context, Client], Awaitable[list[WorkflowHistory]]]
"""runs a restoration to its end, with its own clock; returns the history of every run"""


async def restored(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """Reminder, objection, sent back, allocated, approved, credited, with its bond."""
    async with restoration_stage(ctx, client) as stage:
        home = stage.home
        restoration = await home.of(await home.hold(400, 600))
        await stage.begin(restoration)
        await stage.forward(restoration, 3)
        await stage.until(restoration, "application")
        await stage.forward(restoration, 8)
        await stage.until_value(1, "SELECT count(*) FROM restoration_step WHERE reminded_at IS NOT NULL")
        await stage.do(restoration, home.apply)
        await stage.do(restoration, home.send_back)
        await stage.do(restoration, home.apply)
        await stage.do(restoration, home.verify)
        objection = await home.object(restoration)
        await stage.forward(restoration, 18.1)
        await stage.until_value(1, "SELECT count(*) FROM restoration_step WHERE escalated_at IS NOT NULL")
        await home.decide(restoration, objection, ObjectionDecision.DISMISSED)
        await stage.notify(restoration)
        await stage.approve(restoration)
        await stage.credit(restoration)
        await stage.bond(restoration)
        await stage.outcome(restoration)
        return await stage.histories(restoration)


async def restored_by_court(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """Another route after an FIR, and the court's order; every order to a bank is cancelled and made again."""
    async with restoration_stage(ctx, client) as stage:
        home = stage.home
        case_no = await home.hold(60_000)
        restoration = await home.of(case_no)
        await stage.begin(restoration)
        await stage.to_notice(restoration)
        await home.register_fir(case_no)
        await stage.notify(restoration)
        await stage.until_value("court", "SELECT route FROM restoration WHERE restoration_id = $1", restoration)
        await stage.do(restoration, home.waive)
        await stage.until(restoration, "court_order")
        await home.court_order(case_no, "bnss_503")
        await stage.notify(restoration)
        await stage.approve(restoration)
        await home.bench.pool.execute("UPDATE bank_order SET state = 'cancelled', ended_at = now()")
        await stage.notify(restoration)
        await stage.until(restoration, "approval")
        await stage.approve(restoration)
        await stage.credit(restoration)
        await stage.bond(restoration)
        await stage.outcome(restoration)
        return await stage.histories(restoration)


async def wound_up(ctx: Context, client: Client) -> list[WorkflowHistory]:
    """The held money is released before any victim applies."""
    async with restoration_stage(ctx, client) as stage:
        case_no = await stage.home.hold(400)
        restoration = await stage.home.of(case_no)
        await stage.begin(restoration)
        await stage.home.bench.pool.execute(
            "SELECT ledger_post($1, 'confirmation', 'let go', now(), '{1,1}', '{held,released}', '{-40000,40000}')",
            case_no,
        )
        await stage.notify(restoration)
        await stage.outcome(restoration)
        return await stage.histories(restoration)


RESTORATION_PATHS: tuple[Path, ...] = (restored, restored_by_court, wound_up)
