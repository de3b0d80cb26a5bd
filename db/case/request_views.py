"""Views of hold requests: their channels, their escalation, and their hops."""

from datetime import timedelta
from typing import Final

from asyncpg import Record

from db.case.cases import case_no_of, policy_of
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.case.requests import EscalationPolicy, LevelDue, Reached, next_due
from domain.errors import BadCursor
from schemas.case.request_views import RequestAttempt, RequestHopView, RequestPage, RequestView
from schemas.enums import AnswerClass, EscalationLevel
from schemas.procedures import CasePolicy

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
    found = await connection.fetch(_REQUESTS, case_no, batch_no, institution, limit + 1, ATTEMPTS_SHOWN)
    rows, more = cut(found, limit)
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
