"""Months in seconds: at every step of every route, reminder and escalation come at the exact second."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from temporalio.client import Client

from activities.context import Context
from domain.recovery.procedure import OBJECTION_STEPS, steps_of
from schemas.restoration_enums import CourtOrderKind, ObjectionDecision, RestorationVerb, Route, Step
from tests.activities.restoration_bench import DESK
from tests.factories import rrn
from tests.workflows.restoration_stage import RestorationStage, restoration_stage

HELD = {Route.NO_COURT: 400, Route.COURT: 60_000, Route.LOK_ADALAT: 60_000, Route.MAGISTRATE_107: 10}
"""rupees: they, an FIR and the victims decide the route"""
ENDED_BY = {
    Step.COURT_ORDER: CourtOrderKind.BNSS_503,
    Step.LOK_ADALAT_AWARD: CourtOrderKind.LOK_ADALAT,
    Step.DISTRIBUTION: CourtOrderKind.BNSS_107,
}
TOLD = "SELECT {}_at IS NOT NULL FROM restoration_step WHERE restoration_id = $1 AND step = $2"


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[RestorationStage]:
    async with restoration_stage(ctx, temporal_client) as stage:
        yield stage


async def begun(stage: RestorationStage, route: Route) -> UUID:
    """A restoration whose facts decide the route, with a running workflow."""
    home, account = stage.home, f"5{rrn()}"
    many = home.ctx.policy.restoration.many_victims_min if route is Route.MAGISTRATE_107 else 1
    case_nos = [await home.hold(HELD[route], account=account) for _ in range(many)]
    if route is Route.COURT:
        await home.register_fir(case_nos[0])
    restoration = await home.of(case_nos[0])
    # Without an officer no reminder is possible: it waits for the officer who has to act.
    await home.assign(case_nos[0], "io", "supervising")
    await stage.begin(restoration)
    return restoration


async def end(stage: RestorationStage, restoration: UUID, step: Step) -> None:
    """End the step as the officer who has to."""
    home = stage.home
    match step:
        case Step.APPLICATION:
            await stage.do(restoration, home.apply)
        case Step.VERIFICATION:
            await stage.do(restoration, home.verify)
        case Step.COURT_ORDER | Step.LOK_ADALAT_AWARD | Step.DISTRIBUTION:
            case_no = await stage.case_of(restoration)
            await home.court_order(case_no, ENDED_BY[step])
            await stage.notify(restoration)
        case Step.APPROVAL:
            await stage.approve(restoration)
        case Step.CREDIT:
            await stage.credit(restoration)
        case Step.BOND:
            await stage.do(restoration, lambda one: home.do(one, RestorationVerb.RECEIVE_BOND, DESK))


@pytest.mark.parametrize("route", Route)
async def test_every_step_is_reminded_of_and_escalated_when_it_was_promised(
    stage: RestorationStage, route: Route
) -> None:
    restoration = await begun(stage, route)
    policy = stage.home.ctx.policy.restoration
    first, *steps = steps_of(route, policy.bond_for)
    await stage.until_it_waits(restoration)
    await stage.forward(restoration, policy.steps[first].due_seconds / 86400)
    for step in steps:
        await stage.until(restoration, step)
        if step is Step.APPROVAL:
            await stage.until_divided(restoration)
        said = None
        if step in OBJECTION_STEPS:
            # Without an objection the step ends by itself.
            await stage.do(restoration, stage.home.give_notice)
            said = await stage.home.object(restoration)
            await stage.notify(restoration)
        await stage.until_it_waits(restoration)
        clock = policy.steps[step]
        await stage.forward(restoration, (clock.due_seconds + clock.escalate_after_seconds) / 86400)
        await stage.until_value(True, TOLD.format("escalated"), restoration, step)
        ((opened_at, reminded_at, due_at, escalated_at),) = await stage.home.bench.rows(
            "SELECT opened_at, reminded_at, due_at, escalated_at FROM restoration_step"
            " WHERE restoration_id = $1 AND step = $2",
            restoration,
            step,
        )
        assert due_at == opened_at + timedelta(seconds=clock.due_seconds), step
        assert soon(due_at - timedelta(seconds=clock.remind_before_seconds), reminded_at), step
        assert soon(due_at + timedelta(seconds=clock.escalate_after_seconds), escalated_at), step
        assert "supervise" in await stage.home.tasks(restoration), step
        if said is not None:
            await stage.home.decide(restoration, said, ObjectionDecision.DISMISSED)
            await stage.notify(restoration)
        await end(stage, restoration, step)
    await stage.outcome(restoration)
    assert (await stage.home.at(restoration))[0::2] == ("restored", route)


def soon(due: datetime, done: datetime) -> bool:
    return timedelta(0) <= done - due < timedelta(seconds=30)
