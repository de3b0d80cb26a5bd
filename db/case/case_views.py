"""Rows of one case as people read them: case, requests, trail.

Views of cases: the list, and one case with its buckets and turnaround times. Each view is one statement, so that all
its figures are of the same instant.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from asyncpg import Record

from db.case.cases import case_no_of, policy_of
from db.paging import cut, from_cursor, int_after, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined, those_within
from domain.case.ledger import bucket_sums, unaccounted_paise
from domain.case.requests import EscalationPolicy, LevelDue, Reached, next_due
from domain.case.trail_bars import TrailHop, TrailPlace, account_id
from domain.errors import BadCursor
from domain.errors.case import CaseNotFound
from schemas.base import Flag
from schemas.case.request_views import (
    CaseCounts,
    CaseListItem,
    CasePage,
    CaseView,
    ComplaintView,
    RequestAttempt,
    RequestHopView,
    RequestPage,
    RequestView,
    TrailEdge,
    TrailNode,
    TrailView,
    TurnaroundTimes,
)
from schemas.enums import AnswerClass, Bucket, CaseState, EscalationLevel
from schemas.privacy.personal_data import Within
from schemas.procedures import CasePolicy

MAX_COMPLAINTS_SHOWN: Final = 500

BALANCES: Final = """(SELECT jsonb_object_agg(bucket, paise) FROM
        (SELECT bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance
         WHERE case_no = c.case_no GROUP BY bucket) AS b)"""
"""SQL for the sum in each bucket of case `c`, for `sums_of`"""

_CASE: Final = f"""
SELECT c.case_no, c.state, c.opened_at, c.settled_at, c.event_seq,
    {BALANCES} AS balances,
    (SELECT jsonb_agg(to_jsonb(s) ORDER BY s.received_at, s.ack_no) FROM
        (SELECT ack_no, channel, category, joined, flags, received_at, marked FROM complaint
         WHERE case_no = c.case_no ORDER BY received_at, ack_no LIMIT $2) AS s) AS complaint_list,
    (SELECT count(*) FROM complaint WHERE case_no = c.case_no) AS complaints,
    (SELECT count(*) FROM hop WHERE case_no = c.case_no) AS hops,
    (SELECT count(*) FROM hold_request WHERE case_no = c.case_no) AS requests,
    (SELECT count(*) FROM answer WHERE case_no = c.case_no) AS answers,
    (SELECT count(*) FROM desk_task WHERE case_no = c.case_no AND state = 'open') AS open_tasks,
    (SELECT count(*) FROM discrepancy WHERE case_no = c.case_no) AS discrepancies,
    (SELECT min(transferred_at) FROM hop WHERE case_no = c.case_no AND layer = 1) AS transferred_at,
    -- Requests planned after the first delivery have no earlier call. A channel that makes no call has a delivery only.
    (SELECT least(min(e.at), min(r.delivered_at)) FROM hold_request r
     LEFT JOIN bank_exchange e ON e.request_id = r.request_id
     WHERE r.case_no = c.case_no AND r.planned_at <= coalesce(c.first_delivered_at, 'infinity')) AS first_sent_at,
    (SELECT min(delivered_at) FROM hold_request WHERE case_no = c.case_no) AS first_delivered_at,
    (SELECT min(received_at) FROM answer WHERE case_no = c.case_no) AS first_answered_at,
    (SELECT min(received_at) FROM answer
     WHERE case_no = c.case_no AND kind = 'held' AND applied_paise > 0) AS first_held_at,
    x.merged_with, CASE WHEN x.merged_with <> '{{}}' THEN (SELECT jsonb_object_agg(t.bucket, t.paise) FROM
        (SELECT b.bucket, sum(b.balance_paise)::bigint AS paise FROM ledger_balance b
         WHERE b.case_no = ANY (x.merged_with || c.case_no) GROUP BY b.bucket) AS t) END AS together
FROM case_file c CROSS JOIN LATERAL (SELECT merged_with(c.case_no) AS merged_with) AS x
WHERE c.case_no = (SELECT case_no FROM complaint WHERE ack_no = $1)
"""

LIST: Final = f"""
SELECT c.case_no, c.state, c.opened_at, c.settled_at,
    (SELECT category FROM complaint WHERE ack_no = c.case_no) AS category,
    {BALANCES} AS balances,
    (SELECT count(*) FROM desk_task WHERE case_no = c.case_no AND state = 'open') AS open_tasks
