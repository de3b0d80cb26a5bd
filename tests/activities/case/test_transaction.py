"""The unit of work of a case: its lock, its clock and what it writes."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from activities.case.desk import escalate_request
from activities.case.transaction import ENGINE, case_transaction, lock_cases
from db.clock import present_moment
from domain.errors.case import CaseNotFound
from schemas.enums import EscalationLevel, TaskKind
from schemas.events import EventKind
from schemas.tasks import NewTask, TaskCause
from tests.activities.bench import Bench
from tests.clock import at_clock
from tests.factories import row, rrn, transfer

BY = "officer:asha"


async def until_somebody_waits(bench: Bench) -> None:
    query = (
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND a.datname = current_database())"
    )
    async with asyncio.timeout(60):
        while not await bench.value(query):  # noqa: ASYNC110 (no event tells us)
            await asyncio.sleep(0.01)


async def test_everything_that_it_writes_has_one_time_and_one_actor(bench: Bench) -> None:
    case_no = await bench.complain(transfer())
    async with case_transaction(bench.ctx, case_no, BY) as work:
        await work.log(EventKind.CASE_REOPENED)
        (task_id,) = await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.GRIEVANCE))
    last = "SELECT at, actor FROM case_event WHERE case_no = $1 ORDER BY seq DESC LIMIT 1"
    assert await bench.rows(last, case_no) == [(work.now, BY)]
    assert await bench.value("SELECT opened_at FROM desk_task WHERE task_id = $1", task_id) == work.now


async def test_an_event_may_state_a_kind_and_the_engine_may_act_in_it(bench: Bench) -> None:
    case_no = await bench.complain(transfer())
    async with case_transaction(bench.ctx, case_no, BY) as work:
        await work.log(EventKind.TASK_CLOSED, kind="supervise")
        await work.as_engine.log(EventKind.CASE_REOPENED)
    last = "SELECT at, actor, data->>'kind' FROM case_event WHERE case_no = $1 ORDER BY seq DESC LIMIT 2"
    assert await bench.rows(last, case_no) == [(work.now, ENGINE, None), (work.now, BY, "supervise")]


async def test_the_clock_of_the_process_is_in_nothing_that_a_case_writes(bench: Bench) -> None:
    wrong = Bench(replace(bench.ctx, clock=lambda: datetime.now(UTC) + timedelta(days=30)))
    root = rrn()
    case_no = await wrong.complain(transfer(1000_00, reference=root))
    await wrong.complain(transfer(1000_00, reference=root))
    sent = await wrong.ask_one(case_no)
    await escalate_request(wrong.ctx, case_no, UUID(sent.request_id), "at once", BY)
    await wrong.escalate(case_no, sent, EscalationLevel.DESK_TASK)
    await wrong.answer("HDFC", case_no, row(1, root, "1000.00"))
    assert (await wrong.settle(case_no)).settled
    for written in (
        "SELECT max(at) FROM case_event WHERE case_no = $1",
        "SELECT max(received_at) FROM complaint WHERE case_no = $1",
        "SELECT max(greatest(sent_at, delivered_at, level_at)) FROM hold_request WHERE case_no = $1",
        "SELECT max(received_at) FROM answer WHERE case_no = $1",
        "SELECT max(created_at) FROM case_news WHERE case_no = $1",
        "SELECT settled_at FROM case_file WHERE case_no = $1",
    ):
        assert await bench.value(written, case_no) < datetime.now(UTC) + timedelta(days=1), written


async def test_its_time_is_read_after_the_wait_for_the_lock(bench: Bench) -> None:
    case_no = await bench.complain(transfer())

    async def second() -> datetime:
        async with case_transaction(bench.ctx, case_no, BY) as work:
            return work.now

    async with case_transaction(bench.ctx, case_no, BY):
        waiting = asyncio.create_task(second())
        await until_somebody_waits(bench)
        released = await bench.value("SELECT clock_timestamp()")
    assert await waiting > released


async def test_work_on_several_cases_has_the_time_of_the_last_lock(bench: Bench) -> None:
    case_nos = sorted([await bench.complain(transfer()) for _ in range(3)])

    async def all_of_them() -> set[datetime]:
        async with bench.ctx.pool.acquire() as connection, connection.transaction():
            locked = await lock_cases(bench.ctx, connection, case_nos[::-1], BY)
            assert list(locked) == case_nos == [work.case_no for work in locked.values()]
            return {work.now for work in locked.values()}

    async with case_transaction(bench.ctx, case_nos[1], BY):
        waiting = asyncio.create_task(all_of_them())
        await until_somebody_waits(bench)
        released = await bench.value("SELECT clock_timestamp()")
    (now,) = await waiting
    assert now > released


async def test_nothing_of_it_stays_after_an_error(bench: Bench) -> None:
    case_no = await bench.complain(transfer())
    before = await bench.rows("SELECT seq FROM case_event WHERE case_no = $1", case_no)

    async def fail() -> None:
        async with case_transaction(bench.ctx, case_no, BY) as work:
            await work.log(EventKind.CASE_REOPENED)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await bench.rows("SELECT seq FROM case_event WHERE case_no = $1", case_no) == before


async def test_a_case_is_found_by_any_number_and_an_unknown_one_is_refused(bench: Bench) -> None:
    case_no = await bench.complain(transfer())

    async def found(_: object) -> str:
        return case_no

    async with case_transaction(bench.ctx, found, BY) as work:
        assert work.case_no == case_no
    with pytest.raises(CaseNotFound):
        async with case_transaction(bench.ctx, "39999999999999", BY):
            pass


async def test_a_session_sets_its_moment_only_where_the_owner_allows_it(bench: Bench) -> None:
    case_no = await bench.complain(transfer())
    at = datetime.now(UTC) + timedelta(days=30)
    moved = at_clock(bench.ctx, lambda: at)
    async with case_transaction(moved, case_no, BY) as work:
        assert work.now == at
    async with case_transaction(bench.ctx, case_no, BY) as work:
        assert work.now < at
    async with bench.pool.acquire() as connection:
        undone = connection.transaction()
        await undone.start()
        await connection.execute("DELETE FROM clock_setting")
        await connection.execute("SELECT set_config('goldenhour.present_moment', $1, true)", at.isoformat())
        assert await present_moment(connection) < at
        await undone.rollback()
