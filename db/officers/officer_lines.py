"""Officers as pages show them: with presence and the last sign-in, found by one text, and one with all roles."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.clock import present_moment
from db.officers import officers, teams
from db.pool import Connection
from domain.errors.officers import OfficerNotFound
from domain.officers.officers import on_shift
from schemas.base import FrozenModel, UtcDatetime
from schemas.officers.officers import Absence, HeldRole, OfficerDetails, OfficerLine, OfficerRow

_SEEN: Final = """
SELECT o.officer_id, is_absent(o.officer_id, $2) AS is_absent,
    (SELECT s.at FROM sign_in_entry s WHERE s.officer_id = o.officer_id AND s.outcome = 'signed_in'
        ORDER BY s.entry_id DESC LIMIT 1) AS last_sign_in_at
FROM officer o WHERE o.officer_id = ANY($1)
"""

# The table has at most some ten thousand rows, so a scan finds a part of a name in milliseconds.
_FOUND: Final = r"""
SELECT o.officer_id FROM officer o CROSS JOIN present_moment() AS t
CROSS JOIN (SELECT regexp_replace($1, '([%_\\])', '\\\1', 'g') AS text) AS a
WHERE concat_ws(' ', o.officer_id, o.name, o.rank, o.station) ILIKE '%' || a.text || '%'
    OR EXISTS (SELECT FROM officer_role r WHERE r.officer_id = o.officer_id AND r.role ILIKE a.text || '%'
        AND r.from_at <= t AND (r.until_at IS NULL OR r.until_at > t))
    OR EXISTS (SELECT FROM officer_district d WHERE d.officer_id = o.officer_id AND d.until_at IS NULL
        AND d.district ILIKE a.text || '%')
    OR EXISTS (SELECT FROM team_member w JOIN team m USING (team_id) WHERE w.officer_id = o.officer_id
        AND m.ended_at IS NULL AND m.name ILIKE a.text || '%')
ORDER BY o.officer_id LIMIT $2
"""


class _Seen(FrozenModel):
    is_absent: bool
    last_sign_in_at: UtcDatetime | None


async def listed_lines(connection: Connection, after: str, limit: int) -> list[OfficerLine]:
    """Return officers by id, at most `limit` of them after `after`."""
    return await _lines(connection, await officers.listed(connection, after=after, limit=limit))


async def found(connection: Connection, text: str, limit: int) -> list[OfficerLine]:
    """Return at most `limit` officers whom the text describes, by id."""
    rows = await connection.fetch(_FOUND, text, limit)
    return await _lines(connection, await officers.listed(connection, [row["officer_id"] for row in rows]))


async def details(connection: Connection, officer_id: str) -> OfficerDetails:
    """Return an officer with all times of roles and the known absences. Raises `OfficerNotFound`."""
    lines = await _lines(connection, await officers.listed(connection, [officer_id]))
    if not lines:
        raise OfficerNotFound(officer_id)
    roles = await connection.fetch(
        "SELECT role, from_at, until_at, given_by, given_at, ended_by FROM officer_role WHERE officer_id = $1"
        " ORDER BY from_at DESC, role",
        officer_id,
    )
    absences = await connection.fetch(
        "SELECT first_day, last_day FROM officer_absence WHERE officer_id = $1 ORDER BY first_day", officer_id
    )
    return OfficerDetails(
        officer=lines[0],
        roles=tuple(HeldRole(**dict(row)) for row in roles),
        absences=tuple(Absence(**dict(row)) for row in absences),
    )


async def _lines(connection: Connection, rows: Sequence[OfficerRow]) -> list[OfficerLine]:
    now = await present_moment(connection)
    ids = [row.officer_id for row in rows]
    hours = await teams.hours_of(connection, ids)
    seen = await _seen(connection, ids, now)
    return [
        OfficerLine(
            **row.model_dump(),
            is_absent=seen[row.officer_id].is_absent,
            is_on_shift=on_shift(hours.get(row.officer_id, ()), now),
            last_sign_in_at=seen[row.officer_id].last_sign_in_at,
        )
        for row in rows
    ]


async def _seen(connection: Connection, ids: Sequence[str], now: datetime) -> dict[str, _Seen]:
    rows = await connection.fetch(_SEEN, list(ids), now)
    return {
        row["officer_id"]: _Seen(is_absent=row["is_absent"], last_sign_in_at=row["last_sign_in_at"]) for row in rows
    }
