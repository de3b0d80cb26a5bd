"""The desk's tasks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from domain.errors.cases import TaskNotFound
from schemas.base import FrozenModel
from schemas.enums import TaskKind, TaskState
from schemas.tracing.answers import NewTask

WAITS_FOR_DESK: Final = "waits for the desk"
"""the note of the supervisor's task about a hop that waits"""


class TaskRow(FrozenModel):
    """A task, its row locked."""

    task_id: int
    case_no: str | None
    """None for a task about an institution"""
    hop_no: int | None
    kind: TaskKind
    state: TaskState


async def open_tasks(
    connection: Connection,
    case_no: str,
    tasks: Sequence[NewTask],
    at: datetime,
    *,
    institution: str | None = None,
    request_id: UUID | None = None,
) -> list[int]:
    """Open tasks and return the ids of those that were not open already."""
    if not tasks:
        return []
    rows = await connection.fetch(
        "INSERT INTO desk_task (case_no, hop_no, request_id, institution, kind, note, state, opened_at)"
        " SELECT $1, nullif(hop_no, 0), $2, $3, kind, note, 'open', $4"
        " FROM unnest($5::integer[], $6::text[], $7::text[]) AS t (hop_no, kind, note)"
        " ON CONFLICT DO NOTHING RETURNING task_id",
        case_no,
        request_id,
        institution,
        at,
        [task.hop_no or 0 for task in tasks],
        [task.kind.value for task in tasks],
        [task.note for task in tasks],
    )
    return [row["task_id"] for row in rows]


async def open_for_institution(
    connection: Connection,
    institution: str,
    kind: TaskKind,
    note: str,
    at: datetime,
    *,
    reconciliation_id: int | None = None,
) -> int | None:
    """Open a task about an institution and no case; its id, or None where one of that kind is open already."""
    task_id: int | None = await connection.fetchval(
        "INSERT INTO desk_task (institution, kind, note, state, opened_at, reconciliation_id)"
        " VALUES ($1, $2, $3, 'open', $4, $5) ON CONFLICT DO NOTHING RETURNING task_id",
        institution,
        kind.value,
        note,
        at,
        reconciliation_id,
    )
    return task_id


async def close_for_institution(
    connection: Connection, institution: str, kinds: Sequence[TaskKind], at: datetime, reason: str
) -> list[int]:
    """Close the tasks of these kinds that are about the institution and no case: what they asked for has happened."""
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $3, closed_by = 'engine', reason = $4"
        " WHERE institution = $1 AND case_no IS NULL AND kind = ANY($2) AND state = 'open' RETURNING task_id",
        institution,
        [kind.value for kind in kinds],
        at,
        reason,
    )
    return [row["task_id"] for row in rows]


async def case_of(connection: Connection, task_id: int) -> str | None:
    """The case a task is about; None for a task about an institution. Raises `NotFound`."""
    row = await connection.fetchrow("SELECT case_no FROM desk_task WHERE task_id = $1", task_id)
    if row is None:
        raise TaskNotFound(task_id)
    case_no: str | None = row["case_no"]
    return case_no


async def get(connection: Connection, task_id: int) -> TaskRow:
    """One task, its row locked. Raises `NotFound`."""
    row = await connection.fetchrow(
        "SELECT task_id, case_no, hop_no, kind, state FROM desk_task WHERE task_id = $1 FOR UPDATE", task_id
    )
    if row is None:
        raise TaskNotFound(task_id)
    return TaskRow(**dict(row))


async def close(connection: Connection, task_id: int, at: datetime, closed_by: str, reason: str) -> None:
    """A person is done with it."""
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $2, closed_by = $3, reason = $4 WHERE task_id = $1",
        task_id,
        at,
        closed_by,
        reason,
    )


async def close_for_hops(
    connection: Connection,
    case_no: str,
    hop_nos: Sequence[int],
    kinds: Sequence[TaskKind],
    at: datetime,
    reason: str,
) -> list[int]:
    """Close the tasks of these kinds about these hops: what they asked for has happened.

    So has what the supervisor was told of: that the hops wait.
    """
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $4, closed_by = 'engine', reason = $5"
        " WHERE case_no = $1 AND hop_no = ANY($2) AND state = 'open'"
        " AND (kind = ANY($3) OR (kind = 'supervise' AND note = $6)) RETURNING task_id",
        case_no,
        list(hop_nos),
        [kind.value for kind in kinds],
        at,
        reason,
        WAITS_FOR_DESK,
    )
    return [row["task_id"] for row in rows]


async def close_for_requests(
    connection: Connection, case_no: str, request_ids: Sequence[UUID], at: datetime, reason: str
) -> list[int]:
    """Close every task about these requests of one case: they need nobody any more."""
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $3, closed_by = 'engine', reason = $4"
        " WHERE case_no = $1 AND request_id = ANY($2) AND state = 'open' RETURNING task_id",
        case_no,
        list(request_ids),
        at,
        reason,
    )
    return [row["task_id"] for row in rows]


async def close_but(
    connection: Connection, case_no: str, kind: TaskKind, ending: str, notes: Sequence[str], at: datetime, reason: str
) -> None:
    """Close the case's tasks of this kind whose note ends so, but for those with these notes."""
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $5, closed_by = 'engine', reason = $6"
        " WHERE case_no = $1 AND kind = $2 AND state = 'open' AND right(note, length($3)) = $3 AND note <> ALL($4)",
        case_no,
        kind.value,
        ending,
        list(notes),
        at,
        reason,
    )


async def close_with_notes(
    connection: Connection, case_no: str, kinds: Sequence[TaskKind], notes: Sequence[str], at: datetime, reason: str
) -> None:
    """Close the case's tasks of these kinds with exactly one of these notes."""
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $4, closed_by = 'engine', reason = $5"
        " WHERE case_no = $1 AND kind = ANY($2) AND note = ANY($3) AND state = 'open'",
        case_no,
        [kind.value for kind in kinds],
        list(notes),
        at,
        reason,
    )


async def close_noted(
    connection: Connection, case_no: str, kinds: Sequence[TaskKind], note: str, at: datetime, reason: str
) -> list[int]:
    """Close the case's tasks of these kinds with this note, or with this note, ": " and more."""
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $4, closed_by = 'engine', reason = $5"
        " WHERE case_no = $1 AND kind = ANY($2) AND (note = $3 OR starts_with(note, $3 || ': '))"
        " AND state = 'open' RETURNING task_id",
        case_no,
        [kind.value for kind in kinds],
        note,
        at,
        reason,
    )
    return [row["task_id"] for row in rows]
