"""Views of hold requests."""

from typing import Final

from asyncpg import Record

from db.cases.cases import case_no_of
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from schemas.tracing.views import RequestHopView, RequestPage, RequestView

_MAX_BATCH_NO: Final = 2**31 - 1
_REQUESTS: Final = """
SELECT r.request_id, r.batch_no, r.institution, r.state, r.level, r.sent_at, r.delivered_at, r.first_answered_at,
    r.closed_at, r.refusal_code, r.refusal_message,
    ARRAY(SELECT j.job_id FROM request_job j WHERE j.request_id = r.request_id ORDER BY j.job_id) AS job_ids,
    (SELECT jsonb_agg(jsonb_build_object('hop_no', q.hop_no, 'revision', q.revision, 'live', q.live)
                      ORDER BY q.hop_no)
     FROM request_hop q WHERE q.request_id = r.request_id) AS hops
FROM hold_request r WHERE r.case_no = $1 AND (r.batch_no, r.institution) > ($2, $3)
ORDER BY r.batch_no, r.institution LIMIT $4
"""


async def page(connection: Connection, ack_no: str, after: str | None, limit: int) -> RequestPage:
    """Return up to `limit` requests of a case, by batch and institution. Raises `NotFound`, `BadCursor`."""
    batch_no, institution = from_cursor(after, int, str) if after is not None else (0, "")
    if not 0 <= int(batch_no) <= _MAX_BATCH_NO:
        raise BadCursor
    case_no = await case_no_of(connection, ack_no)
    found = await connection.fetch(_REQUESTS, case_no, batch_no, institution, limit + 1)
    rows, more = cut(found, limit)
    items = tuple(_request(row) for row in rows)
    return RequestPage(items=items, next=to_cursor(items[-1].batch_no, items[-1].institution) if more else None)


def _request(row: Record) -> RequestView:
    fields = dict(row)
    fields["hops"] = tuple(RequestHopView.model_validate(hop) for hop in row["hops"] or ())
    return RequestView(**fields)
