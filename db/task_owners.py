"""Owners of work items: leases, snoozes, and who gave an item to whom.

A closed work item has no owner, and its row here goes by itself later.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.tasks import TaskRow, as_stored
from schemas.base import FrozenModel
from schemas.enums import Role, TaskKind
from schemas.events import EventKind
from schemas.tasks import LeaseEnd, TaskActKind, TaskActPage, TaskActView, TaskCause, TaskFacts, TaskStanding

# Parts of statements in which `t` is the work item and `own` its row here, which may be missing.
IS_OWNED: Final = "(own.owner IS NOT NULL AND own.lease_ends_at > {now})"
WAKES_AT: Final = """least(own.snoozed_until, (SELECT e.at FROM case_event e
    WHERE e.case_no = t.case_no AND e.seq > own.since_seq AND e.kind = own.snoozed_for ORDER BY e.seq LIMIT 1))"""
IS_SNOOZED: Final = f"(own.snoozed_until > {{now}} AND {WAKES_AT} > {{now}})"
_UNOWNED_SINCE: Final = f"""CASE WHEN own.version > 0
    THEN CASE WHEN own.snoozed_until IS NULL THEN own.since ELSE {WAKES_AT} END
    ELSE t.opened_at END"""

_STANDING: Final = f"""
SELECT coalesce(own.version, 0) AS version,
    CASE WHEN {IS_OWNED.format(now="$2")} THEN own.owner END AS owner,
    CASE WHEN {IS_OWNED.format(now="$2")} THEN own.lease_ends_at END AS lease_ends_at,
    CASE WHEN {IS_SNOOZED.format(now="$2")} THEN own.snoozed_until END AS snoozed_until,
    own.owner AS last_owner, own.alarmed_at IS NOT NULL AS is_alarmed
FROM desk_task t LEFT JOIN task_owner own USING (task_id) WHERE t.task_id = $1
"""

# The row goes from one version to the next. A caller who saw another version writes nothing.
_MOVE: Final = """
WITH moved AS (
    INSERT INTO task_owner AS own (task_id, version, owner, since, since_seq, lease_ends_at, snoozed_until, snoozed_for)
    VALUES ($1, 1, $3, $4, (SELECT event_seq FROM case_file WHERE case_no = $5), $6, $7, $8)
    ON CONFLICT (task_id) DO UPDATE SET version = own.version + 1, owner = EXCLUDED.owner, since = EXCLUDED.since,
        since_seq = EXCLUDED.since_seq, lease_ends_at = EXCLUDED.lease_ends_at,
        snoozed_until = EXCLUDED.snoozed_until, snoozed_for = EXCLUDED.snoozed_for, alarmed_at = NULL
    WHERE own.version = $2
    RETURNING version
)
INSERT INTO task_act (task_id, version, at, actor, kind, owner, former, note)
SELECT $1, version, $4, $9, $10, $3, $11, $12 FROM moved RETURNING version
"""

# An owner who acted in the case since then is still at work on it.
_RENEW: Final = """
UPDATE task_owner own SET lease_ends_at = acting.at + $1::interval
FROM (
    SELECT o.task_id, o.version, acted.at FROM task_owner o JOIN desk_task t USING (task_id) CROSS JOIN LATERAL (
        SELECT max(e.at) AS at FROM case_event e
        WHERE e.case_no = t.case_no AND e.seq > o.since_seq AND e.actor = 'officer:' || o.owner
    ) AS acted
    WHERE o.owner IS NOT NULL AND t.state = 'open'
) AS acting
WHERE own.task_id = acting.task_id AND own.version = acting.version
    AND own.lease_ends_at < acting.at + $1::interval
"""

_DAY: Final = "({at} AT TIME ZONE 'Asia/Kolkata')::date"
# An officer who is absent by the roster, and claims an item all the same, is there.
_ENDED: Final = f"""
SELECT own.task_id, t.case_no, own.version, own.owner, CASE
    WHEN f.disabled_at IS NOT NULL THEN 'disabled'
    WHEN NOT EXISTS (SELECT FROM officer_role r WHERE r.officer_id = own.owner AND r.role = ANY($2)
        AND r.from_at <= $1 AND (r.until_at IS NULL OR r.until_at > $1)) THEN 'role_ended'
    WHEN EXISTS (SELECT FROM officer_absence a WHERE a.officer_id = own.owner
        AND {_DAY.format(at="$1::timestamptz")} BETWEEN a.first_day AND a.last_day
        AND (a.first_day > {_DAY.format(at="own.since")} OR a.written_at > own.since)) THEN 'on_leave'
    WHEN own.lease_ends_at <= $1 THEN 'lease_ended'
    END AS because
