"""Changes of banks' keys: what a bank asks for, and what the police decide. The contacts are told of both."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db import outgoing
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy import person_keys, retention
from db.privacy.person_keys import PersonKey
from schemas.banks.keys import KeyChange, KeyChangeOutcome

_ROW: Final = f"SELECT {', '.join(KeyChange.model_fields)} FROM bank_key_change"
RULE: Final = "bank_key_change"
"""why the key of who asked is destroyed, as the table of keys has it"""
KEPT_OPEN: Final = timedelta(days=14)
"""time after which a change that waits for the police is over"""


@dataclass(frozen=True, slots=True)
class SealedAsker:
    """Who asked at the bank: sealed, and the key of their own that seals it."""

    key: PersonKey
    sealed: bytes = field(repr=False)


async def ask(connection: Connection, change: KeyChange, asker: SealedAsker | None = None) -> None:
    """Write a change, open or decided. The bank's contacts are to be told of it.

    Raises `asyncpg.UniqueViolationError` if an open one is there.
    """
    if asker is not None:
        await person_keys.insert(connection, asker.key, change.asked_at)
    await connection.execute(
        "INSERT INTO bank_key_change (change_id, institution, kind, key_id, public_key, asked_by, asked_at, outcome,"
        " decided_by, decided_at, person_id, sealed_asker) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        change.change_id,
        change.institution,
        change.kind.value,
        change.key_id,
        change.public_key,
        change.asked_by,
        change.asked_at,
        change.outcome and change.outcome.value,
        change.decided_by,
        change.decided_at,
        asker and asker.key.person_id,
        asker and asker.sealed,
    )
    await _tell(connection, change.change_id, change.asked_at)


async def asker_of(connection: Connection, change_id: UUID) -> tuple[PersonKey, str] | None:
    """Return the key and the sealed text of who asked for a change; None if the police did."""
    row = await connection.fetchrow(
        "SELECT c.person_id, encode(k.wrapped, 'hex') AS wrapped, encode(c.sealed_asker, 'hex') AS sealed"
        " FROM bank_key_change c JOIN person_key k USING (person_id) WHERE c.change_id = $1",
        change_id,
    )
    return (PersonKey(person_id=row["person_id"], wrapped=row["wrapped"]), row["sealed"]) if row else None


async def expire(connection: Connection, at: datetime, institution: str | None = None) -> int:
    """End the open changes that no one has decided in time, of one bank or of all; return how many.

    The bank's contacts are to be told of it.
    """
    async with connection.transaction():
        rows = await connection.fetch(
            "UPDATE bank_key_change SET outcome = 'expired', decided_by = asked_by, decided_at = $1::timestamptz"
            " WHERE ($2::text IS NULL OR institution = $2) AND outcome IS NULL AND asked_at < $3"
            " RETURNING change_id, person_id",
            at,
            institution,
            at - KEPT_OPEN,
        )
        for row in rows:
            await _forget_asker(connection, row["person_id"], at)
            await _tell(connection, row["change_id"], at)
    return len(rows)


async def refuse_open(connection: Connection, institution: str, by: str, at: datetime, reason: str) -> None:
    """Refuse the open change of a bank, if there is one. The bank's contacts are to be told of it."""
    for change in await open_ones(connection, institution):
        if await lock(connection, institution, change.change_id) == change:
            await decide(connection, change.change_id, KeyChangeOutcome.REFUSED, by, at, reason)


async def lock(connection: Connection, institution: str, change_id: UUID) -> KeyChange | None:
    """Lock and return a change of a bank, or None if the bank has none with this id."""
    row = await connection.fetchrow(
        f"{_ROW} WHERE change_id = $1 AND institution = $2 FOR NO KEY UPDATE", change_id, institution
    )
    return KeyChange(**dict(row)) if row else None


async def find(connection: Connection, institution: str, change_id: UUID) -> KeyChange | None:
    """Return a change of a bank, or None if the bank has none with this id."""
    row = await connection.fetchrow(f"{_ROW} WHERE change_id = $1 AND institution = $2", change_id, institution)
    return KeyChange(**dict(row)) if row else None


async def decide(
    connection: Connection, change_id: UUID, outcome: KeyChangeOutcome, by: str, at: datetime, reason: str
) -> None:
    """Write the end of an open change, of which the bank's contacts are to be told."""
    person_id = await connection.fetchval(
        "UPDATE bank_key_change SET outcome = $2, decided_by = $3, decided_at = $4, reason = $5 WHERE change_id = $1"
        " RETURNING person_id",
        change_id,
        outcome.value,
        by,
        at,
        reason,
    )
    await _forget_asker(connection, person_id, at)
    await _tell(connection, change_id, at)


async def _tell(connection: Connection, change_id: UUID, at: datetime) -> None:
    """Have the bank's contacts told of a change as it stands."""
    await outgoing.queue(connection, OutgoingKind.BANK_KEY_CHANGE, change_id, at)


async def _forget_asker(connection: Connection, person_id: UUID | None, at: datetime) -> None:
    """Destroy the key of who asked. Who it was stays in the sealed form that the bank has posted."""
    if person_id is not None:
        await retention.destroy_key(connection, person_id, RULE, at)


async def newest(connection: Connection, institution: str, limit: int) -> list[KeyChange]:
    """Return the newest changes of a bank, the newest first."""
    rows = await connection.fetch(
        f"{_ROW} WHERE institution = $1 ORDER BY asked_at DESC, change_id LIMIT $2", institution, limit
    )
    return [KeyChange(**dict(row)) for row in rows]


async def open_ones(connection: Connection, institution: str | None) -> list[KeyChange]:
    """Return the changes that wait for the police, of one bank or of all, the oldest first."""
    rows = await connection.fetch(
        f"{_ROW} WHERE outcome IS NULL AND ($1::text IS NULL OR institution = $1) ORDER BY asked_at, change_id",
        institution,
    )
    return [KeyChange(**dict(row)) for row in rows]


async def count_since(connection: Connection, institution: str, since: datetime) -> int:
    """Return how many changes a bank has asked for since that time."""
    found: int = await connection.fetchval(
        "SELECT count(*) FROM bank_key_change WHERE institution = $1 AND asked_at >= $2 AND asked_by LIKE 'bank:%'",
        institution,
        since,
    )
    return found
