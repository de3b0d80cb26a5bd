"""Statements over work items by filter. They read the open items by an index, so closed ones cost nothing."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from asyncpg import Record

from db.paging import cut, from_cursor, int_after, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import condition
from db.task_owners import IS_OWNED, IS_SNOOZED
from domain.errors import BadCursor
from domain.officers.jurisdiction import district_key
from domain.work_items.task_owners import Acts, Taker
from schemas.base import FrozenModel
from schemas.enums import TaskState
from schemas.officers.officers import TeamEntry
from schemas.privacy.personal_data import WHOLE_STATE, Within
from schemas.work_items.task_owners import KindCount, OwnerCount, TaskCounts, TaskFilter, TaskRef, TaskSort

NOW: Final = "$1"
"""the present time, in every statement here"""
_OWNED: Final = IS_OWNED.format(now=NOW)
_SNOOZED: Final = f"coalesce({IS_SNOOZED.format(now=NOW)}, false)"
_FROM: Final = (
    "FROM desk_task t LEFT JOIN task_owner own USING (task_id) LEFT JOIN task_value val USING (task_id)"
    " WHERE t.state = '{state}'{conditions}"
)
NOT_VALUED: Final = 2**63 - 1
"""rank of an item that is so new that it has no value yet: it comes first"""
_RANK: Final = f"coalesce(val.rank_paise, {NOT_VALUED})"
SELECTED: Final = f"""
    t.*, coalesce(own.version, 0) AS version, CASE WHEN {_OWNED} THEN own.owner END AS owner,
    CASE WHEN {_OWNED} THEN own.since END AS owned_since,
    CASE WHEN {_OWNED} THEN own.lease_ends_at END AS lease_ends_at,
    CASE WHEN {_SNOOZED} THEN own.snoozed_until END AS snoozed_until, val.in_play_paise AS worth_paise,
    val.district, coalesce(val.persons, '{{}}') AS persons, {_RANK} AS rank_paise
