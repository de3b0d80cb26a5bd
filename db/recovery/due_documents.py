"""Documents that fall due, and the due list of cases."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from db.case.case_outbox import HAS_WORKFLOW, IS_LISTED, Deferral, DueCase, may_begin
from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ProcedureKind
from schemas.recovery.court_orders import Duty, HandedIn
from schemas.recovery.due_documents import DueDocumentState
from schemas.restoration_enums import DocumentKind, DutyKind, Step


class DueDocument(FrozenModel):
    """A due document and its subject."""

    due_document_id: int
    case_no: str
    kind: DocumentKind
    subject: str
    occasion: str
    restoration_id: UUID | None
    step: Step | None
    visit_no: int | None
    opened_at: UtcDatetime


class DueDocumentStatus(FrozenModel):
    """State of a due document."""

    kind: DocumentKind
    state: DueDocumentState
    lacking: tuple[str, ...]
    failure: str


_DUE: Final = ", ".join(DueDocument.model_fields)


async def of_cases(connection: Connection, case_nos: Sequence[str]) -> Mapping[str, Sequence[DueDocument]]:
    """Return the due documents of cases, by case, in the order in which they were asked for."""
    due = await Rows(connection, DueDocument).many(
        f"SELECT {_DUE} FROM due_document WHERE case_no = ANY($1) AND ended_at IS NULL"
        " ORDER BY case_no, due_document_id",
        case_nos,
    )
    return {case_no: list(of_case) for case_no, of_case in groupby(due, key=lambda item: item.case_no)}


async def is_open(connection: Connection, due_document_id: int) -> bool:
    """Return whether the document is still to be issued. The caller has locked the case's row."""
    still_open = await connection.fetchval(
        "SELECT ended_at IS NULL FROM due_document WHERE due_document_id = $1", due_document_id
    )
    return bool(still_open)


async def end(connection: Connection, due_document_id: int, state: DueDocumentState, at: datetime) -> None:
    """End a due document: nothing of it is left to do."""
    await connection.execute(
        "UPDATE due_document SET state = $2, lacking = '{}', failure = '', ended_at = $3 WHERE due_document_id = $1",
        due_document_id,
        state.value,
        at,
    )


async def note_wait(
    connection: Connection,
    due_document_id: int,
    state: DueDocumentState,
    *,
    lacking: Sequence[str] = (),
    failure: str = "",
) -> None:
    """Write what a due document waits for: missing fields, an officer, or another attempt after a failure."""
    await connection.execute(
        "UPDATE due_document SET state = $2, lacking = $3, failure = $4"
        " WHERE due_document_id = $1 AND ended_at IS NULL",
        due_document_id,
        state.value,
        list(lacking),
        failure,
    )


async def standings(connection: Connection, case_no: str) -> list[DueDocumentStatus]:
    """Return the due documents of a case that a worker has tried to issue."""
    return await Rows(connection, DueDocumentStatus).many(
        "SELECT kind, state, lacking, failure FROM due_document WHERE case_no = $1 AND ended_at IS NULL"
        " AND state <> 'waiting' ORDER BY kind, due_document_id",
        case_no,
    )


async def is_overtaken(connection: Connection, due_document: DueDocument) -> bool:
    """Return whether a later due document about the same subject waits, which has all the facts of this one."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM due_document WHERE case_no = $1 AND kind = $2 AND subject = $3"
        " AND due_document_id > $4 AND ended_at IS NULL)",
        due_document.case_no,
        due_document.kind.value,
        due_document.subject,
        due_document.due_document_id,
    )
    return exists


async def is_waited_for(connection: Connection, restoration_id: UUID, step: Step, visit_no: int) -> bool:
    """Return whether a document for this visit of a step is still due."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM due_document WHERE restoration_id = $1 AND step = $2 AND visit_no = $3"
        " AND ended_at IS NULL)",
        restoration_id,
        step.value,
        visit_no,
    )
    return exists


