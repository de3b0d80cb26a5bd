"""The procedure starter: no committed change is lost, and one case does not delay another."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from temporalio.service import RPCError

from activities.context import Context
from db.case import case_outbox
from schemas.enums import ProcedureKind
from schemas.procedures import IN_DUE_LIST
from tests.activities.bench import Bench
from tests.activities.recovery.test_hold_opening import held_case
from tests.factories import rrn
from tests.waiting import until
from tests.workers.loops.board import Board, bench, board, ctx, with_priority
from workers.loops import procedures
from workers.loops.procedures import WORKFLOWS, ProcedureStarter
from workers.loops.rounds import Rounds
from workers.restoration_workers import WORKFLOWS as RUN_BY_WORKERS

__all__ = ["bench", "board", "ctx"]


@pytest.fixture
def starter(ctx: Context, board: Board) -> ProcedureStarter:
    return ProcedureStarter(ctx, board)  # type: ignore[arg-type]


@pytest.fixture
async def running(starter: ProcedureStarter) -> AsyncIterator[ProcedureStarter]:
    task = asyncio.create_task(Rounds("procedures", (starter.work,), 0.1).run())
    yield starter
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_workers_run_every_workflow_that_is_started() -> None:
    assert {workflow.__name__ for workflow in RUN_BY_WORKERS} == set(WORKFLOWS.values())
    assert {*WORKFLOWS, *IN_DUE_LIST} == set(ProcedureKind)
    assert not set(WORKFLOWS) & set(IN_DUE_LIST)


async def test_a_hold_is_opened_and_its_procedures_are_started_and_told(
    starter: ProcedureStarter, bench: Bench, board: Board
) -> None:
    case_no = await held_case(bench, f"1{rrn()}")
    await starter.run_once()
    (restoration_id,) = [row[0] for row in await bench.rows("SELECT restoration_id::text FROM restoration")]
    started = ("RestorationWorkflow", f"restoration-{restoration_id}", "changed")
    assert board.reached == [started], "started and told in one call; holds and duties have no workflow"
    assert await bench.value("SELECT count(*) FROM procedure WHERE started_at IS NULL") == 0
    assert await bench.value("SELECT count(*) FROM procedure_news WHERE signalled_at IS NULL") == 0
    board.reached.clear()
    await starter.run_once()
    assert board.reached == [], "nothing is told twice without a reason"
    async with bench.pool.acquire() as connection:
        for _ in range(3):
            await case_outbox.notify(connection, ProcedureKind.RESTORATION, restoration_id, bench.ctx.now())
    await starter.run_once()
    assert board.reached == [started], "several changes are one signal"
    assert (await bench.events(case_no)).count("hold_began") == 1


async def test_what_a_temporal_that_was_away_missed_is_told_when_it_is_back(
    starter: ProcedureStarter, bench: Bench, board: Board
) -> None:
    await held_case(bench, f"1{rrn()}")
    board.away = True
    with pytest.raises(RPCError):
        await starter.run_once()
    assert await bench.value("SELECT count(*) FROM account_hold") == 1, "the database did its part"
    board.away = False
    await starter.run_once()
    assert await bench.value("SELECT count(*) FROM procedure WHERE started_at IS NULL") == 0


async def test_a_case_that_fails_costs_no_other_and_is_tried_again_later(
    starter: ProcedureStarter, bench: Bench, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = await held_case(bench, f"1{rrn()}"), await held_case(bench, f"2{rrn()}")
    board.fails_for = {bad}
    await starter.run_once()
    open_cases = "SELECT DISTINCT case_no FROM procedure WHERE started_at IS NULL"
    assert await bench.rows(open_cases) == [(bad,)]
    assert await bench.value("SELECT count(*) FROM procedure WHERE case_no = $1 AND started_at IS NULL", good) == 0
    board.fails_for = set()
    await starter.run_once()
    assert await bench.rows(open_cases) == [(bad,)], "it rests"
    monkeypatch.setattr(procedures, "FAILED_CASE_PAUSE", procedures.FAILED_CASE_PAUSE * 0)
    starter._paused.clear()
    await starter.run_once()
    assert await bench.rows(open_cases) == []


FAILING = [f"99{number:012}" for number in range(300)]
"""cases of which every row fails"""
CASES_THAT_FAIL = """
INSERT INTO case_file SELECT (jsonb_populate_record(c, jsonb_build_object('case_no', n))).*
FROM case_file c CROSS JOIN unnest($2::text[]) AS n WHERE c.case_no = $1
"""
WORKFLOWS_THAT_FAIL = """
INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at, started_at)
SELECT 'restoration-' || c.case_no, 'restoration', c.case_no, c.case_no, now() - interval '1 day',
    CASE WHEN $1 THEN now() END
