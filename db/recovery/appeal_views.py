"""View of a hold for its account holder, with the grievance about it."""

from typing import Final
from uuid import UUID

from db.pool import Connection
from db.privacy.person_keys import Opens, StoredText
from db.recovery import grievance_views
from db.recovery.grievance_texts import TEXT
from domain.errors.holds import HoldNotFound
from schemas.base import FrozenModel
from schemas.identifiers import account_end
from schemas.recovery.appeals import AppealGrievance, AppealView
from schemas.recovery.grievances import number_of

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
    found = dict(row)
    grievance_id = found["grievance_id"]
    return AppealGrievance(
        **found | {"number": number_of(found.pop("serial_no")), "text": opens(StoredText(**found.pop("text")))},
        levels=await grievance_views.levels(connection, grievance_id, opens),
        releases=await grievance_views.releases(connection, grievance_id),
    )
