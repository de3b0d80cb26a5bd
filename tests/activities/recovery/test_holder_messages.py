"""Who is notified of a hold and of its end, by which medium, and who gets a task if a holder cannot be reached."""

import pytest

from activities.context import Context
from activities.recovery.firs import assign_officer
from activities.recovery.message_sending import subject_of
from db import tasks
from schemas.enums import TaskKind
from schemas.recovery.holds import HoldAction
from schemas.tasks import NewTask, TaskCause
from tests.activities.hold_world import Holds
from tests.activities.recovery.test_hold_lifecycle import CONTACT
from tests.activities.recovery.test_message_outbox import IO
from tests.desk_tasks import notes
from tests.factories import row

LATER = {"transaction_datetime": "2026-11-24 12:00:00"}


@pytest.fixture
async def no_mailbox(ctx: Context) -> object:
    told = await ctx.pool.fetchval("SELECT desk_email FROM institution WHERE code = 'HDFC'")
    await ctx.pool.execute("UPDATE institution SET desk_email = '' WHERE code = 'HDFC'")
    yield
    await ctx.pool.execute("UPDATE institution SET desk_email = $1 WHERE code = 'HDFC'", told)


async def through(holds: Holds, case_no: str) -> list[str]:
    rows = await holds.bench.rows(
        "SELECT data ->> 'through' FROM case_event WHERE case_no = $1 AND kind = 'holder_told' ORDER BY seq", case_no
    )
    return [way for (way,) in rows]


async def test_the_log_says_by_which_way_the_holder_was_told(holds: Holds) -> None:
    direct, its_hold = await holds.hold(600, **CONTACT)
    await holds.tick(its_hold)
    by_bank, hold_id = await holds.hold(600)
    await holds.tick(hold_id)
    assert (await through(holds, direct), await through(holds, by_bank)) == (["holder"], ["bank"])


@pytest.mark.usefixtures("no_mailbox")
async def test_who_cannot_be_written_to_is_not_told_and_the_supervisor_knows_the_same_day(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER], "the desk is asked to telephone the bank"
    assert await through(holds, case_no) == []
    assert await holds.bench.value("SELECT holder_told_at FROM account_hold WHERE hold_id = $1", hold_id) is None
    assert await holds.tick(hold_id, 7 / 24) == []
    assert await holds.tick(hold_id, 1.1 / 24) == [HoldAction.TELL_LATE]
    asked = await notes(holds.bench.pool, "case_no = $1 AND kind = 'supervise' AND state = 'open'", case_no)
    assert asked == [f"hold {hold_id}: its holder was not told"]
    assert await holds.tick(hold_id, 1) == []


@pytest.mark.usefixtures("no_mailbox")
async def test_as_soon_as_the_bank_names_a_way_the_holder_is_told(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, lost=10)
    await holds.tick(hold_id)
    await holds.tick(hold_id, 1)
    (root,) = await holds.bench.hops(case_no, "reference")
    await holds.bench.answer("HDFC", case_no, row(1, root, "10.00", **LATER, **CONTACT))
    await holds.open_for_new_holds(case_no)
    retained = NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.HOLD_RETAINED_IDLE, subject=subject_of(hold_id))
    async with holds.bench.pool.acquire() as connection:
        await tasks.open_tasks(connection, case_no, [retained], holds.clock.at)
    assert await holds.tick(hold_id) == [HoldAction.TELL_HOLDER]
    assert await through(holds, case_no) == ["holder"]
    still = await holds.bench.rows(
        "SELECT cause FROM desk_task WHERE case_no = $1 AND state = 'open' AND kind = 'supervise'", case_no
    )
    assert still == [("hold_retained_idle",)], "another question about the hold stays"


async def test_who_was_told_of_no_officer_is_told_once_who_it_is(holds: Holds) -> None:
    case_no, hold_id = await holds.hold(600, **CONTACT)
    await holds.tick(hold_id)
    first = len(await holds.messages(case_no, "hold"))
    before = await holds.told(case_no)
    await assign_officer(holds.ctx, case_no, IO, "officer:chief")
    assert await holds.told(case_no) == before + 1
    assert await holds.tick(hold_id) == [HoldAction.TELL_OFFICER]
    assert len(await holds.messages(case_no, "hold")) == 2 * first
    named = [one for one in await holds.bench.said("hold", case_no) if IO.name in one.body]
    assert len(named) == first
    await assign_officer(holds.ctx, case_no, IO, "officer:chief")
    assert await holds.tick(hold_id, 1) == []


async def test_the_end_by_itself_is_told_to_holder_officer_and_victim_and_the_release_when_it_is_done(
    holds: Holds,
) -> None:
    case_no, hold_id = await holds.hold(600, **CONTACT)
    await assign_officer(holds.ctx, case_no, IO, "officer:chief")
    await holds.tick(hold_id)
    await holds.tick(hold_id, 89.5)
    assert await holds.tick(hold_id, 1) == [HoldAction.LAPSE]
    assert {to for to, _ in await holds.messages(case_no, "hold_lapsed")} == {"holder", "io", "victim"}
    assert await holds.messages(case_no, "hold_released") == [], "the bank has not done it yet"
    await holds.confirm(case_no)
    assert (await holds.look(hold_id)).over
    told = await holds.messages(case_no, "hold_released")
    assert {to for to, _ in told} == {"holder"}
    await holds.look(hold_id)
    assert await holds.messages(case_no, "hold_released") == told
