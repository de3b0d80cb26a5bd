"""Outboxes of a case: news of cases, procedures, and calls that wait."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from db.case import requests
from db.case.cases import PAUSED
from db.case.events import Event
from db.outgoing import OutgoingKind
from db.pool import Connection
from domain.case.requests import PlannedRequest
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.case_workflow import CaseNews
from schemas.enums import ProcedureKind
from schemas.procedures import IN_DUE_LIST, ProcedureStart

MAX_HOPS_A_NOTIFICATION = 2_000
"""hops that fit into one signal with room to spare"""


async def insert(connection: Connection, case_no: str, at: datetime, news: CaseNews) -> CaseNews:
    """Write a notification for a case's workflow; return it with its id."""
    news_id = await connection.fetchval(
        "INSERT INTO case_news (case_no, body, created_at) VALUES ($1, $2, $3) RETURNING news_id",
        case_no,
        news.model_dump(mode="json", exclude={"news_id"}),
        at,
    )
    return news.model_copy(update={"news_id": news_id})


async def tell(
    connection: Connection,
    case_no: str,
    at: datetime,
    actor: str,
    events: Sequence[Event],
    planned: Sequence[PlannedRequest],
    news: CaseNews,
) -> CaseNews:
    """Write events, requests and the news that tells of them, in one statement; return the news with its id.

    The caller has locked the case, and every hop of the requests waits for one.
    """
    news_id = await connection.fetchval(
        "SELECT case_tell($1, $2, $3, $4, $5, $6, $7)",
        case_no,
        at,
        actor,
        [event.kind.value for event in events],
        [event.data for event in events],
        requests.as_planned(planned),
        news.model_dump(mode="json", exclude={"news_id"}),
    )
    return news.model_copy(update={"news_id": news_id})


async def mark_signalled(connection: Connection, news_ids: Sequence[int], at: datetime) -> None:
    """Write that the workflows have received these notifications."""
    await connection.execute(
        "UPDATE case_news SET signalled_at = $2 WHERE news_id = ANY($1) AND signalled_at IS NULL",
        list(news_ids),
        at,
    )


class Untold(FrozenModel):
    """A notification that no workflow has received, as it is written."""

    news_id: int
    case_no: str
    created_at: UtcDatetime
    body: dict[str, Any]

    @property
    def news(self) -> CaseNews:
        """The notification to send. Raises `ValidationError` if the body has another form."""
        return CaseNews.model_validate({**self.body, "news_id": self.news_id})


async def unsignalled(
    connection: Connection, before: datetime, skip: Sequence[str], limit: int, now: datetime
) -> list[Untold]:
    """Return unsent notifications older than `before`, the oldest first.

    Skips the cases in `skip`, and those that are paused at `now`.
    """
    rows = await connection.fetch(
        "SELECT news_id, case_no, created_at, body FROM case_news"
        " WHERE signalled_at IS NULL AND created_at < $1 AND case_no <> ALL($2)"
        f" AND case_no NOT IN ({PAUSED.format(now=4)}) ORDER BY news_id LIMIT $3",
        before,
        list(skip),
        limit,
        now,
    )
    return [Untold(**dict(row)) for row in rows]


_UNSIGNALLED_OF_CASE: Final = """
SELECT news_id, case_no, created_at, body FROM case_news
WHERE case_no = $1 AND signalled_at IS NULL AND body ->> 'escalate_request_id' IS NULL ORDER BY news_id
FOR UPDATE SKIP LOCKED
"""


async def join_unsignalled(connection: Connection, case_no: str, at: datetime) -> list[CaseNews]:
    """Replace the unsent notifications of a case by as few as can be, and return these.

    Escalations are left as they are. The replaced rows count as sent at `at`.
    """
    rows = [Untold(**dict(row)) for row in await connection.fetch(_UNSIGNALLED_OF_CASE, case_no)]
    joined: list[CaseNews] = []
    for news in (row.news for row in rows):
        if joined and joined[-1].hops + news.hops <= MAX_HOPS_A_NOTIFICATION:
            joined[-1] = joined[-1].joined(news)
        else:
            joined.append(news)
    if len(joined) == len(rows):
        return joined
    await mark_signalled(connection, [row.news_id for row in rows], at)
    return [await insert(connection, case_no, at, news) for news in joined]


