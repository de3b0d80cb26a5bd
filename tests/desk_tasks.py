"""Tasks of the desk as tests read them: the text that officers see, composed from the stored fields."""

from asyncpg import Record

from db.pool import Pool
from domain.work_items.task_notes import compose
from schemas.tasks import NewTask, Subject, TaskCause, TaskFacts, TaskSubject

NOT_DONE = "the bank has not done it: telephone it, and write down what it has done"
"""of an order"""


async def bank_notes(pool: Pool, where: str, *values: object) -> list[tuple[str | None, str]]:
    """The bank and the text of each task that fits, the oldest first."""
    rows = await pool.fetch(f"SELECT * FROM desk_task WHERE {where} ORDER BY task_id", *values)
    return [(row["institution"], _note(row)) for row in rows]


async def notes(pool: Pool, where: str, *values: object) -> list[str]:
    """The text of each task that fits, the oldest first."""
    return [note for _, note in await bank_notes(pool, where, *values)]


def hop_of(task: NewTask) -> int | None:
    """The hop that a new task is about."""
    return int(task.subject.id) if task.subject is not None and task.subject.kind is TaskSubject.HOP else None


def _note(row: Record) -> str:
    subject = Subject(kind=row["subject_kind"], id=row["subject_id"])
    return compose(TaskCause(row["cause"]), subject, TaskFacts.model_validate(row["facts"]))
