"""How officers are told of work items, their filters, and their presence."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson

from db.officers import teams
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy import person_keys
from db.privacy.person_keys import PersonKey, wrapped_key
from domain.errors.case import TaskFilterNamed, TaskFilterNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Role
from schemas.notifications import NoticeMedium, NoticeSetting
from schemas.tasks import TeamHours
from schemas.work_items.task_owners import MediumStanding, NamedFilter, SavedFilter, SavedFilters, TaskFilter

_READERS: Final = """
SELECT o.officer_id, o.mobile, o.email, is_absent(o.officer_id, $1) AS is_absent,
    s.sealed_webhook IS NOT NULL AS has_webhook, s.setting, r.roles,
    ARRAY(SELECT d.district FROM officer_district d WHERE d.officer_id = o.officer_id AND d.until_at IS NULL)
        AS districts
FROM officer o LEFT JOIN notice_setting s USING (officer_id)
CROSS JOIN LATERAL (
    SELECT array_agg(DISTINCT w.role) AS roles FROM officer_role w WHERE w.officer_id = o.officer_id
        AND w.role = ANY($2) AND w.from_at <= $1 AND (w.until_at IS NULL OR w.until_at > $1)
) AS r
WHERE o.disabled_at IS NULL AND r.roles IS NOT NULL AND ($3::text IS NULL OR o.officer_id = $3)
ORDER BY o.officer_id
"""

_STORED: Final = f"""
SELECT s.setting, s.changed_at, s.changed_by, CASE WHEN s.person_id IS NULL THEN NULL
    ELSE jsonb_build_object('person_id', s.person_id, 'wrapped', {wrapped_key("s")}) END AS key,
    encode(s.sealed_webhook, 'hex') AS sealed_webhook
FROM notice_setting s WHERE s.officer_id = $1
"""

_MEDIA: Final = f"""
SELECT w.medium,
    (SELECT count(DISTINCT n.task_id) FROM task_notice n
        WHERE n.officer_id = $1 AND n.medium = w.medium AND n.message_id IS NULL) AS waiting,
    (SELECT count(*) FROM task_message m
        WHERE m.officer_id = $1 AND m.medium = w.medium AND m.sent_at > $2) AS sent_in_a_day,
    (SELECT max(m.sent_at) FROM task_message m WHERE m.officer_id = $1 AND m.medium = w.medium) AS last_sent_at,
    coalesce((SELECT o.failure FROM task_message m
        JOIN outgoing o ON o.kind = '{OutgoingKind.TASK_MESSAGE}' AND o.subject = m.message_id::text
        WHERE m.officer_id = $1 AND m.medium = w.medium ORDER BY m.written_at DESC LIMIT 1), '') AS failure
