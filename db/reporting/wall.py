"""Counts and sums for the supervisor's wall. No row names a person, an account or a case."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from db.pool import Connection
from db.task_owners import IS_OWNED, IS_SNOOZED
from schemas.base import FrozenModel
from schemas.enums import Bucket
from schemas.officers.officers import TeamShift

COMPLAINTS: Final = "SELECT count(*) FROM complaint WHERE received_at >= $1 AND received_at < $2"
CASES: Final = "SELECT count(*) FROM case_file WHERE opened_at >= $1"
MONEY: Final = """
SELECT b.bucket, sum(b.balance_paise)::bigint AS paise FROM case_file c JOIN ledger_balance b USING (case_no)
WHERE c.opened_at >= $1 AND b.balance_paise > 0 GROUP BY 1
"""
OF_DISTRICTS: Final = """
SELECT district, sum(complaints)::int AS complaints, sum(paise)::bigint AS paise FROM (
    SELECT upper(trim(v.district)) AS district, count(*) AS complaints, 0::bigint AS paise
    FROM complaint k JOIN victim v USING (victim_id) WHERE k.received_at >= $1 GROUP BY 1
    UNION ALL
    SELECT upper(trim(v.district)), 0, sum(b.balance_paise)
    FROM case_file c JOIN complaint k ON k.ack_no = c.case_no JOIN victim v USING (victim_id)
    JOIN ledger_balance b ON b.case_no = c.case_no AND b.bucket = 'in_play'
    WHERE c.opened_at >= $1 GROUP BY 1
) AS parts GROUP BY district
"""
WAITING: Final = """
SELECT r.institution, count(DISTINCT r.request_id)::int AS requests, coalesce(sum(b.balance_paise), 0)::bigint AS paise
FROM hold_request r JOIN request_hop q ON q.request_id = r.request_id AND q.live
JOIN ledger_balance b ON b.case_no = q.case_no AND b.hop_no = q.hop_no AND b.bucket = 'in_play'
WHERE r.state IN ('sending', 'delivered') GROUP BY 1
"""
UNOWNED: Final = f"""
SELECT count(*)::int AS tasks, coalesce(extract(epoch FROM $1::timestamptz - min(t.opened_at)), 0)::float8 AS seconds
FROM desk_task t LEFT JOIN task_owner own USING (task_id)
WHERE t.state = 'open' AND NOT coalesce({IS_OWNED.format(now="$1")}, false)
    AND NOT coalesce({IS_SNOOZED.format(now="$1")}, false)
"""
TEAMS: Final = f"""
SELECT t.name,
    ARRAY(SELECT ROW(s.day_no, s.starts_minute, s.ends_minute) FROM team_shift s WHERE s.team_id = t.team_id) AS shifts,
    count(o.officer_id) FILTER (WHERE o.disabled_at IS NULL AND NOT is_absent(o.officer_id, $1))::int AS present,
    coalesce(sum(have.tasks), 0)::int AS tasks
FROM team t LEFT JOIN team_member m USING (team_id) LEFT JOIN officer o USING (officer_id)
LEFT JOIN (
    SELECT own.owner, count(*) AS tasks FROM task_owner own JOIN desk_task k USING (task_id)
    WHERE k.state = 'open' AND {IS_OWNED.format(now="$1")} GROUP BY own.owner
) AS have ON have.owner = o.officer_id
WHERE t.ended_at IS NULL GROUP BY t.team_id, t.name ORDER BY lower(t.name)
"""


class DistrictToday(FrozenModel):
    """Complaints of today of one district, and the money in play of its cases opened today."""

    complaints: int = 0
    paise: int = 0


class WaitingAt(FrozenModel):
    """Requests that await the answer of one bank, and their money."""

    requests: int = 0
    paise: int = 0


class TeamNow(FrozenModel):
    """One team: its hours, the members who are not absent, and what all members have to do."""

    name: str
    shifts: tuple[TeamShift, ...]
    present: int
    tasks: int


async def complaints(connection: Connection, since: datetime, until: datetime) -> int:
    """Return the number of complaints received in `[since, until)`."""
    found: int = await connection.fetchval(COMPLAINTS, since, until)
    return found


async def cases(connection: Connection, since: datetime) -> int:
    """Return the number of cases opened since then."""
    found: int = await connection.fetchval(CASES, since)
    return found


async def money(connection: Connection, since: datetime) -> dict[Bucket, int]:
    """Return by bucket the money of the cases opened since then, in paise."""
    return {Bucket(row["bucket"]): row["paise"] for row in await connection.fetch(MONEY, since)}


async def of_districts(connection: Connection, since: datetime) -> Mapping[str, DistrictToday]:
    """Return complaints and money in play since then, by the key of the district."""
    rows = await connection.fetch(OF_DISTRICTS, since)
    return {row["district"]: DistrictToday(complaints=row["complaints"], paise=row["paise"]) for row in rows}


async def waiting(connection: Connection) -> Mapping[str, WaitingAt]:
    """Return the requests that await an answer and their money in play, by bank."""
    rows = await connection.fetch(WAITING)
    return {row["institution"]: WaitingAt(requests=row["requests"], paise=row["paise"]) for row in rows}


async def unowned(connection: Connection, now: datetime) -> tuple[int, float]:
    """Return how many open work items wait for an owner, and for how many seconds the oldest does."""
    row = await connection.fetchrow(UNOWNED, now)
    assert row is not None, "an aggregate returns one row"
    return row["tasks"], row["seconds"]


async def teams(connection: Connection, now: datetime) -> list[TeamNow]:
    """Return the teams by name."""
    return [
        TeamNow(
            name=row["name"],
            shifts=tuple(
                TeamShift(day_no=day, starts_minute=starts, ends_minute=ends) for day, starts, ends in row["shifts"]
            ),
            present=row["present"],
            tasks=row["tasks"],
        )
        for row in await connection.fetch(TEAMS, now)
    ]
