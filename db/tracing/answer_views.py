"""Views of banks' answers line by line, and of their discrepancies."""

from typing import Final

from db.body_keys import OpensLine, stored_line
from db.cases.cases import case_no_of
from db.paging import cut, int_after, to_cursor
from db.person_keys import StoredText
from db.pool import Connection
from schemas.tracing.views import AnswerPage, AnswerView, DiscrepancyPage, DiscrepancyView

_ANSWERS: Final = f"""
SELECT a.answer_id, a.update_id, a.line_no, a.institution, u.job_id, a.received_at, a.kind, a.disposition,
    a.status_code, a.hop_nos, a.amount_paise, a.claim_paise, a.applied_paise, a.remarks, a.flags,
    {stored_line("a")} AS raw
FROM answer a JOIN status_update u USING (update_id)
WHERE a.case_no = $1 AND a.answer_id > $2 ORDER BY a.answer_id LIMIT $3
"""
_DISCREPANCIES: Final = """
SELECT c.discrepancy_id, c.kind, c.institution, c.hop_no, c.answer_id, c.claimed_paise, c.applied_paise, c.opened_at,
    s.resolution, ARRAY(
        SELECT DISTINCT p.body ->> 'decision' FROM proposal p
        WHERE p.kind = 'resolution' AND p.subject = c.discrepancy_id::text AND (p.body -> 'resolution_no')::integer
            = coalesce((s.resolution->>'resolution_no')::integer, 0) + 1 ORDER BY 1) AS proposed
FROM discrepancy c LEFT JOIN LATERAL (
    SELECT jsonb_build_object('resolution_no', resolution_no, 'decision', decision, 'reason', reason,
        'settled_by', settled_by, 'settled_at', settled_at, 'proposed_by', proposed_by,
        'transaction_id', transaction_id) AS resolution
    FROM discrepancy_resolution WHERE discrepancy_id = c.discrepancy_id ORDER BY resolution_no DESC LIMIT 1
) AS s ON true
WHERE c.case_no = $1 AND c.discrepancy_id > $2 ORDER BY c.discrepancy_id LIMIT $3
"""


async def page(connection: Connection, ack_no: str, after: str | None, limit: int, opens: OpensLine) -> AnswerPage:
    """Return up to `limit` lines of banks' answers about a case, as received. Raises `NotFound`, `BadCursor`."""
    after_id = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    rows, more = cut(await connection.fetch(_ANSWERS, case_no, after_id, limit + 1), limit)
    items = tuple(AnswerView.model_validate(dict(row) | {"raw": opens(StoredText(**row["raw"]))}) for row in rows)
    return AnswerPage(items=items, next=to_cursor(items[-1].answer_id) if more else None)


async def discrepancies(connection: Connection, ack_no: str, after: str | None, limit: int) -> DiscrepancyPage:
    """Return up to `limit` discrepancies of a case. Raises `NotFound`, `BadCursor`."""
    after_id = int_after(after)
    case_no = await case_no_of(connection, ack_no)
    rows, more = cut(await connection.fetch(_DISCREPANCIES, case_no, after_id, limit + 1), limit)
    items = tuple(DiscrepancyView.model_validate(dict(row)) for row in rows)
    return DiscrepancyPage(items=items, next=to_cursor(items[-1].discrepancy_id) if more else None)
