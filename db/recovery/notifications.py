"""Notifications to the people of a case: contacts of victims, and the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from db.case import cases
from db.case.cases import case_no_of
from db.outgoing import OutgoingKind, queued
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.body_keys import FIR_COPY, PDF, OpensBody, opened_document, stored_columns
from db.privacy.jurisdiction import MARK, confined
from db.privacy.person_keys import PersonKey, StoredPerson, insert_key_of_hold, key, stored
from domain.errors import BadCursor, RuleBroken
from domain.errors.case import ComplaintNotFound
from domain.errors.recovery import MessageNotFound
from domain.recovery.documents import TO_A_BANK
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Bucket, Language
from schemas.notifications import CaseMessage, Medium, MessageKind, MessagePage, MessageRow, Recipient
from schemas.privacy.personal_data import Within


class VictimContact(FrozenModel):
    """A victim with the sealed contact data."""

    case_no: str
    person: StoredPerson
    language: Language
    held_paise: int
    """amount of the complaint on hold"""
    restored_paise: int
    """amount of the complaint restored"""
    is_marked: bool
    """whether a complaint of the case is marked"""


async def victim(connection: Connection, ack_no: str) -> VictimContact:
    """Return the contact of a complaint's victim. Raises `NotFound`."""
    row = await connection.fetchrow(
        f"SELECT c.case_no, {stored('v')} AS person, v.language,"
        " EXISTS (SELECT FROM complaint k WHERE k.case_no = c.case_no AND k.marked) AS is_marked"
        " FROM complaint c JOIN victim v USING (victim_id) WHERE c.ack_no = $1",
        ack_no,
    )
    if row is None:
        raise ComplaintNotFound(ack_no)
    sums = await cases.buckets(connection, row["case_no"], ack_no)
    return VictimContact(**dict(row), held_paise=sums.get(Bucket.HELD, 0), restored_paise=sums.get(Bucket.RESTORED, 0))


@dataclass(frozen=True, slots=True)
class SealedMessage:
    """Sealed address and text of a notification, and the key that seals them."""

    key: PersonKey
    hold_id: UUID | None
    """the hold whose account holder the key is new for; None for a key that is stored"""
    head: bytes = field(repr=False)
    body: bytes | None = field(repr=False)


class StoredMessage(FrozenModel):
    """Address and text of a notification as they are read: sealed, or in clear if it is to an office."""

    key: PersonKey | None
    """the key that seals it; None for a message to an office"""
    sealed_head: str | None
    sealed_body: str | None
    address: str
    subject: str
    body: str


def stored_message(row: str) -> str:
    """Return SQL for the address and text of row `row` of table `message`, in the form of `StoredMessage`."""
    return (
        f"jsonb_build_object('key', {key(f'{row}.person_id')}, 'sealed_head', encode({row}.sealed_head, 'hex'),"
        f" 'sealed_body', encode({row}.sealed_body, 'hex'), 'address', {row}.address, 'subject', {row}.subject,"
        f" 'body', {row}.body)"
    )


class NewMessage(FrozenModel):
    """A notification as it is written."""

    message_id: UUID
    case_no: str
    kind: MessageKind
    to_whom: Recipient
    medium: Medium
    address: str
    language: Language
    subject: str
    body: str
    natural_key: str
    expires_at: UtcDatetime | None = None
    """time from which it is no longer sent; its text is blanked then, or once it is sent. None keeps the text"""


