"""Counts and sums for the wall, the cases behind them, and the figures of alerts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from db.databases import Storage, storage_state
from db.evidence.integrity import Standing, standings
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.recovery.free_amounts import lapsing
from db.reporting.stage_cases import DISTRICT, OFFICER, Conditions
from db.task_owners import IS_OWNED, IS_SNOOZED
from domain.reporting.figures import BUCKETS
from schemas.base import FrozenModel
from schemas.enums import Bucket
from schemas.officers.officers import TeamShift
from schemas.privacy.personal_data import Within
from schemas.reporting.wall import MoneyCase, MoneyCasePage, MoneyFigure
from schemas.restoration_enums import DutyKind

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
    count: int = await connection.fetchval(COMPLAINTS, since, until)
    return count


async def cases(connection: Connection, since: datetime) -> int:
    """Return the number of cases opened since then."""
    count: int = await connection.fetchval(CASES, since)
    return count


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


_OPENED: Final = """
SELECT c.case_no, c.state, c.opened_at, sum(abs(b.balance_paise))::bigint AS paise
FROM case_file c JOIN ledger_balance b ON b.case_no = c.case_no
WHERE c.opened_at >= $1 AND c.opened_at < $2 AND b.bucket = ANY($3) AND b.balance_paise <> 0 GROUP BY c.case_no
"""
# A complaint may belong to an older case, whose money may all have left it.
_RECEIVED: Final = """
SELECT c.case_no, c.state, c.opened_at, coalesce((SELECT sum(abs(b.balance_paise)) FROM ledger_balance b
    WHERE b.case_no = c.case_no AND b.bucket = ANY($3)), 0)::bigint AS paise
FROM case_file c WHERE c.case_no IN (SELECT case_no FROM complaint WHERE received_at >= $1 AND received_at < $2)
"""
_LISTED: Final = f"""
SELECT s.case_no AS case_ack_no, {DISTRICT} AS district, s.state, s.opened_at, s.paise,
    {OFFICER.format(case="s.case_no")} AS officer_name,
    (SELECT count(*)::int FROM complaint n WHERE n.case_no = s.case_no AND n.received_at >= $1 AND n.received_at < $2)
        AS complaints
FROM ({{source}}) AS s JOIN complaint k ON k.ack_no = s.case_no JOIN victim v USING (victim_id)
WHERE {{where}} ORDER BY s.paise DESC, s.case_no DESC LIMIT {{limit}}
"""
PAISE_MAX: Final = 2**63 - 1


class BehindSum(FrozenModel):
    """Which cases are asked for: those behind a sum over `[begins_at, ends_at)` that the officer reads."""

    figure: MoneyFigure
    begins_at: datetime
    ends_at: datetime
    districts: tuple[str, ...] | None = None
    """keys of the districts that the sum counts; None for all"""
    within: Within | None = None


async def page(connection: Connection, asked: BehindSum, now: datetime, after: str | None, limit: int) -> MoneyCasePage:
    """Return a page of the cases behind a sum. Raises `BadCursor`."""
    buckets = sorted(bucket.value for bucket in BUCKETS[asked.figure])
    conditions = Conditions((asked.begins_at, asked.ends_at, buckets), "s.case_no")
    conditions.confine(asked.districts, asked.within)
    if after is not None:
        paise, case_no = from_cursor(after, int, str)
        conditions.add("(s.paise, s.case_no) < (${0}::bigint, ${1})", max(0, min(int(paise), PAISE_MAX)), case_no)
    source = _RECEIVED if asked.figure is MoneyFigure.COMPLAINTS else _OPENED
    statement = _LISTED.format(source=source, where=conditions.where(), limit=int(limit) + 1)
    rows, more = cut(await connection.fetch(statement, *conditions.values), limit)
    items = tuple(MoneyCase(**dict(row)) for row in rows)
    last = items[-1] if more else None
    return MoneyCasePage(
        as_of=now,
        figure=asked.figure,
        items=items,
        next=to_cursor(last.paise, last.case_ack_no) if last else None,
    )


REQUESTS_SPAN: Final = timedelta(days=2)
"""older requests are not counted; the ladder has brought them to a supervisor long before"""
LAPSES_WITHIN: Final = timedelta(days=1)
"""the last warning of the policy"""
DUTIES_SPAN: Final = timedelta(days=31)
"""the longest time before a duty's end at which its reminder can be"""


class RequestBacklog(FrozenModel):
    """Hold requests that have no job id of their bank."""

    unsent: int
    """no channel has tried to deliver them yet"""
    undelivered: int
    """a channel has tried"""
    oldest_unsent_seconds: float
    """0 without one"""


class DutyBacklog(FrozenModel):
    """Statutory duties of one kind that are not done."""

    soon: int
    """their reminder was due, and their end was not"""
    overdue: int


class AlertFigures(FrozenModel):
    """All figures of one moment."""

    requests: RequestBacklog
    duties: dict[DutyKind, DutyBacklog]
    lapsing_holds: int
    """holds with money that no order asks for, which lapse within a day"""
    lapsing_paise: int
    nightly: tuple[Standing, ...]
    storage: Storage
    database_bytes: int


_REQUESTS: Final = """
SELECT count(*) FILTER (WHERE NOT tried) AS unsent, count(*) FILTER (WHERE tried) AS undelivered,
    coalesce(extract(epoch FROM $1 - min(planned_at) FILTER (WHERE NOT tried)), 0)::float8 AS oldest_unsent_seconds
FROM (
    SELECT r.planned_at, EXISTS (SELECT FROM delivery_attempt a
        WHERE a.subject_id = r.request_id AND a.subject_kind = 'hold_request') AS tried
    FROM hold_request r WHERE r.state = 'sending' AND r.planned_at > $1::timestamptz - $2::interval
) AS waiting
"""
_DUTIES: Final = """
SELECT kind, count(*) FILTER (WHERE due_at > $1 AND remind_at <= $1) AS soon,
    count(*) FILTER (WHERE due_at <= $1) AS overdue
FROM duty WHERE done_at IS NULL AND due_at < $1::timestamptz + $2::interval GROUP BY kind
"""


async def read(connection: Connection, now: datetime, procedure_clock_factor: float = 1.0) -> AlertFigures:
    """Return the figures of this moment. Raises as every query does."""
    requests = await connection.fetchrow(_REQUESTS, now, REQUESTS_SPAN)
    assert requests is not None, "an aggregate returns one row"
    duties = await connection.fetch(_DUTIES, now, DUTIES_SPAN)
    holds, paise = await lapsing(connection, now + LAPSES_WITHIN / procedure_clock_factor)
    return AlertFigures(
        requests=RequestBacklog(**dict(requests)),
        duties={DutyKind(row["kind"]): DutyBacklog(soon=row["soon"], overdue=row["overdue"]) for row in duties},
        lapsing_holds=holds,
        lapsing_paise=paise,
        nightly=tuple(await standings(connection, now)),
        storage=await storage_state(connection),
        database_bytes=await connection.fetchval("SELECT pg_database_size(current_database())"),
    )
