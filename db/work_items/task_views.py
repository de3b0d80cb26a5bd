"""Work items as people read them, their values and deadlines.

Values of open work items: a read model for lists, made from the cases. It may be emptied at any time.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from db.banks import rosters
from db.paging import cut
from db.pool import Connection
from db.rows import Rows
from db.work_items.task_filters import SELECTED, Wanted, cursor, listing, position
from domain.case.telephone import what_to_say, where_to_enter
from domain.policy.telephone import HolidayRules, PersonWeights
from domain.work_items.task_notes import compose
from schemas.banks.rosters import OfficerToCall
from schemas.case.request_views import TaskHop, TaskInstitution, TaskPage, TaskView
from schemas.enums import Language, TaskKind
from schemas.tasks import Subject, TaskCause, TaskFacts
from schemas.work_items.officer_streams import DraftChange
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
    fetched = await connection.fetch(statement, at, limit + 1, *values)
    rows, more = cut(fetched, limit)
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
    by_request: dict[UUID, list[Record]] = {}
    for row in await connection.fetch(_TO_ASK, request_ids, _HOPS_SAID):
        by_request.setdefault(row["request_id"], []).append(row)
    return by_request


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


_IN_PLAY: Final = (
    "SELECT sum(b.balance_paise) FROM ledger_balance b WHERE b.bucket = 'in_play' AND b.case_no = t.case_no"
)
_OF_REQUEST: Final = """
    SELECT sum(b.balance_paise) FROM request_hop q
    JOIN ledger_balance b ON b.case_no = q.case_no AND b.hop_no = q.hop_no AND b.bucket = 'in_play'
    WHERE q.request_id = t.request_id AND q.live"""
_CATCHES_NOTHING: Final = "t.kind = 'duty' OR t.cause IN ('io_missing', 'supervising_missing', 'unreachable')"

# An item about a hop or a request is worth what is in play there, any other one what is in play in the whole case. A
# report by law, an officer who is missing and a victim who cannot be told catch no money, and come after what does. A
# victim counts only while something is in play, as in the call list.
_WRITE: Final = f"""
WITH before AS (SELECT * FROM task_value WHERE task_id = ANY($1)), written AS (
INSERT INTO task_value AS v (task_id, case_seq, in_play_paise, rank_paise, persons, institution, district)
SELECT task_id, coalesce(event_seq, 0), in_play_paise,
    in_play_paise + CASE WHEN in_play_paise > 0 THEN person_paise ELSE 0 END, persons, institution, district
FROM (
    SELECT t.task_id, f.event_seq, coalesce(t.institution, r.institution, h.institution) AS institution,
        coalesce(CASE t.subject_kind WHEN 'hop' THEN ({_IN_PLAY} AND b.hop_no = t.hop_no)
            WHEN 'request' THEN ({_OF_REQUEST}) ELSE CASE WHEN {_CATCHES_NOTHING} THEN 0 ELSE ({_IN_PLAY}) END END, 0
        )::bigint AS in_play_paise,
        greatest(CASE WHEN p.child THEN $2::bigint END, CASE WHEN p.woman THEN $3::bigint END,
            CASE WHEN p.senior THEN $4::bigint END, 0) AS person_paise,
        array_remove(ARRAY[CASE WHEN p.child THEN 'child' END, CASE WHEN p.woman THEN 'woman' END,
            CASE WHEN p.senior THEN 'senior' END], NULL) AS persons,
        upper(trim(first_victim.district)) AS district
    FROM desk_task t
    LEFT JOIN case_file f ON f.case_no = t.case_no
    LEFT JOIN hold_request r ON r.request_id = t.request_id
    LEFT JOIN hop h ON h.case_no = t.case_no AND h.hop_no = t.hop_no
    LEFT JOIN complaint first_complaint ON first_complaint.ack_no = t.case_no
    LEFT JOIN victim first_victim ON first_victim.victim_id = first_complaint.victim_id
    CROSS JOIN LATERAL (
        SELECT bool_or(o.child) AS child, bool_or(o.woman) AS woman, bool_or(o.senior) AS senior
        FROM complaint c JOIN victim o USING (victim_id) WHERE c.case_no = t.case_no
    ) AS p
    WHERE t.task_id = ANY($1) AND t.state = 'open' ORDER BY t.task_id
) AS valued
ON CONFLICT (task_id) DO UPDATE SET case_seq = EXCLUDED.case_seq, in_play_paise = EXCLUDED.in_play_paise,
    rank_paise = EXCLUDED.rank_paise, persons = EXCLUDED.persons, institution = EXCLUDED.institution,
    district = EXCLUDED.district
RETURNING v.*)
SELECT w.task_id FROM written w LEFT JOIN before b USING (task_id)
WHERE (w.in_play_paise, w.rank_paise, w.persons, w.institution, w.district)
    IS DISTINCT FROM (b.in_play_paise, b.rank_paise, b.persons, b.institution, b.district)
