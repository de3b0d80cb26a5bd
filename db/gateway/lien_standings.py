"""State of reconciliation by institution: last inquiry, last list, differences and open work item."""

from typing import Final

from asyncpg import Record

from db.gateway.comparisons import COLUMNS
from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from domain.errors import BadCursor
from schemas.gateway.liens import Inquiry, Reconciliation, ReconciliationState, ReconciliationStatePage

_ASKED: Final = tuple(Inquiry.model_fields)

_STANDINGS: Final = f"""
SELECT i.code, i.name, to_jsonb(q) AS asked, to_jsonb(r) AS compared,
    q.closed_at IS NULL AND q.due_at <= now() AS overdue, coalesce(d.differing, '{{}}') AS differing,
    (SELECT t.task_id FROM desk_task t WHERE t.institution = i.code AND t.case_no IS NULL AND t.kind = 'reconcile'
        AND t.state = 'open') AS task_id
FROM institution i
LEFT JOIN LATERAL (
    SELECT {", ".join(_ASKED)} FROM lien_inquiry WHERE institution = i.code ORDER BY asked_at DESC LIMIT 1
) AS q ON true
LEFT JOIN LATERAL (
    SELECT {COLUMNS} FROM reconciliation WHERE institution = i.code ORDER BY reconciliation_id DESC LIMIT 1
) AS r ON true
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(reason, n) AS differing FROM (
        SELECT reason, count(*) AS n FROM reconciliation_difference
        WHERE reconciliation_id = r.reconciliation_id GROUP BY reason
    ) AS counted
) AS d ON true
WHERE i.code > $1 AND (q.inquiry_id IS NOT NULL OR r.reconciliation_id IS NOT NULL)
ORDER BY i.code LIMIT $2
"""


async def page(connection: Connection, after: str | None, limit: int) -> ReconciliationStatePage:
    """Return up to `limit` institutions that were asked or submitted a list, by code. Raises `BadCursor`."""
    rows, more = cut(await connection.fetch(_STANDINGS, _last(after), limit + 1), limit)
    items = tuple(_standing(row) for row in rows)
    return ReconciliationStatePage(items=items, next=to_cursor(items[-1].institution) if more else None)


def _last(after: str | None) -> str:
    code = str(from_cursor(after, str)[0]) if after else ""
    if not code.isprintable():
        raise BadCursor
    return code


def _standing(row: Record) -> ReconciliationState:
    return ReconciliationState(
        institution=row["code"],
        name=row["name"],
        inquiry=None if row["asked"] is None else Inquiry.model_validate(row["asked"]),
        overdue=row["overdue"] is True,
        last=None if row["compared"] is None else Reconciliation.model_validate(row["compared"]),
        differing=row["differing"],
        task_id=row["task_id"],
    )