PURGE: Final = """
DELETE FROM case_news WHERE news_id IN (
    SELECT news_id FROM case_news WHERE signalled_at < $1 ORDER BY signalled_at LIMIT $2 FOR UPDATE SKIP LOCKED
) RETURNING news_id
"""


async def purge(connection: Connection, before: datetime, limit: int) -> int:
    """Delete notifications that were sent before `before`, the oldest first; return how many."""
    return len(await connection.fetch(PURGE, before, limit))


def _first_is_due(column: str, rows: str) -> str:
    """Return the condition that the first row is due, which the index of the rows begins with.

    A row that EXISTS would be searched in the whole table, because a plan for every time expects to meet one soon.
    """
    return f"(SELECT min({column}) FROM {rows}) <= $1"


_ALSO_DUE: Final = {
    OutgoingKind.MESSAGE: [_first_is_due("expires_at", "message WHERE body <> '' AND expires_at IS NOT NULL")],
}
"""rows whose time is over, by kind"""


def _due(kind: OutgoingKind) -> list[str]:
    rows = f"outgoing WHERE kind = '{kind}' AND next_attempt_at IS NOT NULL"
    return [_first_is_due("next_attempt_at", rows), *_ALSO_DUE.get(kind, ())]


# Each condition has an index of its own, so no condition is joined to another one by OR.
DUE: Final = " UNION ".join(
    f"SELECT '{kind}' AS kind WHERE {condition}" for kind in OutgoingKind for condition in _due(kind)
)


async def kinds_due(connection: Connection, now: datetime) -> frozenset[str]:
    """Return the kinds of outbound work with a row that is due at `now`.

    A kind may find nothing to do all the same: another worker may have the row, or the golden hour may be busy.
    """
    return frozenset(row["kind"] for row in await connection.fetch(DUE, now))


class DueCase(FrozenModel):
    """A case with background work to do."""

    case_no: str
    since: UtcDatetime
    """since when the first of it waits"""


class Deferral(FrozenModel):
    """Times that say which background work is done now."""

    now: UtcDatetime
    until: UtcDatetime
    """work that has waited since this time is done; later work is deferred"""
    until_for_traced: UtcDatetime
    """the same for a case with a request at a bank, sent after this time"""
    overdue: UtcDatetime
    """work that has waited since this time also waits for the lock of its case"""

    @property
    def is_on(self) -> bool:
        """Return whether the work of every case is deferred, because the golden hour is busy."""
        return self.until < self.now


# Both are read from the end of an index.
LATEST: Final = """
SELECT present_moment() AS now, greatest(
    (SELECT planned_at FROM hold_request ORDER BY planned_at DESC LIMIT 1),
    (SELECT received_at FROM status_update ORDER BY update_id DESC LIMIT 1)) AS latest_at
"""


async def read_deferral(
    connection: Connection, quiet: timedelta, defer_max: timedelta, defer_max_for_traced: timedelta
) -> Deferral:
    """Return what is deferred: for `defer_max` at most, work of all cases until nothing came for `quiet`."""
    row = await connection.fetchrow(LATEST)
    assert row is not None, "a query without a table has one row"
    now, latest_at = row["now"], row["latest_at"]
    is_busy = latest_at is not None and latest_at > now - quiet
    until = now - defer_max if is_busy else now
    return Deferral(
        now=now, until=until, until_for_traced=min(until, now - defer_max_for_traced), overdue=now - defer_max
    )


def may_begin(since: str, case_no: str) -> str:
    """Return the SQL condition that work of a case, waiting since a time, is not deferred.

    The query's first two parameters are `until` and `until_for_traced`.
    """
    return (
        f"({since} <= $1 AND ({since} <= $2 OR NOT EXISTS (SELECT FROM hold_request r WHERE r.case_no = {case_no}"
        " AND r.state IN ('sending', 'delivered') AND r.sent_at > $2)))"
    )


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


async def notify_all(connection: Connection, kind: ProcedureKind, case_no: str, at: datetime) -> None:
    """Write a notification for each procedure of this kind in a case."""
    await connection.execute(
        "INSERT INTO procedure_news (workflow_id, created_at)"
        " SELECT workflow_id, $3 FROM procedure WHERE case_no = $1 AND kind = $2 AND ended_at IS NULL",
        case_no,
        kind.value,
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
