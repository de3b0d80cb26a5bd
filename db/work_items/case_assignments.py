"""Assignments of officers by the engine: the cases that wait for one, and the officers who may be chosen."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from db.case.case_outbox import Deferral, DueCase, may_begin
from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel
from schemas.enums import Role
from schemas.officers.officers import TeamShift
from schemas.restoration_enums import CaseDuty
from schemas.tasks import Candidate, LeftBecause, TeamHours

_WAITING: Final = (
    "SELECT a.case_no, a.look_at AS since, a.looked_at IS NOT NULL AS is_again FROM case_assignment a"
    " WHERE a.look_at IS NOT NULL AND a.looked_at IS {null} AND a.case_no <> ALL($3)"
    f" AND {may_begin('a.look_at', 'a.case_no')} ORDER BY a.look_at LIMIT $4"
)
NEW: Final = _WAITING.format(null="NULL")
AGAIN: Final = _WAITING.format(null="NOT NULL")
_DUE: Final = f"({NEW}) UNION ALL ({AGAIN}) ORDER BY is_again, since, case_no LIMIT $4"

# Few officers left a role, and each is looked up in the index of their cases; `left_duty` judges each case.
_LEFT_DUTY: Final = """
SELECT left_case.case_no FROM officer o CROSS JOIN LATERAL (
    SELECT a.case_no FROM case_assignment a WHERE a.{duty} = o.officer_id AND a.look_at IS NULL
        AND left_duty(a.{duty}, '{duty}', a.{duty}_since, $1, $2) IS NOT NULL LIMIT $3
) AS left_case
WHERE o.disabled_at IS NOT NULL OR NOT has_role(o.officer_id, '{role}', $1)
    OR long_leave(o.officer_id, $1, $2) IS NOT NULL
"""
LEFT: Final = (
    f"{_LEFT_DUTY.format(duty='io', role='io')} UNION {_LEFT_DUTY.format(duty='supervising', role='sp')} LIMIT $3"
)

_CANDIDATES: Final = """
SELECT o.officer_id, o.name, o.rank, o.station, o.mobile, o.email, o.disabled_at IS NOT NULL AS is_disabled,
    is_absent(o.officer_id, $2) AS is_absent,
    ARRAY(SELECT d.district FROM officer_district d
        WHERE d.officer_id = o.officer_id AND d.until_at IS NULL) AS districts
FROM officer o WHERE EXISTS (SELECT FROM officer_role r WHERE r.officer_id = o.officer_id AND r.role = $1
    AND r.from_at <= $2 AND (r.until_at IS NULL OR r.until_at > $2))
ORDER BY o.officer_id
"""
_TEAMS: Final = """
SELECT m.officer_id,
    ARRAY(SELECT d.district FROM team_district d WHERE d.team_id = t.team_id) AS districts,
    ARRAY(SELECT ROW(s.day_no, s.starts_minute, s.ends_minute) FROM team_shift s WHERE s.team_id = t.team_id) AS shifts
FROM team t JOIN team_member m USING (team_id) WHERE t.ended_at IS NULL AND m.officer_id = ANY($1)
"""

# A case is over when no money is traced and no procedure runs.
_IS_OVER: Final = (
    "(f.state = 'settled' AND NOT EXISTS (SELECT FROM procedure p WHERE p.case_no = f.case_no AND p.ended_at IS NULL))"
)
_OPEN_CASES: Final = f"""
SELECT a.{{duty}} AS officer_id, count(*) AS cases FROM case_assignment a JOIN case_file f USING (case_no)
WHERE a.{{duty}} = ANY($1) AND NOT {_IS_OVER} GROUP BY 1
"""
_STANDING: Final = f"""
SELECT v.district, {_IS_OVER} AS is_over, a.io, left_duty(a.io, 'io', a.io_since, $2, $3) AS io_left,
    a.supervising, left_duty(a.supervising, 'supervising', a.supervising_since, $2, $3) AS supervising_left
