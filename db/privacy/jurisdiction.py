"""Jurisdiction over cases, and the log of reads."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from typing import Final

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from domain.errors.case import CaseNotFound
from schemas.privacy.personal_data import (
    MARKED,
    WHOLE_STATE,
    CasePlace,
    CaseStanding,
    NewRead,
    ReadEntry,
    ReadPage,
    Within,
)

MARK: Final = "/* within */"
"""stands in a list's statement where the list can be confined"""

# The lists have short aliases of their own, so the aliases here are long. An officer who investigates or supervises
# must still have the role of the duty, or be DySP or SP. Of an officer who is not on the roster no role is known.
_ASSIGNED_ROWS: Final = """
FROM case_officer assigned WHERE assigned.case_no = {case}{of_officer}
    AND (role_of_duty(assigned.duty) IS NULL
        OR NOT EXISTS (SELECT FROM officer rostered WHERE rostered.officer_id = assigned.subject)
        OR has_role(assigned.subject, role_of_duty(assigned.duty), present_moment())
        OR has_role(assigned.subject, 'dy_sp', present_moment())
        OR has_role(assigned.subject, 'sp', present_moment()))
    AND NOT EXISTS (SELECT FROM case_officer later WHERE later.case_no = assigned.case_no
        AND later.duty = assigned.duty AND later.assignment_no > assigned.assignment_no)"""
_ASSIGNED: Final = "EXISTS (SELECT" + _ASSIGNED_ROWS.replace("{of_officer}", " AND assigned.subject = {officer}") + ")"

_IS_MARKED: Final = "EXISTS (SELECT FROM complaint marked_one WHERE marked_one.case_no = {case} AND marked_one.marked)"

# A stranger who knows the reference of a transfer joins a case by a complaint. Such a complaint leads no officer to a
# marked case, and to no case before the code that its mobile got is typed.
_COUNTS: Final = f"""
of_the_case.case_no = {{case}} AND (of_the_case.ack_no = {{case}} OR NOT {_IS_MARKED} AND NOT EXISTS (
    SELECT FROM draft of_the_page JOIN public_draft uncertain USING (draft_id)
    WHERE of_the_page.ack_no = of_the_case.ack_no AND uncertain.confirmed_at IS NULL))"""

_STANDING: Final = f"""
SELECT ARRAY(SELECT victim_of_case.district FROM complaint of_the_case JOIN victim victim_of_case USING (victim_id)
        WHERE {_COUNTS.format(case="k.case_no")}) AS case_districts,
    {_ASSIGNED.format(case="k.case_no", officer="$3")} AS is_assigned,
    ARRAY(SELECT d.district FROM officer_district d WHERE d.officer_id = $3 AND d.until_at IS NULL)
        AS officer_districts,
    {_IS_MARKED.format(case="k.case_no")} AS is_marked,
    EXISTS (SELECT FROM complaint taken WHERE taken.case_no = k.case_no AND taken.taken_by = $4
        AND taken.received_at > present_moment() - $5::interval) AS has_taken
FROM complaint k WHERE k.ack_no = case_of_reference($1, $2)
"""

# A key of a district is one text for its marked cases, and another one for the others. What is about no case is shown
# to an officer who reads every case that is not marked.
_WITHIN: Final = f"""
AND ({{case}} IS NULL AND '{WHOLE_STATE}' = ANY(${{districts}}::text[])
    OR {_ASSIGNED.format(case="{case}", officer="${officer}")}
    OR EXISTS (SELECT FROM complaint of_the_case JOIN victim victim_of_case USING (victim_id)
        CROSS JOIN LATERAL (
            SELECT CASE WHEN {_IS_MARKED.format(case="{case}")} THEN '{MARKED}' ELSE '' END AS mark OFFSET 0
        ) AS kind_of_case
        WHERE {_COUNTS.format(case="{case}")} AND ${{districts}}::text[]
            && ARRAY[mark || '{WHOLE_STATE}', mark || upper(trim(victim_of_case.district))]))
"""
# The same facts as in `_WITHIN`, for one reading that serves many officers (`domain.officers.jurisdiction.covers`).
_PLACES: Final = f"""
SELECT these.case_no, ARRAY(SELECT upper(trim(victim_of_case.district)) FROM complaint of_the_case
        JOIN victim victim_of_case USING (victim_id) WHERE {_COUNTS.format(case="these.case_no")}) AS districts,
    {_IS_MARKED.format(case="these.case_no")} AS is_marked,
    ARRAY(SELECT assigned.subject {_ASSIGNED_ROWS.format(case="these.case_no", of_officer="")}) AS officers
FROM unnest($1::text[]) AS these (case_no) JOIN complaint first_complaint ON first_complaint.ack_no = these.case_no
"""
_OF_THESE: Final = "SELECT these.case_no FROM unnest($1::text[]) AS these (case_no) WHERE true"


async def standing(
    connection: Connection, reference: tuple[str, str], officer_id: str, actor: str, taken_within: timedelta
) -> CaseStanding | None:
    """Return how an officer stands to the case that a number names; None if there is no such case.

    Each victim whose complaint counts gives the case a district. `actor` is the officer's name in the case log. What
    the officer took longer ago than `taken_within` does not count.
    """
    row = await connection.fetchrow(_STANDING, *reference, officer_id, actor, taken_within)
    return CaseStanding(**dict(row)) if row else None


async def those_within(connection: Connection, within: Within | None, case_nos: Collection[str]) -> frozenset[str]:
    """Return those of these cases to which a list is confined."""
    if within is None:
        return frozenset(case_nos)
    statement = _OF_THESE + condition("these.case_no", 2, 3)
    rows = await connection.fetch(statement, list(case_nos), within.officer_id, list(within.districts))
    return frozenset(row["case_no"] for row in rows)


