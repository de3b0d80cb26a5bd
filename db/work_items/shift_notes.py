"""Notes of officers for a shift that has no record yet."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import Field

from db.pool import Connection
from db.privacy import person_keys
from db.privacy.person_keys import PersonKey, wrapped_key
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime

_NOTES: Final = f"""
SELECT n.team_id, n.officer_id, n.ends_at, n.person_id, encode(n.sealed_note, 'hex') AS sealed_note, n.noted_at,
    jsonb_build_object('person_id', n.person_id, 'wrapped', {wrapped_key("n")}) AS key
FROM shift_note n
"""


class ShiftNote(FrozenModel):
    """A note that no record has yet."""

    team_id: int
    officer_id: str
    ends_at: UtcDatetime
    """end of the shift when the note was written"""
    person_id: UUID
    """its key"""
    sealed_note: str = Field(repr=False)
    noted_at: UtcDatetime
    key: PersonKey = Field(repr=False)


async def lock_team(connection: Connection, team_id: int) -> None:
    """Lock a team, so that no note is written while the record of its shift is."""
    await connection.execute("SELECT FROM team WHERE team_id = $1 FOR NO KEY UPDATE", team_id)


async def of_officer(connection: Connection, officer_id: str) -> list[ShiftNote]:
    """Return the notes of an officer, the oldest first."""
    return await Rows(connection, ShiftNote).many(f"{_NOTES} WHERE n.officer_id = $1 ORDER BY n.noted_at", officer_id)


async def of_team(connection: Connection, team_id: int) -> list[ShiftNote]:
    """Return the notes for shifts of a team, the oldest first."""
    return await Rows(connection, ShiftNote).many(f"{_NOTES} WHERE n.team_id = $1 ORDER BY n.noted_at", team_id)


async def put(
    connection: Connection,
    team_id: int,
    officer_id: str,
    ends_at: datetime,
    key: PersonKey,
    sealed: bytes,
    now: datetime,
) -> None:
    """Write a note with its new key. There must be no note of this officer for this end."""
    await person_keys.insert(connection, key, now)
    await connection.execute(
        "INSERT INTO shift_note (team_id, officer_id, ends_at, person_id, sealed_note, noted_at)"
        " VALUES ($1, $2, $3, $4, $5, $6)",
        team_id,
        officer_id,
        ends_at,
        key.person_id,
        sealed,
        now,
    )


async def remove(connection: Connection, notes: Sequence[ShiftNote]) -> None:
    """Delete notes. Their keys stay."""
    await connection.execute("DELETE FROM shift_note WHERE person_id = ANY($1)", [one.person_id for one in notes])


async def join(connection: Connection, shift_id: int, notes: Sequence[ShiftNote]) -> None:
    """Give notes to the record of their shift, one of each officer."""
    await connection.executemany(
        "UPDATE shift_handover_officer SET person_id = $3, sealed_note = $4, noted_at = $5 WHERE handover_id = $1"
        " AND officer_id = $2",
        [(shift_id, one.officer_id, one.person_id, bytes.fromhex(one.sealed_note), one.noted_at) for one in notes],
    )


async def take_old_notes(connection: Connection, before: datetime, limit: int) -> list[UUID]:
    """Delete notes that were written before a moment; return their keys."""
    rows = await connection.fetch(
        "DELETE FROM shift_note WHERE person_id IN (SELECT person_id FROM shift_note WHERE noted_at < $1"
        " ORDER BY noted_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING person_id",
        before,
        limit,
    )
    return [row["person_id"] for row in rows]
