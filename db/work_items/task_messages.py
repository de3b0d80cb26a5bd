"""Messages to officers about work items. The text is made when a message is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.outgoing import OutgoingKind, queued
from db.pool import Connection
from db.privacy.person_keys import PersonKey, wrapped_key
from db.task_owners import IS_OWNED, IS_SNOOZED
from db.work_items.task_deadlines import DEADLINE
from domain.work_items.task_owners import MessageStanding
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language, TaskKind
from schemas.notifications import NoticeMedium
from schemas.work_items.task_owners import NoticeReason

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
