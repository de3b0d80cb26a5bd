"""Row-clock workflows and their notifications: the outbox to the workflows that keep the clocks of rows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.pool import Connection, note_session_lock
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ProcedureKind
from schemas.outbox.procedures import ProcedureStart

STARTER_CHANNEL: Final = "procedure_starter"
"""the channel on which the database announces holds to open, and workflows to start or to notify"""
_WATCH_LOCK: Final = 7_305_813_377_193_000_029
"""Lock of the procedure loop. Only its uniqueness matters."""


def workflow_id(kind: ProcedureKind, subject: str) -> str:
    """Return the id of the workflow that keeps the clocks of `subject`."""
    return f"{kind.value}-{subject}"


async def begin(connection: Connection, kind: ProcedureKind, subject: str, case_no: str, at: datetime) -> None:
    """Request a workflow that keeps the clocks of `subject`; one that has ended starts again."""
    await connection.execute(
        "INSERT INTO procedure (workflow_id, kind, subject, case_no, created_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (workflow_id) DO UPDATE SET started_at = NULL, ended_at = NULL, created_at = $5"
        " WHERE procedure.ended_at IS NOT NULL",
        workflow_id(kind, subject),
        kind.value,
        subject,
        case_no,
        at,
    )


async def notify(connection: Connection, kind: ProcedureKind, subject: str, at: datetime) -> None:
    """Write a notification that makes the row-clock workflow read its state again. Does nothing without a workflow."""
    await connection.execute(
        "INSERT INTO procedure_news (workflow_id, created_at)"
        " SELECT workflow_id, $2 FROM procedure WHERE workflow_id = $1",
        workflow_id(kind, subject),
        at,
    )


async def end(connection: Connection, kind: ProcedureKind, subject: str, at: datetime) -> None:
    """Write that the clocks have ended; the workflow ends when it next reads its state."""
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


async def to_start(connection: Connection, skip: Sequence[str], limit: int) -> list[Waiting]:
    """Return row-clock workflows that are not started, with their unsent notifications, the oldest first.

    Skips the cases in `skip`.
    """
    rows = await connection.fetch(
        f"SELECT {_START}, p.created_at AS since, ARRAY(SELECT n.news_id FROM procedure_news n"
        " WHERE n.workflow_id = p.workflow_id AND n.signalled_at IS NULL) AS news_ids FROM procedure p"
        " WHERE p.started_at IS NULL AND p.case_no <> ALL($1) ORDER BY p.created_at LIMIT $2",
        list(skip),
        limit,
    )
    return [_waiting(dict(row)) for row in rows]


async def to_notify(connection: Connection, skip: Sequence[str], limit: int) -> list[Waiting]:
    """Return row-clock workflows with unsent notifications, the oldest first; skips the cases in `skip`."""
    rows = await connection.fetch(
        f"SELECT {_START}, min(n.created_at) AS since, array_agg(n.news_id) AS news_ids"
        " FROM (SELECT * FROM procedure_news WHERE signalled_at IS NULL ORDER BY news_id LIMIT $2) n"
        f" JOIN procedure p USING (workflow_id) WHERE p.case_no <> ALL($1) GROUP BY {_START} ORDER BY since",
        list(skip),
        limit,
    )
    return [_waiting(dict(row)) for row in rows]


async def not_seen(connection: Connection, before: datetime, skip: Sequence[str], limit: int) -> list[Waiting]:
    """Return running row-clock workflows last started or checked before `before`, the longest first."""
    rows = await connection.fetch(
        f"SELECT {_START}, p.started_at AS since FROM procedure p"
        " WHERE p.ended_at IS NULL AND p.started_at < $1 AND p.case_no <> ALL($2) ORDER BY p.started_at LIMIT $3",
        before,
        list(skip),
        limit,
    )
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


async def purge(connection: Connection, before: datetime, limit: int) -> int:
    """Delete notifications that were sent before `before`; return how many."""
    rows = await connection.fetch(
        "DELETE FROM procedure_news WHERE news_id IN (SELECT news_id FROM procedure_news WHERE signalled_at < $1"
        " ORDER BY signalled_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING news_id",
        before,
        limit,
    )
    return len(rows)


async def may_watch(connection: Connection) -> bool:
    """Return whether this connection gets the procedure loop's lock, which it holds until it is given back."""
    note_session_lock(connection)
    locked: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _WATCH_LOCK)
    return locked