async def places(connection: Connection, case_nos: Collection[str]) -> dict[str, CasePlace]:
    """Return whose each of these cases is: by district, and by assignment."""
    if not case_nos:
        return {}
    rows = await connection.fetch(_PLACES, list(case_nos))
    return {
        row["case_no"]: CasePlace(frozenset(row["districts"]), row["is_marked"], frozenset(row["officers"]))
        for row in rows
    }


async def all_districts(connection: Connection, officer_ids: Collection[str]) -> dict[str, frozenset[str]]:
    """Return the districts that each of these officers answers for now."""
    rows = await connection.fetch(
        "SELECT officer_id, array_agg(district) AS districts FROM officer_district"
        " WHERE officer_id = ANY($1) AND until_at IS NULL GROUP BY officer_id",
        list(officer_ids),
    )
    return {row["officer_id"]: frozenset(row["districts"]) for row in rows}


async def districts_of(connection: Connection, officer_id: str) -> list[str]:
    """Return the districts that an officer answers for now."""
    rows = await connection.fetch(
        "SELECT district FROM officer_district WHERE officer_id = $1 AND until_at IS NULL", officer_id
    )
    return [row["district"] for row in rows]


def is_marked(case: str) -> str:
    """Return the condition that a complaint of a case is marked.

    `case` is the column with the number of the case.
    """
    return _IS_MARKED.format(case=case)


def condition(case: str, officer: int | str, districts: int | str) -> str:
    """Return the condition of a case that an officer is responsible for.

    `case` is the column with the number of the case. The others are numbers of parameters.
    """
    return _WITHIN.format(case=case, officer=officer, districts=districts)


def confined(
    statement: str, values: Sequence[object], case: str, within: Within | None
) -> tuple[str, tuple[object, ...]]:
    """Return the statement of a list, confined at its mark to the cases of an officer, with its parameters.

    `case` is the column with the number of the case. Without `within` nothing is confined.
    """
    if within is None:
        return statement, tuple(values)
    clause = condition(case, len(values) + 1, len(values) + 2)
    return statement.replace(MARK, clause), (*values, within.officer_id, list(within.districts))


async def reads_outside(connection: Connection, within: Within | None, after: str | None, limit: int) -> ReadPage:
    """Return reads by officers who were not responsible for the case, the newest first. Raises `BadCursor`.

    `within` selects the reads of the cases that an officer is responsible for.
    """
    if within is None:
        return await page(connection, "outside", (), after, limit)
    wanted = "outside" + condition("read_log.case_no", 3, 4)
    return await page(connection, wanted, (within.officer_id, list(within.districts)), after, limit)


FORGOTTEN_MAX: Final = 1_000
_BEFORE_ALL: Final = 2**63 - 1

_WRITE: Final = """
INSERT INTO read_log (at, reader, kind, subject, case_no, route, address, session_id, token_id, reason, outside)
SELECT t, w.reader, w.kind, w.subject, case_of_reference(w.reference, w.subject), w.route, w.address, w.session_id,
    w.token_id, w.reason, w.outside
FROM present_moment() AS t CROSS JOIN unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
    $7::uuid[], $8::bigint[], $9::text[], $10::boolean[])
    AS w (reader, kind, subject, reference, route, address, session_id, token_id, reason, outside)
"""

_COLUMNS: Final = ", ".join(ReadEntry.model_fields)


async def write(connection: Connection, reads: Sequence[NewRead]) -> None:
    """Write reads in one statement. The database finds the case of each."""
    await connection.execute(
        _WRITE,
        [read.reader for read in reads],
        [read.kind.value for read in reads],
        [read.subject for read in reads],
        [read.reference for read in reads],
        [read.route for read in reads],
        [read.address for read in reads],
        [read.session_id for read in reads],
        [read.token_id for read in reads],
        [read.reason for read in reads],
        [read.outside for read in reads],
    )


async def of_case(connection: Connection, ack_no: str, after: str | None, limit: int) -> ReadPage:
    """Return the reads of the case that any of its numbers names, the newest first.

    Raises `NotFound` and `BadCursor`.
    """
    case_no: str | None = await connection.fetchval("SELECT case_of_reference('ack_no', $1)", ack_no)
    if case_no is None:
        raise CaseNotFound(ack_no)
    return await page(connection, "case_no = $3", [case_no], after, limit)


async def page(
    connection: Connection, condition: str, values: Sequence[object], after: str | None, limit: int
) -> ReadPage:
    """Return the reads that meet a condition, the newest first. Its parameters count from $3. Raises `BadCursor`."""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM read_log WHERE read_id < $1 AND {condition} ORDER BY read_id DESC LIMIT $2",
        _before(after),
        limit + 1,
        *values,
    )
    shown, more = cut(rows, limit)
    reads = tuple(ReadEntry(**dict(row)) for row in shown)
    return ReadPage(reads=reads, next=to_cursor(reads[-1].read_id) if more else None)


async def forget(connection: Connection, kept: timedelta) -> None:
    """Delete the oldest reads that are no longer kept, at most `FORGOTTEN_MAX`."""
    await connection.execute(
        "DELETE FROM read_log WHERE read_id IN (SELECT read_id FROM read_log WHERE at < present_moment() - $1::interval"
        " ORDER BY at LIMIT $2)",
        kept,
        FORGOTTEN_MAX,
    )


def _before(after: str | None) -> int:
    if after is None:
        return _BEFORE_ALL
    (key,) = from_cursor(after, int)
    if not 0 <= int(key) <= _BEFORE_ALL:
        raise BadCursor
    return int(key)
