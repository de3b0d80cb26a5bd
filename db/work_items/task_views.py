"""Views of the desk's work items, with the data needed to do them."""

from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from db.banks import rosters
from db.paging import cut
from db.pool import Connection
from db.work_items.task_filters import SELECTED, Wanted, cursor, listing, position
from domain.case.telephone import what_to_say, where_to_enter
from domain.policy.telephone import HolidayRules
from domain.work_items.task_notes import compose
from schemas.banks.rosters import OfficerToCall
from schemas.case.request_views import TaskHop, TaskInstitution, TaskPage, TaskView
from schemas.enums import Language, TaskKind
from schemas.tasks import Subject, TaskCause, TaskFacts
from schemas.work_items.task_owners import TaskSort

_TASKS: Final = """
SELECT t.task_id, t.kind, t.state, t.case_no, t.subject_kind, t.subject_id, t.cause, t.facts,
    t.request_id, t.opened_at, t.closed_at, t.closed_by, t.reason, t.version, t.owner, t.owned_since, t.lease_ends_at,
    t.snoozed_until, t.worth_paise, t.rank_paise, t.district, t.persons,
    t.reconciliation_id, r.job_id, i.code, i.name, i.kind AS institution_kind, i.desk_email,
    stated.name AS stated_name, onward.name AS onward_name,
    h.hop_no, h.layer, h.state AS hop_state, h.payee_institution_as_told, h.payee_holder,
    h.reference, h.amount_paise, h.transferred_at, coalesce(b.balance_paise, 0) AS in_play_paise
FROM ({listed}) AS t
LEFT JOIN hold_request r ON r.request_id = t.request_id
LEFT JOIN hop h ON h.case_no = t.case_no AND h.hop_no = t.hop_no
LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'in_play'
LEFT JOIN institution i ON i.code = coalesce(t.institution, r.institution, h.institution)
LEFT JOIN institution stated ON stated.code = t.facts ->> 'institution'
LEFT JOIN institution onward ON onward.code = t.facts ->> 'to_bank'
ORDER BY {order}
"""
_ORDERS: Final = {TaskSort.AGE: "t.task_id", TaskSort.WORTH: "t.rank_paise DESC, t.task_id"}

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


async def page(
    connection: Connection,
    wanted: Wanted,
    after: str | None,
    limit: int,
    holidays: HolidayRules,
    at: datetime,
    language: Language = Language.EN,
) -> TaskPage:
    """Return up to `limit` work items in order, with whom to call at that moment. Raises `BadCursor`."""
    statement, values = statement_of(wanted, after)
    found = await connection.fetch(statement, at, limit + 1, *values)
    rows, more = cut(found, limit)
    officers = await rosters.to_call(connection, (row["code"] for row in rows if row["code"]), holidays, at)
    to_ask = await _to_ask(connection, [row["request_id"] for row in rows if row["kind"] in _BY_TELEPHONE])
    items = tuple(
        _task(row, officers.get(row["code"], ()), to_ask.get(row["request_id"], []), language) for row in rows
    )
    return TaskPage(items=items, next=cursor(wanted.sort, rows[-1]) if more else None)


def statement_of(wanted: Wanted, after: str | None = None) -> tuple[str, list[object]]:
    """Return the statement for these work items, and its parameters after time and limit. Raises `BadCursor`."""
    listed, values = listing(wanted, SELECTED, position(wanted.sort, after))
    return _TASKS.format(listed=listed, order=_ORDERS[wanted.sort]), values


async def open_by_kind(connection: Connection) -> dict[TaskKind, int]:
    """Return the number of open work items, by kind."""
    rows = await connection.fetch("SELECT kind, count(*) AS n FROM desk_task WHERE state = 'open' GROUP BY kind")
    return {TaskKind(row["kind"]): row["n"] for row in rows}


async def _to_ask(connection: Connection, request_ids: list[UUID | None]) -> dict[UUID, list[Record]]:
    found: dict[UUID, list[Record]] = {}
    for row in await connection.fetch(_TO_ASK, request_ids, _HOPS_SAID):
        found.setdefault(row["request_id"], []).append(row)
    return found


def _task(row: Record, officers: tuple[OfficerToCall, ...], to_ask: list[Record], language: Language) -> TaskView:
    subject = Subject(kind=row["subject_kind"], id=row["subject_id"])
    cause, facts = TaskCause(row["cause"]), TaskFacts.model_validate(row["facts"])
    by_telephone = row["kind"] in _BY_TELEPHONE and bool(to_ask)
    asked = _hops(to_ask) if by_telephone else ()
    return TaskView(
        task_id=row["task_id"],
        kind=row["kind"],
        state=row["state"],
        case_ack_no=row["case_no"],
        subject=subject,
        cause=cause,
        facts=facts,
        note=_note(row, cause, subject, facts, language),
        institution=None if row["code"] is None else _institution(row, officers),
        request_id=row["request_id"],
        job_id=row["job_id"],
        hop=None if row["hop_no"] is None else _hop(row),
        to_ask=asked,
        say=what_to_say(row["case_no"], row["job_id"], asked, to_ask[0]["hop_count"], language) if by_telephone else (),
        enter_at=where_to_enter(row["case_no"], row["request_id"]) if by_telephone else None,
        version=row["version"],
        owner=row["owner"],
        owned_since=row["owned_since"],
        lease_ends_at=row["lease_ends_at"],
        snoozed_until=row["snoozed_until"],
        in_play_paise=row["worth_paise"],
        district=row["district"],
        persons=row["persons"],
        opened_at=row["opened_at"],
        closed_at=row["closed_at"],
        closed_by=row["closed_by"],
        reason=row["reason"],
        reconciliation_id=row["reconciliation_id"],
    )


def _note(row: Record, cause: TaskCause, subject: Subject, facts: TaskFacts, language: Language) -> str:
    """Return the text of a work item, with the names of the banks that its facts name by their codes."""
    banks = ((facts.institution, row["stated_name"]), (facts.to_bank, row["onward_name"]))
    names = {code: name for code, name in banks if name}
    bank, in_play_paise = row["name"] or "", row["worth_paise"]
    return compose(cause, subject, facts, language, bank=bank, names=names, in_play_paise=in_play_paise)


def _institution(row: Record, officers: tuple[OfficerToCall, ...]) -> TaskInstitution:
    return TaskInstitution(
        code=row["code"],
        name=row["name"],
        kind=row["institution_kind"],
        desk_email=row["desk_email"],
        nodal_officers=officers,
    )


def _hops(rows: list[Record]) -> tuple[TaskHop, ...]:
    return tuple(TaskHop.model_validate({name: row[name] for name in TaskHop.model_fields}) for row in rows)


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
