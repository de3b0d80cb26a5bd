"""Clear text of objections, and of what victims said to releases."""

from datetime import datetime
from uuid import UUID

from db.clear_tables import HEARINGS, OBJECTIONS
from db.orders.release_proposals import SAID
from db.person_keys import PersonKey, SealedText, StoredText, insert_key_of_hold, key, key_of_hold
from db.pool import Connection
from db.restoration.objections import TEXT
from schemas.base import FrozenModel


class ClearObjection(FrozenModel):
    """An objection in clear."""

    objection_id: int
    holder: UUID | None
    """the hold whose account holder has the key; None if it is the victim's"""
    text: StoredText
    key: PersonKey | None
    """None for an account holder without a key"""


async def lock_objections(connection: Connection, after: int, limit: int) -> list[ClearObjection]:
    """Lock and return some objections in clear behind the number `after`; a row that is locked is left out.

    Those under the key of an erased victim stay as they are.
    """
    rows = await connection.fetch(
        f"SELECT o.objection_id, h.holder, {TEXT} AS text, CASE WHEN h.holder IS NULL THEN {key('v.person_id')}"
        f" ELSE {key_of_hold('h.holder')} END AS key"
        f" {OBJECTIONS.locked}",
        after,
        limit,
    )
    return [ClearObjection(**dict(row)) for row in rows]


async def seal_objection(
    connection: Connection, objection_id: int, holder: UUID | None, sealed: SealedText, at: datetime
) -> None:
    """Write the sealed text of an objection whose row the transaction has locked; the database clears the other."""
    await connection.execute(
        f"WITH {insert_key_of_hold('$2', '$3', '$4', '$6')}"
        " UPDATE objection SET person_id = $2, sealed_text = $5 WHERE objection_id = $1",
        objection_id,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        holder if sealed.is_new_key else None,
        sealed.sealed,
        at,
    )


class ClearHearing(FrozenModel):
    """A statement of a victim in clear, and the key of the victim."""

    hearing_id: int
    said: StoredText
    key: PersonKey


async def lock_hearings(connection: Connection, after: int, limit: int) -> list[ClearHearing]:
    """Lock and return some statements of victims in clear behind the number `after`, as `lock_objections` does."""
    rows = await connection.fetch(
        f"SELECT w.hearing_id, {SAID} AS said, {key('v.person_id')} AS key {HEARINGS.locked}",
        after,
        limit,
    )
    return [ClearHearing(**dict(row)) for row in rows]


async def seal_hearing(connection: Connection, hearing_id: int, sealed: SealedText) -> None:
    """Write a sealed statement into a row that the transaction has locked; the database clears the other."""
    await connection.execute(
        "UPDATE release_hearing SET person_id = $2, sealed_said = $3 WHERE hearing_id = $1",
        hearing_id,
        sealed.key.person_id,
        sealed.sealed,
    )
