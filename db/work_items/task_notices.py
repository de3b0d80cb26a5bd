"""Notices and messages of work items."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db.outgoing import OutgoingKind, queued
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.person_keys import PersonKey, wrapped_key
from db.task_owners import IS_OWNED, IS_SNOOZED
from db.work_items.task_filters import Statement, rows_of
from db.work_items.task_views import DEADLINE
from domain.errors import BadCursor
from domain.work_items.task_owners import MessageStanding, Taker
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language, Role, TaskKind, TaskState
from schemas.notifications import NoticeMedium, NoticeReason, NoticeSetting
from schemas.work_items.task_owners import TaskFilter, TaskNotice, TaskNoticePage

CHANGED: Final = "task_notice"
"""the channel of notifications; the payload is the id of an officer who has new notices"""
_OWNED: Final = IS_OWNED.format(now="$1")
_SNOOZED: Final = f"coalesce({IS_SNOOZED.format(now='$1')}, false)"
_VERSION: Final = "coalesce(own.version, 0)"
_RANK: Final = "val.rank_paise DESC NULLS FIRST, t.task_id"

_WRITE: Final = """
INSERT INTO task_notice (officer_id, task_id, version, reason, medium, written_at)
SELECT $3::text, found.task_id, found.version, $5::text, m.medium, $1::timestamptz
FROM (SELECT t.task_id, {version} AS version {rows} ORDER BY {rank} LIMIT $2) AS found
CROSS JOIN unnest($4::text[]) AS m (medium)
ON CONFLICT DO NOTHING RETURNING task_id
"""
_NOT_TOLD: Final = f"""
    AND NOT EXISTS (SELECT FROM task_notice told WHERE told.officer_id = $3 AND told.task_id = t.task_id
        AND told.version = {_VERSION} AND told.reason = $5)"""

# Who proposes does not decide, and no officer decides on what is about them.
_OF_ANOTHER: Final = """
    AND (t.subject_kind <> 'proposal' OR NOT EXISTS (
        SELECT FROM proposal p WHERE ${0} IN (person_of(p.proposed_by), p.about_officer)
        AND p.proposal_id = CASE t.subject_kind WHEN 'proposal' THEN t.subject_id::bigint END))"""

# Of one statement, because few items have an owner.
_WRITE_OWN: Final = """
INSERT INTO task_notice (officer_id, task_id, version, reason, medium, written_at)
SELECT own.owner, own.task_id, own.version, r.reason, m.medium, $1::timestamptz
FROM task_owner own JOIN desk_task t USING (task_id)
JOIN unnest($2::text[], $3::text[]) AS m (officer_id, medium) ON m.officer_id = own.owner
CROSS JOIN LATERAL (
    SELECT 'passed_on' AS reason FROM task_act a WHERE a.task_id = own.task_id AND a.version = own.version
        AND a.kind = 'passed_on' AND a.actor <> 'officer:' || own.owner
    UNION ALL SELECT 'lease_ends' WHERE own.lease_ends_at <= $4
    UNION ALL SELECT 'deadline' WHERE own.task_id = ANY($5)
) AS r
WHERE t.state = 'open' AND own.lease_ends_at > $1
ON CONFLICT DO NOTHING RETURNING task_id
"""

NEAR: Final = f"""
SELECT task_id, deadline_at FROM (SELECT t.task_id, {DEADLINE} AS deadline_at FROM desk_task t
    WHERE t.state = 'open' AND t.subject_kind IN ('restoration', 'grievance', 'duty', 'hold', 'request')) AS looked
WHERE deadline_at > $1 ORDER BY deadline_at LIMIT $2
"""

# Of the items with a row about their owner; time alone ends a lease and a snooze.
_NEXT_END: Final = """
SELECT least(min(lease_ends_at) FILTER (WHERE lease_ends_at > $1),
    min(snoozed_until) FILTER (WHERE snoozed_until > $1)) FROM task_owner
