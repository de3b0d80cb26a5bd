"""Facts of restorations, and the files of each."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from db.case import events
from db.pool import Connection
from db.recovery import credit_accounts
from db.recovery.claims import HopAtAccount, hops_at
from db.recovery.restorations import Line
from db.rows import Rows
from domain.errors.restoration import RestorationNotFound
from domain.recovery.procedure import ENDS_BY, LEADS_TO
from schemas.base import FrozenModel
from schemas.enums import CaseState
from schemas.identifiers import account_end, account_key
from schemas.recovery.officer_steps import (
    AccountOfFile,
    BankVoice,
    CreditAccountOfFile,
    DiscrepancyOfFile,
    RestorationFile,
    TransferOfFile,
    WaiverOfFile,
)
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
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM fir WHERE case_no = $1 AND state IN ('registered', 'signed'))", case_no
    )
    return exists


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
    withdrawn: bool = await connection.fetchval(
        "SELECT withdrawn_at IS NOT NULL FROM court_order WHERE court_order_id = $1", court_order_id
    )
    return withdrawn


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


ACCOUNTS_MAX: Final = 50
DISCREPANCIES_MAX: Final = 200

_HEAD: Final = """
SELECT r.case_no, r.ack_no, CASE WHEN r.prepared_by IS NOT NULL THEN (
    SELECT max(e.at) FROM case_event e WHERE e.case_no = r.case_no AND e.kind = 'restoration_prepared'
      AND e.data ->> 'restoration_id' = r.restoration_id::text) END AS prepared_at
FROM restoration r WHERE r.restoration_id = $1
"""

# What a line gives the victim; before the preparation what is on hold for the victim.
_VICTIM_PAISE: Final = """CASE WHEN l.excluded_at IS NOT NULL OR l.objection_id IS NOT NULL THEN 0
           WHEN r.prepared_by IS NULL THEN coalesce(b.balance_paise, 0)
           ELSE coalesce(l.due_paise, 0) END"""

# The window is taken before the limit, so the total is of all accounts.
_ACCOUNTS: Final = f"""
SELECT a.hold_id, a.institution, i.name, a.account_key, a.first_held_at,
       sum({_VICTIM_PAISE})::bigint AS victim_paise,
       sum(sum({_VICTIM_PAISE})) OVER ()::bigint AS total_paise
FROM restoration r JOIN restoration_line l USING (restoration_id) JOIN account_hold a USING (hold_id)
JOIN institution i ON i.code = a.institution
LEFT JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'
WHERE r.restoration_id = $1 GROUP BY a.hold_id, i.name
ORDER BY sum(coalesce(b.balance_paise, 0)) DESC, a.hold_id LIMIT $2
"""

# The bank of the account is asked about the transfer, and the bank above it names the transfer in its own answer. The
# bank that the victim paid from is asked by an inquiry.
_TRANSFERS: Final = """
SELECT l.hold_id, h.hop_no, h.layer, h.reference, h.transferred_at, h.payer_holder,
       p.institution AS payer_institution, coalesce(pi.name, h.payer_institution_as_told) AS payer_name,
       said.at AS holder_at, asked.channel AS holder_channel,
       CASE WHEN h.source = 'answer' THEN h.opened_at ELSE paid.stated_at END AS payer_at,
       CASE WHEN h.source = 'answer' THEN above.channel ELSE paid.channel END AS payer_channel
FROM restoration_line l JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no
LEFT JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no
LEFT JOIN institution pi ON pi.code = p.institution
LEFT JOIN LATERAL (
    SELECT min(a.received_at) AS at FROM answer a
    WHERE a.case_no = h.case_no AND a.institution = h.institution AND h.hop_no = ANY(a.hop_nos)
) AS said ON true
LEFT JOIN LATERAL (
    SELECT q.channel FROM request_hop k JOIN hold_request q USING (request_id)
    WHERE k.case_no = h.case_no AND k.hop_no = h.hop_no AND q.first_answered_at IS NOT NULL
    ORDER BY q.first_answered_at LIMIT 1
) AS asked ON true
LEFT JOIN LATERAL (
    SELECT q.channel FROM request_hop k JOIN hold_request q USING (request_id)
    WHERE k.case_no = h.case_no AND k.hop_no = h.parent_hop_no AND q.first_answered_at IS NOT NULL
    ORDER BY q.first_answered_at LIMIT 1
) AS above ON true
LEFT JOIN LATERAL (
    SELECT w.stated_at, y.channel FROM payer_inquiry y JOIN payer_statement w USING (inquiry_id)
    WHERE y.case_no = h.case_no AND y.hop_no = h.hop_no ORDER BY w.statement_id DESC LIMIT 1
) AS paid ON true
WHERE l.restoration_id = $1 ORDER BY h.hop_no
"""

_DISCREPANCIES: Final = """
SELECT d.discrepancy_id, d.hop_no, d.kind, d.institution, d.claimed_paise, d.applied_paise, d.opened_at,
       s.decision, s.proposed_by, s.settled_by, s.settled_at, coalesce(s.reason, '') AS reason
FROM restoration_line l JOIN discrepancy d ON d.case_no = l.case_no AND d.hop_no = l.hop_no
LEFT JOIN LATERAL (
    SELECT * FROM discrepancy_resolution s WHERE s.discrepancy_id = d.discrepancy_id
    ORDER BY s.resolution_no DESC LIMIT 1
) AS s ON true
WHERE l.restoration_id = $1 ORDER BY d.discrepancy_id LIMIT $2
"""

_WAIVERS: Final = """
SELECT hold_id, visit_no, recorded_by, recorded_at, contradict_until FROM hearing_waiver
WHERE restoration_id = $1 ORDER BY recorded_at, hold_id
"""

_CREDIT_ACCOUNT: Final = f"""
SELECT c.account_id, c.institution, right(c.account, 4) AS account_end, c.reason, c.proof, c.same_name, c.told_by,
       c.told_at, c.confirmed_by, c.confirmed_at, {credit_accounts.OBJECT_UNTIL}
