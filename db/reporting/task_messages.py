"""Messages to officers about work items. The row is the outbox; the text is made when a message is sent."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.cases.task_owners import IS_OWNED, IS_SNOOZED
from db.person_keys import PersonKey, wrapped_key
from db.pool import Connection
from db.reporting.task_deadlines import DEADLINE
from domain.task_notices import MessageStanding
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language, TaskKind
from schemas.reporting.task_notices import NoticeMedium, NoticeReason

_WAITING: Final = """
SELECT n.officer_id, n.medium, n.is_urgent,
    EXISTS (SELECT FROM task_message m WHERE m.officer_id = n.officer_id AND m.medium = n.medium
        AND m.next_attempt_at IS NOT NULL) AS is_under_way,
    (SELECT max(m.written_at) FROM task_message m WHERE m.officer_id = n.officer_id AND m.medium = n.medium
        AND m.withdrawn_at IS NULL) AS last_at,
    (SELECT count(*) FROM task_message m WHERE m.officer_id = n.officer_id AND m.medium = n.medium
        AND m.sent_at > $1) AS in_a_day
FROM (
    SELECT officer_id, medium, bool_or(reason = 'unheard') AS is_urgent FROM task_notice
    WHERE message_id IS NULL AND medium <> 'stream' GROUP BY officer_id, medium
) AS n ORDER BY n.officer_id, n.medium
"""

_BEGIN: Final = """
WITH begun AS (
    INSERT INTO task_message (message_id, officer_id, medium, written_at, next_attempt_at) VALUES ($1, $2, $3, $4, $4)
    ON CONFLICT (officer_id, medium) WHERE next_attempt_at IS NOT NULL DO NOTHING RETURNING message_id
)
UPDATE task_notice n SET message_id = b.message_id FROM begun b
WHERE n.officer_id = $2 AND n.medium = $3 AND n.message_id IS NULL RETURNING n.task_id
"""

_CLAIM: Final = f"""
UPDATE task_message m SET attempts = m.attempts + 1, next_attempt_at = $3
FROM officer o LEFT JOIN notice_setting s USING (officer_id)
WHERE o.officer_id = m.officer_id AND m.message_id IN (
    SELECT message_id FROM task_message WHERE next_attempt_at <= $2 AND medium = ANY($1)
    ORDER BY next_attempt_at LIMIT $4 FOR UPDATE SKIP LOCKED)
RETURNING m.message_id, m.officer_id, m.medium, m.attempts, o.mobile, o.email, o.disabled_at IS NOT NULL AS is_disabled,
    coalesce(s.setting->>'language', '{Language.EN}') AS language,
    CASE WHEN s.person_id IS NULL THEN NULL
        ELSE jsonb_build_object('person_id', s.person_id, 'wrapped', {wrapped_key("s")}) END AS webhook_key,
    encode(s.sealed_webhook, 'hex') AS sealed_webhook
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
    attempts: int
    """number of attempts, this one included"""
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


async def claim(
    connection: Connection, media: Sequence[NoticeMedium], now: datetime, lease_until: datetime, limit: int
) -> list[DueMessage]:
    """Claim messages that are due, the longest due first; others do not send them until `lease_until`."""
    names = [medium.value for medium in media]
    return [DueMessage(**dict(row)) for row in await connection.fetch(_CLAIM, names, now, lease_until, limit)]


async def live(connection: Connection, message: DueMessage, now: datetime) -> list[LiveItem]:
    """Return the items of a message that are as they were when the officer was told, those worth most first."""
    rows = await connection.fetch(_LIVE, now, message.message_id, message.officer_id)
    return [LiveItem(**dict(row)) for row in rows]


async def sent(connection: Connection, message_id: UUID, at: datetime) -> None:
    """Write that a message is sent."""
    await _end(connection, message_id, "sent_at", at)


async def withdraw(connection: Connection, message_id: UUID, at: datetime) -> None:
    """Write that nothing of a message waits any more, so that it is not sent."""
    await _end(connection, message_id, "withdrawn_at", at)


async def failed(connection: Connection, message_id: UUID, failure: str, again_at: datetime | None) -> None:
    """Write that sending failed; the next attempt is at `again_at`, or None if the message is given up."""
    await connection.execute(
        "UPDATE task_message SET failure = left($2, 500), next_attempt_at = $3 WHERE message_id = $1"
        " AND sent_at IS NULL AND withdrawn_at IS NULL",
        message_id,
        failure,
        again_at,
    )


async def give_up(connection: Connection, medium: NoticeMedium, now: datetime, failure: str) -> None:
    """Give up the messages that are due over a medium without a route."""
    await connection.execute(
        "UPDATE task_message SET failure = $3, next_attempt_at = NULL WHERE next_attempt_at <= $2 AND medium = $1",
        medium.value,
        now,
        failure,
    )


async def _end(connection: Connection, message_id: UUID, column: str, at: datetime) -> None:
    await connection.execute(
        f"UPDATE task_message SET {column} = $2, next_attempt_at = NULL, failure = '' WHERE message_id = $1"
        " AND sent_at IS NULL AND withdrawn_at IS NULL",
        message_id,
        at,
    )
