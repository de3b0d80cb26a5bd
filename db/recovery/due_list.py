"""Due list: the procedures without a workflow, with the times at which they are attended to next."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.case.deferral import Deferral, DueCase, may_begin
from db.case.procedure_outbox import HAS_WORKFLOW, IS_LISTED
from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ProcedureKind

_DUE_OF_DUE_LIST: Final = f"p.ended_at IS NULL AND {IS_LISTED} AND p.due_at"
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
    f"SELECT p.case_no, p.due_at AS since FROM procedure p WHERE {_DUE_OF_DUE_LIST} <= $1"
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
        [one.workflow_id for one in attended],
        [one.due_at for one in attended],
        at,
    )


async def next_due_at(connection: Connection, after: datetime) -> datetime | None:
    """Return the first time after `after` at which a procedure of the list is due."""
    due_at: datetime | None = await connection.fetchval(
        f"SELECT min(p.due_at) FROM procedure p WHERE {_DUE_OF_DUE_LIST} > $1", after
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
        f" UNION ALL SELECT p.due_at FROM procedure p WHERE {_DUE_OF_DUE_LIST} <= m.now"
        "  UNION ALL SELECT created_at FROM procedure_news WHERE signalled_at IS NULL) w ON true GROUP BY m.now"
    )
    assert row is not None, "the moment is one row"
    return Backlog(rows=row["rows"], lag_seconds=max(0.0, row["lag_seconds"]))