FROM case_file c WHERE c.case_no LIKE '99%'
"""
NEWS_THAT_FAIL = """
INSERT INTO procedure_news (workflow_id, created_at)
SELECT workflow_id, now() - interval '1 day' FROM procedure WHERE case_no LIKE '99%'
"""
HOLDS_THAT_FAIL = """
INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at, due_at)
SELECT 'hold-' || c.case_no, 'hold', gen_random_uuid(), c.case_no, now() - interval '1 day', now() - interval '1 day'
FROM case_file c WHERE c.case_no LIKE '99%'
"""
DONE = """
SELECT count(*) FROM procedure p WHERE p.case_no = $1 AND (p.started_at IS NULL OR p.due_at <= now() OR EXISTS (
    SELECT FROM procedure_news n WHERE n.workflow_id = p.workflow_id AND n.signalled_at IS NULL))
"""


@pytest.mark.parametrize("queue", ["to_start", "to_notify", "due"])
async def test_m8_300_failing_rows_at_the_head_keep_no_other_waiting(
    starter: ProcedureStarter, bench: Bench, board: Board, monkeypatch: pytest.MonkeyPatch, queue: str
) -> None:
    monkeypatch.setattr(procedures, "FAILED_CASE_PAUSE", procedures.FAILED_CASE_PAUSE * 60)
    good = await held_case(bench, f"1{rrn()}")
    await bench.pool.execute(CASES_THAT_FAIL, good, FAILING)
    if queue == "due":
        await bench.pool.execute(HOLDS_THAT_FAIL)
    else:
        await bench.pool.execute(WORKFLOWS_THAT_FAIL, queue == "to_notify")
    if queue == "to_notify":
        await bench.pool.execute(NEWS_THAT_FAIL)
    board.fails_for = set(FAILING)
    for _ in range(len(FAILING) // procedures.ROUND_LIMIT + 3):
        await starter.run_once()
    assert await bench.value("SELECT count(*) FROM procedure WHERE case_no = $1", good) > 0
    assert await bench.value(DONE, good) == 0
    assert len(starter._paused) == len(FAILING)


async def test_a_procedure_that_was_not_seen_for_a_day_is_looked_after(
    starter: ProcedureStarter, bench: Bench, board: Board
) -> None:
    await held_case(bench, f"1{rrn()}")
    await starter.run_once()
    board.reached.clear()
    await bench.pool.execute("UPDATE procedure SET started_at = started_at - interval '25 hours'")
    await starter.run_once()
    assert [(kind, signal) for kind, _, signal in board.reached] == [("RestorationWorkflow", None)]
    await bench.pool.execute("UPDATE procedure SET started_at = started_at - interval '25 hours', ended_at = now()")
    board.reached.clear()
    await starter.run_once()
    assert board.reached == [], "what has ended needs no care"


async def test_the_database_wakes_it_and_only_one_process_works(
    running: ProcedureStarter, bench: Bench, board: Board, ctx: Context
) -> None:
    other_board = Board()
    works = (ProcedureStarter(ctx, other_board).work,)  # type: ignore[arg-type]
    other = asyncio.create_task(Rounds("procedures", works, 0.1).run())
    try:
        for number in range(3):
            await held_case(bench, f"{number + 1}{rrn()}")
        started = "SELECT count(*) = 3 FROM procedure WHERE kind = 'restoration' AND started_at IS NOT NULL"
        await until(lambda: bench.value(started), 20)
        assert not (board.reached and other_board.reached)
    finally:
        other.cancel()
        await asyncio.gather(other, return_exceptions=True)


async def test_a_round_that_leaves_due_work_is_followed_at_once_by_the_next(
    starter: ProcedureStarter, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        await held_case(bench, f"{number + 1}{rrn()}")
    await starter.run_once()
    await bench.pool.execute(
        "UPDATE procedure SET due_at = now() - interval '1 second' WHERE kind IN ('hold', 'duties')"
    )
    # Each case has two rows that are due, so a round has no more than two cases, and half of them are left.
    monkeypatch.setattr(procedures, "ROUND_LIMIT", 4)
    monkeypatch.setattr(procedures, "CHECK_EVERY_SECONDS", 600.0)
    task = asyncio.create_task(Rounds("procedures", (starter.work,), 0.1).run())
    try:
        await until(lambda: bench.value("SELECT count(*) = 0 FROM procedure WHERE due_at <= now()"), 20)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_locked_case_is_not_tried_without_a_pause(
    starter: ProcedureStarter, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_no = await held_case(bench, f"1{rrn()}")
    await starter.run_once()
    rounds, run_once = 0, starter.run_once

    async def counted() -> int:
        nonlocal rounds
        rounds += 1
        return await run_once()

    monkeypatch.setattr(starter, "run_once", counted)
    # Work that is not overdue does not wait for the lock of its case, and no bank is asked just now.
    await bench.pool.execute("UPDATE hold_request SET sent_at = sent_at - interval '1 hour'")
    starter.ctx = with_priority(starter.ctx, quiet_seconds=0, defer_max_seconds=280)
    async with bench.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM case_file WHERE case_no = $1 FOR UPDATE", case_no)
        await bench.pool.execute("UPDATE procedure SET due_at = now() WHERE kind IN ('hold', 'duties')")
        task = asyncio.create_task(Rounds("procedures", (starter.work,), 0.1).run())
        try:
            await until(lambda: rounds)
            await asyncio.sleep(1)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert rounds < 5
