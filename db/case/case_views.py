"""Views of cases: the list, and one case with its buckets and turnaround times.

Each view is one statement, so that all its figures are of the same instant.
"""

from datetime import datetime
from typing import Any, Final

from asyncpg import Record

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined, those_within
from domain.case.ledger import bucket_sums, unaccounted_paise
from domain.errors import BadCursor
from domain.errors.case import CaseNotFound
from schemas.case.request_views import CaseCounts, CaseListItem, CasePage, CaseView, ComplaintView, TurnaroundTimes
from schemas.enums import Bucket, CaseState
from schemas.privacy.reads import Within

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
    found = await connection.fetch(statement, *values)
    rows, more = cut(found, limit)
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