FROM case_file c
WHERE (c.opened_at, c.case_no) < (coalesce($1::timestamptz, 'infinity'), coalesce($2::text, ''))
{MARK}
ORDER BY c.opened_at DESC, c.case_no DESC LIMIT $3
"""
# A condition that depends on a parameter being null would read the list from its beginning.
# Nearly all cases are settled. For a known state PostgreSQL would read past all open cases in the index of all cases.
# So a subquery hides the state from its plan.
LIST_BY_STATE: Final = LIST.replace("\nWHERE ", "\nWHERE c.state = (SELECT $4::text) AND ")


async def get(connection: Connection, ack_no: str, within: Within | None = None) -> CaseView:
    """Return the case that any of its numbers names. Raises `NotFound`.

    Its merges are shown to an officer who reads all cases of them.
    """
    row = await connection.fetchrow(_CASE, ack_no, MAX_COMPLAINTS_SHOWN)
    if row is None:
        raise CaseNotFound(ack_no)
    complaints = tuple(ComplaintView.model_validate(item) for item in row["complaint_list"])
    sums = sums_of(row["balances"])
    merged_with = set(row["merged_with"])
    is_merged = bool(merged_with) and merged_with == await those_within(connection, within, merged_with)
    return CaseView(
        case_ack_no=row["case_no"],
        ack_nos=tuple(complaint.ack_no for complaint in complaints),
        complaints=complaints,
        state=row["state"],
        opened_at=row["opened_at"],
        settled_at=row["settled_at"],
        buckets_paise=sums,
        unaccounted_paise=unaccounted_paise(sums),
        counts=CaseCounts(**{name: row[name] for name in CaseCounts.model_fields}),
        last_event_seq=row["event_seq"],
        turnaround_times=_turnaround_times(row),
        merged_with=tuple(row["merged_with"]) if is_merged else (),
        together_paise=sums_of(row["together"]) if is_merged else {},
    )


async def page(
    connection: Connection, state: CaseState | None, after: str | None, limit: int, within: Within | None = None
) -> CasePage:
    """Return cases of one state or of all, the newest first. Raises `BadCursor`."""
    opened_at, case_no = position_of(after)
    statement, of_state = (LIST, ()) if state is None else (LIST_BY_STATE, (state,))
    statement, values = confined(statement, (opened_at, case_no, limit + 1, *of_state), "c.case_no", within)
    fetched = await connection.fetch(statement, *values)
    rows, more = cut(fetched, limit)
    items = tuple(
        CaseListItem(
            case_ack_no=row["case_no"],
            state=row["state"],
            opened_at=row["opened_at"],
            settled_at=row["settled_at"],
            category=row["category"],
            buckets_paise=sums_of(row["balances"]),
            open_tasks=row["open_tasks"],
        )
        for row in rows
    )
    return CasePage(
        items=items,
        next=to_cursor(items[-1].opened_at.isoformat(), items[-1].case_ack_no) if more else None,
    )


def position_of(after: str | None) -> tuple[datetime | None, str | None]:
    """Return the opening and the number of the case in the cursor of a list of cases. Raises `BadCursor`."""
    if after is None:
        return None, None
    opened_at, case_no = from_cursor(after, str, str)
    try:
        moment = datetime.fromisoformat(str(opened_at))
    except ValueError:
        raise BadCursor from None
    if moment.tzinfo is None:
        raise BadCursor
    return moment, str(case_no)


def sums_of(balances: dict[str, int] | None) -> dict[Bucket, int]:
    """Return the sum in each bucket from `BALANCES`."""
    return bucket_sums((Bucket(name), paise) for name, paise in (balances or {}).items())


def _turnaround_times(row: Record) -> TurnaroundTimes:
    opened_at: datetime = row["opened_at"]

    def since_complaint(moment: Any) -> float | None:
        return None if moment is None else (moment - opened_at).total_seconds()

    return TurnaroundTimes(
        transfer_to_complaint_seconds=(opened_at - row["transferred_at"]).total_seconds(),
        complaint_to_first_request_sent_seconds=since_complaint(row["first_sent_at"]),
        complaint_to_first_request_delivered_seconds=since_complaint(row["first_delivered_at"]),
        complaint_to_first_answer_seconds=since_complaint(row["first_answered_at"]),
        complaint_to_first_hold_seconds=since_complaint(row["first_held_at"]),
    )


_MAX_BATCH_NO: Final = 2**31 - 1
ATTEMPTS_SHOWN: Final = 20
"""latest attempts of a request that a page has"""
_REQUESTS: Final = """
SELECT r.request_id, r.batch_no, r.institution, r.state, r.level, r.sent_at, r.delivered_at, r.first_answered_at,
    r.closed_at, r.refusal_code, r.refusal_message, r.channel,
    greatest(r.sent_at, r.delivered_at, r.level_at) AS waiting_since,
    (SELECT i.answer_class FROM institution i WHERE i.code = r.institution) AS answer_class,
    (SELECT jsonb_agg(jsonb_build_object('channel', a.channel, 'at', a.at, 'outcome', a.outcome, 'detail', a.detail)
                      ORDER BY a.attempt_id)
     FROM (SELECT * FROM delivery_attempt d WHERE d.subject_id = r.request_id AND d.subject_kind = 'hold_request'
           ORDER BY d.attempt_id DESC LIMIT $5) a) AS attempts,
    ARRAY(SELECT j.job_id FROM request_job j WHERE j.request_id = r.request_id ORDER BY j.job_id) AS job_ids,
    (SELECT jsonb_agg(jsonb_build_object('hop_no', q.hop_no, 'revision', q.revision, 'live', q.live)
                      ORDER BY q.hop_no)
     FROM request_hop q WHERE q.request_id = r.request_id) AS hops
