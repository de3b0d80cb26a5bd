"""Appeals of account holders: the page, and the deciding officers."""

from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.privacy.person_keys import Opens, StoredText
from db.recovery import grievance_views
from db.recovery.grievance_views import TEXT
from db.rows import Rows
from domain.districts import known_district
from domain.errors.recovery import HoldNotFound
from schemas.base import FrozenModel
from schemas.identifiers import account_end
from schemas.recovery.grievances import AppealGrievance, AppealView, GrievanceOfficer, NewGrievanceOfficer, number_of
from schemas.restoration_enums import GrievanceLevel

_HOLD: Final = """
SELECT a.hold_id, a.case_no, a.reference, i.name AS bank, a.state, a.first_held_at, a.lapses_at,
       a.retained_by_kind IS NOT NULL AS kept, money.held_paise, money.released_paise, a.account_key,
       coalesce(trim(o.rank || ' ' || o.name), '') AS officer, coalesce(o.police_station, '') AS officer_station,
       coalesce(o.phone, '') AS officer_phone
FROM account_hold a JOIN institution i ON i.code = a.institution
LEFT JOIN LATERAL (
    SELECT * FROM case_officer c WHERE c.case_no = a.case_no AND c.duty = 'io' ORDER BY c.assignment_no DESC LIMIT 1
) AS o ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'held'), 0)::bigint AS held_paise,
           coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'released'), 0)::bigint AS released_paise
    FROM hop h JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
) AS money
WHERE a.hold_id = $1
"""
_GRIEVANCE: Final = f"""
SELECT g.grievance_id, g.serial_no, g.state, g.level, {TEXT} AS text, g.opened_at, g.ended_at,
       g.policy -> 'level_seconds' AS level_seconds,
       (SELECT count(*) FROM grievance e WHERE e.hold_id = $1 AND e.opened_at >= a.first_held_at) AS filed
FROM grievance g JOIN account_hold a USING (hold_id) WHERE g.hold_id = $1 ORDER BY g.serial_no DESC LIMIT 1
"""


class HoldOfReference(FrozenModel):
    """The hold with a reference."""

    hold_id: UUID
    case_no: str


async def hold_of(connection: Connection, reference: str) -> HoldOfReference | None:
    """Return the hold with this reference, or None."""
    row = await connection.fetchrow("SELECT hold_id, case_no FROM account_hold WHERE reference = $1", reference)
    return HoldOfReference(**dict(row)) if row else None


async def get(connection: Connection, hold_id: UUID, opens: Opens) -> AppealView:
    """Return the hold's view; needs a transaction with one snapshot. Raises `NotFound`."""
    row = await connection.fetchrow(_HOLD, hold_id)
    if row is None:
        raise HoldNotFound(hold_id)
    hold = dict(row)
    account = str(hold.pop("account_key"))
    return AppealView(**hold, account_end=account_end(account), grievance=await _grievance(connection, hold_id, opens))


async def _grievance(connection: Connection, hold_id: UUID, opens: Opens) -> AppealGrievance | None:
    row = await connection.fetchrow(_GRIEVANCE, hold_id)
    if row is None:
        return None
    values = dict(row)
    grievance_id = values["grievance_id"]
    return AppealGrievance(
        **values | {"number": number_of(values.pop("serial_no")), "text": opens(StoredText(**values.pop("text")))},
        levels=await grievance_views.levels(connection, grievance_id, opens),
        releases=await grievance_views.releases(connection, grievance_id),
    )


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