"""

# A message that was given up has told no officer.
UNHEARD: Final = f"""
SELECT t.task_id, {_VERSION} AS version, coalesce(val.district, '') AS district
{rows_of(TaskState.OPEN, "")} AND NOT {_OWNED} AND NOT {_SNOOZED} AND coalesce(own.since, t.opened_at) <= $2
    AND NOT EXISTS (
        SELECT FROM task_notice n LEFT JOIN task_message m USING (message_id)
        WHERE n.task_id = t.task_id AND n.version = {_VERSION}
            AND (n.message_id IS NULL OR num_nonnulls(m.withdrawn_at, m.given_up_at) = 0))
ORDER BY {_RANK} LIMIT $3
"""

_WRITE_UNHEARD: Final = """
INSERT INTO task_notice (officer_id, task_id, version, reason, medium, written_at)
SELECT w.officer_id, w.task_id, w.version, 'unheard', w.medium, $1::timestamptz
FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::text[]) AS w (officer_id, task_id, version, medium)
ON CONFLICT DO NOTHING RETURNING task_id
"""

# What waits for a message and does not hold any more is withdrawn.
_WITHDRAW: Final = """
DELETE FROM task_notice n USING desk_task t
WHERE n.message_id IS NULL AND n.medium <> 'stream' AND t.task_id = n.task_id AND (t.state <> 'open'
    OR n.version <> coalesce((SELECT own.version FROM task_owner own WHERE own.task_id = n.task_id), 0))
"""

# An owner whose lease was renewed is told again before the next end of it.
_RENEWED: Final = """
DELETE FROM task_notice n USING task_owner own
WHERE n.reason = 'lease_ends' AND own.task_id = n.task_id AND own.version = n.version AND own.lease_ends_at > $1
"""

_LIST: Final = f"""
SELECT t.task_id, t.kind, t.case_no AS ack_no, n.version, n.reason, n.written_at, n.media, n.sent_at,
    (t.state = 'open' AND n.version = {_VERSION}) AS holds