FROM hold_request r WHERE r.case_no = $1 AND (r.batch_no, r.institution) > ($2, $3)
ORDER BY r.batch_no, r.institution LIMIT $4
"""


async def request_page(connection: Connection, ack_no: str, after: str | None, limit: int) -> RequestPage:
    """Return up to `limit` requests of a case, by batch and institution. Raises `NotFound`, `BadCursor`."""
    batch_no, institution = from_cursor(after, int, str) if after is not None else (0, "")
    if not 0 <= int(batch_no) <= _MAX_BATCH_NO:
        raise BadCursor
    case_no = await case_no_of(connection, ack_no)
    policy = await policy_of(connection, case_no)
    fetched = await connection.fetch(_REQUESTS, case_no, batch_no, institution, limit + 1, ATTEMPTS_SHOWN)
    rows, more = cut(fetched, limit)
    items = tuple(_request(row, policy) for row in rows)
    return RequestPage(items=items, next=to_cursor(items[-1].batch_no, items[-1].institution) if more else None)


def _request(row: Record, policy: CasePolicy) -> RequestView:
    fields = dict(row)
    del fields["waiting_since"], fields["answer_class"]
    fields["hops"] = hops = tuple(RequestHopView.model_validate(hop) for hop in row["hops"] or ())
    fields["attempts"] = tuple(RequestAttempt.model_validate(attempt) for attempt in row["attempts"] or ())
    due = _next_level(row, policy) if any(hop.live for hop in hops) else None
    return RequestView(**fields, next_level=due.level if due else None, next_level_at=due.at if due else None)


def _next_level(row: Record, policy: CasePolicy) -> LevelDue[EscalationLevel] | None:
    """Return the next level of a request that waits, by the policy that its case was opened with."""
    ladder = policy.ladders[AnswerClass(row["answer_class"])]
    levels = EscalationPolicy({step.level: timedelta(seconds=step.after_seconds) for step in ladder})
    reached = Reached(EscalationLevel(row["level"])) if row["level"] else None
    return next_due(levels, reached, row["waiting_since"])


_HOPS: Final = """
SELECT h.*, q.request_id AS live_request_id, t.due_at AS ask_again_at,
    p.institution AS parent_institution, p.payee_institution_as_told AS parent_institution_as_told,
    p.payee_holder AS parent_holder, p.payee_ifsc AS parent_ifsc,
    (SELECT jsonb_object_agg(bucket, balance_paise) FROM ledger_balance b
     WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no AND bucket NOT IN ('lost', 'proposed')
         AND balance_paise <> 0) AS balances
FROM hop h
LEFT JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no
LEFT JOIN request_hop q ON q.case_no = h.case_no AND q.hop_no = h.hop_no AND q.live
LEFT JOIN hop_retry t ON t.case_no = h.case_no AND t.hop_no = h.hop_no
WHERE h.case_no = $1 AND h.hop_no > $2 AND ($4::integer IS NULL OR h.layer = $4) ORDER BY h.hop_no LIMIT $3
"""

_VERSION: Final = "SELECT event_seq FROM case_file WHERE case_no = $1"
_ALL_HOPS: Final = """
SELECT hop_no, parent_hop_no, institution, payer_institution_as_told, payer_holder, payee_institution_as_told,
    payee_holder FROM hop WHERE case_no = $1
