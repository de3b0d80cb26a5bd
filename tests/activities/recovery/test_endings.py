"""Grievances that go up or end by themselves, are withdrawn or overtaken, and how they are counted."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from activities.recovery import grievance_decisions
from activities.recovery.grievance_access import GrievanceActivities
from activities.recovery.grievance_decisions import HOLDER
from db.pool import Pool
from db.recovery import grievances as rows
from domain.errors import MayNot, NotNow
from domain.errors.recovery import GrievanceClosed
from schemas.enums import Role
from schemas.recovery.grievances import GrievanceReason, WithdrawGrievance
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_grievance_decisions import (
    CHIEF,
    IO,
    LEVEL,
    PART,
    RELEASED,
    STATE,
    UPHELD,
    Appeal,
    an_appeal,
    appeal,
)
from tests.activities.recovery.test_hold_lifecycle import order
from tests.activities.restoration_bench import officer
from tests.factories import make_context, row

__all__ = ["appeal"]


# -- by itself ---------------------------------------------------------------------------------------------------------


async def test_no_response_takes_it_up_the_levels_and_the_supervisor_knows_in_the_end(appeal: Appeal) -> None:
    await appeal.file()
    assert await appeal.tick(6.99) == []
    done = [await appeal.tick(days) for days in (0.02, 15, 15, 15)]
    assert done == [["escalate"]] * 4
    assert await appeal.stands() == ("open", "state_gro", None)
    assert await appeal.tick(14.9) == []
    assert await appeal.tick(0.2) == ["overdue"]
    assert await appeal.tick(30) == []
    assert Counter(await appeal.holds.tasks(appeal.case_no))["supervise"] == 2, "it is late, and no officer can be told"
    assert (await appeal.holds.bench.events(appeal.case_no)).count("grievance_overdue") == 1
    assert (await appeal.decide(STATE, LEVEL.STATE_GRO, UPHELD)).state == "upheld"
    assert "supervise" not in await appeal.holds.tasks(appeal.case_no)


async def test_an_outage_of_ours_takes_no_days_from_a_level(appeal: Appeal) -> None:
    """Found long after its time, it goes one level up, and that level has all its days."""
    await appeal.file()
    assert await appeal.tick(40) == ["escalate"]
    assert await appeal.stands() == ("open", "io", None)
    assert await appeal.tick(14.9) == []


async def test_two_workers_at_once_escalate_once(appeal: Appeal) -> None:
    await appeal.file()
    appeal.holds.clock.at += timedelta(days=8)
    await asyncio.gather(*(appeal.engine.move_grievance(appeal.asked("escalate")) for _ in range(4)))
    assert await appeal.levels() == [("bank", "escalated", "engine"), ("io", None, None)]


async def test_the_supervisor_need_not_wait(appeal: Appeal) -> None:
    await appeal.file()
    why = GrievanceReason(level=LEVEL.BANK, reason="the bank has closed its branch")
    assert (await grievance_decisions.escalate(appeal.ctx, appeal.identity, why, CHIEF)).level == "io"
    with pytest.raises(MayNot):
        await grievance_decisions.escalate(appeal.ctx, appeal.identity, why.model_copy(update={"level": LEVEL.IO}), IO)


async def test_it_is_overtaken_when_nothing_is_on_hold_any_more(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.holds.tick(appeal.hold_id, 91)
    await appeal.holds.confirm(appeal.case_no)
    assert (await appeal.holds.look(appeal.hold_id)).over
    news = await appeal.holds.bench.value(
        "SELECT count(*) FROM procedure_news WHERE workflow_id = $1", f"grievance-{appeal.identity}"
    )
    assert news >= 2, "filed, and the hold has ended"
    assert await appeal.tick() == ["overtake"]
    assert await appeal.stands() == ("overtaken", "bank", None)
    assert await appeal.holds.tasks(appeal.case_no) == []


async def test_it_is_withdrawn_and_another_may_come(appeal: Appeal) -> None:
    await appeal.file()
    assert (await grievance_decisions.withdraw(appeal.ctx, appeal.identity, None, HOLDER)).state == "withdrawn"
    with pytest.raises(GrievanceClosed, match="is withdrawn"):
        await appeal.decide(IO, LEVEL.BANK, UPHELD)
    first = appeal.identity
    assert (await appeal.file()).grievance_id != first


async def test_m1_an_appeal_that_is_filed_again_goes_on_where_it_was_withdrawn(appeal: Appeal) -> None:
    """A holder gains no time by withdrawing: the level is the same, and so is the time that is left there."""
    await appeal.file()
    await appeal.tick(5)
    await grievance_decisions.withdraw(appeal.ctx, appeal.identity, None, HOLDER)
    await appeal.file()
    assert await appeal.tick(1.9) == []
    assert await appeal.tick(0.2) == ["escalate"]
    assert await appeal.stands() == ("open", "io", None)
    await appeal.tick(10)
    await grievance_decisions.withdraw(appeal.ctx, appeal.identity, None, HOLDER)
    done = await appeal.file()
    assert done.level == "io"
    assert done.due_at is not None
    assert done.due_at - appeal.holds.clock.at == timedelta(days=5)
    await grievance_decisions.withdraw(appeal.ctx, appeal.identity, None, HOLDER)


async def test_the_officer_whose_hold_it_is_does_not_withdraw_it(appeal: Appeal) -> None:
    await appeal.file()
    await appeal.report()
    told = WithdrawGrievance(level=LEVEL.IO, reason="he said so on the phone")
    with pytest.raises(MayNot):
        await grievance_decisions.withdraw(appeal.ctx, appeal.identity, told, IO)
    assert await appeal.stands() == ("open", "io", None)


async def test_what_is_withdrawn_for_the_holder_has_its_reason_and_the_holder_is_told(appeal: Appeal) -> None:
    await appeal.file()
    told = WithdrawGrievance(level=LEVEL.BANK, reason="he came to the counter")
    done = await grievance_decisions.withdraw(appeal.ctx, appeal.identity, told, officer("desk", Role.DESK))
    assert done.state == "withdrawn"
    reason = "SELECT reason FROM grievance WHERE grievance_id = $1"
    assert await appeal.holds.bench.value(reason, appeal.identity) == "he came to the counter"
    said = await appeal.holds.bench.said("grievance_decided", appeal.case_no, medium="sms", language="en")
    assert "If that is wrong, appeal again" in said[0].body


async def test_filing_and_withdrawing_has_an_end(appeal: Appeal) -> None:
    most = appeal.ctx.policy.grievance.filed_max
    for _ in range(most):
        await appeal.file()
        await grievance_decisions.withdraw(appeal.ctx, appeal.identity, None, HOLDER)
    with pytest.raises(NotNow, match=f"{most} grievances about this hold were filed"):
        await appeal.file()


async def test_all_that_is_free_is_ordered_and_the_holder_is_told_that_and_then_what_the_bank_has_done(
    appeal: Appeal,
) -> None:
    await appeal.file()
    await order(appeal.holds, appeal.case_no, appeal.hold_id, 250_00)
    await appeal.report()
    await appeal.decide(IO, LEVEL.IO, RELEASED)
    said = await appeal.holds.bench.said("grievance_decided", appeal.case_no, medium="sms", language="en")
    assert "the bank is ordered to let Rs 750 go" in said[0].body
    assert await appeal.holds.messages(appeal.case_no, "hold_released") == []
    await appeal.holds.confirm(appeal.case_no)
    await appeal.holds.look(appeal.hold_id)
    said = await appeal.holds.bench.said("hold_released", appeal.case_no, medium="sms", language="en")
    assert "Rs 1,000" in said[0].body


async def test_another_policy_changes_nothing_that_is_under_way(appeal: Appeal) -> None:
    await appeal.file()
    rules = appeal.ctx.policy.grievance
    quick = rules.model_copy(update={"level_seconds": dict.fromkeys(LEVEL, 60.0)})
    object.__setattr__(appeal.ctx, "policy", appeal.ctx.policy.model_copy(update={"grievance": quick}))
    appeal.engine = GrievanceActivities(appeal.ctx)
    assert await appeal.tick(6.9) == []
    assert await appeal.tick(0.2) == ["escalate"]
    assert await appeal.tick(14) == [], "and so has the next level"


# -- measures ----------------------------------------------------------------------------------------------------------


async def test_grievances_by_outcome_level_and_age(database: Pool) -> None:
    appeal = await an_appeal(Holds(await make_context(database)))
    since = appeal.holds.clock.at
    await appeal.file()
    await appeal.report()
    await appeal.decide(IO, LEVEL.IO, PART, 100_00)
    await appeal.holds.confirm(appeal.case_no)
    other = Appeal(appeal.holds, *await appeal.holds.hold(300))
    await other.file()
    appeal.holds.clock.at += timedelta(days=8)
    async with appeal.holds.bench.pool.acquire() as connection:
        found = await rows.figures(connection, appeal.holds.clock.at, since)
    assert [
        (one.state, one.level, one.age, one.grievances, one.held_paise, one.released_paise)
        for one in found
        if one.state in {"open", "part_released"}
    ] == [
        ("open", "bank", "under_30_days", 1, 300_00, 0),
        ("part_released", "io", "under_7_days", 1, 900_00, 100_00),
    ]


async def test_money_that_comes_on_hold_later_is_part_of_the_same_hold(appeal: Appeal) -> None:
    """What is released in whole is what is free when it is decided."""
    await appeal.file()
    await appeal.report()
    root = (await appeal.holds.bench.hops(appeal.case_no, "reference"))[0]
    await appeal.holds.bench.answer("HDFC", appeal.case_no, row(1, root, "1.00", status_code="02"))
    assert (await appeal.decide(IO, LEVEL.IO, RELEASED)).released_paise == 1000_00
