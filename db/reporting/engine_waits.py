"""Time that the engine itself takes for each of its steps from money on hold to the credit, for benchmarks.

The waits of the law, of people and of banks are left out: each step counts from the moment at which only the engine had
to act.
"""

from collections import defaultdict
from datetime import datetime
from typing import Final

from db.pool import Connection
from db.recovery import due_documents

_STEPS: Final = """
SELECT 'hold_opened' AS step, hold_opened_at - held_at AS waited FROM held_hop WHERE hold_opened_at IS NOT NULL
UNION ALL
SELECT 'procedure_started', started_at - created_at FROM procedure WHERE started_at IS NOT NULL
UNION ALL
SELECT 'procedure_notified', signalled_at - created_at FROM procedure_news WHERE signalled_at IS NOT NULL
UNION ALL
SELECT 'collecting_ended', s.ended_at - greatest(s.opened_at, least(s.due_at, c.settled_at))
FROM restoration_step s JOIN restoration r USING (restoration_id) JOIN case_file c USING (case_no)
WHERE s.step = 'collecting' AND s.outcome = 'done'
UNION ALL
SELECT 'notice_ended', s.ended_at - greatest(s.due_at, d.ended_at, g.ended_at)
FROM restoration_step s
JOIN LATERAL (
    SELECT max(ended_at) AS ended_at FROM due_document
    WHERE restoration_id = s.restoration_id AND step = s.step AND visit_no = s.visit_no AND state <> 'overtaken') AS d
    ON true
JOIN LATERAL (
    SELECT max(x.ended_at) AS ended_at FROM grievance x JOIN restoration_line USING (hold_id)
    WHERE restoration_id = s.restoration_id AND x.ended_at <= s.ended_at) AS g ON true
WHERE s.step IN ('holder_notice', 'show_cause') AND s.outcome = 'done' AND s.ended_by = 'engine'
    AND s.ended_at >= s.due_at AND NOT EXISTS (SELECT FROM objection o WHERE o.restoration_id = s.restoration_id)
UNION ALL
SELECT 'court_order_used', s.ended_at - greatest(s.opened_at, o.taken_at, o.confirmed_at)
FROM restoration_step s JOIN restoration r USING (restoration_id) JOIN court_order o USING (court_order_id)
WHERE s.step IN ('court_order', 'lok_adalat_award', 'distribution') AND s.outcome = 'done' AND s.ended_by = 'engine'
    AND NOT EXISTS (SELECT FROM objection b WHERE b.restoration_id = s.restoration_id)
UNION ALL
SELECT 'order_delivered', delivered_at - planned_at FROM bank_order WHERE delivered_at IS NOT NULL AND round = 0
UNION ALL
SELECT 'credit_ended', s.ended_at - greatest(s.opened_at, o.ended_at)
FROM restoration_step s
JOIN LATERAL (
    SELECT max(b.ended_at) AS ended_at FROM bank_order b WHERE b.restoration_id = s.restoration_id) AS o ON true
WHERE s.step = 'credit' AND s.outcome = 'done'
"""

_TO_DO: Final = """
SELECT (SELECT count(*) FROM hop WHERE state = 'open') + (SELECT count(*) FROM hold_request WHERE state = 'sending')
    + (SELECT count(*) FROM outgoing WHERE kind = 'due_document' AND next_attempt_at <= present_moment())
"""


async def engine_waits(connection: Connection) -> dict[str, list[float]]:
    """Return by step the seconds that the engine took, for every step that has ended."""
    rows = await connection.fetch(f"SELECT step, extract(epoch FROM waited)::float8 AS seconds FROM ({_STEPS}) AS t")
    by_step: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        by_step[row["step"]].append(row["seconds"])
    return dict(by_step)


async def left_to_do(connection: Connection) -> int:
    """Return how many hops, requests, documents and rows of restorations the engine has not handled yet."""
    to_send: int = await connection.fetchval(_TO_DO)
    return to_send + (await due_documents.backlog(connection)).rows


async def last_event_at(connection: Connection) -> datetime | None:
    """Return when the newest event of any case was logged, or None if there is none.

    What waits in the queues of Temporal is seen by it alone.
    """
    at: datetime | None = await connection.fetchval("SELECT max(at) FROM case_event")
    return at


async def cases_on_hold(connection: Connection) -> int:
    """Return how many cases have an account hold."""
    count: int = await connection.fetchval("SELECT count(DISTINCT case_no) FROM account_hold WHERE state = 'held'")
    return count
