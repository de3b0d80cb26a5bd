"""Victims' own transfers, at the roots of the money trails."""

from collections.abc import Sequence
from typing import Final

from db.pool import Connection
from db.privacy.person_keys import StoredPerson, stored
from schemas.base import FrozenModel


class Payment(FrozenModel):
    """A victim's own payment, with the fields of the bank wire's `instrument`."""

    category: str
    victim: StoredPerson
    is_marked: bool
    """whether the complaint is marked, so that a bank reads neither category nor mobile nor district"""
    district: str
    payer_institution: str
    payer_holder: str
    mode: str


def payment_query(case_no: str, hop_no: str) -> str:
    """Return a query for the victim's payment at the root of a hop, as JSON; its arguments are SQL."""
    return f"""
WITH RECURSIVE up AS (
    SELECT h.case_no, h.hop_no, h.parent_hop_no FROM hop h WHERE h.case_no = {case_no} AND h.hop_no = {hop_no}
    UNION
    SELECT h.case_no, h.hop_no, h.parent_hop_no
    FROM up JOIN hop h ON h.case_no = up.case_no AND h.hop_no = up.parent_hop_no
)
SELECT jsonb_build_object('category', c.category, 'is_marked', c.marked, 'victim', {stored("v")},
    'district', v.district, 'payer_institution', h.payer_institution_as_told, 'payer_holder', h.payer_holder,
    'mode', h.mode)
FROM up JOIN hop h USING (case_no, hop_no) JOIN complaint c ON c.ack_no = h.ack_no JOIN victim v USING (victim_id)
WHERE up.parent_hop_no IS NULL
"""


_PAYMENTS: Final = f"""
SELECT t.case_no, t.hop_no, ({payment_query("t.case_no", "t.hop_no")}) AS payment
FROM unnest($1::text[], $2::integer[]) AS t (case_no, hop_no)
"""


async def payments(connection: Connection, hops: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Payment]:
    """Return the victim's payment at the root of each hop (case, number)."""
    rows = await connection.fetch(_PAYMENTS, [case_no for case_no, _ in hops], [hop_no for _, hop_no in hops])
    return {(row["case_no"], row["hop_no"]): Payment(**row["payment"]) for row in rows}


async def payment_of_hop(connection: Connection, case_no: str, hop_no: int) -> Payment:
    """Return the victim's payment at the root of a hop: the transfer by which its money left the victim."""
    return (await payments(connection, [(case_no, hop_no)]))[case_no, hop_no]
