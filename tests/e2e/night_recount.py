"""Figures of a night counted by plain SQL, beside the ones that the API shows."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from asyncpg import Record

from db.pool import Pool
from tests.e2e.live import Json

PERCENTILES: Final = {"p50_seconds": 0.5, "p95_seconds": 0.95, "p99_seconds": 0.99}

# Of each stage: when it began, when it ended, its bank, its district, and the channel and the hour of its case.
_STAGES: Final = {
    "transfer_to_complaint": """SELECT h.transferred_at AS began, h.opened_at AS ended, NULL AS bank, {place}
        FROM hop h JOIN case_file c USING (case_no) {joins} WHERE h.source = 'complaint'
        AND NOT EXISTS (SELECT FROM complaint_transfer w WHERE w.case_no = h.case_no AND w.hop_no = h.hop_no
            AND w.time_missing)""",
    "complaint_to_sent": """SELECT c.opened_at AS began, (SELECT min(e.at) FROM bank_exchange e JOIN hold_request r
        USING (request_id) WHERE r.case_no = c.case_no) AS ended, NULL AS bank, {place} FROM case_file c {joins}""",
    "complaint_to_delivered": """SELECT c.opened_at AS began, (SELECT min(delivered_at) FROM hold_request r
        WHERE r.case_no = c.case_no) AS ended, NULL AS bank, {place} FROM case_file c {joins}""",
    "complaint_to_answered": """SELECT c.opened_at AS began, (SELECT min(first_answered_at) FROM hold_request r
        WHERE r.case_no = c.case_no) AS ended, NULL AS bank, {place} FROM case_file c {joins}""",
    "complaint_to_held": """SELECT c.opened_at AS began, c.first_held_at AS ended, NULL AS bank, {place}
        FROM case_file c {joins}""",
    "sent_to_delivered": """SELECT r.sent_at AS began, r.delivered_at AS ended, r.institution AS bank, {place}
        FROM hold_request r JOIN case_file c USING (case_no) {joins}""",
    "delivered_to_answered": """SELECT r.delivered_at AS began, r.first_answered_at AS ended, r.institution AS bank,
        {place} FROM hold_request r JOIN case_file c USING (case_no) {joins} WHERE r.delivered_at IS NOT NULL""",
    "answer_to_next": """SELECT (SELECT min(h.opened_at) FROM request_hop q JOIN hop h USING (case_no, hop_no)
            WHERE q.request_id = r.request_id AND q.revision = 0 AND h.source = 'answer') AS began,
        r.delivered_at AS ended, r.institution AS bank, {place}
        FROM hold_request r JOIN case_file c USING (case_no) {joins}""",
}
_PLACE: Final = (
    "v.district AS district, k.channel AS channel, to_char(c.opened_at AT TIME ZONE 'Asia/Kolkata', 'HH24') AS hour"
)
_JOINS: Final = "JOIN complaint k ON k.ack_no = c.case_no JOIN victim v USING (victim_id)"

# Each time in which an open work item had no officer and did not sleep, with how long it was.
UNOWNED: Final = """
WITH change AS (
    SELECT task_id, opened_at AS at, 0 AS version, NULL AS owner, 'opened' AS kind FROM desk_task
    UNION ALL SELECT task_id, at, version, owner, kind FROM task_act
), span AS (
    SELECT task_id, owner, kind, at, lead(at) OVER (PARTITION BY task_id ORDER BY version) AS until FROM change
)
SELECT t.task_id, t.kind, extract(epoch FROM coalesce(s.until, t.closed_at, now()) - s.at)::float8 AS seconds
FROM span s JOIN desk_task t USING (task_id) WHERE s.owner IS NULL AND s.kind <> 'snoozed'
"""

# A claim of an item that an officer had, two claims at one version, or a claim by two officers of one opening.
DOUBLE_CLAIMS: Final = """
SELECT task_id, version FROM task_act WHERE kind = 'claimed' AND former IS NOT NULL AND former <> owner
UNION ALL SELECT task_id, version FROM task_act GROUP BY task_id, version HAVING count(*) > 1
"""

# A bank that was asked twice about one revision of one transfer, by two requests that are both in force.
ASKED_TWICE: Final = """
SELECT case_no, hop_no, revision FROM request_hop GROUP BY case_no, hop_no, revision HAVING count(*) > 1
"""

# The money of the cases by bucket, and how many cases have some there.
MONEY: Final = """
SELECT bucket, sum(abs(paise))::bigint AS paise, count(*) AS cases FROM (
    SELECT bucket, case_no, sum(balance_paise) AS paise FROM ledger_balance GROUP BY 1, 2
) AS of_case WHERE paise <> 0 GROUP BY 1
"""

CLOSED_BY: Final = """
SELECT substr(closed_by, 9) AS officer, extract(epoch FROM closed_at - opened_at)::float8 AS seconds
FROM desk_task WHERE closed_by LIKE 'officer:%'
"""
OWNED_BY: Final = """
SELECT o.owner AS officer FROM task_owner o JOIN desk_task t USING (task_id)
WHERE t.state = 'open' AND o.owner IS NOT NULL AND o.lease_ends_at > now()
"""


async def stage_rows(pool: Pool, stage: str) -> list[Record]:
    """Every row of a stage that began."""
    statement = _STAGES[stage].format(place=_PLACE, joins=_JOINS)
    return list(await pool.fetch(f"SELECT * FROM ({statement}) AS found WHERE began IS NOT NULL"))


def counted(rows: Iterable[Record]) -> Json:
    """What the API says of these rows: how many began and ended, and percentiles of the durations."""
    rows = list(rows)
    seconds = sorted(max(0.0, (row["ended"] - row["began"]).total_seconds()) for row in rows if row["ended"])
    return {"began": len(rows), "ended": len(seconds)} | percentiles(seconds)


def in_time(rows: Iterable[Record], target_seconds: float) -> list[Record]:
    """Return the rows that ended within a target."""
    return [row for row in rows if row["ended"] and (row["ended"] - row["began"]).total_seconds() <= target_seconds]


def percentiles(seconds: list[float]) -> Json:
    """The duration of the list up to which so many of a hundred lie; None of an empty list."""
    ordered = sorted(seconds)
    return {
        name: round(ordered[math.ceil(share * len(ordered)) - 1], 3) if ordered else None
        for name, share in PERCENTILES.items()
    }


def shown(row: Json) -> Json:
    """The same of a row of the API."""
    found: Json = {"began": row["began"], "ended": row["ended"]}
    return found | {name: rounded(row["seconds"][name]) for name in PERCENTILES}


def rounded(seconds: float | None) -> float | None:
    """A duration to the millisecond, as both sides are compared."""
    return None if seconds is None else round(seconds, 3)


async def check_stages(pool: Pool, read: Any, teams: Mapping[str, str]) -> None:
    """Every stage of the golden hour has the same figures by the API and by SQL: of all, and by each grouping.

    `read` gives the report of a grouping, and `teams` has the district of each team.
    """
    reports = {by: await read(by) for by in (None, "bank", "district", "channel", "hour", "team")}
    of_all_banks = (one for one in reports[None]["targets"] if one["class_seconds"] is None)
    targets = {one["stage"]: one["policy_seconds"] for one in of_all_banks}
    for stage in _STAGES:
        rows = await stage_rows(pool, stage)
        (total,) = [row for row in reports[None]["total"] if row["stage"] == stage]
        assert shown(total) == counted(rows), stage
        if (target := targets.get(stage)) is not None:
            assert total["policy"]["within"] == len(in_time(rows, target)), stage
        for by in ("bank", "district", "channel", "hour"):
            told = {row["about"]: shown(row) for row in reports[by]["rows"] if row["stage"] == stage}
            groups = Counter(row[by] for row in rows if row[by] is not None)
            assert told == {key: counted(row for row in rows if row[by] == key) for key in groups}, (stage, by)
        by_team = {row["about"]: shown(row) for row in reports["team"]["rows"] if row["stage"] == stage}
        places = {team: [row for row in rows if row["district"] == place] for team, place in teams.items()}
        assert by_team == {team: counted(found) for team, found in places.items() if found}, stage


async def check_load(pool: Pool, load: Json) -> None:
    """What each officer has and has closed is the same by the API and by SQL."""
    closed: dict[str, list[float]] = {}
    for row in await pool.fetch(CLOSED_BY):
        closed.setdefault(row["officer"], []).append(row["seconds"])
    owned = Counter(row["officer"] for row in await pool.fetch(OWNED_BY))
    told = {one["officer"]: one for one in load["items"]}
    assert {name: one["tasks"]["count"] for name, one in told.items() if one["tasks"]["count"]} == {
        name: len(seconds) for name, seconds in closed.items()
    }
    assert {name: one["tasks_owned"] for name, one in told.items() if one["tasks_owned"]} == dict(owned)
    for name, seconds in closed.items():
        found = {key: rounded(told[name]["tasks"][key]) for key in PERCENTILES}
        assert found == percentiles(seconds), name
