"""Holds against which somebody appeals while the victim's restoration waits: an appeal costs the victim no time."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from activities.case.transaction import ENGINE, case_transaction
from activities.recovery import credit_accounts
from activities.recovery import grievance_decisions as grievances
from activities.recovery.hold_lifecycle import HoldDeadlines
from domain.errors.restoration import GrievanceUndecided
from schemas.enums import Language
from schemas.recovery.grievances import NewGrievance
from schemas.restoration_enums import RestorationVerb, Step
from tests.activities.recovery.test_credit_accounts import NEW, SEEN
from tests.activities.restoration_bench import SP, Home

APPEAL = NewGrievance(text="It is the price of a phone", language=Language.EN)


async def lapsed(home: Home, case_no: str) -> bool:
    """Do what is due of the case's hold; whether it has lapsed."""
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    async with case_transaction(home.ctx, case_no, ENGINE) as work:
        await HoldDeadlines(home.ctx).attend(work, hold_id)
    return ("release", "lapsed") in [order[:2] for order in await home.orders(case_no)]


async def waits_for_approval(home: Home, **hold: Any) -> tuple[str, UUID, UUID]:
    """A case whose restoration is prepared for approval; its restoration and its hold."""
    case_no = await home.hold(400, **hold)
    restoration = await home.of(case_no)
    await home.to_approval(restoration)
    await home.tick(restoration)
    await home.prepare(restoration)
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    return case_no, restoration, hold_id


async def to_day(home: Home, case_no: str, day: float) -> None:
    """Move the clock to so many days after the hold began."""
    began = await home.bench.value("SELECT first_held_at FROM account_hold WHERE case_no = $1", case_no)
    home.clock.at = began + timedelta(days=day)


async def test_m1_an_appeal_keeps_the_restoration_waiting_and_the_hold_with_it(home: Home) -> None:
    case_no, restoration, hold_id = await waits_for_approval(home)
    await to_day(home, case_no, 88)
    filed = await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    with pytest.raises(GrievanceUndecided):
        await home.approve(restoration)
    await to_day(home, case_no, 95)
    assert not await lapsed(home, case_no)
    await grievances.withdraw(home.ctx, filed.grievance_id, None, "holder")
    await to_day(home, case_no, 100)
    assert not await lapsed(home, case_no), "the officers have time to approve"
    await home.approve(restoration)
    assert [order[:2] for order in await home.orders(case_no)] == [("restore", "restoration")]


async def test_m1_after_the_appeal_the_time_has_an_end(home: Home) -> None:
    case_no, _, hold_id = await waits_for_approval(home)
    await to_day(home, case_no, 88)
    filed = await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    await grievances.withdraw(home.ctx, filed.grievance_id, None, "holder")
    await to_day(home, case_no, 101.9)
    assert not await lapsed(home, case_no)
    await to_day(home, case_no, 102.1)
    assert await lapsed(home, case_no)


async def test_m1_an_appeal_without_end_keeps_nothing_without_end(home: Home) -> None:
    case_no, _, hold_id = await waits_for_approval(home)
    await to_day(home, case_no, 60)
    await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    await to_day(home, case_no, 179.9)
    assert not await lapsed(home, case_no)
    await to_day(home, case_no, 180.1)
    assert await lapsed(home, case_no)


async def test_m1_an_appeal_makes_no_hold_longer_that_no_victim_claims_back(home: Home) -> None:
    """No victim has applied, so the holder who appeals must not wait longer than one who does not."""
    case_no = await home.hold(400)
    hold_id = await home.bench.value("SELECT hold_id FROM account_hold WHERE case_no = $1", case_no)
    await to_day(home, case_no, 88)
    await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    await to_day(home, case_no, 90.1)
    assert await lapsed(home, case_no)


async def test_m1_a_hold_whose_restoration_ends_lapses_as_any_other(home: Home) -> None:
    case_no, restoration, hold_id = await waits_for_approval(home)
    await to_day(home, case_no, 88)
    await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    await to_day(home, case_no, 95)
    news = "SELECT count(*) FROM procedure_news WHERE workflow_id = $1 AND created_at = $2"
    await home.do(restoration, RestorationVerb.REFUSE, SP)
    assert await home.bench.value(news, f"hold-{hold_id}", home.clock.at) >= 1, "its due list looks again"
    assert not await lapsed(home, case_no), "the officer would have released it at once and alone"
    warned = "SELECT count(*) FROM case_event WHERE case_no = $1 AND kind = 'hold_warned' AND at = $2"
    assert await home.bench.value(warned, case_no, home.clock.at) == 1
    await to_day(home, case_no, 124.9)
    assert not await lapsed(home, case_no)
    await to_day(home, case_no, 125.1)
    assert await lapsed(home, case_no)


async def test_m1_an_officer_who_ends_a_restoration_releases_no_hold_that_its_banks_date_shortens(home: Home) -> None:
    began = home.clock.at - timedelta(days=60)
    dates = {"stated_at": began.isoformat(), "transferred_at": (began - timedelta(hours=1)).isoformat()}
    case_no, restoration, hold_id = await waits_for_approval(home, **dates)
    await to_day(home, case_no, 20)
    await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    await to_day(home, case_no, 45)
    assert not await lapsed(home, case_no), "the restoration waits for the appeal"
    await home.do(restoration, RestorationVerb.REFUSE, SP)
    assert not await lapsed(home, case_no), "the officer would have released it at once and alone"
    await to_day(home, case_no, 75.1)
    assert await lapsed(home, case_no)


async def test_m1_an_officer_who_sends_the_restoration_back_releases_no_hold_after_its_time(home: Home) -> None:
    case_no, restoration, hold_id = await waits_for_approval(home)
    await to_day(home, case_no, 88)
    await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    await to_day(home, case_no, 95)
    await home.send_back(restoration, Step.APPLICATION)
    assert not await lapsed(home, case_no)
    await home.apply(restoration)
    assert not await lapsed(home, case_no)
    await to_day(home, case_no, 180.1)
    assert await lapsed(home, case_no), "it keeps the hold no longer than it did"


async def test_m1_another_account_of_the_victim_releases_no_hold_after_its_time(home: Home) -> None:
    case_no, _, hold_id = await waits_for_approval(home)
    await to_day(home, case_no, 88)
    await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    await to_day(home, case_no, 95)
    told = await credit_accounts.propose(home.ctx, case_no, NEW, "officer:desk")
    await credit_accounts.confirm(home.ctx, case_no, told.account_id, SEEN, "officer:boss")
    assert not await lapsed(home, case_no)
    await credit_accounts.object_to(home.ctx, case_no, told.account_id, "I said no such account", "officer:desk")
    assert not await lapsed(home, case_no)


async def test_m1_an_appeal_after_the_end_keeps_nothing(home: Home) -> None:
    case_no, _, hold_id = await waits_for_approval(home)
    await to_day(home, case_no, 90.1)
    await grievances.file_grievance(home.ctx, hold_id, APPEAL, "holder")
    assert await lapsed(home, case_no)