FROM case_assignment a JOIN case_file f USING (case_no) JOIN complaint k ON k.ack_no = a.case_no
JOIN victim v USING (victim_id) WHERE a.case_no = $1
"""


class Standing(FrozenModel):
    """Officers of a case now, and what the choice of others needs to know."""

    district: str
    """of the first complaint's victim"""
    is_over: bool
    """no money is traced, and no procedure runs"""
    io: str | None
    io_left: LeftBecause | None
    supervising: str | None
    supervising_left: LeftBecause | None

    def holder(self, duty: CaseDuty) -> str | None:
        """Return who has the duty now, also an officer who left it."""
        return self.io if duty is CaseDuty.IO else self.supervising

    def left(self, duty: CaseDuty) -> LeftBecause | None:
        """Return why that officer cannot go on; None if the officer can."""
        return self.io_left if duty is CaseDuty.IO else self.supervising_left


async def due(connection: Connection, deferral: Deferral, skip: Sequence[str], limit: int) -> list[DueCase]:
    """Return the cases that wait for an officer, those first for which the engine has not looked yet.

    Skips what is deferred, and the cases in `skip`.
    """
    rows = await connection.fetch(_DUE, deferral.until, deferral.until_for_traced, list(skip), limit)
    return [DueCase(case_no=row["case_no"], since=row["since"]) for row in rows]


async def wait_for_others(connection: Connection, now: datetime, leave_days: int, limit: int) -> int:
    """Let the cases of officers who left them wait for others; return how many."""
    rows = await connection.fetch(
        f"UPDATE case_assignment SET look_at = $1, looked_at = NULL WHERE look_at IS NULL AND case_no IN ({LEFT})"
        " RETURNING case_no",
        now,
        leave_days,
        limit,
    )
    return len(rows)


async def candidates(connection: Connection, role: Role, now: datetime) -> list[Candidate]:
    """Return the officers who have this role now, also those who are disabled or absent, by id."""
    rows = await connection.fetch(_CANDIDATES, role.value, now)
    teams: dict[str, list[TeamHours]] = {}
    for row in await connection.fetch(_TEAMS, [row["officer_id"] for row in rows]):
        shifts = tuple(
            TeamShift(day_no=day, starts_minute=begins, ends_minute=ends) for day, begins, ends in row["shifts"]
        )
        hours = TeamHours(districts=tuple(row["districts"]), shifts=shifts)
        teams.setdefault(row["officer_id"], []).append(hours)
    return [Candidate(**dict(row), teams=tuple(teams.get(row["officer_id"], ()))) for row in rows]


async def open_cases(connection: Connection, duty: CaseDuty, officers: Collection[str]) -> dict[str, int]:
    """Return how many cases that are not over each of these officers has in this duty."""
    rows = await connection.fetch(_OPEN_CASES.format(duty=duty.value), list(officers))
    return {row["officer_id"]: row["cases"] for row in rows}


async def districts(connection: Connection, case_nos: Sequence[str]) -> set[str]:
    """Return the districts of cases."""
    rows = await connection.fetch(
        "SELECT DISTINCT v.district FROM complaint k JOIN victim v USING (victim_id) WHERE k.ack_no = ANY($1)",
        list(case_nos),
    )
    return {row["district"] for row in rows}


async def standing(connection: Connection, case_no: str, now: datetime, leave_days: int) -> Standing | None:
    """Return the officers of a case; None if there is no such case."""
    return await Rows(connection, Standing).first(_STANDING, case_no, now, leave_days)


async def let_go(connection: Connection, case_no: str, duty: CaseDuty) -> None:
    """Write that no officer has the duty in a case that is over, because the officer left."""
    await connection.execute(
        f"UPDATE case_assignment SET {duty.value} = NULL, {duty.value}_since = NULL WHERE case_no = $1", case_no
    )


async def looked(connection: Connection, case_no: str, now: datetime, again_after: timedelta | None) -> None:
    """Write that the engine looked for officers, and when it looks again; None for never."""
    await connection.execute(
        "UPDATE case_assignment SET look_at = $2, looked_at = $3 WHERE case_no = $1",
        case_no,
        None if again_after is None else now + again_after,
        None if again_after is None else now,
    )