FROM task_owner own JOIN desk_task t USING (task_id) JOIN officer f ON f.officer_id = own.owner
WHERE t.state = 'open'
"""
ENDED: Final = f"SELECT * FROM ({_ENDED}) AS looked WHERE because IS NOT NULL ORDER BY case_no, task_id LIMIT $3"

UNOWNED: Final = f"""
SELECT t.task_id FROM desk_task t
JOIN unnest($2::text[], $3::float8[]) AS k (kind, seconds) USING (kind)
LEFT JOIN task_owner own USING (task_id)
WHERE t.state = 'open' AND own.alarmed_at IS NULL AND own.owner IS NULL
    AND {_UNOWNED_SINCE} + k.seconds * interval '1 second' <= $1
ORDER BY t.task_id LIMIT $4
"""

_ALARMED: Final = """
INSERT INTO task_owner AS own (task_id, version, since, alarmed_at) VALUES ($1, 0, $2, $2)
ON CONFLICT (task_id) DO UPDATE SET alarmed_at = EXCLUDED.alarmed_at
"""

_CLOSED: Final = """
SELECT own.task_id, t.case_no, own.alarmed_at IS NOT NULL AS is_alarmed FROM task_owner own
JOIN desk_task t USING (task_id) WHERE t.state = 'closed' ORDER BY t.case_no, own.task_id LIMIT $1
"""

_IS_LAST_ACT: Final = """
SELECT EXISTS (SELECT FROM task_act WHERE task_id = $1 AND version = $2
    AND kind = $3 AND owner IS NOT DISTINCT FROM $4 AND note = $5 AND actor = $6)
