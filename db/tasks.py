"""Work items of the desk."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from db.pool import Connection
from domain.errors.case import TaskNotFound
from schemas.base import FrozenModel
from schemas.enums import TaskKind, TaskState
from schemas.nightly_runs import NightlyWork
from schemas.tasks import NO_FACTS, NewTask, Subject, TaskCause, TaskFacts, TaskSubject, about


class TaskRow(FrozenModel):
    """A work item; its row is locked."""

    task_id: int
    case_no: str | None
    """None for a work item about an institution or a nightly run"""
    hop_no: int | None
    institution: str | None
    kind: TaskKind
    state: TaskState
    subject_id: str
    cause: TaskCause
    caused_by: str | None
    """the officer whose act it is about"""


async def open_tasks(
    connection: Connection, case_no: str, tasks: Sequence[NewTask], at: datetime, *, institution: str | None = None
) -> list[int]:
    """Open work items and return the ids of those that were not open already."""
    if not tasks:
        return []
    subjects = [task.subject or about(TaskSubject.CASE, case_no) for task in tasks]
    rows = await connection.fetch(
        "INSERT INTO desk_task (case_no, subject_kind, subject_id, hop_no, request_id, institution, kind, cause, facts,"
        " caused_by, state, opened_at) SELECT $1, subject_kind, subject_id,"
        " CASE subject_kind WHEN 'hop' THEN subject_id::integer END,"
        " CASE subject_kind WHEN 'request' THEN subject_id::uuid END, $2, kind, cause, facts, caused_by, 'open', $3"
        " FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::jsonb[], $9::text[])"
        " AS t (subject_kind, subject_id, kind, cause, facts, caused_by) ON CONFLICT DO NOTHING RETURNING task_id",
        case_no,
        institution,
        at,
        [subject.kind.value for subject in subjects],
        [subject.id for subject in subjects],
        [task.kind.value for task in tasks],
        [task.cause.value for task in tasks],
        [as_stored(task.facts) for task in tasks],
        [task.caused_by for task in tasks],
    )
    return [row["task_id"] for row in rows]


def as_stored(facts: TaskFacts) -> dict[str, object]:
    """Return the facts as the database has them: only those that are stated."""
    return facts.model_dump(mode="json", exclude_defaults=True)


def insert(rows: str, at: str) -> str:
    """Return the statement that opens work items of several cases; its arguments are SQL.

    `with_case` gives a row.
    """
    return (
        "INSERT INTO desk_task (case_no, subject_kind, subject_id, hop_no, request_id, kind, cause, facts, state,"
        " opened_at) SELECT case_no, subject_kind, subject_id,"
        " CASE subject_kind WHEN 'hop' THEN subject_id::integer END,"
        f" CASE subject_kind WHEN 'request' THEN subject_id::uuid END, kind, cause, facts, 'open', {at}"
        f" FROM jsonb_to_recordset({rows}::jsonb) AS t (case_no text, subject_kind text, subject_id text, kind text,"
        " cause text, facts jsonb) ON CONFLICT DO NOTHING"
    )


def with_case(task: NewTask, case_no: str) -> dict[str, object]:
    """Return a work item of a case as the database reads it from JSON."""
    subject = task.subject or about(TaskSubject.CASE, case_no)
    return {
        "case_no": case_no,
        "subject_kind": subject.kind.value,
        "subject_id": subject.id,
        "kind": task.kind.value,
        "cause": task.cause.value,
        "facts": as_stored(task.facts),
    }


async def open_for_institution(
    connection: Connection,
    institution: str,
    kind: TaskKind,
    cause: TaskCause,
    at: datetime,
    *,
    facts: TaskFacts = NO_FACTS,
    reconciliation_id: int | None = None,
) -> int | None:
    """Open a work item about an institution; return its id, or None if one of that kind is open.

    The work item belongs to no case. Of alarms about items without an owner one is open for each item. Of calls to the
    bank one is open for each cause and its facts, because each tells of something else.
    """
    task_id: int | None = await connection.fetchval(
        "INSERT INTO desk_task (institution, subject_kind, subject_id, kind, cause, facts, state, opened_at,"
        " reconciliation_id) VALUES ($1, 'institution', $1, $2, $3, $4, 'open', $5, $6)"
        " ON CONFLICT DO NOTHING RETURNING task_id",
        institution,
        kind.value,
        cause.value,
        as_stored(facts),
        at,
        reconciliation_id,
    )
    return task_id


async def close_for_institution(
    connection: Connection, institution: str, kinds: Sequence[TaskKind], at: datetime, reason: str
) -> list[int]:
    """Close the open work items of these kinds about the institution itself; return their ids.

    An alarm that an item has no owner stays open.
    """
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $3, closed_by = 'engine', reason = $4"
        " WHERE institution = $1 AND case_no IS NULL AND kind = ANY($2) AND cause <> $5 AND state = 'open'"
        " RETURNING task_id",
        institution,
        [kind.value for kind in kinds],
        at,
        reason,
        TaskCause.TASK_UNOWNED.value,
    )
    return [row["task_id"] for row in rows]


async def open_for_nightly_run(
    connection: Connection, work: NightlyWork, cause: TaskCause, facts: TaskFacts, at: datetime
) -> None:
    """Open a work item of the supervisor about nightly work, unless one about that work is open."""
    await connection.execute(
        "INSERT INTO desk_task (subject_kind, subject_id, kind, cause, facts, state, opened_at)"
        " VALUES ('nightly_run', $1, $2, $3, $4, 'open', $5) ON CONFLICT DO NOTHING",
        work.value,
        TaskKind.SUPERVISE.value,
        cause.value,
        as_stored(facts),
        at,
    )


async def close_for_nightly_run(
    connection: Connection, work: NightlyWork, causes: Collection[TaskCause], at: datetime, reason: str
) -> None:
    """Close the open work item about nightly work, if it was opened for one of these causes."""
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $2, closed_by = 'engine', reason = $3"
        " WHERE subject_kind = 'nightly_run' AND subject_id = $1 AND cause = ANY($4) AND state = 'open'",
        work.value,
        at,
        reason,
        [cause.value for cause in causes],
    )


async def open_for_proposal(
    connection: Connection,
    proposal_id: int,
    cause: TaskCause,
    facts: TaskFacts,
    at: datetime,
    *,
    caused_by: str | None = None,
) -> int:
    """Open a work item about a proposal of an admin; return its id. `caused_by` is as in `NewTask`.

    The proposals are locked, so it is the only one.
    """
    task_id: int = await connection.fetchval(
        "INSERT INTO desk_task (subject_kind, subject_id, kind, cause, facts, state, opened_at, caused_by)"
        " VALUES ('proposal', $1, $2, $3, $4, 'open', $5, $6) RETURNING task_id",
        str(proposal_id),
        TaskKind.SUPERVISE.value,
        cause.value,
        as_stored(facts),
        at,
        caused_by,
    )
    return task_id


async def close_for_proposal(
    connection: Connection, proposal_id: int, cause: TaskCause, at: datetime, reason: str
) -> None:
    """Close the open work item about a proposal that was opened for this cause."""
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $3, closed_by = 'engine', reason = $4"
        " WHERE subject_kind = 'proposal' AND subject_id = $1 AND cause = $2 AND state = 'open'",
        str(proposal_id),
        cause.value,
        at,
        reason,
    )


async def close_of_over_proposals(connection: Connection, cause: TaskCause, at: datetime, reason: str) -> int:
    """Close the open work items of this cause about proposals whose time is over; return how many."""
    rows = await connection.fetch(
        "UPDATE desk_task t SET state = 'closed', closed_at = $2, closed_by = 'engine', reason = $3"
        " FROM proposal p WHERE t.subject_kind = 'proposal' AND t.subject_id = p.proposal_id::text"
        " AND t.cause = $1 AND t.state = 'open' AND p.decision IS NULL AND p.valid_until < $2 RETURNING t.task_id",
        cause.value,
        at,
        reason,
    )
    return len(rows)


async def case_of(connection: Connection, task_id: int) -> str | None:
    """Return the case of a work item; None for one about no case. Raises `NotFound`."""
    row = await connection.fetchrow("SELECT case_no FROM desk_task WHERE task_id = $1", task_id)
    if row is None:
        raise TaskNotFound(task_id)
    case_no: str | None = row["case_no"]
    return case_no


async def get(connection: Connection, task_id: int) -> TaskRow:
    """Lock one work item's row and return it. Raises `NotFound`."""
    row = await connection.fetchrow(
        "SELECT task_id, case_no, hop_no, institution, kind, state, subject_id, cause, caused_by FROM desk_task"
        " WHERE task_id = $1 FOR UPDATE",
        task_id,
    )
    if row is None:
        raise TaskNotFound(task_id)
    return TaskRow(**dict(row))