async def end_for_visit(connection: Connection, restoration_id: UUID, at: datetime) -> int:
    """End the due documents of a restoration whose step has ended without them; return how many."""
    rows = await connection.fetch(
        "UPDATE due_document SET state = 'overtaken', lacking = '{}', failure = '', ended_at = $2"
        " WHERE restoration_id = $1 AND ended_at IS NULL RETURNING due_document_id",
        restoration_id,
        at,
    )
    return len(rows)


async def duty_waits(connection: Connection, case_no: str, kind: DocumentKind) -> bool:
    """Return whether the statutory duty that this kind of document fulfils is not done yet."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM duty WHERE case_no = $1 AND kind = $2 AND done_at IS NULL)", case_no, kind.value
    )
    return exists


async def give_time(
    connection: Connection, restoration_id: UUID, step: Step, visit_no: int, until: datetime
) -> datetime | None:
    """Extend the due time of a step's visit to `until` at least; None if the visit has ended.

    A later due time clears the reminder and the escalation. They were about the missing notice, and the new time has
    its own.
    """
    due_at: datetime | None = await connection.fetchval(
        "UPDATE restoration_step SET due_at = greatest(due_at, $4),"
        " reminded_at = CASE WHEN due_at < $4 THEN NULL ELSE reminded_at END,"
        " escalated_at = CASE WHEN due_at < $4 THEN NULL ELSE escalated_at END"
        " WHERE restoration_id = $1 AND step = $2 AND visit_no = $3 AND ended_at IS NULL RETURNING due_at",
        restoration_id,
        step.value,
        visit_no,
        until,
    )
    return due_at


_DUTY = ", ".join(Duty.model_fields)


async def open_duty(
    connection: Connection,
    case_no: str,
    kind: DutyKind,
    at: datetime,
    *,
    remind_at: datetime,
    due_at: datetime,
    escalate_at: datetime,
    anew: bool = False,
) -> bool:
    """Open a duty with these times; false if the case has it already.

    With `anew` a duty that is done is opened again. The caller has locked the case's row.
    """
    done = await connection.fetchval(
        "INSERT INTO duty (case_no, kind, opened_at, remind_at, due_at, escalate_at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (case_no, kind) DO UPDATE SET opened_at = $3, remind_at = $4, due_at = $5, escalate_at = $6,"
        " reminded_at = NULL, escalated_at = NULL, done_at = NULL, done_by = NULL, document_id = NULL, reason = '',"
        " issued_at = NULL, diary_no = NULL, handed_in_at = NULL"
        " WHERE $7 AND duty.done_at IS NOT NULL RETURNING true",
        case_no,
        kind.value,
        at,
        remind_at,
        due_at,
        escalate_at,
        anew,
    )
    return bool(done)


async def of_case(connection: Connection, case_no: str) -> tuple[Duty, ...]:
    """Return every duty of the case, in the order in which they are due."""
    rows = await connection.fetch(f"SELECT {_DUTY} FROM duty WHERE case_no = $1 ORDER BY due_at, kind", case_no)
    return tuple(Duty.model_validate(dict(row)) for row in rows)


async def get(connection: Connection, case_no: str, kind: DutyKind) -> Duty | None:
    """Return one duty, or None."""
    return await Rows(connection, Duty).first(
        f"SELECT {_DUTY} FROM duty WHERE case_no = $1 AND kind = $2", case_no, kind.value
    )


async def reminded(connection: Connection, case_no: str, kind: DutyKind, at: datetime) -> bool:
    """Write that the officer was reminded; false if that is written already."""
    done = await connection.fetchval(
        "UPDATE duty SET reminded_at = $3 WHERE case_no = $1 AND kind = $2 AND done_at IS NULL AND reminded_at IS NULL"
        " RETURNING true",
        case_no,
        kind.value,
        at,
    )
    return bool(done)


async def escalated(connection: Connection, case_no: str, kind: DutyKind, at: datetime) -> bool:
    """Write that the supervisor was told; false if that is written already."""
    done = await connection.fetchval(
        "UPDATE duty SET escalated_at = $3 WHERE case_no = $1 AND kind = $2 AND done_at IS NULL"
        " AND escalated_at IS NULL RETURNING true",
        case_no,
        kind.value,
        at,
    )
    return bool(done)


async def issued(connection: Connection, case_no: str, kind: DutyKind, document_id: UUID, at: datetime) -> bool:
    """Write that the duty's document is issued, to be handed in; false without an open duty of the kind."""
    written = await connection.fetchval(
        "UPDATE duty SET document_id = $3, issued_at = $4 WHERE case_no = $1 AND kind = $2 AND done_at IS NULL"
        " RETURNING true",
        case_no,
        kind.value,
        document_id,
        at,
    )
    return bool(written)


