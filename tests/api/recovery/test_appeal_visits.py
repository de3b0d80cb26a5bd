"""Visits of holders to the public page: how long they last, and what becomes of what is typed."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from activities.case.transaction import ENGINE, case_transaction
from activities.recovery.hold_lifecycle import HoldDeadlines
from api.services import Services
from domain.policy.callers import RateLimit, TryName
from tests.api.recovery.test_appeal_page import CONTACT, TEXT, Holder, a_holder, words_of
from tests.each import each


@pytest.fixture
async def holder(services: Services, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Holder]:
    monkeypatch.setattr("api.recovery.appeal_page.ANSWERS_AFTER_SECONDS", 0.0)
    async with a_holder(services) as holder:
        yield holder


async def test_a_visit_ends_when_it_is_not_used_and_when_the_holder_leaves(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    for _ in range(2):
        holder.at += timedelta(minutes=29)
        await holder.see(visit)
    holder.at += timedelta(minutes=31)
    over = await holder.client.get(visit)
    assert over.status_code == 410
    assert "Your session has ended" in words_of(over)
    visit = await holder.enter(reference)
    left = await holder.post(visit, step="leave")
    assert left.headers["location"] == "/appeal?lang=en"
    assert (await holder.client.get(visit)).status_code == 410


async def test_what_was_typed_too_late_is_given_back(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    holder.at += timedelta(minutes=31)
    over = await holder.post(visit, step="file", text=TEXT + "<b>", contact="98111 22233")
    assert over.status_code == 410
    assert f"{TEXT}&lt;b&gt;\n\n98111 22233</textarea>" in over.text
    assert "This text was not sent." in words_of(over)
    assert over.headers["cache-control"] == "no-store"


async def test_every_step_of_a_visit_is_a_try_and_what_was_typed_is_given_back(holder: Holder) -> None:
    _, _, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    ctx, few = holder.doors.services.ctx, RateLimit(calls=1, seconds=600, source="a test")
    doors = ctx.policy.doors
    tries = {**doors.tries, TryName.APPEAL_TRIES: few}
    ctx.take_policy(ctx.policy.model_copy(update={"doors": doors.model_copy(update={"tries": tries})}))
    await holder.doors.services.ctx.pool.execute("DELETE FROM try_bucket")
    assert (await holder.post(visit, step="file", text="short")).status_code == 422
    refused = await holder.post(visit, step="file", text=TEXT)
    assert refused.status_code == 429
    assert 500 < int(refused.headers["retry-after"]) <= 601
    assert "There were too many tries. Please wait 10 minutes" in words_of(refused)
    assert TEXT in refused.text


@each("token", ["x", "x" * 32, "ü" * 32, "../../etc", "%00" * 32])
async def test_a_visit_that_is_none(holder: Holder, token: str) -> None:
    assert (await holder.client.get(f"/appeal/{token}")).status_code in {404, 410}


async def test_a_hold_that_has_ended_is_still_shown(holder: Holder) -> None:
    case_no, hold_id, reference = await holder.hold(**CONTACT)
    visit = await holder.enter(reference)
    await holder.post(visit, step="file", text=TEXT)
    await holder.doors.services.ctx.pool.execute(
        "SELECT ledger_post($1, 'resolution', 'gone', now(), '{1,1}', '{held,in_play}', '{-500000,500000}')", case_no
    )
    ctx = holder.doors.services.ctx
    async with case_transaction(ctx, case_no, ENGINE) as work:
        assert (await HoldDeadlines(ctx).attend(work, hold_id)).over
    page = await holder.see(visit)
    assert "No money is on hold there any more." in page
    assert "Send the appeal" not in page
    refused = await holder.post(visit, step="on", level="bank")
    assert refused.status_code == 409