"""

NEW: Final = """
SELECT t.task_id FROM desk_task t WHERE t.state = 'open'
    AND NOT EXISTS (SELECT FROM task_value v WHERE v.task_id = t.task_id) ORDER BY t.task_id DESC LIMIT $1
"""

# Whatever moves money of a case is an event of it.
CHANGED: Final = """
SELECT v.task_id FROM task_value v JOIN desk_task t USING (task_id) JOIN case_file f ON f.case_no = t.case_no
WHERE f.event_seq <> v.case_seq AND t.state = 'open' LIMIT $1
"""

_CLOSED: Final = """
DELETE FROM task_value WHERE task_id IN (
    SELECT v.task_id FROM task_value v JOIN desk_task t USING (task_id) WHERE t.state = 'closed' LIMIT $1)
"""


async def to_value(connection: Connection, limit: int) -> list[int]:
    """Return open work items that have no value yet, the newest first, and those whose case has changed since."""
    new = await connection.fetch(NEW, limit)
    changed = await connection.fetch(CHANGED, limit)
    return [row["task_id"] for row in (*new, *changed)]


async def write(connection: Connection, task_ids: Sequence[int], persons: PersonWeights) -> list[int]:
    """Write what these work items are worth now; return those that another value stands beside now."""
    weights = (persons.child_paise, persons.woman_paise, persons.senior_paise)
    return [row["task_id"] for row in await connection.fetch(_WRITE, list(task_ids), *weights)]


async def forget_closed(connection: Connection, limit: int) -> None:
    """Delete the values of closed work items."""
    await connection.execute(_CLOSED, limit)


DEADLINE: Final = """
CASE t.subject_kind
    WHEN 'restoration' THEN (SELECT s.due_at FROM restoration_step s
        WHERE s.restoration_id = t.subject_id::uuid AND s.ended_at IS NULL ORDER BY s.opened_at DESC LIMIT 1)
    WHEN 'grievance' THEN (SELECT l.due_at FROM grievance_level l
        WHERE l.grievance_id = t.subject_id::uuid AND l.ended_at IS NULL ORDER BY l.opened_at DESC LIMIT 1)
    WHEN 'duty' THEN (SELECT d.due_at FROM duty d
        WHERE d.case_no = t.case_no AND d.kind = t.subject_id AND d.done_at IS NULL)
    WHEN 'hold' THEN (SELECT h.lapses_at FROM account_hold h
        WHERE h.hold_id = t.subject_id::uuid AND h.state = 'held')
    WHEN 'request' THEN (SELECT min(p.due_at) FROM call_back p
        WHERE p.request_id = t.request_id AND p.ended_at IS NULL)
END
"""
"""SQL for the deadline of the work item `t`; null if it has none"""


DRAFT_CHANGED: Final = "draft"
"""the channel of notifications; the payload is the draft and its owner of before, as JSON"""


async def of(connection: Connection, draft_ids: Collection[UUID]) -> list[DraftChange]:
    """Return who has each of these drafts now."""
    return await Rows(connection, DraftChange).many(
        "SELECT draft_id, source, owner, calls, ended_as FROM draft WHERE draft_id = ANY($1)", list(draft_ids)
    )
