"""Short messages to people who complain on the public page, and the codes in them.

Such a complaint may have no case yet, and the table `message` has only messages of cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from db.outgoing import OutgoingKind, queued
from db.pool import Connection
from db.privacy.person_keys import PersonKey, wrapped_key
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language
from schemas.notifications import MessageKind


@dataclass(frozen=True, slots=True)
class NewComplainantMessage:
    """A message as it is written, with the digests of its code and of the number that it goes to."""

    message_id: UUID
    draft_id: UUID
    kind: MessageKind
    language: Language
    sealed: bytes = field(repr=False)
    valid_until: datetime
    code_digest: bytes | None = None
    mobile_digest: bytes | None = None


_INSERT: Final = f"""
WITH written AS (
    INSERT INTO complainant_message (message_id, draft_id, kind, language, sealed, written_at, valid_until,
        code_digest, mobile_digest) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING message_id, written_at
) {queued(OutgoingKind.COMPLAINANT_MESSAGE, "written", "message_id", "written_at")}
"""


async def insert(connection: Connection, message: NewComplainantMessage, at: datetime) -> None:
    """Write a message, which is sent at once."""
    await connection.execute(
        _INSERT,
        message.message_id,
        message.draft_id,
        message.kind.value,
        message.language.value,
        message.sealed,
        at,
        message.valid_until,
        message.code_digest,
        message.mobile_digest,
    )


class ComplainantMessage(FrozenModel):
    """A message that is due, with the key of the draft that opens it."""

    message_id: UUID
    kind: MessageKind
    language: Language
    valid_until: UtcDatetime
    key: PersonKey
    sealed: str


_DUE: Final = f"""
SELECT m.message_id, m.kind, m.language, m.valid_until, encode(m.sealed, 'hex') AS sealed,
    jsonb_build_object('person_id', d.person_id, 'wrapped', {wrapped_key("d")}) AS key
FROM complainant_message m JOIN draft d USING (draft_id) WHERE m.message_id = ANY($1) AND m.sealed IS NOT NULL
"""


async def due(connection: Connection, message_ids: Sequence[str]) -> dict[str, ComplainantMessage]:
    """Return the messages that still have their texts."""
    rows = await connection.fetch(_DUE, message_ids)
    return {str(row["message_id"]): ComplainantMessage(**dict(row)) for row in rows}


async def sent(connection: Connection, message_id: UUID, at: datetime) -> None:
    """Note that a message is sent, and take its text away."""
    await connection.execute(
        "UPDATE complainant_message SET sent_at = $2, sealed = NULL WHERE message_id = $1", message_id, at
    )


async def blank(connection: Connection, message_id: UUID) -> None:
    """Take the text of a message away, so that it is not sent."""
    await connection.execute("UPDATE complainant_message SET sealed = NULL WHERE message_id = $1", message_id)


async def drop(connection: Connection, draft_id: UUID) -> None:
    """Take the texts of a draft's messages away: its key is destroyed."""
    await connection.execute(
        "UPDATE complainant_message SET sealed = NULL WHERE draft_id = $1 AND sealed IS NOT NULL", draft_id
    )


# -- codes -------------------------------------------------------------------------------------------------------------


async def live_code(
    connection: Connection, draft_id: UUID, mobile_digests: Sequence[bytes], max_tries: int, now: datetime
) -> bool:
    """Return whether a code that went to this number is still good."""
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM complainant_message WHERE draft_id = $1 AND code_digest IS NOT NULL"
        " AND mobile_digest = ANY ($2) AND valid_until > $3 AND used_at IS NULL AND tries < $4"
        " AND (sent_at IS NOT NULL OR sealed IS NOT NULL))",
        draft_id,
        list(mobile_digests),
        now,
        max_tries,
    )
    return exists


async def use_code(
    connection: Connection,
    draft_id: UUID,
    code_digests: Sequence[bytes],
    mobile_digests: Sequence[bytes],
    max_tries: int,
    now: datetime,
) -> bytes | None:
    """Use the code that was entered if it is still good; return the digest of its mobile, else None.

    Short messages come late and in any order, so each code counts until its own time is over. Each call counts as a
    try of each of them. A code is good once, and only for the number that it went to.
    """
    rows = await connection.fetch(
        "UPDATE complainant_message SET tries = tries + 1,"
        " used_at = CASE WHEN code_digest = ANY ($2) THEN $5::timestamptz END"
        " WHERE draft_id = $1 AND code_digest IS NOT NULL AND mobile_digest = ANY ($3)"
        " AND used_at IS NULL AND valid_until > $5 AND tries < $4"
        " RETURNING CASE WHEN used_at IS NOT NULL THEN mobile_digest END AS used",
        draft_id,
        list(code_digests),
        list(mobile_digests),
        max_tries,
        now,
    )
    return next((row["used"] for row in rows if row["used"] is not None), None)
