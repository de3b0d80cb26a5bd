"""Procedures and their notifications: the outbox to the workflows that keep the clocks of rows, and to the due list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.case.deferral import Deferral, may_begin
from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ProcedureKind
from schemas.procedures import IN_DUE_LIST, ProcedureStart

STARTER_CHANNEL: Final = "procedure_starter"
"""the channel on which the database announces holds to open, and workflows to start or to notify"""
WATCH_LOCK: Final = 7_305_813_377_193_000_029
"""lock of the process that runs the procedure loop; only its uniqueness matters"""


def workflow_id(kind: ProcedureKind, subject: str) -> str:
    """Return the id of the workflow that keeps the clocks of `subject`."""
    return f"{kind.value}-{subject}"


async def begin(connection: Connection, kind: ProcedureKind, subject: str, case_no: str, at: datetime) -> None:
    """Begin the clocks of `subject`, in a workflow or in the due list; those that have ended begin again.

    A procedure that is in the due list already becomes due.
    """
    await connection.execute(
        "INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at, due_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (workflow_id) DO UPDATE SET started_at = NULL, ended_at = NULL, created_at = $5, due_at = $6"
        " WHERE procedure.ended_at IS NOT NULL OR $6 IS NOT NULL",
        workflow_id(kind, subject),
        kind.value,
        subject,
        case_no,
        at,
        at if kind in IN_DUE_LIST else None,
    )


async def notify(connection: Connection, kind: ProcedureKind, subject: str, at: datetime) -> None:
    """Write a notification that makes a procedure read its state again. Does nothing without a procedure."""
    await connection.execute(
        "INSERT INTO procedure_news (workflow_id, created_at)"
        " SELECT workflow_id, $2 FROM procedure WHERE workflow_id = $1",
        workflow_id(kind, subject),
        at,
    )


async def end(connection: Connection, kind: ProcedureKind, subject: str, at: datetime) -> None:
    """Write that the clocks have ended; a workflow ends when it next reads its state."""
    await connection.execute(
        "UPDATE procedure SET ended_at = $2 WHERE workflow_id = $1 AND ended_at IS NULL",
        workflow_id(kind, subject),
        at,
    )


class Waiting(FrozenModel):
    """A row-clock workflow to start or to notify, and its unsent notifications."""

    start: ProcedureStart
    since: UtcDatetime
    news_ids: tuple[int, ...] = ()


_START = "p.workflow_id, p.kind, p.subject, p.case_no"
_NEWS_IDS: Final = (
    "ARRAY(SELECT n.news_id FROM procedure_news n WHERE n.workflow_id = p.workflow_id AND n.signalled_at IS NULL)"
    " AS news_ids"
)
_LISTED_KINDS: Final = ", ".join(f"'{kind.value}'" for kind in IN_DUE_LIST)
# Texts and no parameters, so that PostgreSQL uses the partial indexes.
IS_LISTED: Final = f"p.kind IN ({_LISTED_KINDS})"
HAS_WORKFLOW: Final = f"p.kind NOT IN ({_LISTED_KINDS})"


async def to_start(connection: Connection, deferral: Deferral, skip: Sequence[str], limit: int) -> list[Waiting]:
    """Return row-clock workflows that are not started, with their unsent notifications, the oldest first.

    Skips what is deferred, and the cases in `skip`.
    """
    rows = await connection.fetch(
        f"SELECT {_START}, p.created_at AS since, {_NEWS_IDS} FROM procedure p"
        f" WHERE p.started_at IS NULL AND {HAS_WORKFLOW} AND {may_begin('p.created_at', 'p.case_no')}"
        " AND p.case_no <> ALL($3) ORDER BY p.created_at LIMIT $4",
        deferral.until,
        deferral.until_for_traced,
        list(skip),
        limit,
    )
    return [_waiting(dict(row)) for row in rows]


async def to_notify(connection: Connection, deferral: Deferral, skip: Sequence[str], limit: int) -> list[Waiting]:
    """Return row-clock workflows with unsent notifications, the oldest first.

    All notifications of one workflow come together. Skips what is deferred, and the cases in `skip`.
    """
    rows = await connection.fetch(
        f"SELECT {_START}, p.since, {_NEWS_IDS} FROM ("
        f"  SELECT {_START}, min(w.created_at) AS since FROM procedure_news w JOIN procedure p USING (workflow_id)"
        f"  WHERE w.signalled_at IS NULL AND {HAS_WORKFLOW} AND {may_begin('w.created_at', 'p.case_no')}"
        f"  AND p.case_no <> ALL($3) GROUP BY {_START} ORDER BY since LIMIT $4) p ORDER BY p.since",
        deferral.until,
        deferral.until_for_traced,
        list(skip),
        limit,
    )
    return [_waiting(dict(row)) for row in rows]


NOT_SEEN: Final = (
    f"SELECT {_START}, p.started_at AS since FROM procedure p"
    f" WHERE p.ended_at IS NULL AND {HAS_WORKFLOW} AND p.started_at < $1 AND p.case_no <> ALL($2)"
    " ORDER BY p.started_at LIMIT $3"
)


async def not_seen(connection: Connection, before: datetime, skip: Sequence[str], limit: int) -> list[Waiting]:
    """Return running row-clock workflows last started or checked before `before`, the longest first."""
    rows = await connection.fetch(NOT_SEEN, before, list(skip), limit)
    return [_waiting(dict(row)) for row in rows]


def _waiting(row: dict[str, object]) -> Waiting:
    news_ids = row.pop("news_ids", ())
    since = row.pop("since")
    return Waiting.model_validate({"start": row, "since": since, "news_ids": news_ids})


async def mark_started(connection: Connection, workflow_id: str, since: datetime, at: datetime) -> None:
    """Write that a workflow runs for the row read with `since`; skips one that was started again meanwhile."""
    await connection.execute(
        "UPDATE procedure SET started_at = $3 WHERE workflow_id = $1 AND coalesce(started_at, created_at) = $2",
        workflow_id,
        since,
        at,
    )


async def mark_notified(connection: Connection, news_ids: Sequence[int], at: datetime) -> None:
    """Write that the workflows have received these notifications."""
    await connection.execute("UPDATE procedure_news SET signalled_at = $2 WHERE news_id = ANY($1)", list(news_ids), at)


async def purge_procedure_news(connection: Connection, before: datetime, limit: int) -> int:
    """Delete notifications that were sent before `before`; return how many."""
    rows = await connection.fetch(
        "DELETE FROM procedure_news WHERE news_id IN (SELECT news_id FROM procedure_news WHERE signalled_at < $1"
        " ORDER BY signalled_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING news_id",
        before,
        limit,
    )
    return len(rows)


_AS_OLD: Final = (
    "WITH told AS (UPDATE procedure_news n SET created_at = $2 FROM procedure p"
    "  WHERE p.case_no = $1 AND n.workflow_id = p.workflow_id AND n.signalled_at IS NULL AND n.created_at > $2)"
    " UPDATE procedure SET created_at = least(created_at, $2), due_at = CASE WHEN due_at > $2 THEN $2 ELSE due_at END"
    " WHERE case_no = $1 AND started_at IS NULL AND ended_at IS NULL AND created_at > $2"
)


async def make_as_old(connection: Connection, case_no: str, since: datetime) -> None:
    """Make what a case's work has begun or changed as old as that work, which has waited since `since`.

    A deferral then counts once from the beginning, and not again for each step.
    """
    await connection.execute(_AS_OLD, case_no, since)


async def notify_procedures(connection: Connection, case_no: str, kinds: Sequence[ProcedureKind], at: datetime) -> None:
    """Notify the case's row-clock workflows of these kinds, so that they read their state again."""
    await connection.execute(
        "INSERT INTO procedure_news (workflow_id, created_at)"
        " SELECT workflow_id, $3 FROM procedure WHERE case_no = $1 AND kind = ANY($2) AND ended_at IS NULL",
        case_no,
        [kind.value for kind in kinds],
        at,
    )