async def done(
    connection: Connection,
    case_no: str,
    kind: DutyKind,
    by: str,
    at: datetime,
    *,
    document_id: UUID | None,
    reason: str,
    handed_in: HandedIn | None = None,
) -> Duty | None:
    """Write that the duty is done, and return it; None without an open duty of the kind."""
    return await Rows(connection, Duty).first(
        "UPDATE duty SET done_at = $4, done_by = $3, document_id = coalesce($5, document_id), reason = $6,"
        f" diary_no = $7, handed_in_at = $8 WHERE case_no = $1 AND kind = $2 AND done_at IS NULL RETURNING {_DUTY}",
        case_no,
        kind.value,
        by,
        at,
        document_id,
        reason,
        handed_in.diary_no if handed_in else None,
        handed_in.at if handed_in else None,
    )


async def any_left(connection: Connection, case_no: str) -> bool:
    """Return whether the case has an open duty."""
    left: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM duty WHERE case_no = $1 AND done_at IS NULL)", case_no
    )
    return left


# -- what the magistrate has been told ---------------------------------------------------------------------------------

_UNREPORTED: Final = (
    " FROM held_hop k JOIN ledger_balance b ON b.case_no = k.case_no AND b.hop_no = k.hop_no AND b.bucket = 'held'"
    " WHERE k.case_no = $1 AND b.balance_paise > k.reported_paise"
)


async def unreported_since(connection: Connection, case_no: str) -> datetime | None:
    """Return when the first money on hold came that no report to the magistrate names, or None."""
    since: datetime | None = await connection.fetchval(f"SELECT min(k.held_at){_UNREPORTED}", case_no)
    return since


async def report(connection: Connection, case_no: str, held_by: datetime | None = None) -> None:
    """Write that a report names all money on hold, or only what came until `held_by`."""
    await connection.execute(
        f"UPDATE held_hop SET reported_paise = u.balance_paise FROM (SELECT k.hop_no, b.balance_paise{_UNREPORTED}"
        " AND ($2::timestamptz IS NULL OR k.held_at <= $2)) u WHERE held_hop.case_no = $1"
        " AND held_hop.hop_no = u.hop_no",
        case_no,
        held_by,
    )


async def is_anything_held(connection: Connection, case_no: str) -> bool:
    """Return whether money of the case is on hold."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM ledger_balance WHERE case_no = $1 AND bucket = 'held' AND balance_paise > 0)",
        case_no,
    )
    return exists


async def is_in_a_diary(connection: Connection, case_no: str, diary_no: str) -> bool:
    """Return whether a report of the case was handed in under this diary number."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM case_event WHERE case_no = $1 AND kind = 'duty_done' AND data->>'diary_no' = $2)",
        case_no,
        diary_no,
    )
    return exists


_DUE_PROCEDURES: Final = f"p.ended_at IS NULL AND {IS_LISTED} AND p.due_at"
_NEWS: Final = "FROM procedure_news n JOIN procedure p USING (workflow_id) WHERE n.signalled_at IS NULL"


class DueProcedure(FrozenModel):
    """A hold or the duties of a case, due or changed."""

    workflow_id: str
    kind: ProcedureKind
    subject: str
    news_ids: tuple[int, ...]


class Attended(FrozenModel):
    """A procedure that was attended to, and the time at which it is due next; None if at no time."""

    workflow_id: str
    due_at: UtcDatetime | None


class Backlog(FrozenModel):
    """Work of restorations that is due and not done."""

    rows: int
    lag_seconds: float
    """how long the oldest row waits; 0 without a row"""