"""

_ACTS: Final = """
SELECT act_id, task_id, at, actor, kind, owner, former, note FROM (
    (SELECT * FROM task_act WHERE owner = $1 AND actor <> $2 AND act_id < $3 ORDER BY act_id DESC LIMIT $4)
    UNION
    (SELECT * FROM task_act WHERE former = $1 AND actor <> $2 AND act_id < $3 ORDER BY act_id DESC LIMIT $4)
) AS acts ORDER BY act_id DESC LIMIT $4
"""


class Standing(TaskStanding):
    """Who has a work item now, and who had it last."""

    last_owner: str | None
    """who stands in the row, also if the lease is over"""
    is_alarmed: bool
    """whether the supervisor was told that it has no owner"""


class EndedLease(FrozenModel):
    """A lease that is over, or whose owner left."""

    task_id: int
    case_no: str | None
    version: int
    owner: str
    because: LeaseEnd


class Move(FrozenModel):
    """A change of the owner or of the snooze of a work item."""

    kind: TaskActKind
    owner: str | None = None
    lease_ends_at: datetime | None = None
    snoozed_until: datetime | None = None
    snoozed_for: EventKind | None = None
    note: str = ""


async def cases_of(connection: Connection, task_ids: Sequence[int]) -> dict[int, str | None]:
    """Return the case of each of these work items; None for one without a case."""
    rows = await connection.fetch("SELECT task_id, case_no FROM desk_task WHERE task_id = ANY ($1)", list(task_ids))
    return {row["task_id"]: row["case_no"] for row in rows}


async def standing(connection: Connection, task_id: int, now: datetime) -> Standing:
    """Return who has a work item. The item must exist."""
    row = await connection.fetchrow(_STANDING, task_id, now)
    assert row is not None, "the work item is locked"
    return Standing(task_id=task_id, **dict(row))


async def move(
    connection: Connection, task: TaskRow, before: Standing, change: Move, actor: str, now: datetime
) -> int | None:
    """Write the next version of who has a work item, with the act; return the version.

    Return None if the item has another version than `before`.
    """
    version: int | None = await connection.fetchval(
        _MOVE,
        task.task_id,
        before.version,
        change.owner,
        now,
        task.case_no,
        change.lease_ends_at,
        change.snoozed_until,
        change.snoozed_for,
        actor,
        change.kind.value,
        before.last_owner,
        change.note,
    )
    return version


async def is_last_act(connection: Connection, standing: Standing, change: Move, actor: str) -> bool:
    """Return whether the last act on a work item was this change by this actor, with the same note."""
    is_last: bool = await connection.fetchval(
        _IS_LAST_ACT, standing.task_id, standing.version, change.kind.value, change.owner, change.note, actor
    )
    return is_last


async def renew(connection: Connection, task_id: int, lease_ends_at: datetime) -> None:
    """Let the lease of a work item end later."""
    await connection.execute("UPDATE task_owner SET lease_ends_at = $2 WHERE task_id = $1", task_id, lease_ends_at)


async def renew_acting(connection: Connection, lease: timedelta) -> None:
    """Renew the leases of owners who acted in the case, from their last act on."""
    await connection.execute(_RENEW, lease)


async def ended(connection: Connection, now: datetime, owners: Collection[Role], limit: int) -> list[EndedLease]:
    """Return leases that are over, and those of officers who left or have no role of `owners` any more."""
    rows = await connection.fetch(ENDED, now, [role.value for role in owners], limit)
    return [EndedLease(**dict(row)) for row in rows]


async def unowned(connection: Connection, now: datetime, seconds: Mapping[TaskKind, float], limit: int) -> list[int]:
    """Return the work items without an owner for longer than this that have no alarm yet, the oldest first."""
    rows = await connection.fetch(UNOWNED, now, [kind.value for kind in seconds], [*seconds.values()], limit)
    return [row["task_id"] for row in rows]


async def alarmed(connection: Connection, task_id: int, now: datetime) -> None:
    """Write that the supervisor is told of a work item without an owner."""
    await connection.execute(_ALARMED, task_id, now)


async def close_alarm(connection: Connection, task: TaskRow, at: datetime, reason: str) -> None:
    """Close the alarm that this work item has no owner, if there is one."""
    where = "case_no = $5" if task.case_no is not None else "case_no IS NULL AND institution = $5"
    await connection.execute(
        "UPDATE desk_task SET state = 'closed', closed_at = $1, closed_by = 'engine', reason = $2"
        f" WHERE state = 'open' AND kind = 'supervise' AND cause = $3 AND facts = $4::jsonb AND {where}",
        at,
        reason,
        TaskCause.TASK_UNOWNED.value,
        as_stored(alarm_facts(task)),
        task.case_no if task.case_no is not None else task.institution,
    )


def alarm_facts(task: TaskRow) -> TaskFacts:
    """Return the facts of the alarm about a work item."""
    return TaskFacts(task_id=task.task_id, task_kind=task.kind)


async def of_closed(connection: Connection, limit: int) -> list[tuple[int, str | None, bool]]:
    """Return closed work items that have a row here: id, case, and whether the supervisor was told."""
    rows = await connection.fetch(_CLOSED, limit)
    return [(row["task_id"], row["case_no"], row["is_alarmed"]) for row in rows]


async def forget(connection: Connection, task_ids: Sequence[int]) -> None:
    """Delete the rows of closed work items."""
    await connection.execute("DELETE FROM task_owner WHERE task_id = ANY($1)", list(task_ids))


async def purge_acts(connection: Connection, before: datetime, limit: int) -> None:
    """Delete acts from before a moment."""
    await connection.execute(
        "DELETE FROM task_act WHERE act_id IN (SELECT act_id FROM task_act WHERE at < $1 ORDER BY at LIMIT $2)",
        before,
        limit,
    )


async def acts_about(connection: Connection, officer_id: str, after: str | None, limit: int) -> TaskActPage:
    """Return what others did to an officer's work items, the newest first. Raises `BadCursor`."""
    before = 2**63 - 1 if after is None else from_cursor(after, int)[0]
    fetched = await connection.fetch(_ACTS, officer_id, f"officer:{officer_id}", before, limit + 1)
    rows, more = cut(fetched, limit)
    items = tuple(TaskActView(**dict(row)) for row in rows)
    return TaskActPage(items=items, next=to_cursor(items[-1].act_id) if more else None)
