"""Values of open work items: a read model for lists, made from the cases.

It may be emptied at any time.
"""

from collections.abc import Sequence
from typing import Final

from db.pool import Connection
from domain.policy.telephone import PersonWeights

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
