"""Exchanges: messages sent to banks and their replies, byte for byte."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from db.pool import Connection
from schemas.banks.exchanges import About, Exchange

_COLUMNS: Final = (
    ("subject", "uuid"),
    ("channel", "text"),
    ("at", "timestamptz"),
    ("head", "text"),
    ("body", "bytea"),
    ("size_bytes", "integer"),
    ("digest", "bytea"),
    ("masked", "boolean"),
    ("content", "bytea"),
    ("reply_head", "text"),
    ("reply", "bytea"),
    ("reply_cut", "boolean"),
    ("failure", "text"),
)


def insert(about: str, first: int) -> str:
    """Return the statement that stores exchanges; `about` is SQL, `columns` gives its arguments from `first` on.

    The same content that a bank fetches is stored once, however often the bank fetches it.
    """
    names = ", ".join(name for name, _ in _COLUMNS[1:])
    arrays = ", ".join(f"${first + place}::{kind}[]" for place, (_, kind) in enumerate(_COLUMNS))
    return (
        f"INSERT INTO bank_exchange (about, request_id, inquiry_id, order_id, {names})"
        f" SELECT {about}, CASE {about} WHEN 'hold_request' THEN subject END,"
        f" CASE {about} WHEN 'payer_inquiry' THEN subject END,"
        f" CASE WHEN {about} IN ('order', 'cancellation') THEN subject END, {names}"
        f" FROM unnest({arrays}) WITH ORDINALITY AS e (subject, {names}, n) ORDER BY n"
        " ON CONFLICT DO NOTHING"
    )


def columns(subjects: Sequence[UUID], exchanges: Sequence[Exchange]) -> list[list[Any]]:
    """Return the arguments of `insert`: the subject of each exchange, and all its fields."""
    return [list(subjects), *([getattr(exchange, name) for exchange in exchanges] for name, _ in _COLUMNS[1:])]


_KEEP: Final = insert("$1::text", 2)


async def keep(connection: Connection, about: About, subject: UUID, exchanges: Sequence[Exchange]) -> None:
    """Store the exchanges about a request, an order or a cancellation, in their order. Locks no case."""
    await keep_each(connection, about, [subject] * len(exchanges), exchanges)


async def keep_each(
    connection: Connection, about: About, subjects: Sequence[UUID], exchanges: Sequence[Exchange]
) -> None:
    """Store exchanges as `keep` does, each about its own subject."""
    if exchanges:
        await connection.execute(_KEEP, about.value, *columns(subjects, exchanges))


async def bound(connection: Connection, about: About, subject: UUID) -> dict[str, Any]:
    """Return the fields of an event that bind the exchanges so far: `bound` as the evidence pack has them."""
    told: dict[str, Any] = await connection.fetchval("SELECT bank_exchanges_bound($1, $2)", about.value, subject)
    return told