FROM credit_account c WHERE c.ack_no = $1 AND c.ended_at IS NULL ORDER BY c.account_id DESC LIMIT 1
"""


async def get(connection: Connection, restoration_id: UUID) -> RestorationFile:
    """Return the file of a restoration; needs a transaction with one snapshot. Raises `NotFound`."""
    head = await connection.fetchrow(_HEAD, restoration_id)
    if head is None:
        raise RestorationNotFound(restoration_id)
    accounts = await connection.fetch(_ACCOUNTS, restoration_id, ACCOUNTS_MAX + 1)
    transfers = await connection.fetch(_TRANSFERS, restoration_id)
    discrepancies = await connection.fetch(_DISCREPANCIES, restoration_id, DISCREPANCIES_MAX)
    shown = []
    for account in accounts[:ACCOUNTS_MAX]:
        hops = await hops_at(connection, (account["institution"], account["account_key"]))
        of_account = [row for row in transfers if row["hold_id"] == account["hold_id"]]
        shown.append(_account(dict(account), head["case_no"], hops, of_account, discrepancies))
    credit_account = await connection.fetchrow(_CREDIT_ACCOUNT, head["ack_no"])
    waivers = await connection.fetch(_WAIVERS, restoration_id)
    return RestorationFile(
        restoration_id=restoration_id,
        last_event_seq=await events.last_seq(connection, head["case_no"]),
        prepared_at=head["prepared_at"],
        accounts=tuple(shown),
        more_accounts=len(accounts) > ACCOUNTS_MAX,
        total_paise=accounts[0]["total_paise"] if accounts else 0,
        waivers=tuple(WaiverOfFile(**dict(row)) for row in waivers),
        credit_account=CreditAccountOfFile(**dict(credit_account)) if credit_account else None,
    )


def _account(
    row: dict[str, Any],
    case_no: str,
    hops: Sequence[HopAtAccount],
    transfers: Sequence[Any],
    discrepancies: Sequence[Any],
) -> AccountOfFile:
    own = {(case_no, transfer["hop_no"]) for transfer in transfers}
    others = [hop for hop in hops if (hop.case_no, hop.hop_no) not in own and hop.claimed.claim_paise]
    of_hop = {hop.hop_no: hop for hop in hops if hop.case_no == case_no}
    return AccountOfFile(
        hold_id=row["hold_id"],
        institution=row["institution"],
        name=row["name"],
        account_end=account_end(row["account_key"]),
        first_held_at=row["first_held_at"],
        held_paise=sum(hop.money.held_paise for hop in hops),
        others=len({hop.ack_no for hop in others}),
        others_claim_paise=sum(hop.claimed.claim_paise for hop in others),
        victim_paise=row["victim_paise"],
        transfers=tuple(
            _transfer(transfer, of_hop[transfer["hop_no"]], row, discrepancies)
            for transfer in transfers
            if transfer["hop_no"] in of_hop
        ),
    )


def _transfer(row: Any, hop: HopAtAccount, account: dict[str, Any], discrepancies: Sequence[Any]) -> TransferOfFile:
    placed_paise = hop.money.placed_paise or None
    sent_paise = hop.money.sent_paise or hop.money.moved_paise or None
    disputed_paise = hop.money.disputed_paise
    agree = None
    if placed_paise is not None and sent_paise is not None:
        agree = min(placed_paise, disputed_paise) == min(sent_paise, disputed_paise)
    return TransferOfFile(
        hop_no=row["hop_no"],
        layer=row["layer"],
        reference=row["reference"],
        transferred_at=row["transferred_at"],
        payer_end=account_end(account_key(row["payer_holder"])),
        disputed_paise=disputed_paise,
        confirmed_by=hop.confirmed.by,
        entered_by=hop.imported_by,
        entered_confirmed_by=hop.second_officer,
        holder=BankVoice(
            institution=account["institution"],
            name=account["name"],
            paise=placed_paise,
            stated_at=row["holder_at"] if placed_paise else None,
            channel=row["holder_channel"] if placed_paise else None,
        ),
        payer=BankVoice(
            institution=row["payer_institution"],
            name=row["payer_name"],
            paise=sent_paise,
            stated_at=row["payer_at"] if sent_paise else None,
            channel=row["payer_channel"] if sent_paise else None,
        ),
        agree=agree,
        discrepancies=tuple(
            DiscrepancyOfFile(**{name: discrepancy[name] for name in DiscrepancyOfFile.model_fields})
            for discrepancy in discrepancies
            if discrepancy["hop_no"] == row["hop_no"]
        ),
    )


class HopsOfRestoration(FrozenModel):
    """The transfers from which the money of a restoration comes."""

    ack_no: str
    case_no: str
    hop_nos: tuple[int, ...]


async def hops(connection: Connection, restoration_id: UUID) -> HopsOfRestoration:
    """Return the transfers of a restoration. Raises `RestorationNotFound`."""
    return await Rows(connection, HopsOfRestoration).one(
        "SELECT r.ack_no, r.case_no, ARRAY(SELECT l.hop_no FROM restoration_line l"
        " WHERE l.restoration_id = r.restoration_id ORDER BY l.hop_no) AS hop_nos"
        " FROM restoration r WHERE r.restoration_id = $1",
        restoration_id,
        missing=RestorationNotFound(restoration_id),
    )