"""
# The contra buckets are below zero.
_PLACED: Final = "SELECT hop_no, bucket, balance_paise FROM ledger_balance WHERE case_no = $1 AND balance_paise > 0"
_BUCKETS: Final[Mapping[str, Bucket]] = {bucket.value: bucket for bucket in Bucket}


async def trail_page(
    connection: Connection, ack_no: str, after: str | None, limit: int, layer: int | None = None
) -> TrailView:
    """Return up to `limit` hops of a case, or of one layer, with their accounts. Raises `NotFound`, `BadCursor`."""
    after_hop_no = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    fetched = await connection.fetch(_HOPS, case_no, after_hop_no, limit + 1, layer)
    rows, more = cut(fetched, limit)
    nodes = {node.node_id: node for row in rows for node in _ends(row)}
    return TrailView(
        case_ack_no=case_no,
        nodes=tuple(nodes.values()),
        edges=tuple(_edge(row) for row in rows),
        next=to_cursor(rows[-1]["hop_no"]) if more else None,
    )


async def rows(connection: Connection, case_no: str, after: int, limit: int, layer: int | None = None) -> list[Record]:
    """Return up to `limit` hops of a case, or of one layer, after one, for a long table."""
    hops: list[Record] = await connection.fetch(_HOPS, case_no, after, limit, layer)
    return hops


async def version(connection: Connection, case_no: str) -> int:
    """Return the number of the last event of a case. Each change of its trail has an event."""
    seq: int = await connection.fetchval(_VERSION, case_no)
    return seq


async def all_hops(connection: Connection, case_no: str) -> list[TrailHop]:
    """Return every hop of a case with the money on it; for one instant call it in one snapshot."""
    return (await stored_trail(connection, case_no)).hops()


async def stored_trail(connection: Connection, case_no: str) -> "StoredTrail":
    """Return the rows of every hop of a case; for one instant call it in one snapshot."""
    placed = await connection.fetch(_PLACED, case_no)
    return StoredTrail(await connection.fetch(_ALL_HOPS, case_no), placed)


_PARENT: Final = TrailPlace(None, "", "")
"""payer of a hop below another hop, which is that hop's payee"""


class StoredTrail(NamedTuple):
    """Rows of every hop of a case, and of the money on them. A large case has tens of thousands."""

    rows: Sequence[Record]
    placed: Sequence[Record]

    def hops(self) -> list[TrailHop]:
        """Return the hops. It takes time, so a process that serves others calls it in a thread."""
        balances: dict[int, dict[Bucket, int]] = defaultdict(dict)
        for hop_no, bucket, paise in self.placed:
            balances[hop_no][_BUCKETS[bucket]] = paise
        return [
            TrailHop(
                hop_no,
                parent_hop_no,
                TrailPlace(None, payer_as_told, payer) if parent_hop_no is None else _PARENT,
                TrailPlace(institution, payee_as_told, payee),
                balances.get(hop_no, {}),
            )
            for hop_no, parent_hop_no, institution, payer_as_told, payer, payee_as_told, payee in self.rows
        ]


def _edge(row: Record) -> TrailEdge:
    payer, payee = _ends(row)
    return TrailEdge(
        hop_no=row["hop_no"],
        revision=row["revision"],
        parent_hop_no=row["parent_hop_no"],
        layer=row["layer"],
        source=row["source"],
        state=row["state"],
        from_node=payer.node_id,
        to_node=payee.node_id,
        reference=row["reference"],
        mode=row["mode"],
        amount_paise=row["amount_paise"],
        disputed_paise=row["disputed_paise"],
        balances_paise={Bucket(name): paise for name, paise in (row["balances"] or {}).items()},
        transferred_at=row["transferred_at"],
        opened_at=row["opened_at"],
        opened_by_answer=row["opened_by_answer"],
        live_request_id=row["live_request_id"],
        ask_again_at=row["ask_again_at"],
        flags=tuple(Flag.model_validate(flag) for flag in row["flags"]),
    )


def _ends(row: Record) -> Iterable[TrailNode]:
    """Yield the account that the money left and the one that it reached.

    The first is the parent hop's payee, or the victim's own account.
    """
    if row["parent_hop_no"] is None:
        yield _node(None, row["payer_institution_as_told"], row["payer_holder"], None, victim=True)
    else:
        yield _node(
            row["parent_institution"],
            row["parent_institution_as_told"],
            row["parent_holder"],
            row["parent_ifsc"],
            victim=False,
        )
    yield _node(
        row["institution"],
        row["payee_institution_as_told"],
        row["payee_holder"],
        row["payee_ifsc"],
        victim=False,
    )


def _node(institution: str | None, as_told: str, holder: str, ifsc: str | None, *, victim: bool) -> TrailNode:
    return TrailNode(
        node_id=account_id(TrailPlace(institution, as_told, holder)),
        institution=institution,
        institution_as_told=as_told,
        holder=holder,
        ifsc=ifsc,
        victim=victim,
    )