_SEALED: Final = "…"
"""what stands in place of a sealed address or text"""
TOO_LATE: Final = "its time is over"
ERASED: Final = "the personal data are destroyed"
_WRITE: Final = f"""
WITH {insert_key_of_hold("$2", "$3", "$4", "$1")}, written AS (
    INSERT INTO message (message_id, case_no, kind, to_whom, medium, address, language, subject, body, natural_key,
        written_at, expires_at, person_id, sealed_head, sealed_body)
    SELECT message_id, case_no, kind, to_whom, medium, address, language, subject, body, natural_key, $1, expires_at,
        $2, sealed_head, sealed_body
    FROM unnest($6::uuid[], $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::text[],
        $13::timestamptz[], $14::text[], $15::text[], $16::text[], $17::bytea[], $18::bytea[]) WITH ORDINALITY
        AS m (message_id, case_no, kind, to_whom, medium, language, natural_key, expires_at, address, subject, body,
            sealed_head, sealed_body, place)
    ORDER BY place ON CONFLICT (natural_key) DO NOTHING RETURNING message_id, written_at, medium
), queued AS ({queued(OutgoingKind.MESSAGE, "written", "message_id", "written_at")}), enclosed AS (
    INSERT INTO message_document (message_id, place, document_id) SELECT message_id, place, document_id
    FROM written CROSS JOIN unnest($5::uuid[]) WITH ORDINALITY AS d (document_id, place) WHERE medium = '{Medium.EMAIL}'
)
SELECT count(*) FROM written
"""


def _columns(message: NewMessage, sealed: SealedMessage | None) -> Sequence[object]:
    kinds = (message.kind.value, message.to_whom.value, message.medium.value, message.language.value)
    head = (message.message_id, message.case_no, *kinds, message.natural_key, message.expires_at)
    if sealed is None:
        return (*head, message.address, message.subject, message.body, None, None)
    return (*head, _SEALED, "", _SEALED if sealed.body else "", sealed.head, sealed.body)


async def write(
    connection: Connection,
    messages: Sequence[tuple[NewMessage, SealedMessage | None]],
    document_ids: Sequence[UUID],
    at: datetime,
) -> int:
    """Write notifications to one person to the outbox; return how many were not there already.

    Letters carry these documents, in this order. All are sealed under one key; a new one is written with them.
    """
    owner = messages[0][1]
    written: int = await connection.fetchval(
        _WRITE,
        at,
        owner.key.person_id if owner else None,
        bytes.fromhex(owner.key.wrapped) if owner and owner.key.wrapped else None,
        owner.hold_id if owner else None,
        document_ids,
        *zip(*(_columns(message, sealed) for message, sealed in messages), strict=True),
    )
    return written


class EnclosureMissing(RuleBroken):
    """The copy of the FIR that a notice names is missing."""


_TO_BANKS: Final = tuple(sorted(kind.value for kind in TO_A_BANK))


_DOCUMENTS: Final = f"""
SELECT m.place, 0 AS behind, replace(p.number, '/', '-') || '.' || p.language || '.pdf' AS name, '{PDF}' AS part,
    p.digest AS digest_bytes, {stored_columns("p", "sealed_pdf")}
FROM message_document m JOIN document p USING (document_id) WHERE m.message_id = $1
UNION ALL
SELECT m.place, 1, 'FIR-' || p.case_no || '.pdf', '{FIR_COPY}', c.digest, {stored_columns("c", "sealed")}
FROM message_document m JOIN document p USING (document_id)
LEFT JOIN fir_copy c ON c.case_no = p.case_no AND c.digest = p.fir_copy_digest
WHERE m.message_id = $1 AND p.kind = ANY($2) AND p.fir_copy_digest IS NOT NULL
ORDER BY place, behind
"""


async def documents_of(connection: Connection, message_id: UUID, opens: OpensBody) -> list[tuple[str, bytes]]:
    """Return the documents of a notification as (file name, bytes); the FIR copy follows a notice to a bank.

    Raises `EnclosureMissing`, because a notice must not name a copy that does not go with it. Raises `DocumentErased`.
    """
    rows = await connection.fetch(_DOCUMENTS, message_id, _TO_BANKS)
    if any(row["digest_bytes"] is None for row in rows):
        raise EnclosureMissing(EnclosureMissing.__doc__)
    return [(row["name"], opened_document(row, opens, row["part"], row["name"])) for row in rows]