FROM (
    SELECT task_id, version, reason, min(g.written_at) AS written_at, array_agg(g.medium ORDER BY g.medium) AS media,
        min(m.sent_at) AS sent_at
    FROM task_notice g LEFT JOIN task_message m USING (message_id)
    WHERE g.officer_id = $1 GROUP BY task_id, version, reason
) AS n JOIN desk_task t USING (task_id) LEFT JOIN task_owner own USING (task_id)
WHERE $2::timestamptz IS NULL OR (n.written_at, n.task_id, n.reason) < ($2, $3, $4)
ORDER BY n.written_at DESC, n.task_id DESC, n.reason DESC LIMIT $5
"""


UNSEEN_MAX: Final = 1_000
_UNSEEN: Final = f"""
SELECT count(*) FROM (
    SELECT FROM (
        SELECT DISTINCT g.task_id, g.version, g.reason FROM task_notice g
        WHERE g.officer_id = $1 AND g.written_at > coalesce(
            (SELECT s.seen_at FROM notice_seen s WHERE s.officer_id = $1), '-infinity')
    ) AS n JOIN desk_task t USING (task_id) LEFT JOIN task_owner own USING (task_id)
    WHERE t.state = 'open' AND n.version = {_VERSION} LIMIT $2
) AS found
"""

# A screen that shows older notices takes nothing back.
_SEEN: Final = """
INSERT INTO notice_seen (officer_id, seen_at)
SELECT officer_id, least($2::timestamptz, $3::timestamptz) FROM officer WHERE officer_id = $1
ON CONFLICT (officer_id) DO UPDATE SET seen_at = greatest(notice_seen.seen_at, EXCLUDED.seen_at)
"""


class UnheardItem(FrozenModel):
    """A work item without an owner of which no officer could be told."""

    task_id: int
    version: int
    district: str
    """key of the district of its case; empty if that is not known"""


class UnheardNotice(FrozenModel):
    """Who is told of such an item over which medium."""

    officer_id: str
    task_id: int
    version: int
    medium: NoticeMedium


async def near_deadline(
    connection: Connection, now: datetime, until: datetime, limit: int
) -> tuple[list[int], datetime | None]:
    """Return the open work items whose deadline is near, the nearest first, and the first deadline after these."""
    fetched = await connection.fetch(NEAR, now, limit + 1)
    near = [row["task_id"] for row in fetched[:limit] if row["deadline_at"] <= until]
    return near, next((row["deadline_at"] for row in fetched[len(near) :]), None)


async def next_end(connection: Connection, now: datetime) -> datetime | None:
    """Return when the next lease or snooze ends; None if there is none."""
    ends_at: datetime | None = await connection.fetchval(_NEXT_END, now)
    return ends_at


async def write(
    connection: Connection,
    taker: Taker,
    setting: NoticeSetting,
    reason: NoticeReason,
    now: datetime,
    limit: int,
    near: Sequence[int] = (),
) -> int:
    """Tell an officer of items without an owner that the officer can act on; return how many.

    Those worth most come first. With the reason `deadline` they are those of `near`, of any kind and sum.
    """
    is_near = reason is NoticeReason.DEADLINE
    kinds, least = ((), None) if is_near else (setting.kinds, setting.sum_from_paise)
    selection = Statement(5).confine(taker.acts, taker.within)
    selection.filter(TaskFilter(kinds=kinds, sum_from_paise=least, owned=False, snoozed=False), None)
    if Role.ADMIN in taker.roles:
        selection.add(_OF_ANOTHER, taker.officer_id)
    else:
        selection.add(" AND t.subject_kind <> 'proposal'")
    if is_near:
        selection.add(" AND t.task_id = ANY(${0})", list(near))
    rows = rows_of(TaskState.OPEN, selection.conditions + _NOT_TOLD)
    statement = _WRITE.format(version=_VERSION, rows=rows, rank=_RANK)
    media = [medium.value for medium in setting.media]
    values = (now, limit, taker.officer_id, media, reason.value, *selection.values)
    return len({row["task_id"] for row in await connection.fetch(statement, *values)})


async def write_own(
    connection: Connection,
    media: Sequence[tuple[str, NoticeMedium]],
    now: datetime,
    lease_until: datetime,
    near: Sequence[int],
) -> int:
    """Tell officers of what they were given, and of what they have whose lease or time ends; return how many."""
    officers, names = [officer for officer, _ in media], [medium.value for _, medium in media]
    rows = await connection.fetch(_WRITE_OWN, now, officers, names, lease_until, list(near))
    return len({row["task_id"] for row in rows})


async def unheard(connection: Connection, now: datetime, before: datetime, limit: int) -> list[UnheardItem]:
    """Return items without an owner since `before` of which no officer is told, those worth most first."""
    return [UnheardItem(**dict(row)) for row in await connection.fetch(UNHEARD, now, before, limit)]


async def write_unheard(connection: Connection, notices: Sequence[UnheardNotice], now: datetime) -> int:
    """Tell these officers of items of which no officer on shift could be told; return of how many items."""
    rows = await connection.fetch(
        _WRITE_UNHEARD,
        now,
        [notice.officer_id for notice in notices],
        [notice.task_id for notice in notices],
        [notice.version for notice in notices],
        [notice.medium.value for notice in notices],
    )
    return len({row["task_id"] for row in rows})


async def withdraw(connection: Connection, now: datetime, lease_warning: timedelta) -> None:
    """Delete the notices that wait for a message and hold no more, and those of renewed leases."""
    await connection.execute(_WITHDRAW)
    await connection.execute(_RENEWED, now + lease_warning)


async def purge(connection: Connection, before: datetime, limit: int) -> None:
    """Delete notices and messages from before a moment."""
    await connection.execute(
        "DELETE FROM task_notice WHERE (officer_id, task_id, version, reason, medium) IN (SELECT officer_id, task_id,"
        " version, reason, medium FROM task_notice WHERE written_at < $1 ORDER BY written_at LIMIT $2)",
        before,
        limit,
    )
    await connection.execute(
        "WITH gone AS (DELETE FROM task_message WHERE message_id IN (SELECT m.message_id FROM task_message m"
        " WHERE m.written_at < $1 AND NOT EXISTS (SELECT FROM task_notice n WHERE n.message_id = m.message_id)"
        " ORDER BY m.written_at LIMIT $2) RETURNING message_id) DELETE FROM outgoing"
        f" WHERE kind = '{OutgoingKind.TASK_MESSAGE}' AND ended_at IS NOT NULL"
        " AND subject = ANY(ARRAY(SELECT message_id::text FROM gone))",
        before,
        limit,
    )


async def page(connection: Connection, officer_id: str, after: str | None, limit: int) -> TaskNoticePage:
    """Return the notices to an officer, the newest first. Raises `BadCursor`."""
    rows, more = cut(await connection.fetch(_LIST, officer_id, *_position(after), limit + 1), limit)
    items = tuple(TaskNotice(**dict(row)) for row in rows)
    last = items[-1] if items and more else None
    return TaskNoticePage(
        items=items,
        next=to_cursor(last.written_at.isoformat(), last.task_id, last.reason.value) if last else None,
        unseen=await connection.fetchval(_UNSEEN, officer_id, UNSEEN_MAX),
    )


async def see(connection: Connection, officer_id: str, until: datetime, now: datetime) -> None:
    """Write until when an officer has seen the notices, now at the latest. A script has none."""
    await connection.execute(_SEEN, officer_id, until, now)


def _position(after: str | None) -> tuple[datetime | None, int | None, str | None]:
    if after is None:
        return None, None, None
    written_at, task_id, reason = from_cursor(after, str, int, str)
    try:
        moment = datetime.fromisoformat(str(written_at))
    except ValueError:
        raise BadCursor from None
    if moment.tzinfo is None or not 0 <= int(task_id) < 2**63:
        raise BadCursor
    return moment, int(task_id), str(reason)


_UNDER_WAY: Final = "sent_at IS NULL AND withdrawn_at IS NULL AND given_up_at IS NULL"
_WAITING: Final = f"""
SELECT n.officer_id, n.medium, n.is_urgent,
    EXISTS (SELECT FROM task_message m WHERE m.officer_id = n.officer_id AND m.medium = n.medium
        AND {_UNDER_WAY}) AS is_under_way,
    (SELECT max(m.written_at) FROM task_message m WHERE m.officer_id = n.officer_id AND m.medium = n.medium
        AND m.withdrawn_at IS NULL) AS last_at,
    (SELECT count(*) FROM task_message m WHERE m.officer_id = n.officer_id AND m.medium = n.medium
        AND m.sent_at > $1) AS in_a_day
