"""The release brake as a supervisor sees it: what waits, and its continuation."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.recovery import hold_lifecycle
from activities.recovery.assignments import DueList
from api.services import Services
from schemas.enums import Role
from tests.api.conftest import Doors, line, opened, transfer
from tests.clock import Clock, at_clock

BRAKE = "/api/v1/release-brake"
WHY = {"reason": "the clocks are right"}


@pytest.fixture
async def braked(services: Services) -> AsyncIterator[Doors]:
    """Two holds of ₹5,000 that have lapsed; one was released, and one waits."""
    clock = Clock(datetime.now(UTC))
    rules = services.ctx.policy.automatic_release.model_copy(update={"releases_max": 1})
    policy = services.ctx.policy.model_copy(update={"automatic_release": rules})
    ctx = at_clock(replace(services.ctx, policy=policy), clock)
    async with opened(replace(services, ctx=ctx)) as doors:
        cases = []
        for rrn in ("412345678901", "412345678902"):
            receipt = await doors.complain(transfers=[transfer(rrn)])
            case_no = receipt["case_ack_no"]
            await doors.answer("SBIN", case_no, line("held", rrn))
            clock.at = max(clock.at, datetime.now(UTC))
            await hold_lifecycle.open_for_new_holds(ctx, case_no)
            cases.append(case_no)
        clock.at += timedelta(days=100)
        for case_no in cases:
            await DueList(ctx).attend(case_no, wait=True)
        yield doors


async def get(doors: Doors) -> Any:
    response = await doors.client.get(BRAKE, headers=doors.officer(Role.AUDITOR))
    assert response.status_code == 200, response.text
    return response.json()


async def proceed(doors: Doors, **changes: Any) -> Any:
    waiting = (await get(doors))["waiting"] or {"brake_id": 1, "releases": 0, "paise": 0}
    body = {name: waiting[name] for name in ("brake_id", "releases", "paise")} | WHY | changes
    return await doors.client.post(f"{BRAKE}/continue", json=body, headers=doors.officer(Role.SUPERVISOR))


async def test_h9_a_supervisor_sees_what_waits_and_continues_it(braked: Doors) -> None:
    found = await get(braked)
    assert (found["releases_max"], found["paise_max"]) == (1, braked.services.ctx.policy.automatic_release.paise_max)
    waiting = found["waiting"]
    assert (waiting["releases"], len(waiting["largest"])) == (1, 1)
    assert waiting["largest"][0]["amount_paise"] == waiting["paise"]
    tasks = await braked.client.get("/api/v1/desk/tasks?kind=supervise", headers=braked.officer(Role.SUPERVISOR))
    assert "check that no clock is wrong" in tasks.text
    done = await proceed(braked)
    assert done.status_code == 200, done.text
    assert (done.json()["releases"], done.json()["paise"]) == (1, waiting["paise"])
    assert (await get(braked))["waiting"] is None


async def test_h9_figures_that_the_supervisor_did_not_see_continue_nothing(braked: Doors) -> None:
    refused = await proceed(braked, releases=0)
    assert (refused.status_code, refused.json()["code"]) == (409, "braked_releases_differ")
    assert refused.json()["params"]["releases"] == 1
    another = await proceed(braked, brake_id=77)
    assert (another.status_code, another.json()["code"]) == (409, "no_release_waits")
    assert (await get(braked))["waiting"]["releases"] == 1
