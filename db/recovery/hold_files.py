"""File on a hold: how its money came to the account, and the complaints that a release affects."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from db.paging import cut
from db.pool import Connection
from schemas.recovery.holds import ClaimOnHold, HeldTransfer

TRANSFERS_SHOWN_MAX: Final = 100

# The victim's bank is the payer of the first transfer. Each further bank is the payee of the next one.
_TRANSFERS: Final = """
WITH RECURSIVE here AS (
    SELECT h.case_no, h.hop_no, h.parent_hop_no, h.layer, h.ack_no, h.transferred_at, h.amount_paise, h.disputed_paise,
           coalesce(b.balance_paise, 0) AS held_paise, h.payer_institution_as_told AS payer, h.institution
    FROM account_hold a JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution
      AND h.account_key = a.account_key
    LEFT JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE a.hold_id = $1 ORDER BY held_paise DESC, h.hop_no LIMIT $2
), way AS (
    SELECT hop_no AS at_hop, case_no, parent_hop_no, ARRAY[payer, institution] AS banks FROM here
    UNION ALL
    SELECT way.at_hop, way.case_no, h.parent_hop_no, h.payer_institution_as_told || way.banks
    FROM way JOIN hop h ON h.case_no = way.case_no AND h.hop_no = way.parent_hop_no
)
SELECT here.hop_no, here.layer, here.ack_no, way.banks, here.transferred_at, here.amount_paise, here.disputed_paise,
       here.held_paise
FROM here JOIN way ON way.at_hop = here.hop_no AND way.parent_hop_no IS NULL
ORDER BY here.held_paise DESC, here.hop_no
"""

_CLAIMS: Final = """
SELECT these.ack_no, these.held_here_paise, in_all.held_paise, in_all.restored_paise, r.restoration_id, r.step, s.due_at
FROM account_hold a
CROSS JOIN LATERAL (
    SELECT h.ack_no, sum(b.balance_paise)::bigint AS held_here_paise FROM hop h JOIN ledger_balance b
      ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held' AND b.balance_paise > 0
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key GROUP BY h.ack_no
) AS these
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'held'), 0)::bigint AS held_paise,
           coalesce(sum(b.balance_paise) FILTER (WHERE b.bucket = 'restored'), 0)::bigint AS restored_paise
    FROM hop h JOIN ledger_balance b USING (case_no, hop_no) WHERE h.case_no = a.case_no AND h.ack_no = these.ack_no
) AS in_all
LEFT JOIN LATERAL (
    SELECT o.restoration_id, o.step FROM restoration o JOIN restoration_line l USING (restoration_id)
    WHERE o.ack_no = these.ack_no AND o.state = 'open' AND l.hold_id = a.hold_id ORDER BY o.round_no DESC LIMIT 1
) AS r ON true
LEFT JOIN restoration_step s ON s.restoration_id = r.restoration_id AND s.ended_at IS NULL
WHERE a.hold_id = $1 ORDER BY these.held_here_paise DESC, these.ack_no
"""


async def account_key(connection: Connection, hold_id: UUID) -> str:
    """Return the account of a hold in the form for comparison; "" for a hold that is not there."""
    found: str | None = await connection.fetchval("SELECT account_key FROM account_hold WHERE hold_id = $1", hold_id)
    return found or ""


async def transfers(connection: Connection, hold_id: UUID) -> tuple[tuple[HeldTransfer, ...], bool]:
    """Return the transfers to the account of a hold, those with most on hold first, and whether there are more."""
    rows = await connection.fetch(_TRANSFERS, hold_id, TRANSFERS_SHOWN_MAX + 1)
    shown, more = cut(rows, TRANSFERS_SHOWN_MAX)
    return tuple(HeldTransfer(**dict(row) | {"banks": _each_once(row["banks"])}) for row in shown), more


def _each_once(banks: Sequence[str]) -> tuple[str, ...]:
    """Return the banks in their order; a transfer inside one bank names it once."""
    return tuple(bank for place, bank in enumerate(banks) if place == 0 or bank != banks[place - 1])


async def claims(connection: Connection, hold_id: UUID) -> tuple[ClaimOnHold, ...]:
    """Return the complaints with money on hold at the account, those with most of it first."""
    rows = await connection.fetch(_CLAIMS, hold_id)
    return tuple(ClaimOnHold(**dict(row)) for row in rows)
