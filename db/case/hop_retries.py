"""Times at which banks are asked again about victims' transfers that they did not find."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.case.parked_hops import DueHops, by_case
from db.pool import Connection
from schemas.base import FrozenModel
from schemas.enums import HopState


class DueRetry(FrozenModel):
    """A hop that is due, with its refused amount."""

    hop_no: int
    state: HopState
    refused_paise: int
    retries: int
    """how often it was asked about again"""


_PLAN: Final = """
INSERT INTO hop_retry AS r (case_no, hop_no, due_at)
SELECT $1, hop_no, CASE WHEN others > 0 THEN $5 WHEN $4 > 0 THEN $3::timestamptz END
FROM unnest($2::integer[]) AS t (hop_no) CROSS JOIN LATERAL (
    SELECT count(DISTINCT upper(c.payee_institution)) AS others FROM complaint_transfer c
    WHERE c.case_no = $1 AND c.hop_no = t.hop_no AND 'bank' = ANY (c.differing)) AS o
ON CONFLICT (case_no, hop_no) DO UPDATE SET due_at = CASE
    WHEN r.retries < (SELECT count(DISTINCT upper(c.payee_institution)) FROM complaint_transfer c
        WHERE c.case_no = r.case_no AND c.hop_no = r.hop_no AND 'bank' = ANY (c.differing)) THEN $5
    WHEN r.retries < $4 * (SELECT 1 + count(DISTINCT upper(c.payee_institution)) FROM complaint_transfer c
        WHERE c.case_no = r.case_no AND c.hop_no = r.hop_no AND 'bank' = ANY (c.differing)) THEN $3::timestamptz END
RETURNING hop_no, due_at IS NULL AS is_over
"""


async def plan(
    connection: Connection, case_no: str, hop_nos: Sequence[int], due_at: datetime, times: int, now: datetime
) -> list[int]:
    """Write when these hops are asked about again; return those that were asked again often enough.

    Each bank that complaints name of a hop is asked `times` times. One that was not asked yet is asked at once.
    """
    rows = await connection.fetch(_PLAN, case_no, list(hop_nos), due_at, times, now)
    return [row["hop_no"] for row in rows if row["is_over"]]


async def plan_at_once(connection: Connection, case_no: str, hop_no: int, now: datetime) -> None:
    """Write that the hop is asked about again at once, because a complaint names another bank of it."""
    await connection.execute(
        "INSERT INTO hop_retry (case_no, hop_no, due_at) VALUES ($1, $2, $3)"
        " ON CONFLICT (case_no, hop_no) DO UPDATE SET due_at = excluded.due_at",
        case_no,
        hop_no,
        now,
    )


DUE: Final = """
SELECT case_no, hop_no FROM hop_retry WHERE due_at <= $1 AND case_no <> ALL($2::text[]) ORDER BY due_at LIMIT $3
"""


async def due(connection: Connection, now: datetime, skip: Sequence[str], limit: int) -> DueHops:
    """Return hops that are due, by case, the oldest first; skips the cases in `skip`."""
    return by_case(await connection.fetch(DUE, now, list(skip), limit))


async def still_due(connection: Connection, case_no: str, hop_nos: Sequence[int], now: datetime) -> list[DueRetry]:
    """Return which of these hops are due; call it under the case's lock."""
    rows = await connection.fetch(
        "SELECT r.hop_no, r.retries, h.state, coalesce(b.balance_paise, 0) AS refused_paise FROM hop_retry r"
        " JOIN hop h USING (case_no, hop_no)"
        " LEFT JOIN ledger_balance b ON b.case_no = r.case_no AND b.hop_no = r.hop_no AND b.bucket = 'refused'"
        " WHERE r.case_no = $1 AND r.hop_no = ANY($2) AND r.due_at <= $3 ORDER BY r.hop_no",
        case_no,
        list(hop_nos),
        now,
    )
    return [DueRetry(**dict(row)) for row in rows]


async def done(connection: Connection, case_no: str, due_hops: Sequence[int], asked: Sequence[int]) -> None:
    """Write that nothing of `due_hops` is due any more, and that those in `asked` were asked about again."""
    await connection.execute(
        "UPDATE hop_retry SET due_at = NULL, retries = retries + (hop_no = ANY($3))::integer"
        " WHERE case_no = $1 AND hop_no = ANY($2)",
        case_no,
        list(due_hops),
        list(asked),
    )


async def keep_count(connection: Connection, case_no: str, hop_no: int, retries: int) -> None:
    """Write how often the hop was asked about again before a correction by the engine."""
    await connection.execute(
        "INSERT INTO hop_retry (case_no, hop_no, retries) VALUES ($1, $2, $3)", case_no, hop_no, retries
    )


async def forget(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> None:
    """Forget the retries of these hops: the desk has corrected them, or a withdrawal has taken them out."""
    await connection.execute("DELETE FROM hop_retry WHERE case_no = $1 AND hop_no = ANY($2)", case_no, list(hop_nos))
