"""Calls to banks and from banks: exchanges, attempts, bodies and test calls.

Attempts to deliver a hold request, an order or a cancellation to its bank: over which channel, with what outcome. The
subject of a cancellation is the order that is cancelled.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Final
from uuid import UUID

from db import outgoing
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import BodyKey, CaseKey, SealedBody, StoredBody, key_of_case
from db.rows import Rows
from schemas.banks.keys import About, BankTestCall, BankTestOutcome, Exchange
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import ChannelKind, DeliveryOutcome

_COLUMNS: Final = (
    ("subject", "uuid"),
    ("channel", "text"),
    ("at", "timestamptz"),
    ("head", "text"),
    ("size_bytes", "integer"),
    ("digest", "bytea"),
    ("masked", "boolean"),
    ("reply_head", "text"),
    ("reply_cut", "boolean"),
    ("failure", "text"),
)
_SEALED: Final = (
    ("person_id", "uuid"),
    ("sealed_body", "bytea"),
    ("body_digest", "bytea"),
    ("sealed_content", "bytea"),
    ("content_digest", "bytea"),
    ("sealed_reply", "bytea"),
    ("reply_digest", "bytea"),
)


@dataclass(frozen=True, slots=True)
class SealedParts:
    """The parts of an exchange as they are written, and the key of its case."""

    key: BodyKey
    body: SealedBody
    content: SealedBody | None
    reply: SealedBody | None

    @property
    def values(self) -> tuple[object, ...]:
        """Return the key and the sealed parts with their digests, as `_SEALED` names them."""
        fields: list[object] = [self.key.person_id]
        for part in (self.body, self.content, self.reply):
            fields += [None, None] if part is None else [part.sealed, part.digest]
        return tuple(fields)


@dataclass(frozen=True, slots=True)
class SealedExchange:
    """An exchange as it is written, with its sealed parts."""

    exchange: Exchange = field(repr=False)
    sealed: SealedParts


def insert(about: str, first: int) -> str:
    """Return the statement that stores exchanges; `about` is SQL, `columns` gives its arguments from `first` on.

    The same content that a bank fetches is stored once, however often the bank fetches it.
    """
    stored = (*_COLUMNS, *_SEALED)
    names = ", ".join(name for name, _ in stored[1:])
    arrays = ", ".join(f"${first + place}::{kind}[]" for place, (_, kind) in enumerate(stored))
    return (
        f"INSERT INTO bank_exchange (about, request_id, inquiry_id, order_id, {names})"
        f" SELECT {about}, CASE {about} WHEN 'hold_request' THEN subject END,"
        f" CASE {about} WHEN 'payer_inquiry' THEN subject END,"
        f" CASE WHEN {about} IN ('order', 'cancellation') THEN subject END, {names}"
        f" FROM unnest({arrays}) WITH ORDINALITY AS e (subject, {names}, n) ORDER BY n"
        " ON CONFLICT DO NOTHING"
    )


def columns(subjects: Sequence[UUID], exchanges: Sequence[SealedExchange]) -> list[list[Any]]:
    """Return the arguments of `insert`: the subject of each exchange, and all its fields."""
    values = [exchange.sealed.values for exchange in exchanges]
    return [
        list(subjects),
        *([getattr(exchange.exchange, name) for exchange in exchanges] for name, _ in _COLUMNS[1:]),
        *([value[place] for value in values] for place, _ in enumerate(_SEALED)),
    ]


_KEEP: Final = f"WITH {body_keys.insert(2)} {insert('$1::text', 2 + body_keys.ARGUMENTS)}"


async def keep(
    connection: Connection, about: About, subjects: Sequence[UUID], exchanges: Sequence[SealedExchange]
) -> None:
    """Store exchanges in their order, each about its own subject, with the keys that are new. Locks no case."""
    if exchanges:
        new = body_keys.columns(exchange.sealed.key for exchange in exchanges)
        await connection.execute(_KEEP, about.value, *new, *columns(subjects, exchanges))


_SUBJECTS: Final = {
    About.HOLD_REQUEST: ("hold_request", "request_id"),
    About.PAYER_INQUIRY: ("payer_inquiry", "inquiry_id"),
    About.ORDER: ("bank_order", "order_id"),
    About.CANCELLATION: ("bank_order", "order_id"),
}


async def keys_of(connection: Connection, about: About, subjects: Collection[UUID]) -> dict[UUID, CaseKey]:
    """Return the key of the case of each subject."""
    table, key = _SUBJECTS[about]
    rows = await connection.fetch(
        f"SELECT s.{key} AS subject, s.case_no, {key_of_case('s.case_no')} AS key FROM {table} s"
        f" WHERE s.{key} = ANY($1)",
        list(subjects),
    )
    return {row["subject"]: CaseKey(case_no=row["case_no"], key=row["key"]) for row in rows}


_NOT_TAKEN: Final = ("401", "408", "425", "429", "503")
"""statuses by which a bank says that it has not taken a report"""
_NEVER_LEFT: Final = "BankUnreachable: ClientConnector%"
"""failure of a report whose bank could not be connected to"""
_FIRST_REPORT: Final = f"""
SELECT {body_keys.stored_columns("e", "sealed")}, e.part, e.part_digest
FROM (
    SELECT x.exchange_id, x.person_id, coalesce(x.sealed_content, x.sealed_body) AS sealed,
        CASE WHEN x.sealed_content IS NULL THEN '{body_keys.BODY}' ELSE '{body_keys.CONTENT}' END AS part,
        coalesce(x.content_digest, x.body_digest) AS part_digest
    FROM bank_exchange x
    WHERE x.request_id = $1 AND x.channel = 'i4c' AND x.failure NOT LIKE $2
        AND coalesce(split_part(x.reply_head, chr(10), 1), '') <> ALL ($3)
        AND (x.sealed_content IS NOT NULL OR x.digest = x.body_digest)
) AS e ORDER BY e.exchange_id LIMIT 1
"""


async def first_report(connection: Connection, request_id: UUID) -> StoredBody | None:
    """Return the first report of a hold request that its bank may have taken on the I4C wire, or None."""
    row = await connection.fetchrow(_FIRST_REPORT, request_id, _NEVER_LEFT, _NOT_TAKEN)
    return body_keys.stored_body(row, body_keys.use_of(row["part"], row["part_digest"])) if row else None


async def bound(connection: Connection, about: About, subject: UUID) -> dict[str, Any]:
    """Return the fields of an event that bind the exchanges so far: `bound` as the evidence pack has them."""
    fields: dict[str, Any] = await connection.fetchval("SELECT bank_exchanges_bound($1, $2)", about.value, subject)
    return fields


async def count(connection: Connection, about: About, subject_id: UUID) -> dict[ChannelKind, int]:
    """Return how many attempts each channel has made, whatever their outcome."""
    rows = await connection.fetch(
        "SELECT channel, count(*) AS attempts FROM delivery_attempt"
        " WHERE subject_id = $2 AND subject_kind = $1 AND outcome <> 'silent' GROUP BY channel",
        about.value,
        subject_id,
    )
    return {ChannelKind(row["channel"]): row["attempts"] for row in rows}


async def note(
    connection: Connection,
    about: About,
    subject_id: UUID,
    channel: ChannelKind,
    outcome: DeliveryOutcome,
    at: datetime,
    detail: str = "",
) -> None:
    """Write an attempt and its outcome; `detail` holds no personal data."""
    await connection.execute(
        "INSERT INTO delivery_attempt (subject_kind, subject_id, channel, at, outcome, detail)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        about.value,
        subject_id,
        channel.value,
        at,
        outcome.value,
        detail[:200],
    )


async def note_no_response(
    connection: Connection, about: About, subject_id: UUID, channel: ChannelKind, at: datetime
) -> bool:
    """Write that the bank did not reply to the last delivery in time; false if that is written already."""
    done = await connection.fetchval(
        "INSERT INTO delivery_attempt (subject_kind, subject_id, channel, at, outcome) SELECT $1, $2, $3, $4, 'silent'"
        " WHERE NOT EXISTS (SELECT FROM delivery_attempt s"
        "  WHERE s.subject_id = $2 AND s.subject_kind = $1 AND s.outcome = 'silent'"
        "  AND s.attempt_id > (SELECT max(d.attempt_id) FROM delivery_attempt d"
        "   WHERE d.subject_id = $2 AND d.subject_kind = $1 AND d.outcome = 'delivered')) RETURNING true",
        about.value,
        subject_id,
        channel.value,
        at,
    )
    return bool(done)


async def channels_to_cancel(connection: Connection, order_id: UUID) -> list[ChannelKind]:
    """Return the channels that have delivered an order but not yet its cancellation."""
    rows = await connection.fetch(
        "SELECT channel FROM delivery_attempt WHERE subject_id = $1 AND subject_kind IN ('order', 'cancellation')"
        " AND outcome = 'delivered' GROUP BY channel HAVING NOT bool_or(subject_kind = 'cancellation')"
        " ORDER BY channel",
        order_id,
    )
    return [ChannelKind(row["channel"]) for row in rows]


class ReceivedBody(FrozenModel):
    """A body as received, with its headers."""

    channel: ChannelKind
    received_at: UtcDatetime
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes

    @cached_property
    def digest(self) -> bytes:
        """Return the SHA-256 of the body."""
        return hashlib.sha256(self.body).digest()


@dataclass(frozen=True, slots=True)
class SealedReceived:
    """A body as it is written."""

    received: ReceivedBody = field(repr=False)
    key: BodyKey
    sealed: bytes = field(repr=False)


ARGUMENTS: Final = 7


def insert_body(institution: str, first: int) -> str:
    """Return the statement that stores a body; `columns` gives its arguments from `first` on.

    `institution` is SQL. The same bytes of the same bank are stored once. Without a body nothing is stored.
    """
    channel, received_at, headers, digest, person_id, sealed, of_bank = (
        f"${first + place}" for place in range(ARGUMENTS)
    )
    return (
        "INSERT INTO bank_body (institution, channel, received_at, headers, digest, person_id, sealed, of_bank)"
        f" SELECT {institution}, {channel}::text, {received_at}::timestamptz, {headers}::jsonb, {digest}::bytea,"
        f" {person_id}::uuid, {sealed}::bytea, {of_bank}::boolean"
        f" WHERE {digest}::bytea IS NOT NULL ON CONFLICT (institution, digest) DO NOTHING"
    )


def body_columns(body: SealedReceived | None) -> tuple[Any, ...]:
    """Return the arguments of `insert`."""
    if body is None:
        return (None,) * ARGUMENTS
    received = body.received
    headers = [list(line) for line in received.headers]
    of_bank = body.key.case_no is None
    arrival = (received.channel.value, received.received_at, headers, received.digest)
    return (*arrival, body.key.person_id, body.sealed, of_bank)


_KEEP_BODY: Final = f"WITH {body_keys.insert(2)} {insert_body('$1', 2 + body_keys.ARGUMENTS)}"


async def keep_body(connection: Connection, institution: str, body: SealedReceived) -> None:
    """Store a body as received, with its key if that is new."""
    await connection.execute(_KEEP_BODY, institution, *body_keys.columns([body.key]), *body_columns(body))


KEPT: Final = timedelta(days=30)
FORGOTTEN_MAX: Final = 500

_ROW: Final = f"SELECT {', '.join(BankTestCall.model_fields)} FROM bank_test_call"


async def ask(connection: Connection, call_id: UUID, institution: str, at: datetime) -> None:
    """Write that a bank asks for a test event."""
    await connection.execute(
        "INSERT INTO bank_test_call (call_id, institution, asked_at) VALUES ($1, $2, $3)", call_id, institution, at
    )
    await outgoing.queue(connection, OutgoingKind.BANK_TEST_CALL, call_id, at)


async def done(
    connection: Connection, call_id: UUID, outcome: BankTestOutcome, took_seconds: float, detail: str, at: datetime
) -> None:
    """Write what became of a call."""
    await connection.execute(
        "UPDATE bank_test_call SET outcome = $2, took_seconds = $3, detail = $4, done_at = $5 WHERE call_id = $1",
        call_id,
        outcome.value,
        took_seconds,
        detail,
        at,
    )


async def newest(connection: Connection, institution: str, limit: int) -> list[BankTestCall]:
    """Return the newest calls of a bank, the newest first."""
    return await Rows(connection, BankTestCall).many(
        f"{_ROW} WHERE institution = $1 ORDER BY asked_at DESC, call_id LIMIT $2", institution, limit
    )


async def forget(connection: Connection, asked_before: datetime) -> int:
    """Delete calls that banks asked for long ago; return how many."""
    rows = await connection.fetch(
        "DELETE FROM bank_test_call WHERE call_id IN (SELECT call_id FROM bank_test_call WHERE asked_at < $1"
        " ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING call_id",
        asked_before,
        FORGOTTEN_MAX,
    )
    await outgoing.forget(connection, OutgoingKind.BANK_TEST_CALL, [row["call_id"] for row in rows])
    return len(rows)
