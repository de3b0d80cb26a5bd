"""Disputed holds: money that a bank reports on hold after reporting it gone.

The money is in no bucket of the ledger, but its account holder has rights.
"""

from typing import Final
from uuid import UUID

from db.pool import Connection
from domain.recovery.hold_lapse import Part

DISPUTED_HOLD: Final = """
    SELECT c.opened_at, (c.claimed_paise - greatest(c.applied_paise, taken.paise))::bigint AS paise
    FROM discrepancy c JOIN answer w ON w.answer_id = c.answer_id AND w.kind = 'held'
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(e.amount_paise), 0) AS paise
        FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
        WHERE e.case_no = h.case_no AND e.hop_no = ANY(w.hop_nos) AND e.bucket = 'held'
          AND t.kind IN ('answer', 'resolution')
    ) AS taken
    WHERE c.case_no = h.case_no AND c.hop_no = h.hop_no AND c.institution = h.institution AND c.kind = 'held_and_gone'
      AND coalesce((SELECT s.decision FROM discrepancy_resolution s WHERE s.discrepancy_id = c.discrepancy_id
          ORDER BY s.resolution_no DESC LIMIT 1), 'upheld_other') = 'upheld_other'
    ORDER BY c.discrepancy_id DESC LIMIT 1
"""
"""Amount of hop `h` that the bank claims above the booked part of its line. A line that an officer upheld does not
count."""

EXCESS_ORDERED: Final = """
    SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0)::bigint
               AS ordered_paise,
           coalesce(sum(l.confirmed_paise), 0)::bigint AS done_paise
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND l.excess
"""
"""Excess of hop `h` that was ordered to be released, and the part that the bank has released. Of a cancelled order the
executed part counts."""

_PARTS: Final = f"""
SELECT h.hop_no, h.ack_no, c.opened_at AS held_at, c.paise - l.ordered_paise AS free_paise, true AS excess
FROM account_hold a
JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
CROSS JOIN LATERAL ({DISPUTED_HOLD}) AS c CROSS JOIN LATERAL ({EXCESS_ORDERED}) AS l
WHERE a.hold_id = $1 ORDER BY h.hop_no
"""


async def parts(connection: Connection, hold_id: UUID) -> list[Part]:
    """Return the disputed holds under a hold that no order releases."""
    return [Part(**dict(row)) for row in await connection.fetch(_PARTS, hold_id) if row["free_paise"] > 0]
