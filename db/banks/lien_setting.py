"""Counts of a bank's holds by the balance beside them."""

from typing import Final

from db.pool import Connection
from domain.banks.directory import HoldBalances

READ_MAX: Final = 100_000
"""The latest answers of all banks that are looked through, so that the query stays short in a large database."""

_HOLD_BALANCES: Final = """
SELECT count(*) AS holds, count(*) FILTER (WHERE balance_paise < claim_paise) AS below,
    count(*) FILTER (WHERE balance_paise = claim_paise) AS equal
FROM (
    SELECT institution, kind, claim_paise, balance_paise, balance_on_wire FROM answer
    ORDER BY answer_id DESC LIMIT $2
) AS latest
WHERE institution = $1 AND kind = 'held' AND claim_paise > 0 AND balance_paise IS NOT NULL
    AND balance_on_wire
"""


async def hold_balances(connection: Connection, institution: str) -> HoldBalances:
    """Count a bank's latest holds over the I4C wire by how the balance in the line compares with the hold."""
    row = await connection.fetchrow(_HOLD_BALANCES, institution, READ_MAX)
    assert row is not None, "an aggregate is one row"
    return HoldBalances(holds=row["holds"], below=row["below"], equal=row["equal"])
