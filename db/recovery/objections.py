"""Objections to a restoration: those that officers enter, and open grievances of account holders."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.privacy.person_keys import SealedText, StoredText, insert_key_of_hold, stored_text
from db.recovery.restorations import Line
from db.rows import Rows
from domain.errors.restoration import ObjectionNotFound
from schemas.base import FrozenModel
from schemas.recovery.grievances import number_of
from schemas.recovery.restorations import NewObjection
from schemas.restoration_enums import ObjectionBy, ObjectionDecision

TEXT: Final = stored_text("o", "sealed_text", "'objection to ' || o.restoration_id")
"""text of row `o` of table `objection`, in the form of `StoredText`"""


def use_of_text(restoration_id: UUID) -> str:
    """Return what the text of an objection is bound to."""
    return f"objection to {restoration_id}"


async def texts_of_case(connection: Connection, case_no: str) -> dict[int, StoredText]:
    """Return the texts of the objections in a case."""
    rows = await connection.fetch(
        f"SELECT o.objection_id, {TEXT} AS text FROM objection o JOIN restoration r USING (restoration_id)"
        " WHERE r.case_no = $1",
        case_no,
    )
    return {row["objection_id"]: StoredText(**row["text"]) for row in rows}


_INSERT: Final = f"""
WITH {insert_key_of_hold("$6", "$7", "$8", "$4")}
INSERT INTO objection (restoration_id, hold_id, by_whom, received_at, received_by, person_id, sealed_text)
VALUES ($1, $2, $3, $4, $5, $6, $9) RETURNING objection_id
"""


async def insert(
    connection: Connection, restoration_id: UUID, new: NewObjection, at: datetime, by: str, sealed: SealedText
) -> int:
    """Write an objection; return its id. A new key of an account holder is written with it."""
    objection_id: int = await connection.fetchval(
        _INSERT,
        restoration_id,
        new.hold_id,
        new.by_whom.value,
        at,
        by,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        new.hold_id if sealed.is_new_key else None,
        sealed.sealed,
    )
    return objection_id


class ObjectionRow(FrozenModel):
    """An objection, with the fields needed to decide it."""

    objection_id: int
    hold_id: UUID | None
    by_whom: ObjectionBy
    decision: ObjectionDecision | None
    received_by: str


async def get(connection: Connection, restoration_id: UUID, objection_id: int) -> ObjectionRow:
    """Return one objection to this restoration. Raises `NotFound`."""
    return await Rows(connection, ObjectionRow).one(
        "SELECT objection_id, hold_id, by_whom, decision, received_by FROM objection"
        " WHERE objection_id = $1 AND restoration_id = $2",
        objection_id,
        restoration_id,
        missing=ObjectionNotFound(objection_id),
    )


async def decide(
    connection: Connection, objection_id: int, decision: ObjectionDecision, at: datetime, by: str, reason: str
) -> None:
    """Write the decision on an objection."""
    await connection.execute(
        "UPDATE objection SET decision = $2, decided_at = $3, decided_by = $4, reason = $5 WHERE objection_id = $1",
        objection_id,
        decision.value,
        at,
        by,
        reason,
    )


def releases(lines: Sequence[Line], hold_id: UUID | None) -> dict[UUID, int]:
    """Return the paise that an upheld objection about this hold releases, by hold; nothing without a hold."""
    paise = sum(line.not_ordered_paise for line in lines if line.hold_id == hold_id)
    return {hold_id: paise} if hold_id is not None and paise else {}


async def take_out(connection: Connection, restoration_id: UUID, hop_nos: Sequence[int], objection_id: int) -> None:
    """Take the money of these hops out of the restoration, because the objection is upheld."""
    await connection.execute(
        "UPDATE restoration_line SET objection_id = $3, due_paise = NULL WHERE restoration_id = $1"
        " AND hop_no = ANY($2)",
        restoration_id,
        list(hop_nos),
        objection_id,
    )


async def open_grievances(connection: Connection, restoration_id: UUID) -> list[str]:
    """Return the numbers of open grievances about the restoration's holds.

    An open grievance counts as an objection.
    """
    rows = await connection.fetch(
        "SELECT DISTINCT g.serial_no FROM grievance g JOIN restoration_line l USING (hold_id)"
        " WHERE l.restoration_id = $1 AND l.objection_id IS NULL AND l.excluded_at IS NULL AND g.state = 'open'"
        " ORDER BY g.serial_no",
        restoration_id,
    )
    return [number_of(row["serial_no"]) for row in rows]


async def undecided(connection: Connection, restoration_id: UUID) -> list[int]:
    """Return the ids of objections without a decision."""
    rows = await connection.fetch(
        "SELECT objection_id FROM objection WHERE restoration_id = $1 AND decision IS NULL ORDER BY 1", restoration_id
    )
    return [row["objection_id"] for row in rows]
