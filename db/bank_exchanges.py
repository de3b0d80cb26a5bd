"""What left for banks and what they replied, byte for byte (migration 0059)."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from db.pool import Connection
from schemas.exchanges import About, Exchange

_COLUMNS: Final = (
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


def insert(about: str, subject: str, first: int) -> str:
    """The statement that keeps exchanges; `about` and `subject` are SQL, `columns` its arguments from `first` on."""
    names = ", ".join(name for name, _ in _COLUMNS)
    arrays = ", ".join(f"${first + place}::{kind}[]" for place, (_, kind) in enumerate(_COLUMNS))
    return (
        f"INSERT INTO bank_exchange (about, request_id, order_id, {names})"
        f" SELECT {about}, CASE {about} WHEN 'hold_request' THEN {subject} END,"
        f" CASE {about} WHEN 'hold_request' THEN NULL ELSE {subject} END, {names}"
        f" FROM unnest({arrays}) WITH ORDINALITY AS e ({names}, n) ORDER BY n"
    )


def columns(exchanges: Sequence[Exchange]) -> list[list[Any]]:
    """The arguments of `insert`."""
    return [[getattr(exchange, name) for exchange in exchanges] for name, _ in _COLUMNS]


_KEEP: Final = insert("$1::text", "$2::uuid", 3)


async def keep(connection: Connection, about: About, subject: UUID, exchanges: Sequence[Exchange]) -> None:
    """Keep what passed about a request, an order or its end, in the order in which it did. No case is locked for it."""
    if exchanges:
        await connection.execute(_KEEP, about.value, subject, *columns(exchanges))


async def bound(connection: Connection, about: About, subject: UUID) -> dict[str, Any]:
    """What an event says of the exchanges so far, in its own fields: `bound` as the evidence pack has them."""
    told: dict[str, Any] = await connection.fetchval("SELECT bank_exchanges_bound($1, $2)", about.value, subject)
    return told