FROM unnest($3::text[]) AS w (medium)
"""


class NoticeReader(FrozenModel):
    """An officer who can act on work items, with how to reach the officer."""

    officer_id: str
    roles: frozenset[Role]
    districts: tuple[str, ...]
    mobile: str
    email: str
    is_absent: bool
    """today, in India"""
    has_webhook: bool
    setting: NoticeSetting | None
    """None: the one of the policy"""
    teams: tuple[TeamHours, ...]


class StoredSetting(FrozenModel):
    """Stored part of how an officer is told."""

    setting: NoticeSetting | None
    changed_at: UtcDatetime
    changed_by: str
    key: PersonKey | None
    sealed_webhook: str | None


async def readers(
    connection: Connection, now: datetime, owners: Collection[Role], officer_id: str | None = None
) -> list[NoticeReader]:
    """Return the officers who have one of these roles now, or one officer of them, by id."""
    rows = await connection.fetch(_READERS, now, [role.value for role in owners], officer_id)
    hours = await teams.hours_of(connection, [row["officer_id"] for row in rows])
    return [NoticeReader(**dict(row), teams=tuple(hours.get(row["officer_id"], ()))) for row in rows]


async def stored(connection: Connection, officer_id: str, *, lock: bool = False) -> StoredSetting | None:
    """Return what is stored of an officer, or None; with `lock` its row is locked."""
    row = await connection.fetchrow(f"{_STORED}{' FOR UPDATE OF s' if lock else ''}", officer_id)
    return StoredSetting(**dict(row)) if row else None


async def write(
    connection: Connection, officer_id: str, setting: NoticeSetting | None, now: datetime, actor: str
) -> None:
    """Write the setting of an officer; None for the one of the policy."""
    await _upsert(connection, "setting", officer_id, setting.model_dump(mode="json") if setting else None, now, actor)


async def write_webhook(
    connection: Connection, officer_id: str, key: PersonKey, sealed: bytes, now: datetime, actor: str
) -> None:
    """Write the webhook of an officer, with the new key that seals it."""
    await person_keys.insert(connection, key, now)
    await _upsert(connection, "person_id", officer_id, key.person_id, now, actor, sealed)


async def delete_webhook(connection: Connection, officer_id: str, now: datetime, actor: str) -> None:
    """Delete the webhook of an officer. The caller destroys its key."""
    await connection.execute(
        "UPDATE notice_setting SET person_id = NULL, sealed_webhook = NULL, changed_at = $2, changed_by = $3"
        " WHERE officer_id = $1",
        officer_id,
        now,
        actor,
    )


async def standings(connection: Connection, officer_id: str, since: datetime) -> tuple[MediumStanding, ...]:
    """Return how the messages to an officer stand over each medium of which messages are sent."""
    media = [medium.value for medium in NoticeMedium if medium is not NoticeMedium.STREAM]
    return tuple(MediumStanding(**dict(row)) for row in await connection.fetch(_MEDIA, officer_id, since, media))


async def _upsert(
    connection: Connection,
    column: str,
    officer_id: str,
    value: dict[str, Any] | UUID | None,
    now: datetime,
    actor: str,
    sealed: bytes | None = None,
) -> None:
    columns: Sequence[str] = (column, "sealed_webhook") if sealed is not None else (column,)
    values = (value, sealed) if sealed is not None else (value,)
    places = ", ".join(f"${place}" for place in range(4, 4 + len(columns)))
    changes = ", ".join(f"{name} = EXCLUDED.{name}" for name in columns)
    await connection.execute(
        f"INSERT INTO notice_setting (officer_id, changed_at, changed_by, {', '.join(columns)})"
        f" VALUES ($1, $2, $3, {places}) ON CONFLICT (officer_id) DO UPDATE SET {changes},"
        " changed_at = EXCLUDED.changed_at, changed_by = EXCLUDED.changed_by",
        officer_id,
        now,
        actor,
        *values,
    )


async def save(connection: Connection, officer_id: str, place: int, named: NamedFilter, now: datetime) -> None:
    """Save a filter at a place, instead of another one there. Raises `TaskFilterNamed`."""
    try:
        await connection.execute(
            "INSERT INTO task_filter (officer_id, place, name, filter, saved_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT (officer_id, place) DO UPDATE SET name = EXCLUDED.name, filter = EXCLUDED.filter,"
            " saved_at = EXCLUDED.saved_at",
            officer_id,
            place,
            named.name,
            named.filter.model_dump(mode="json", exclude_defaults=True),
            now,
        )
    except asyncpg.UniqueViolationError:
        raise TaskFilterNamed(named.name) from None


async def listed(connection: Connection, officer_id: str) -> SavedFilters:
    """Return the saved filters of an officer, by place."""
    rows = await connection.fetch(
        "SELECT place, name, filter FROM task_filter WHERE officer_id = $1 ORDER BY place", officer_id
    )
    return SavedFilters(
        items=tuple(
            SavedFilter(place=row["place"], name=row["name"], filter=TaskFilter.model_validate(row["filter"]))
            for row in rows
        )
    )


async def delete(connection: Connection, officer_id: str, place: int) -> None:
    """Delete a saved filter. Raises `TaskFilterNotFound`."""
    deleted = await connection.execute(
        "DELETE FROM task_filter WHERE officer_id = $1 AND place = $2", officer_id, place
    )
    if deleted == "DELETE 0":
        raise TaskFilterNotFound(place)


CHANNEL: Final = "presence"
"""the channel of notifications; the payload is the officer, a session of theirs, and the subjects, as JSON"""


async def announce(connection: Connection, officer_id: str, session: str, subjects: Collection[str]) -> None:
    """Tell every process what an officer looks at in one session. A call without subjects ends it."""
    await connection.execute(
        "SELECT pg_notify($1, $2)", CHANNEL, orjson.dumps([officer_id, session, sorted(subjects)]).decode()
    )
