"""What left for banks and what they replied, byte for byte (migration 0059)."""

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
    """The statement that keeps exchanges; `about` is SQL, `columns` are its arguments from `first` on.

    What a bank fetches is kept once, however often it comes for it.
    """
    names = ", ".join(name for name, _ in _COLUMNS[1:])
    arrays = ", ".join(f"${first + place}::{kind}[]" for place, (_, kind) in enumerate(_COLUMNS))
    return (
        f"INSERT INTO bank_exchange (about, request_id, order_id, {names})"
        f" SELECT {about}, CASE {about} WHEN 'hold_request' THEN subject END,"
        f" CASE {about} WHEN 'hold_request' THEN NULL ELSE subject END, {names}"
        f" FROM unnest({arrays}) WITH ORDINALITY AS e (subject, {names}, n) ORDER BY n"
        " ON CONFLICT (coalesce(request_id, order_id), about, digest) WHERE channel = 'pull' DO NOTHING"
    )


def columns(subjects: Sequence[UUID], exchanges: Sequence[Exchange]) -> list[list[Any]]:
    """The arguments of `insert`: what each exchange was about, and all that is in it."""
    return [list(subjects), *([getattr(exchange, name) for exchange in exchanges] for name, _ in _COLUMNS[1:])]


_KEEP: Final = insert("$1::text", 2)


async def keep(connection: Connection, about: About, subject: UUID, exchanges: Sequence[Exchange]) -> None:
    """Keep what passed about a request, an order or its end, in the order in which it did. No case is locked for it."""
    await keep_each(connection, about, [subject] * len(exchanges), exchanges)


async def keep_each(
    connection: Connection, about: About, subjects: Sequence[UUID], exchanges: Sequence[Exchange]
) -> None:
    """As `keep`, of several subjects at once."""
    if exchanges:
        await connection.execute(_KEEP, about.value, *columns(subjects, exchanges))


async def bound(connection: Connection, about: About, subject: UUID) -> dict[str, Any]:
    """What an event says of the exchanges so far, in its own fields: `bound` as the evidence pack has them."""
    told: dict[str, Any] = await connection.fetchval("SELECT bank_exchanges_bound($1, $2)", about.value, subject)
    return told
