"""Views of the desk's work items, with the data needed to do them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from db.banks import rosters
from db.cases.jurisdiction import condition
from db.paging import cut, int_after, to_cursor
from db.pool import Connection
from domain.reporting import Acts
from domain.task_notes import compose
from domain.tracing.call_script import what_to_say, where_to_enter
from schemas.banks.rosters import HolidayRules, OfficerToCall
from schemas.base import FrozenModel
from schemas.enums import TaskKind, TaskState
from schemas.jurisdiction import Within
from schemas.tasks import Subject, TaskCause, TaskFacts
from schemas.tracing.views import TaskHop, TaskInstitution, TaskPage, TaskView

_TASKS: Final = """
SELECT t.task_id, t.kind, t.state, t.case_no, t.subject_kind, t.subject_id, t.cause, t.facts,
    t.request_id, t.opened_at, t.closed_at, t.closed_by, t.reason,
    t.reconciliation_id, r.job_id, i.code, i.name, i.kind AS institution_kind, i.desk_email,
    h.hop_no, h.layer, h.state AS hop_state, h.payee_institution_as_told, h.payee_holder,
    h.reference, h.amount_paise, h.transferred_at, coalesce(b.balance_paise, 0) AS in_play_paise
FROM desk_task t
LEFT JOIN hold_request r ON r.request_id = t.request_id
LEFT JOIN hop h ON h.case_no = t.case_no AND h.hop_no = t.hop_no
LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play'
LEFT JOIN institution i ON i.code = coalesce(t.institution, r.institution, h.institution)
WHERE t.state = '{state}' AND t.task_id > $1{conditions}
ORDER BY t.task_id LIMIT $2
"""
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

# For work items that a call can help: the hops of the request with the most in play, and their number.
_TO_ASK: Final = """
SELECT * FROM (
    SELECT q.request_id, h.hop_no, h.layer, h.state, h.payee_institution_as_told AS institution_as_told,
        h.payee_holder AS holder, h.reference, h.amount_paise, b.balance_paise AS in_play_paise, h.transferred_at,
        count(*) OVER (PARTITION BY q.request_id) AS hop_count,
        row_number() OVER (PARTITION BY q.request_id ORDER BY b.balance_paise DESC, h.hop_no) AS place
    FROM request_hop q JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
    JOIN ledger_balance b ON b.case_no = q.case_no AND b.hop_no = q.hop_no AND b.bucket = 'in_play'
    WHERE q.request_id = ANY($1) AND q.live AND b.balance_paise > 0
) AS ranked WHERE place <= $2 ORDER BY request_id, place
"""
_HOPS_SAID: Final = 5
_BY_TELEPHONE: Final = frozenset({TaskKind.PHONE_BANK, TaskKind.TICKET_REFUSED, TaskKind.SUPERVISE})


class Wanted(FrozenModel):
    """A filter for work items.

    `ack_no` is any number of a case. `acts` is what an officer of the police can act on, and `of_officer` selects the
    cases of an officer by id. `within` selects the cases that an officer is responsible for.
    """

    state: TaskState = TaskState.OPEN
    kinds: tuple[TaskKind, ...] = tuple(TaskKind)
    ack_no: str | None = None
    acts: Acts | None = None
    of_officer: str | None = None
    within: Within | None = None


async def page(
    connection: Connection, wanted: Wanted, after: str | None, limit: int, holidays: HolidayRules, at: datetime
) -> TaskPage:
    """Return up to `limit` work items, the oldest first, with whom to call at that moment. Raises `BadCursor`."""
    statement, values = statement_of(wanted)
    found = await connection.fetch(statement, int_after(after), limit + 1, *values)
    rows, more = cut(found, limit)
    officers = await rosters.to_call(connection, (row["code"] for row in rows if row["code"]), holidays, at)
    to_ask = await _to_ask(connection, [row["request_id"] for row in rows if row["kind"] in _BY_TELEPHONE])
    items = tuple(_task(row, officers.get(row["code"], ()), to_ask.get(row["request_id"], [])) for row in rows)
    return TaskPage(items=items, next=to_cursor(items[-1].task_id) if more else None)


def statement_of(wanted: Wanted) -> tuple[str, list[object]]:
    """Return the statement for these work items, and its parameters after the position and the limit."""
    conditions, values = "", list[object]()

    def add(condition: str, *more: object) -> None:
        nonlocal conditions
        conditions += condition.format(*range(len(values) + 3, len(values) + 3 + len(more)))
        values.extend(more)

    if set(wanted.kinds) != set(TaskKind):
        add(_OF_KINDS, [kind.value for kind in wanted.kinds])
    if wanted.ack_no is not None:
        add(_OF_CASE, wanted.ack_no)
    if (acts := wanted.acts) is not None:
        add(
            _OF_ACTS,
            [kind.value for kind in acts.kinds],
            [cause.value for cause in acts.causes],
            [kind.value for kind in acts.documents],
            [step.value for step in acts.steps],
            [level.value for level in acts.levels],
        )
    if wanted.of_officer is not None:
        add(_OF_OFFICER, wanted.of_officer)
    if (within := wanted.within) is not None:
        add(condition("t.case_no", "{0}", "{1}"), within.officer_id, list(within.districts))
    return _TASKS.format(state=wanted.state.value, conditions=conditions), values


async def open_by_kind(connection: Connection) -> dict[TaskKind, int]:
    """Return the number of open work items, by kind."""
    rows = await connection.fetch("SELECT kind, count(*) AS n FROM desk_task WHERE state = 'open' GROUP BY kind")
    return {TaskKind(row["kind"]): row["n"] for row in rows}


async def _to_ask(connection: Connection, request_ids: list[UUID | None]) -> dict[UUID, list[Record]]:
    found: dict[UUID, list[Record]] = {}
    for row in await connection.fetch(_TO_ASK, request_ids, _HOPS_SAID):
        found.setdefault(row["request_id"], []).append(row)
    return found


def _task(row: Record, officers: tuple[OfficerToCall, ...], to_ask: list[Record]) -> TaskView:
    subject = Subject(kind=row["subject_kind"], id=row["subject_id"])
    cause, facts = TaskCause(row["cause"]), TaskFacts.model_validate(row["facts"])
    by_telephone = row["kind"] in _BY_TELEPHONE and bool(to_ask)
    return TaskView(
        task_id=row["task_id"],
        kind=row["kind"],
        state=row["state"],
        case_ack_no=row["case_no"],
        subject=subject,
        cause=cause,
        facts=facts,
        note=compose(cause, subject, facts),
        institution=None if row["code"] is None else _institution(row, officers),
        request_id=row["request_id"],
        job_id=row["job_id"],
        hop=None if row["hop_no"] is None else _hop(row),
        say=_say(row, to_ask) if by_telephone else (),
        enter_at=where_to_enter(row["case_no"], row["request_id"]) if by_telephone else None,
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        reason=row["reason"],
        reconciliation_id=row["reconciliation_id"],
    )


def _institution(row: Record, officers: tuple[OfficerToCall, ...]) -> TaskInstitution:
    return TaskInstitution(
        code=row["code"],
        name=row["name"],
        kind=row["institution_kind"],
        desk_email=row["desk_email"],
        nodal_officers=officers,
    )


def _say(row: Record, to_ask: list[Record]) -> tuple[str, ...]:
    hops = [TaskHop.model_validate({name: hop[name] for name in TaskHop.model_fields}) for hop in to_ask]
    return what_to_say(row["case_no"], row["job_id"], hops, to_ask[0]["hop_count"])


def _hop(row: Record) -> TaskHop:
    return TaskHop(
        hop_no=row["hop_no"],
        layer=row["layer"],
        state=row["hop_state"],
        institution_as_told=row["payee_institution_as_told"],
        holder=row["payee_holder"],
        reference=row["reference"],
        amount_paise=row["amount_paise"],
        in_play_paise=row["in_play_paise"],
        transferred_at=row["transferred_at"],
    )