async def close(connection: Connection, task_id: int, at: datetime, closed_by: str, reason: str) -> None:
    """Close a work item on behalf of an officer."""
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
    """Close the work items of these kinds about these hops; return their ids.

    Their subject has been dealt with. Work items that told the supervisor that these hops wait are closed too.
    """
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $4, closed_by = 'engine', reason = $5"
        " WHERE case_no = $1 AND hop_no = ANY($2) AND state = 'open'"
        " AND (kind = ANY($3) OR cause = $6) RETURNING task_id",
        case_no,
        list(hop_nos),
        [kind.value for kind in kinds],
        at,
        reason,
        TaskCause.WAITS_FOR_DESK.value,
    )
    return [row["task_id"] for row in rows]


async def close_for_requests(
    connection: Connection, case_no: str, request_ids: Sequence[UUID], at: datetime, reason: str
) -> list[int]:
    """Close every work item about these requests of one case; return their ids."""
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $3, closed_by = 'engine', reason = $4"
        " WHERE case_no = $1 AND request_id = ANY($2) AND state = 'open' RETURNING task_id",
        case_no,
        list(request_ids),
        at,
        reason,
    )
    return [row["task_id"] for row in rows]


async def close_about(
    connection: Connection,
    case_no: str,
    subject: Subject | None,
    causes: Collection[TaskCause],
    at: datetime,
    reason: str,
    *,
    kinds: Collection[TaskKind] = tuple(TaskKind),
    facts: TaskFacts | None = None,
) -> list[int]:
    """Close the case's work items about this subject that were opened for one of these causes; return their ids.

    Without a subject the work items are about the case itself. With `facts` only work items that state exactly these
    are closed.
    """
    subject = subject or about(TaskSubject.CASE, case_no)
    rows = await connection.fetch(
        "UPDATE desk_task SET state = 'closed', closed_at = $5, closed_by = 'engine', reason = $6 WHERE case_no = $1"
        " AND subject_kind = $2 AND subject_id = $3 AND cause = ANY($4) AND kind = ANY($7)"
        " AND ($8::jsonb IS NULL OR facts = $8) AND state = 'open' RETURNING task_id",
        case_no,
        subject.kind.value,
        subject.id,
        [cause.value for cause in causes],
        at,
        reason,
        [kind.value for kind in kinds],
        None if facts is None else as_stored(facts),
    )
    return [row["task_id"] for row in rows]


async def close_other_subjects(
    connection: Connection, case_no: str, cause: TaskCause, still: Collection[Subject], at: datetime, reason: str
) -> None:
    """Close the case's work items opened for this cause, except those about the subjects in `still`."""
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $5, closed_by = 'engine', reason = $6 WHERE case_no = $1"
        " AND cause = $2 AND state = 'open'"
        " AND (subject_kind, subject_id) NOT IN (SELECT * FROM unnest($3::text[], $4::text[]))",
        case_no,
        cause.value,
        [subject.kind.value for subject in still],
        [subject.id for subject in still],
        at,
        reason,
    )


async def close_other_facts(connection: Connection, case_no: str, task: NewTask, at: datetime, reason: str) -> None:
    """Close the case's work items with the kind, subject and cause of `task` that state other facts."""
    subject = task.subject or about(TaskSubject.CASE, case_no)
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $7, closed_by = 'engine', reason = $8 WHERE case_no = $1"
        " AND kind = $2 AND subject_kind = $3 AND subject_id = $4 AND cause = $5 AND facts <> $6 AND state = 'open'",
        case_no,
        task.kind.value,
        subject.kind.value,
        subject.id,
        task.cause.value,
        as_stored(task.facts),
        at,
        reason,
    )