DUE: Final = (
    f"SELECT p.case_no, p.due_at AS since FROM procedure p WHERE {_DUE_PROCEDURES} <= $1"
    f" AND p.case_no <> ALL($3) AND {may_begin('p.due_at', 'p.case_no')} ORDER BY p.due_at LIMIT $4"
)
_CHANGED: Final = (
    f"SELECT p.case_no, n.created_at {_NEWS} AND {IS_LISTED}"
    f" AND p.case_no <> ALL($3) AND {may_begin('n.created_at', 'p.case_no')} ORDER BY n.news_id LIMIT $4"
)


async def due_cases(connection: Connection, deferral: Deferral, skip: Sequence[str], limit: int) -> list[DueCase]:
    """Return the cases with due or changed procedures, the longest waiting first.

    Skips what is deferred, and the cases in `skip`.
    """
    return await Rows(connection, DueCase).many(
        f"WITH waiting AS (({DUE}) UNION ALL ({_CHANGED}))"
        " SELECT case_no, min(since) AS since FROM waiting GROUP BY case_no ORDER BY since, case_no LIMIT $4",
        deferral.until,
        deferral.until_for_traced,
        list(skip),
        limit,
    )


OF_CASE: Final = (
    "SELECT p.workflow_id, p.kind, p.subject, coalesce(n.ids, '{}') AS news_ids FROM procedure p"
    " CROSS JOIN LATERAL (SELECT array_agg(news_id) AS ids FROM procedure_news w"
    "  WHERE w.workflow_id = p.workflow_id AND w.signalled_at IS NULL) n"
    f" WHERE p.case_no = $1 AND {IS_LISTED} AND ((p.ended_at IS NULL AND p.due_at <= $2) OR n.ids IS NOT NULL)"
    " ORDER BY p.created_at, p.workflow_id"
)


async def dues_of_case(connection: Connection, case_no: str, now: datetime) -> list[DueProcedure]:
    """Return the procedures of one case that are due or have changed; the caller has locked the case."""
    return await Rows(connection, DueProcedure).many(OF_CASE, case_no, now)


async def mark_attended(connection: Connection, attended: Sequence[Attended], at: datetime) -> None:
    """Write when each of these procedures is due next."""
    await connection.execute(
        "UPDATE procedure p SET due_at = a.due_at, started_at = coalesce(p.started_at, $3)"
        " FROM unnest($1::text[], $2::timestamptz[]) AS a (workflow_id, due_at) WHERE p.workflow_id = a.workflow_id",
        [procedure.workflow_id for procedure in attended],
        [procedure.due_at for procedure in attended],
        at,
    )


async def next_due_at(connection: Connection, after: datetime) -> datetime | None:
    """Return the first time after `after` at which a procedure of the list is due."""
    due_at: datetime | None = await connection.fetchval(
        f"SELECT min(p.due_at) FROM procedure p WHERE {_DUE_PROCEDURES} > $1", after
    )
    return due_at


async def backlog(connection: Connection) -> Backlog:
    """Return how much of restorations is due and not done: holds to open, workflows to start or notify, due procedures.

    A benchmark waits until it is empty. Deferred work counts.
    """
    row = await connection.fetchrow(
        "SELECT count(w.since) AS rows, coalesce(extract(epoch FROM m.now - min(w.since)), 0)::float8 AS lag_seconds"
        " FROM (SELECT present_moment() AS now) m LEFT JOIN LATERAL ("
        "  SELECT held_at AS since FROM held_hop WHERE hold_opened_at IS NULL"
        f" UNION ALL SELECT p.created_at FROM procedure p WHERE p.started_at IS NULL AND {HAS_WORKFLOW}"
        f" UNION ALL SELECT p.due_at FROM procedure p WHERE {_DUE_PROCEDURES} <= m.now"
        "  UNION ALL SELECT created_at FROM procedure_news WHERE signalled_at IS NULL) w ON true GROUP BY m.now"
    )
    assert row is not None, "the moment is one row"
    return Backlog(rows=row["rows"], lag_seconds=max(0.0, row["lag_seconds"]))