"""
_ORDERS: Final = {TaskSort.AGE: "t.task_id", TaskSort.WORTH: f"{_RANK} DESC, t.task_id"}
_AFTER: Final = {
    TaskSort.AGE: " AND t.task_id > ${0}",
    TaskSort.WORTH: f" AND ({_RANK} < ${{0}} OR {_RANK} = ${{0}} AND t.task_id > ${{1}})",
}

# Each condition is part of the statement only if it is wanted. One that depends on a parameter being null would read
# all work items. The state is a text and no parameter, so that PostgreSQL uses the index of the open ones.
_OF_KINDS: Final = " AND t.kind = ANY(${0})"
_OF_CASE: Final = " AND t.case_no = (SELECT case_no FROM complaint WHERE ack_no = ${0})"
_OF_ACTS: Final = """
    AND (t.kind = ANY(${0}) OR t.cause = ANY(${1})
        OR (t.cause = 'documents_wait' AND EXISTS (
            SELECT FROM jsonb_array_elements(t.facts->'documents') d WHERE d->>'kind' = ANY(${2})))
        OR (t.kind IN ('restoration_step', 'supervise') AND EXISTS (
            SELECT FROM restoration n WHERE n.step = ANY(${3})
            AND n.restoration_id = CASE t.subject_kind WHEN 'restoration' THEN t.subject_id::uuid END))
        OR (t.kind = 'grievance' AND EXISTS (
            SELECT FROM grievance g WHERE g.level = ANY(${4})
            AND g.grievance_id = CASE t.subject_kind WHEN 'grievance' THEN t.subject_id::uuid END)))"""
_OF_OFFICER: Final = """
    AND EXISTS (
        SELECT FROM case_officer o WHERE o.case_no = t.case_no AND o.subject = ${0} AND NOT EXISTS (
            SELECT FROM case_officer later WHERE later.case_no = o.case_no AND later.duty = o.duty
            AND later.assignment_no > o.assignment_no))"""
# The value names the bank of the hop or request that an item is about.
_OF_BANK: Final = " AND coalesce(t.institution, val.institution) = ${0}"
_OF_DISTRICT: Final = " AND val.district = ${0}"
_OF_TEAM: Final = f" AND CASE WHEN {_OWNED} THEN own.owner = ANY(${{0}}) ELSE val.district = ANY(${{1}}) END"
_OF_TEAM_EVERYWHERE: Final = f" AND (own.owner = ANY(${{0}}) OR NOT {_OWNED})"
_OF_PERSONS: Final = " AND val.persons && ${0}::text[]"
_OLDER: Final = f" AND t.opened_at <= {NOW}::timestamptz - ${{0}} * interval '1 second'"
_SUM_FROM: Final = " AND val.in_play_paise >= ${0}"
_OF_OWNER: Final = f" AND own.owner = ${{0}} AND {_OWNED}"

_KIND_COUNTS: Final = f"""
SELECT t.kind, count(*) AS open, count(*) FILTER (WHERE {_OWNED}) AS owned,
    count(*) FILTER (WHERE {_SNOOZED}) AS snoozed,
    min(t.opened_at) AS oldest_at, coalesce(sum(val.in_play_paise), 0)::bigint AS in_play_paise
{_FROM} GROUP BY t.kind ORDER BY t.kind
"""
_OWNER_COUNTS: Final = f"""
SELECT own.owner, count(*) AS open, min(own.since) AS oldest_since
{_FROM} AND {_OWNED} GROUP BY own.owner ORDER BY own.owner
"""

_EVERY_OPEN: Final = {"state": TaskState.OPEN.value, "conditions": ""}
OPEN_BY_KIND: Final = _KIND_COUNTS.format(**_EVERY_OPEN)
OPEN_BY_OWNER: Final = _OWNER_COUNTS.format(**_EVERY_OPEN)


class Wanted(FrozenModel):
    """Work items of a list.

    `ack_no` is any number of a case. `acts` is what an officer of the police can act on, and `of_officer` selects the
    cases of an officer by id. `within` selects the cases that an officer is responsible for. `team` is the one that
    the filter names.
    """

    state: TaskState = TaskState.OPEN
    filter: TaskFilter = TaskFilter()
    team: TeamEntry | None = None
    ack_no: str | None = None
    acts: Acts | None = None
    of_officer: str | None = None
    within: Within | None = None
    sort: TaskSort = TaskSort.AGE


class Statement:
    """The conditions of a statement with their parameters, after `first` parameters of its own."""

    def __init__(self, first: int) -> None:
        self.conditions = ""
        self.values: list[object] = []
        self._first = first + 1

    def add(self, condition: str, *values: object) -> None:
        """Add a condition; its numbers in braces are those of `values`."""
        start = self._first + len(self.values)
        self.conditions += condition.format(*range(start, start + len(values)))
        self.values.extend(values)

    def select(self, wanted: Wanted) -> "Statement":
        """Add the conditions of a list."""
        if wanted.ack_no is not None:
            self.add(_OF_CASE, wanted.ack_no)
        if wanted.of_officer is not None:
            self.add(_OF_OFFICER, wanted.of_officer)
        self.filter(wanted.filter, wanted.team)
        return self.confine(wanted.acts, wanted.within)

    def confine(self, acts: Acts | None, within: Within | None) -> "Statement":
        """Add that an officer can act on the items, and is responsible for their cases."""
        if acts is not None:
            self.add(
                _OF_ACTS,
                [kind.value for kind in acts.kinds],
                [cause.value for cause in acts.causes],
                [kind.value for kind in acts.documents],
                [step.value for step in acts.steps],
                [level.value for level in acts.levels],
            )
        if within is not None:
            self.add(condition("t.case_no", "{0}", "{1}"), within.officer_id, list(within.districts))
        return self

    def filter(self, task_filter: TaskFilter, team: TeamEntry | None) -> None:
        """Add the conditions of a filter."""
        having: dict[str, object] = {
            _OF_KINDS: [kind.value for kind in task_filter.kinds] or None,
            _OF_BANK: task_filter.bank,
            _OF_DISTRICT: None if task_filter.district is None else district_key(task_filter.district),
            _OF_PERSONS: [person.value for person in task_filter.persons] or None,
            _OLDER: task_filter.older_than_seconds,
            _SUM_FROM: task_filter.sum_from_paise,
            _OF_OWNER: task_filter.owner,
        }
        for part, value in having.items():
            if value is not None:
                self.add(part, value)
        for is_so, state in ((task_filter.owned, _OWNED), (task_filter.snoozed, _SNOOZED)):
            if is_so is not None:
                self.add(f" AND {state}" if is_so else f" AND NOT {state}")
        if team is not None:
            self._of_team(team)

    def _of_team(self, team: TeamEntry) -> None:
        """Add that a member of the team has the item, or that no officer has it in the team's districts."""
        if not team.districts or WHOLE_STATE in team.districts:
            self.add(_OF_TEAM_EVERYWHERE, list(team.members))
        else:
            self.add(_OF_TEAM, list(team.members), [district_key(name) for name in team.districts])


