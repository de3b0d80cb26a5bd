"""The wait at the end of a benchmark: it ends when restorations owe nothing, or says what they still owe."""

import asyncio

from activities.recovery import hold_lifecycle
from activities.recovery.assignments import DueList
from db.pool import Pool
from db.recovery.due_documents import Backlog
from tests.activities.bench import Bench
from tests.activities.recovery.test_hold_opening import held_case
from tests.factories import make_context, rrn
from workers.demo.restoration_wait import as_text, until_nothing_is_owed


async def test_without_work_the_wait_ends_by_itself(database: Pool) -> None:
    seen: list[Backlog] = []
    assert await until_nothing_is_owed(database, 60, seen.append) == ""
    assert {found.rows for found in seen} == {0}


async def test_the_wait_lasts_until_the_work_is_done(database: Pool) -> None:
    ctx = await make_context(database)
    case_no = await held_case(Bench(ctx), f"1{rrn()}")
    waiting = asyncio.create_task(until_nothing_is_owed(database, 60))
    await asyncio.sleep(3)
    assert not waiting.done(), "the hold is not opened"
    await hold_lifecycle.open_for_new_holds(ctx, case_no)
    await DueList(ctx).attend(case_no, wait=True)
    await database.execute("UPDATE procedure SET started_at = created_at WHERE started_at IS NULL")
    await database.execute("UPDATE procedure_news SET signalled_at = created_at WHERE signalled_at IS NULL")
    assert await waiting == ""


async def test_when_time_is_up_it_says_what_is_owed(database: Pool) -> None:
    await held_case(Bench(await make_context(database)), f"1{rrn()}")
    assert "work of restorations not done: 1," in await until_nothing_is_owed(database, 0.1)


def test_the_text_has_the_time_of_the_oldest() -> None:
    text = as_text(Backlog(rows=3, lag_seconds=312.4))
    assert text == "work of restorations not done: 3, the oldest due for 5 min 12 s"