async def language_of(connection: Connection, officer_id: str) -> Language:
    """Return the language in which an officer reads messages: that of the own setting, otherwise English."""
    language: str | None = await connection.fetchval(
        "SELECT setting->>'language' FROM notice_setting WHERE officer_id = $1", officer_id
    )
    return Language(language or Language.EN)


async def bank_email(connection: Connection, code: str) -> str:
    """Return the mailbox of a bank's desk, or "" if it is not known."""
    email: str | None = await connection.fetchval("SELECT desk_email FROM institution WHERE code = $1", code)
    return email or ""


class ToSend(FrozenModel):
    """A notification that is due."""

    message_id: UUID
    case_no: str
    kind: MessageKind
    to_whom: Recipient
    medium: Medium
    language: Language
    expires_at: UtcDatetime | None
    text: StoredMessage


_ERASED: Final = "EXISTS (SELECT FROM person_key k WHERE k.person_id = m.person_id AND k.wrapped IS NULL)"
_CAN_BE_SENT: Final = f"m.sent_at IS NULL AND m.body <> '' AND NOT {_ERASED}"
_TO_SEND: Final = (
    f"SELECT {', '.join(f'm.{name}' for name in ToSend.model_fields if name != 'text')}, {stored_message('m')} AS text"
    f" FROM message m WHERE m.message_id = ANY($1) AND {_CAN_BE_SENT}"
)


async def to_send(connection: Connection, message_ids: Sequence[str]) -> dict[str, ToSend]:
    """Return the notifications that can be sent still."""
    return {str(row["message_id"]): ToSend(**dict(row)) for row in await connection.fetch(_TO_SEND, message_ids)}


async def expire(connection: Connection, now: datetime) -> int:
    """Blank the texts of notifications whose time is over, so that they are not sent; return how many."""
    rows = await connection.fetch(
        "UPDATE message SET body = '', sealed_body = NULL WHERE expires_at <= $1 AND body <> '' RETURNING message_id",
        now,
    )
    return len(rows)


async def no_way(connection: Connection, medium: Medium, now: datetime, until: datetime, failure: str) -> None:
    """Put off notifications over a medium without a route until `until`. It is no attempt."""
    await connection.execute(
        "UPDATE outgoing o SET next_attempt_at = $3, failure = $4"
        f" WHERE o.kind = '{OutgoingKind.MESSAGE}' AND o.next_attempt_at <= $2"
        " AND (SELECT m.medium FROM message m WHERE m.message_id = o.subject::uuid) = $1",
        medium.value,
        now,
        until,
        failure,
    )


async def way_found(connection: Connection, now: datetime, failure: str) -> int:
    """Make notifications due at `now` that `no_way` put off with this failure; return how many."""
    rows = await connection.fetch(
        f"UPDATE outgoing SET next_attempt_at = $1 WHERE kind = '{OutgoingKind.MESSAGE}' AND next_attempt_at > $1"
        " AND failure = $2 RETURNING outgoing_id",
        now,
        failure,
    )
    return len(rows)


async def sent(connection: Connection, message_id: UUID, at: datetime) -> bool:
    """Mark a notification as sent; false if it was marked before. The text of one with an expiry is blanked."""
    done = await connection.fetchval(
        "UPDATE message SET sent_at = $2, body = CASE WHEN expires_at IS NULL THEN body ELSE '' END,"
        " sealed_body = CASE WHEN expires_at IS NULL THEN sealed_body END"
        " WHERE message_id = $1 AND sent_at IS NULL RETURNING true",
        message_id,
        at,
    )
    return bool(done)


async def try_again(connection: Connection, message_id: UUID, at: datetime) -> bool:
    """Queue an unsent notification for new attempts; false if it is sent, over or without a key."""
    done = await connection.fetchval(
        "UPDATE outgoing o SET outgoing_id = DEFAULT, attempts = 0, next_attempt_at = $2, ended_at = NULL,"
        f" outcome = NULL FROM message m WHERE o.kind = '{OutgoingKind.MESSAGE}' AND o.subject = m.message_id::text"
        f" AND m.message_id = $1 AND {_CAN_BE_SENT} AND (m.expires_at IS NULL OR m.expires_at > $2) RETURNING true",
        message_id,
        at,
    )
    return bool(done)