def listing(wanted: Wanted, selected: str, after: Sequence[object] = ()) -> tuple[str, list[object]]:
    """Return a statement that selects work items in order after a position, and its parameters after time and limit.

    The second parameter of the statement is the limit.
    """
    statement = Statement(2).select(wanted)
    if after:
        statement.add(_AFTER[wanted.sort], *after)
    rows = rows_of(wanted.state, statement.conditions)
    return f"SELECT {selected} {rows} ORDER BY {_ORDERS[wanted.sort]} LIMIT $2", statement.values


def rows_of(state: TaskState, conditions: str) -> str:
    """Return SQL for the rows of work items: `t`, with `own` and `val`, which may be missing."""
    return _FROM.format(state=state.value, conditions=conditions)


def position(sort: TaskSort, after: str | None) -> tuple[object, ...]:
    """Return the position of a cursor in a list with this order. Raises `BadCursor`."""
    if sort is TaskSort.AGE:
        return (int_after(after),)
    if after is None:
        return ()
    rank_paise, task_id = (int(key) for key in from_cursor(after, int, int))
    if not (0 <= rank_paise <= NOT_VALUED and 0 <= task_id < 2**63):
        raise BadCursor
    return rank_paise, task_id


def cursor(sort: TaskSort, last: Record) -> str:
    """Return the cursor of the position after a row."""
    return to_cursor(last["task_id"]) if sort is TaskSort.AGE else to_cursor(last["rank_paise"], last["task_id"])


async def refs(
    connection: Connection, wanted: Wanted, after: str | None, limit: int, now: datetime
) -> tuple[list[TaskRef], str | None]:
    """Return up to `limit` work items with their versions, in order, and where the next ones begin.

    Raises `BadCursor`.
    """
    selected = f"t.task_id, coalesce(own.version, 0) AS version, {_RANK} AS rank_paise, {NOW}::timestamptz AS at"
    statement, values = listing(wanted, selected, position(wanted.sort, after))
    rows, more = cut(await connection.fetch(statement, now, limit + 1, *values), limit)
    task_refs = [TaskRef(task_id=row["task_id"], version=row["version"]) for row in rows]
    return task_refs, cursor(wanted.sort, rows[-1]) if more else None


async def counts(connection: Connection, wanted: Wanted, now: datetime) -> TaskCounts:
    """Return how many open work items there are of each kind, and how many each officer has."""
    statement = Statement(1).select(wanted)
    filled = {"state": TaskState.OPEN.value, "conditions": statement.conditions}
    kinds = await connection.fetch(_KIND_COUNTS.format(**filled), now, *statement.values)
    owners = await connection.fetch(_OWNER_COUNTS.format(**filled), now, *statement.values)
    return TaskCounts(
        kinds=tuple(KindCount(**dict(row)) for row in kinds), owners=tuple(OwnerCount(**dict(row)) for row in owners)
    )


async def can_act(connection: Connection, task_id: int, taker: Taker, now: datetime) -> bool:
    """Return whether an officer can act on an open work item, and is responsible for its case."""
    statement = Statement(1).confine(taker.acts, taker.within)
    statement.add(" AND t.task_id = ${0}", task_id)
    rows = rows_of(TaskState.OPEN, statement.conditions)
    # The time is a parameter of every statement here.
    can: bool = await connection.fetchval(
        f"SELECT EXISTS (SELECT {rows}) AND {NOW}::timestamptz IS NOT NULL", now, *statement.values
    )
    return can
