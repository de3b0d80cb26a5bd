"""Clear text of grievances, which a release before wrote."""

from datetime import datetime
from uuid import UUID

from db.clear_tables import GRIEVANCES, LEVELS
from db.grievances.grievance_texts import CONTACT, SAID, TEXT, SealedGrievance
from db.person_keys import PersonKey, SealedText, StoredText, insert_key_of_hold, key_of_hold
from db.pool import Connection
from schemas.base import FrozenModel


class ClearGrievance(FrozenModel):
    """A grievance in clear, and the key of its account holder, if there is one."""

    grievance_id: UUID
    hold_id: UUID
    text: StoredText
    contact: StoredText
    key: PersonKey | None


async def lock_grievances(connection: Connection, after: UUID, limit: int) -> list[ClearGrievance]:
    """Lock and return some grievances in clear behind the id `after`; a row that is locked is left out."""
    rows = await connection.fetch(
        f"SELECT g.grievance_id, g.hold_id, {TEXT} AS text, {CONTACT} AS contact, {key_of_hold('g.hold_id')} AS key"
        f" {GRIEVANCES.locked}",
        after,
        limit,
    )
    return [ClearGrievance(**dict(row)) for row in rows]


async def seal_grievance(connection: Connection, hold_id: UUID, sealed: SealedGrievance, at: datetime) -> None:
    """Write the sealed texts of a grievance whose row the transaction has locked; the database clears the others."""
    await connection.execute(
        f"WITH {insert_key_of_hold('$2', '$3', '$4', '$7')}"
        " UPDATE grievance SET person_id = $2, sealed_text = $5, sealed_contact = $6 WHERE grievance_id = $1",
        sealed.grievance_id,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        hold_id if sealed.is_new_key else None,
        sealed.text,
        sealed.contact,
        at,
    )


class ClearLevel(FrozenModel):
    """A statement at a level in clear, and the key of its account holder, if there is one."""

    place: int
    grievance_id: UUID
    level: str
    hold_id: UUID
    said: StoredText
    key: PersonKey | None


async def lock_levels(connection: Connection, after: int, limit: int) -> list[ClearLevel]:
    """Lock and return some levels with a statement in clear behind `after`; a row that is locked is left out."""
    rows = await connection.fetch(
        f"SELECT l.place, l.grievance_id, l.level, g.hold_id, {SAID} AS said, {key_of_hold('g.hold_id')} AS key"
        f" {LEVELS.locked}",
        after,
        limit,
    )
    return [ClearLevel(**dict(row)) for row in rows]


async def seal_said(connection: Connection, place: int, hold_id: UUID, sealed: SealedText, at: datetime) -> None:
    """Write a sealed statement into a row that the transaction has locked; the database clears its text."""
    await connection.execute(
        f"WITH {insert_key_of_hold('$2', '$3', '$4', '$6')}"
        " UPDATE grievance_level SET person_id = $2, sealed_said = $5 WHERE place = $1",
        place,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        hold_id if sealed.is_new_key else None,
        sealed.sealed,
        at,
    )