# -- reading -----------------------------------------------------------------------------------------------------------

_ROW: Final = ", ".join(MessageRow.model_fields)
_MESSAGES: Final = f"""
(SELECT m.message_id, m.case_no, m.kind, m.to_whom, m.medium, m.language, m.written_at, m.sent_at, m.person_id,
    o.attempts, CASE WHEN {_CAN_BE_SENT} THEN o.next_attempt_at END AS next_attempt_at,
    CASE WHEN m.sent_at IS NOT NULL THEN '' WHEN m.body = '' THEN '{TOO_LATE}' WHEN {_ERASED} THEN '{ERASED}'
        ELSE o.failure END AS failure
FROM message m JOIN outgoing o ON o.kind = '{OutgoingKind.MESSAGE}' AND o.subject = m.message_id::text) AS message
"""


async def get(connection: Connection, message_id: UUID) -> MessageRow:
    """Return one notification, as the desk sees it. Raises `NotFound`."""
    row = await connection.fetchrow(f"SELECT {_ROW} FROM {_MESSAGES} WHERE message_id = $1", message_id)
    if row is None:
        raise MessageNotFound(message_id)
    return MessageRow(**dict(row))


_IN_TROUBLE: Final = "AND sent_at IS NULL AND failure <> ''"
_LIST: Final = f"""
SELECT {_ROW}, case_no FROM {_MESSAGES} WHERE ($1::text IS NULL OR case_no = $1) {{}}
    AND ($2::timestamptz IS NULL OR (written_at, message_id) < ($2, $3)) {MARK}
ORDER BY written_at DESC, message_id DESC LIMIT $4
"""


async def page(
    connection: Connection,
    ack_no: str | None,
    after: str | None,
    limit: int,
    *,
    in_trouble: bool,
    within: Within | None = None,
) -> MessagePage:
    """Return notifications of one case or of all, the newest first.

    `in_trouble` selects those that failed and are not sent. Raises `NotFound` and `BadCursor`.
    """
    case_no = await case_no_of(connection, ack_no) if ack_no else None
    at, message_id = _position(after)
    listed = _LIST.format(_IN_TROUBLE if in_trouble else "")
    statement, parameters = confined(listed, (case_no, at, message_id, limit + 1), "message.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    items = tuple(CaseMessage(**dict(row)) for row in shown)
    last = items[-1] if items else None
    return MessagePage(
        items=items, next=to_cursor(last.written_at.isoformat(), str(last.message_id)) if more and last else None
    )


async def to_victim(connection: Connection, case_no: str, person_id: UUID, limit: int) -> tuple[MessageRow, ...]:
    """Return notifications to a victim of a case, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_ROW} FROM {_MESSAGES} WHERE case_no = $1 AND to_whom = 'victim' AND person_id = $2"
        " ORDER BY written_at DESC, message_id DESC LIMIT $3",
        case_no,
        person_id,
        limit,
    )
    return tuple(MessageRow(**dict(row)) for row in rows)


def _position(after: str | None) -> tuple[datetime | None, UUID | None]:
    if after is None:
        return None, None
    written_at, message_id = (str(part) for part in from_cursor(after, str, str))
    try:
        moment, identity = datetime.fromisoformat(written_at), UUID(message_id)
    except ValueError:
        raise BadCursor from None
    if moment.tzinfo is None:
        raise BadCursor
    return moment, identity


async def texts_of_case(connection: Connection, case_no: str) -> dict[UUID, StoredMessage]:
    """Return addresses and texts of the notifications of a case, the oldest first."""
    rows = await connection.fetch(
        f"SELECT m.message_id, {stored_message('m')} AS text FROM message m WHERE m.case_no = $1"
        " ORDER BY m.written_at, m.message_id",
        case_no,
    )
    return {row["message_id"]: StoredMessage(**row["text"]) for row in rows}
