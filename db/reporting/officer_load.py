"""Load of officers, and the search over cases."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from db.case.case_views import BALANCES, position_of, sums_of
from db.paging import cut, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined, is_marked, those_within
from domain.privacy.search import PERSONS, Sought
from schemas.base import FrozenModel
from schemas.privacy.personal_data import FoundCase, SearchKind, Within
from schemas.reporting.figures import OfficerLoad
from schemas.reporting.scorecards import Percentiles

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
    by_officer: dict[str, dict[str, Any]] = {}
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
            figures = dict(row)
            mine = by_officer.setdefault(figures.pop("officer"), {})
            if "took" in figures:
                p50, p95, p99 = figures["took"]
                took = Percentiles(count=figures["done"], p50_seconds=p50, p95_seconds=p95, p99_seconds=p99)
                mine["tasks" if statement is _TASKS else "steps"] = took
            else:
                mine.update(figures)
    return [OfficerLoad(officer=officer, **figures) for officer, figures in sorted(by_officer.items())]


class Match(FrozenModel):
    """One case that matches, and the complaint by which it does."""

    kind: SearchKind
    case_no: str
    ack_no: str
    """"" where it is no match of a complaint"""


def reference_of(column: str) -> str:
    """Return SQL for the `reference_key` of a column, as its index has it."""
    return rf"upper(regexp_replace({column}, '[\s\-/|]+', '', 'g'))"


def account_of(column: str) -> str:
    """Return SQL for the `account_key` of a column, as its index has it."""
    return rf"ltrim(upper(regexp_replace({column}, '[\s\-/]+', '', 'g')), '0')"


_AS_TOLD: Final = "SELECT k.case_no, t.ack_no FROM complaint_transfer t JOIN complaint k USING (ack_no) WHERE "
_AT_ACCOUNT: Final = "SELECT h.case_no, '' AS ack_no FROM hop h WHERE h.account_key = $1"
PARTS: Final[Mapping[SearchKind, tuple[str, ...]]] = {
    SearchKind.ACK_NO: (
        "SELECT k.case_no, k.ack_no FROM complaint k WHERE k.ack_no = $1",
        "SELECT k.case_no, k.ack_no FROM complaint k WHERE k.portal_ack_no = $1",
    ),
    SearchKind.REFERENCE: (
        "SELECT d.case_no, '' AS ack_no FROM disputed_transfer d WHERE d.reference_key = $1",
        "SELECT h.case_no, '' AS ack_no FROM hop h"
        " WHERE h.reference_key = $1 AND h.reference_key <> '' AND h.parent_hop_no IS NOT NULL",
        "SELECT a.case_no, '' AS ack_no FROM answer a WHERE a.reference_key = $1 AND a.reference_key <> ''",
        f"{_AS_TOLD}t.rrn IS NOT NULL AND {reference_of('t.rrn')} = $1",
        f"{_AS_TOLD}t.utr IS NOT NULL AND {reference_of('t.utr')} = $1",
    ),
    SearchKind.ACCOUNT: (_AT_ACCOUNT, f"{_AS_TOLD}{account_of('t.payer_holder')} = $1"),
    SearchKind.VPA: (
        _AT_ACCOUNT,
        f"{_AS_TOLD}{account_of('t.payer_holder')} = $1",
        f"{_AS_TOLD}t.payer_vpa IS NOT NULL AND {account_of('t.payer_vpa')} = $1",
        f"{_AS_TOLD}t.payee_vpa IS NOT NULL AND {account_of('t.payee_vpa')} = $1",
    ),
}
"""where each kind is found; each part reads one index"""
PARTS_AT_BANK: Final = (
    f"{_AT_ACCOUNT} AND h.institution = $2",
    f"{_AS_TOLD}{account_of('t.payer_holder')} = $1 AND upper(t.payer_institution) = $2",
)


async def matches(connection: Connection, sought: Sought, limit: int) -> tuple[list[Match], bool]:
    """Return the cases that match what is sought, and whether there are more matches than `limit` of a part."""
    parts, values = PARTS[sought.kind], [sought.key]
    if sought.institution:
        parts, values = PARTS_AT_BANK, [sought.key, sought.institution]
    statement = " UNION ALL ".join(
        f"(SELECT {place} AS part, p.* FROM ({part} LIMIT ${len(values) + 1}) p)" for place, part in enumerate(parts)
    )
    rows = await connection.fetch(statement, *values, limit + 1)
    matched: set[tuple[str, str]] = set()
    is_cut = False
    for place in range(len(parts)):
        looked_at, more = cut([row for row in rows if row["part"] == place], limit)
        matched |= {(row["case_no"], row["ack_no"]) for row in looked_at}
        is_cut |= more
    return [Match(kind=sought.kind, case_no=case_no, ack_no=ack_no) for case_no, ack_no in sorted(matched)], is_cut


PAGE: Final = f"""
WITH found AS (
    SELECT m.case_no, array_agg(DISTINCT m.kind) AS kinds, bool_or(m.kind = ANY($4)) AS by_person,
        array_remove(array_agg(DISTINCT m.ack_no ORDER BY m.ack_no), '') AS ack_nos
    FROM unnest($1::text[], $2::text[], $3::text[]) AS m (kind, case_no, ack_no) GROUP BY m.case_no
)
SELECT c.case_no, c.state, c.opened_at, f.kinds, f.ack_nos,
    (SELECT v.district FROM complaint k JOIN victim v USING (victim_id) WHERE k.ack_no = c.case_no) AS district,
    {is_marked("c.case_no")} AS marked, {BALANCES} AS balances,
    merged_with(c.case_no) AS merged_with
FROM found f CROSS JOIN LATERAL (
    -- OFFSET keeps PostgreSQL from reading every case to find the few.
    SELECT one.case_no, one.state, one.opened_at FROM case_file one WHERE one.case_no = f.case_no OFFSET 0
) AS c
WHERE (c.opened_at, c.case_no) < (coalesce($5::timestamptz, 'infinity'), coalesce($6::text, ''))
    AND (f.by_person OR (true {MARK}))
ORDER BY c.opened_at DESC, c.case_no DESC LIMIT $7
"""


async def page(
    connection: Connection, matched: Sequence[Match], after: str | None, limit: int, within: Within | None
) -> tuple[tuple[FoundCase, ...], str | None]:
    """Return cases of matches, the newest first, and the cursor of the next page. Raises `BadCursor`.

    Matches by a person are confined already; `within` confines those by what a case has.
    """
    opened_at, case_no = position_of(after)
    columns = [[match.kind.value for match in matched], [match.case_no for match in matched]]
    values = (*columns, [match.ack_no for match in matched], sorted(PERSONS), opened_at, case_no, limit + 1)
    statement, parameters = confined(PAGE, values, "c.case_no", within)
    rows, more = cut(await connection.fetch(statement, *parameters), limit)
    merged_with = {case_no for row in rows for case_no in row["merged_with"]}
    readable = await those_within(connection, within, merged_with) if merged_with else frozenset()
    items = tuple(
        FoundCase(
            case_ack_no=row["case_no"],
            found_by=tuple(kind for kind in SearchKind if kind in row["kinds"]),
            ack_nos=row["ack_nos"],
            state=row["state"],
            district=row["district"],
            opened_at=row["opened_at"],
            marked=row["marked"],
            buckets_paise=sums_of(row["balances"]),
            merged_with=row["merged_with"] if readable.issuperset(row["merged_with"]) else (),
        )
        for row in rows
    )
    return items, to_cursor(items[-1].opened_at.isoformat(), items[-1].case_ack_no) if more else None
