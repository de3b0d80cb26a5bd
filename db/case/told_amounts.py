"""Larger amounts of victims' transfers that wait until the bank has the first request."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db.case.parked_hops import DueHops, by_case
from db.pool import Connection
from schemas.base import FrozenModel


class WaitingRaise(FrozenModel):
    """The largest amount that a complaint told of a hop."""

    hop_no: int
    ack_no: str
    amount_paise: int


_BANK_HAS_REQUEST: Final = """
CASE h.state
WHEN 'closed' THEN true
WHEN 'open' THEN false
WHEN 'asked' THEN EXISTS (
    SELECT FROM request_hop q JOIN hold_request r USING (request_id) LEFT JOIN feed_entry f USING (request_id)
    WHERE q.case_no = h.case_no AND q.hop_no = h.hop_no AND q.live
      AND (r.state = 'refused' OR r.first_answered_at IS NOT NULL
           -- What stands in the feed is not with the bank before it has read it.
           OR (r.delivered_at IS NOT NULL AND (r.channel <> 'pull' OR f.acknowledged_at IS NOT NULL))))
-- From the case's requests to their hops, because hops that are no longer live have no index by case.
ELSE EXISTS (SELECT FROM hold_request r JOIN request_hop q USING (request_id)
             WHERE r.case_no = h.case_no AND q.hop_no = h.hop_no)
END
"""
"""whether the hop `h` was answered, or its bank has the request about it"""


async def bank_has_request(connection: Connection, case_no: str, hop_no: int) -> bool:
    """Return whether a larger amount replaces no request that the bank does not have yet."""
    found: bool = await connection.fetchval(
        f"SELECT {_BANK_HAS_REQUEST} FROM hop h WHERE h.case_no = $1 AND h.hop_no = $2", case_no, hop_no
    )
    return found


async def keep(connection: Connection, case_no: str, hop_no: int, ack_no: str, paise: int, at: datetime) -> None:
    """Keep the amount that a complaint tells; the largest of a hop counts."""
    await connection.execute(
        "INSERT INTO hop_raise AS r (case_no, hop_no, ack_no, amount_paise, told_at) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (case_no, hop_no) DO UPDATE SET ack_no = excluded.ack_no, amount_paise = excluded.amount_paise"
        " WHERE excluded.amount_paise > r.amount_paise",
        case_no,
        hop_no,
        ack_no,
        paise,
        at,
    )


DUE: Final = f"""
SELECT r.case_no, r.hop_no FROM hop_raise r JOIN hop h USING (case_no, hop_no)
WHERE r.case_no <> ALL($1::text[]) AND {_BANK_HAS_REQUEST} ORDER BY r.told_at LIMIT $2
"""


async def due(connection: Connection, skip: Sequence[str], limit: int) -> DueHops:
    """Return hops that can be raised now, by case, the oldest first; skips the cases in `skip`."""
    return by_case(await connection.fetch(DUE, list(skip), limit))


async def still_due(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> list[WaitingRaise]:
    """Return what is told of these hops and can be used now; call it under the case's lock."""
    rows = await connection.fetch(
        "SELECT r.hop_no, r.ack_no, r.amount_paise FROM hop_raise r JOIN hop h USING (case_no, hop_no)"
        f" WHERE r.case_no = $1 AND r.hop_no = ANY($2) AND {_BANK_HAS_REQUEST} ORDER BY r.hop_no",
        case_no,
        list(hop_nos),
    )
    return [WaitingRaise(**dict(row)) for row in rows]


async def forget(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> None:
    """Forget what is told of these hops: it is used, or it is no more than they have."""
    await connection.execute("DELETE FROM hop_raise WHERE case_no = $1 AND hop_no = ANY($2)", case_no, list(hop_nos))


async def forget_told_in(connection: Connection, ack_no: str) -> None:
    """Forget what a complaint told that is withdrawn."""
    await connection.execute("DELETE FROM hop_raise WHERE ack_no = $1", ack_no)
