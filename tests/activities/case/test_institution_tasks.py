"""Tasks of the desk that are about an institution and no case."""

from datetime import UTC, datetime

import asyncpg
import pytest

from activities.case.desk import close_task
from db import tasks
from db.case import case_views
from db.pool import Pool
from domain.errors import NotNow
from schemas.enums import TaskKind
from schemas.tasks import TaskCause, TaskFacts
from tests.activities.bench import Bench
from tests.activities.desk_words import OFFICER
from tests.each import each
from tests.factories import make_context

NOW = datetime.now(UTC)


async def opened(pool: Pool, kind: TaskKind = TaskKind.ASK_FOR_LIENS, code: str = "HDFC") -> int | None:
    async with pool.acquire() as connection:
        return await tasks.open_for_institution(connection, code, kind, TaskCause.LIENS_TO_ASK_FOR, NOW)


async def test_one_of_a_kind_is_open_at_a_time(database: Pool) -> None:
    await make_context(database)
    first = await opened(database)
    assert first is not None
    assert await opened(database) is None
    assert await opened(database, TaskKind.SUPERVISE) is not None
    assert await opened(database, code="ICIC") is not None
    async with database.acquire() as connection:
        kinds = [TaskKind.ASK_FOR_LIENS]
        assert await tasks.close_for_institution(connection, "HDFC", kinds, NOW, "the list is here") == [first]
        assert await tasks.close_for_institution(connection, "HDFC", kinds, NOW, "the list is here") == []
    assert await opened(database) not in {None, first}
    calls = [(cause, at) for cause in (TaskCause.BANK_LOGIN_UNTOLD, TaskCause.BANK_LOGIN_CHANGE_UNTOLD) for at in "12"]
    async with database.acquire() as connection:
        told = [
            await tasks.open_for_institution(
                connection, "HDFC", TaskKind.PHONE_BANK, cause, NOW, facts=TaskFacts(at=at)
            )
            for cause, at in [*calls, calls[0]]
        ]
    assert [one is None for one in told] == [False] * 4 + [True], "a call about something else is an item of its own"


async def test_it_is_closed_by_hand_once_and_has_no_case(database: Pool) -> None:
    ctx = await make_context(database)
    task_id = await opened(database)
    assert task_id is not None
    done = await close_task(ctx, task_id, "they promise it for Monday", OFFICER)
    assert (done.case_no, done.hop_no, done.kind) == (None, None, TaskKind.ASK_FOR_LIENS)
    row = await database.fetchrow("SELECT state, closed_by, reason FROM desk_task WHERE task_id = $1", task_id)
    assert row is not None
    assert tuple(row) == ("closed", OFFICER, "they promise it for Monday")
    with pytest.raises(NotNow):
        await close_task(ctx, task_id, "again", OFFICER)


async def test_no_case_counts_or_closes_it(database: Pool) -> None:
    bench = Bench(await make_context(database))
    case_no = await bench.complain()
    await opened(database)
    async with database.acquire() as connection:
        page = await case_views.page(connection, None, None, 10)
        assert [case.open_tasks for case in page.items] == [0]
        assert await tasks.close_for_hops(connection, case_no, [1], list(TaskKind), NOW, "all is well") == []
    assert await database.fetchval("SELECT count(*) FROM desk_task WHERE state = 'open'") == 1


@each(
    "columns",
    ["case_no, institution", "institution, hop_no", "institution, request_id"],
)
async def test_the_database_refuses_what_is_about_nothing(database: Pool, columns: str) -> None:
    values = {
        "case_no, institution": "NULL, NULL",
        "institution, hop_no": "'HDFC', 1",
        "institution, request_id": "'HDFC', gen_random_uuid()",
    }[columns]
    with pytest.raises(asyncpg.CheckViolationError, match="desk_task_about"):
        await database.execute(
            f"INSERT INTO desk_task (kind, subject_kind, subject_id, cause, state, opened_at, {columns})"
            f" VALUES ('reconcile', 'institution', 'HDFC', 'liens_differ', 'open', now(), {values})"
        )
