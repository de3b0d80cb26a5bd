"""Facts of other areas that a restoration depends on: payers, the case, FIRs and court orders."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from db.pool import Connection
from db.recovery.restorations import Line
from db.rows import Rows
from domain.recovery.procedure import ENDS_BY, LEADS_TO
from schemas.base import FrozenModel
from schemas.enums import CaseState
from schemas.restoration_enums import CourtOrderEffect, CourtOrderKind


class Payer(FrozenModel):
    """The account from which the victim paid: the origin of a hop's money."""

    hop_no: int
    institution_as_told: str
    holder: str
    ifsc: str | None


async def payers(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> list[Payer]:
    """Return the payer of the first transfer in the trail of each hop."""
    return await Rows(connection, Payer).many(
        "WITH RECURSIVE up AS ("
        " SELECT hop_no AS asked, parent_hop_no, payer_institution_as_told, payer_holder, payer_ifsc FROM hop"
        " WHERE case_no = $1 AND hop_no = ANY($2)"
        " UNION ALL SELECT u.asked, h.parent_hop_no, h.payer_institution_as_told, h.payer_holder, h.payer_ifsc"
        " FROM up u JOIN hop h ON h.case_no = $1 AND h.hop_no = u.parent_hop_no)"
        " SELECT asked AS hop_no, payer_institution_as_told AS institution_as_told, payer_holder AS holder,"
        " payer_ifsc AS ifsc FROM up WHERE parent_hop_no IS NULL ORDER BY asked",
        case_no,
        list(hop_nos),
    )


async def case_state(connection: Connection, case_no: str) -> CaseState:
    """Return the state of the case: whether its money is still in play."""
    return CaseState(await connection.fetchval("SELECT state FROM case_file WHERE case_no = $1", case_no))


async def fir_is_registered(connection: Connection, case_no: str) -> bool:
    """Return whether the case has an FIR in force."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM fir WHERE case_no = $1 AND state IN ('registered', 'signed'))", case_no
    )
    return found


class _AboutMoney(FrozenModel):
    institution: str | None
    account_key: str | None
    """None: it is about every account of the case"""

    def is_about(self, line: Line) -> bool:
        """Return whether it is about the account of this money."""
        return self.account_key is None or (self.institution, self.account_key) == (line.institution, line.account_key)


class CourtOrderRow(_AboutMoney):
    """A court's order on which a restoration may rely."""

    court_order_id: int
    kind: CourtOrderKind
    effect: CourtOrderEffect
    amount_paise: int | None


_ORDERS: Final = """
SELECT c.court_order_id, c.kind, c.effect, c.amount_paise, c.institution, c.account_key FROM court_order c
JOIN restoration r ON r.restoration_id = $1 AND c.case_no = r.case_no
WHERE court_order_counts(c) AND c.effect = ANY($2) AND c.kind = ANY($3)
  AND (c.account_key IS NULL OR EXISTS (
      SELECT FROM restoration_line l JOIN account_hold a USING (hold_id)
      WHERE l.restoration_id = $1 AND a.institution = c.institution AND a.account_key = c.account_key))
  -- An order whose sum is already ordered to be restored is no longer usable.
  AND (c.effect <> 'restore' OR c.amount_paise IS NULL OR c.amount_paise > (
      SELECT coalesce(sum(CASE o.state WHEN 'cancelled' THEN o.confirmed_paise ELSE o.amount_paise END), 0)
      FROM court_order_lines(c.court_order_id) o))
ORDER BY c.court_order_id DESC
"""


async def court_orders(connection: Connection, restoration_id: UUID) -> list[CourtOrderRow]:
    """Return the orders about its money that end a step or determine a route, the newest first."""
    effects = [effect.value for effect in ENDS_BY]
    return await Rows(connection, CourtOrderRow).many(
        _ORDERS, restoration_id, effects, [kind.value for kind in LEADS_TO]
    )


async def is_withdrawn(connection: Connection, court_order_id: int) -> bool:
    """Return whether an order was withdrawn, because it was entered by mistake."""
    found: bool = await connection.fetchval(
        "SELECT withdrawn_at IS NOT NULL FROM court_order WHERE court_order_id = $1", court_order_id
    )
    return found


class Covered(_AboutMoney):
    """Amount that may still be restored under an entry of an order, after all orders to banks under it."""

    left_paise: int | None
    """None: the order names no sum"""


async def covered(connection: Connection, court_order_id: int) -> list[Covered]:
    """Return the remaining amounts of an order, one per account that it names and that a second officer confirmed.

    Of a cancelled order to a bank the executed part still counts.
    """
    rows = await connection.fetch(
        "SELECT s.institution, s.account_key, CASE WHEN s.amount_paise IS NOT NULL THEN greatest(s.amount_paise"
        "  - (SELECT coalesce(sum(CASE l.state WHEN 'cancelled' THEN l.confirmed_paise ELSE l.amount_paise END), 0)"
        "  FROM court_order_lines(s.court_order_id) l), 0)::bigint END AS left_paise"
        " FROM court_order c JOIN court_order s"
        "  ON (s.case_no, s.court, s.order_no, s.effect) = (c.case_no, c.court, c.order_no, c.effect)"
        " WHERE c.court_order_id = $1 AND (court_order_counts(s) OR s.court_order_id = $1) ORDER BY s.court_order_id",
        court_order_id,
    )
    assert rows, "orders of courts are never deleted"
    return [Covered(**dict(row)) for row in rows]