FROM (
    SELECT officer_id, medium, bool_or(reason = 'unheard') AS is_urgent FROM task_notice
    WHERE message_id IS NULL AND medium <> 'stream' GROUP BY officer_id, medium
) AS n ORDER BY n.officer_id, n.medium
"""

_BEGIN: Final = f"""
WITH begun AS (
    INSERT INTO task_message (message_id, officer_id, medium, written_at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (officer_id, medium) WHERE {_UNDER_WAY} DO NOTHING RETURNING message_id, written_at
), queued AS ({queued(OutgoingKind.TASK_MESSAGE, "begun", "message_id", "written_at")})
UPDATE task_notice n SET message_id = b.message_id FROM begun b
WHERE n.officer_id = $2 AND n.medium = $3 AND n.message_id IS NULL RETURNING n.task_id
"""

_DUE: Final = f"""
SELECT m.message_id, m.officer_id, m.medium, o.mobile, o.email, o.disabled_at IS NOT NULL AS is_disabled,
    coalesce(s.setting->>'language', '{Language.EN}') AS language,
    CASE WHEN s.person_id IS NULL THEN NULL
        ELSE jsonb_build_object('person_id', s.person_id, 'wrapped', {wrapped_key("s")}) END AS webhook_key,
    encode(s.sealed_webhook, 'hex') AS sealed_webhook
FROM task_message m JOIN officer o USING (officer_id) LEFT JOIN notice_setting s USING (officer_id)
WHERE m.message_id = ANY($1) AND {_UNDER_WAY}
"""

_LIVE: Final = f"""
SELECT t.task_id, t.kind, n.reason, t.case_no AS ack_no, coalesce(val.in_play_paise, 0) AS in_play_paise, t.opened_at,
    {DEADLINE} AS deadline_at,
    EXISTS (SELECT FROM complaint k WHERE k.case_no = t.case_no AND k.marked) AS is_marked
FROM (SELECT task_id, version, min(reason) AS reason FROM task_notice WHERE message_id = $2 GROUP BY 1, 2) AS n
JOIN desk_task t USING (task_id)
LEFT JOIN task_owner own USING (task_id) LEFT JOIN task_value val USING (task_id)
WHERE t.state = 'open' AND coalesce(own.version, 0) = n.version
    AND NOT coalesce({IS_SNOOZED.format(now="$1")}, false)
    AND (NOT {IS_OWNED.format(now="$1")} OR own.owner = $3)
ORDER BY val.rank_paise DESC NULLS FIRST, t.task_id
"""


class DueMessage(FrozenModel):
    """A message that is due, with how to reach its officer now."""

    message_id: UUID
    officer_id: str
    medium: NoticeMedium
    mobile: str
    email: str
    is_disabled: bool
    language: Language
    """of the officer's own setting"""
    webhook_key: PersonKey | None
    sealed_webhook: str | None


class LiveItem(FrozenModel):
    """A work item of a message that still waits for the officer."""

    task_id: int
    kind: TaskKind
    reason: NoticeReason
    ack_no: str | None
    in_play_paise: int
    opened_at: UtcDatetime
    deadline_at: UtcDatetime | None
    is_marked: bool


async def waiting(connection: Connection, since: datetime) -> list[MessageStanding]:
    """Return for whom notices wait for a message, with how many messages were sent since `since`."""
    return [MessageStanding(**dict(row)) for row in await connection.fetch(_WAITING, since)]


async def begin(connection: Connection, message_id: UUID, officer_id: str, medium: NoticeMedium, now: datetime) -> bool:
    """Write one message of all notices that wait for an officer over a medium.

    Returns false if another one is under way.
    """
    return bool(await connection.fetch(_BEGIN, message_id, officer_id, medium.value, now))


async def drop(connection: Connection, officer_id: str, medium: NoticeMedium, kept: Sequence[NoticeReason]) -> None:
    """Delete the notices that wait for an officer, but those with a kept reason."""
    await connection.execute(
        "DELETE FROM task_notice WHERE officer_id = $1 AND medium = $2 AND message_id IS NULL AND reason <> ALL($3)",
        officer_id,
        medium.value,
        [reason.value for reason in kept],
    )


async def due(connection: Connection, message_ids: Sequence[str]) -> dict[str, DueMessage]:
    """Return the messages that are under way."""
    rows = await connection.fetch(_DUE, message_ids)
    return {str(row["message_id"]): DueMessage(**dict(row)) for row in rows}


async def live(connection: Connection, message: DueMessage, now: datetime) -> list[LiveItem]:
    """Return the items of a message that are as they were when the officer was told, those worth most first."""
    rows = await connection.fetch(_LIVE, now, message.message_id, message.officer_id)
    return [LiveItem(**dict(row)) for row in rows]


async def sent(connection: Connection, message_id: UUID, at: datetime) -> None:
    """Write that a message is sent."""
    await _end(connection, message_id, "sent_at", at)


async def withdraw_messages(connection: Connection, message_id: UUID, at: datetime) -> None:
    """Write that nothing of a message waits any more, so that it is not sent."""
    await _end(connection, message_id, "withdrawn_at", at)


async def give_up(connection: Connection, message_id: UUID, at: datetime) -> None:
    """Write that a message is given up."""
    await _end(connection, message_id, "given_up_at", at)


async def _end(connection: Connection, message_id: UUID, column: str, at: datetime) -> None:
    await connection.execute(
        f"UPDATE task_message SET {column} = $2 WHERE message_id = $1 AND {_UNDER_WAY}", message_id, at
    )
