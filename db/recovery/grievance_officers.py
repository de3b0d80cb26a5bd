"""Grievance redressal officers, above the officers of a case: one per district, and one of the State."""

from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.rows import Rows
from domain.districts import known_district
from schemas.recovery.grievance_officers import GrievanceOfficer, NewGrievanceOfficer
from schemas.restoration_enums import GrievanceLevel

_ROW: Final = ", ".join(GrievanceOfficer.model_fields)


async def put(connection: Connection, new: NewGrievanceOfficer, by: str, at: datetime) -> GrievanceOfficer:
    """Write the officer of a district or of the State.

    A known district is stored by its code, as a victim's is.
    """
    known = known_district(new.district) if new.district else None
    return await Rows(connection, GrievanceOfficer).one(
        "INSERT INTO grievance_officer (level, district, name, phone, email, written_at, written_by)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (level, district) DO UPDATE SET name = $3, phone = $4,"
        f" email = $5, written_at = $6, written_by = $7 RETURNING {_ROW}",
        new.level.value,
        known.code if known else new.district,
        new.name,
        new.phone,
        new.email or "",
        at,
        by,
    )


async def every(connection: Connection) -> tuple[GrievanceOfficer, ...]:
    """Return all officers, the State's first."""
    rows = await connection.fetch(f"SELECT {_ROW} FROM grievance_officer ORDER BY district, level")
    return tuple(GrievanceOfficer.model_validate(dict(row)) for row in rows)


async def waiting_for(connection: Connection, level: GrievanceLevel, district: str) -> list[UUID]:
    """Return the open grievances at this level of a district, the oldest first; "" stands for every district."""
    rows = await connection.fetch(
        "SELECT g.grievance_id FROM grievance g JOIN complaint c ON c.ack_no = g.case_no"
        " JOIN victim v USING (victim_id)"
        " WHERE g.state = 'open' AND g.level = $1 AND ($2 = '' OR upper(trim(v.district)) = $2)"
        " ORDER BY g.opened_at, g.grievance_id",
        level.value,
        district,
    )
    return [row["grievance_id"] for row in rows]


async def of_case(connection: Connection, level: GrievanceLevel, case_no: str) -> GrievanceOfficer | None:
    """Return the officer who decides at that level in the case, or None.

    The district is that of the case's first victim.
    """
    return await Rows(connection, GrievanceOfficer).first(
        f"SELECT {_ROW} FROM grievance_officer WHERE level = $1 AND district = CASE WHEN $1 = 'state_gro' THEN ''"
        " ELSE (SELECT upper(trim(v.district)) FROM complaint c JOIN victim v USING (victim_id) WHERE c.ack_no = $2)"
        " END",
        level.value,
        case_no,
    )
