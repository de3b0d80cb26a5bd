"""A task is known by its structured fields: its text may be reworded or translated at any time."""

from datetime import UTC, datetime

import pytest

from db import tasks
from domain.work_items import task_notes
from schemas.enums import DiscrepancyKind, Language, TaskKind
from schemas.tasks import NewTask, TaskCause, TaskFacts, TaskSubject, about, about_hop
from tests.activities.bench import Bench
from tests.desk_tasks import notes

NOW = datetime.now(UTC)
OF_CASE = "case_no = $1 AND state = 'open'"
ASKED = [
    NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=about(TaskSubject.ORDER, "6f1c"))
    for cause in TaskCause
    if cause.startswith("order_")
]


async def open_now(bench: Bench, case_no: str) -> list[str]:
    rows = await bench.rows(f"SELECT cause FROM desk_task WHERE {OF_CASE} ORDER BY task_id", case_no)
    return [cause for (cause,) in rows]


@pytest.mark.parametrize("text", ["see the order", "आदेश देखें"], ids=["reworded", "translated"])
async def test_another_text_asks_nothing_twice_and_keeps_no_task_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    case_no = await bench.complain()
    async with bench.pool.acquire() as connection:
        opened = await tasks.open_tasks(connection, case_no, ASKED, NOW)
        assert len(opened) == len(ASKED)
        assert len(set(await notes(bench.pool, OF_CASE, case_no))) == len(ASKED)
        monkeypatch.setattr(task_notes, "TEXTS", {Language.EN: dict.fromkeys(task_notes.TEXTS[Language.EN], text)})
        assert set(await notes(bench.pool, OF_CASE, case_no)) == {text}
        assert await tasks.open_tasks(connection, case_no, ASKED, NOW) == []
        one, *others = [task.cause for task in ASKED]
        subject = ASKED[0].subject
        assert await tasks.close_about(connection, case_no, subject, [one], NOW, "sent") == opened[:1]
        assert await open_now(bench, case_no) == others
        other_order = about(TaskSubject.ORDER, "6f1d")
        assert await tasks.close_about(connection, case_no, other_order, others, NOW, "sent") == []
        assert sorted(await tasks.close_about(connection, case_no, subject, others, NOW, "sent")) == opened[1:]


async def test_other_facts_are_another_question(bench: Bench) -> None:
    case_no = await bench.complain()
    kind, cause = TaskKind.RESOLVE_DISCREPANCY, TaskCause.DISCREPANCY
    first, second = (TaskFacts(discrepancy=found) for found in list(DiscrepancyKind)[:2])
    asked = [about_hop(kind, cause, 1, first), about_hop(kind, cause, 1, second), about_hop(kind, cause, 1, first)]
    async with bench.pool.acquire() as connection:
        one, two = await tasks.open_tasks(connection, case_no, asked, NOW)
        subject = about(TaskSubject.HOP, 1)
        assert await tasks.close_about(connection, case_no, subject, [cause], NOW, "settled", facts=second) == [two]
        kinds = [TaskKind.PHONE_BANK]
        assert await tasks.close_about(connection, case_no, subject, [cause], NOW, "settled", kinds=kinds) == []
        await tasks.close_other_facts(connection, case_no, asked[1], NOW, "they have changed")
        assert await bench.value("SELECT state FROM desk_task WHERE task_id = $1", one) == "closed"
