"""Load of officers: what each has open now, and what each did in a period."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from db.pool import Connection
from schemas.reporting.scorecards import Percentiles
from schemas.reporting.stage_figures import OfficerLoad

PERCENTILES: Final = (0.5, 0.95, 0.99)

_IN_DISTRICTS: Final = """
AND EXISTS (SELECT FROM complaint k JOIN victim v USING (victim_id)
    WHERE k.ack_no = {case} AND upper(trim(v.district)) = ANY(${districts}::text[]))
"""

# A case is open while it is traced or a restoration of it is open.
_CASES: Final = """
WITH open_case AS MATERIALIZED (
    SELECT c.case_no FROM (
        SELECT case_no FROM case_file WHERE state = 'open' UNION SELECT case_no FROM restoration WHERE state = 'open'
    ) AS c WHERE true {within}
)
SELECT o.officer, count(*) FILTER (WHERE o.duty = 'io') AS cases_as_io,
    min(o.since) FILTER (WHERE o.duty = 'io') AS io_since,
    count(*) FILTER (WHERE o.duty = 'supervising') AS cases_supervised,
    min(o.since) FILTER (WHERE o.duty = 'supervising') AS supervised_since
FROM open_case JOIN case_assignment a USING (case_no)
CROSS JOIN LATERAL (VALUES ('io', a.io, a.io_since), ('supervising', a.supervising, a.supervising_since))
    AS o (duty, officer, since)
WHERE o.officer IS NOT NULL GROUP BY o.officer
"""

# The investigating officer verifies, and the supervising officer approves.
_STEPS_OPEN: Final = """
SELECT o.officer, count(*) AS steps_open, count(*) FILTER (WHERE t.due_at < $1) AS steps_late,
    min(t.opened_at) AS oldest_step_at
FROM restoration_step t JOIN restoration r USING (restoration_id) JOIN case_assignment a USING (case_no)
CROSS JOIN LATERAL (SELECT CASE WHEN t.step = 'approval' THEN a.supervising ELSE a.io END AS officer) AS o
WHERE t.ended_at IS NULL AND r.state = 'open' AND t.step IN ('verification', 'approval') AND o.officer IS NOT NULL
    {within}
GROUP BY o.officer
"""

_OWNED: Final = """
SELECT own.owner AS officer, count(*) AS tasks_owned, min(own.since) AS oldest_owned_since
FROM task_owner own JOIN desk_task t USING (task_id)
WHERE own.owner IS NOT NULL AND own.lease_ends_at > $1 AND t.state = 'open' {within}
GROUP BY 1
"""

_TASKS: Final = """
SELECT person_of(t.closed_by) AS officer, count(*) AS done,
    percentile_disc($3::float8[]) WITHIN GROUP (ORDER BY extract(epoch FROM t.closed_at - t.opened_at)::float8) AS took
FROM desk_task t WHERE t.closed_at >= $1 AND t.closed_at < $2 AND starts_with(t.closed_by, 'officer:') {within}
GROUP BY 1
"""

_STEPS_DONE: Final = """
SELECT person_of(t.ended_by) AS officer, count(*) AS done,
    percentile_disc($3::float8[]) WITHIN GROUP (ORDER BY extract(epoch FROM t.ended_at - t.opened_at)::float8) AS took
FROM restoration_step t JOIN restoration r USING (restoration_id)
WHERE t.ended_at >= $1 AND t.ended_at < $2 AND starts_with(t.ended_by, 'officer:') {within}
GROUP BY 1
"""


async def read(
    connection: Connection, begins_at: datetime, ends_at: datetime, now: datetime, districts: Sequence[str] | None
) -> list[OfficerLoad]:
    """Return the load of every officer with something open or done, by id; of the cases of these districts alone."""
    period = (begins_at, ends_at, list(PERCENTILES))
    found: dict[str, dict[str, Any]] = {}
    for statement, case, values in (
        (_CASES, "c.case_no", ()),
        (_STEPS_OPEN, "r.case_no", (now,)),
        (_OWNED, "t.case_no", (now,)),
        (_TASKS, "t.case_no", period),
        (_STEPS_DONE, "r.case_no", period),
    ):
        within = "" if districts is None else _IN_DISTRICTS.format(case=case, districts=len(values) + 1)
        of_districts = () if districts is None else (list(districts),)
        for row in await connection.fetch(statement.format(within=within), *values, *of_districts):
            told = dict(row)
            mine = found.setdefault(told.pop("officer"), {})
            if "took" in told:
                p50, p95, p99 = told["took"]
                took = Percentiles(count=told["done"], p50_seconds=p50, p95_seconds=p95, p99_seconds=p99)
                mine["tasks" if statement is _TASKS else "steps"] = took
            else:
                mine.update(told)
    return [OfficerLoad(officer=officer, **told) for officer, told in sorted(found.items())]
