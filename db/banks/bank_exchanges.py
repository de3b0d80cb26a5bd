"""Exchanges: messages sent to banks and their replies, byte for byte, sealed under the key of their case."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from db.pool import Connection
from db.privacy import body_keys
from db.privacy.body_keys import BodyKey, CaseKey, SealedBody, key_of_case
from schemas.banks.keys import About, Exchange

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
        found: list[object] = [self.key.person_id]
        for part in (self.body, self.content, self.reply):
            found += [None, None] if part is None else [part.sealed, part.digest]
        return tuple(found)


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
    values = [one.sealed.values for one in exchanges]
    return [
        list(subjects),
        *([getattr(one.exchange, name) for one in exchanges] for name, _ in _COLUMNS[1:]),
        *([value[place] for value in values] for place, _ in enumerate(_SEALED)),
    ]


_KEEP: Final = f"WITH {body_keys.insert(2)} {insert('$1::text', 2 + body_keys.ARGUMENTS)}"


async def keep(
    connection: Connection, about: About, subjects: Sequence[UUID], exchanges: Sequence[SealedExchange]
) -> None:
    """Store exchanges in their order, each about its own subject, with the keys that are new. Locks no case."""
    if exchanges:
        new = body_keys.columns(one.sealed.key for one in exchanges)
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


async def bound(connection: Connection, about: About, subject: UUID) -> dict[str, Any]:
    """Return the fields of an event that bind the exchanges so far: `bound` as the evidence pack has them."""
    told: dict[str, Any] = await connection.fetchval("SELECT bank_exchanges_bound($1, $2)", about.value, subject)
    return told
