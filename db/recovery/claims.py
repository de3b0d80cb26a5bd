"""Claims of all cases on the money on hold at an account, each with what banks confirmed of it."""

from collections.abc import Sequence
from typing import Final

from db.pool import Connection
from db.rows import Rows
from domain.errors.case import HopNotFound
from domain.recovery.claims import Claimed, Confirmed, HopMoney, claimed, confirmed, firm_paise
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Bucket
from schemas.identifiers import is_importer
from schemas.recovery.restorations import AccountClaim

Account = tuple[str, str]
"""institution and account key"""


class Gone(FrozenModel):
    """Money of a claim that is gone, at the hop itself or at one below it."""

    hop_no: int
    bucket: Bucket
    paise: int


class ClaimRow(FrozenModel):
    """The claim of one hop, and its parts."""

    claim: AccountClaim
    confirmed: Confirmed
    firm_paise: int
    """the part of it that more than one officer's entry confirms"""
    gone: tuple[Gone, ...]
    gone_home_paise: int
    allocation_id: int | None
    """the last allocation in which it has a share"""


class HopAtAccount(FrozenModel):
    """A hop at an account, with its claim, which may be zero."""

    case_no: str
    hop_no: int
    ack_no: str
    transferred_at: UtcDatetime
    money: HopMoney
    confirmed: Confirmed
    claimed: Claimed
    gone: tuple[Gone, ...]
    reserved_paise: int
    allocation_id: int | None
    imported_by: tuple[str, ...]
    """who imported or entered by telephone what alone says so; empty if a bank itself says it"""
    all_entered_sent_paise: int
    """what officers ever entered of what was sent, also what is confirmed since"""
    all_entered_placed_paise: int
    """the same of what the account's bank placed"""
    second_officer: str | None
    """who confirmed as another officer what was entered"""


async def cases_at(connection: Connection, accounts: Sequence[Account]) -> set[str]:
    """Return every case with a hop at one of these accounts."""
    rows = await connection.fetch(
        "SELECT DISTINCT h.case_no FROM hop h"
        " JOIN unnest($1::text[], $2::text[]) AS a (institution, account_key) USING (institution, account_key)",
        [institution for institution, _ in accounts],
        [account_key for _, account_key in accounts],
    )
    return {row["case_no"] for row in rows}


async def shared(connection: Connection, accounts: Sequence[Account]) -> list[Account]:
    """Return those of these accounts that several complaints name, over all cases."""
    rows = await connection.fetch(
        "SELECT institution, account_key FROM unnest($1::text[], $2::text[]) AS a (institution, account_key)"
        " JOIN hop h USING (institution, account_key) GROUP BY 1, 2 HAVING count(DISTINCT h.ack_no) > 1 ORDER BY 1, 2",
        [institution for institution, _ in accounts],
        [account_key for _, account_key in accounts],
    )
    return [(row["institution"], row["account_key"]) for row in rows]


_MONEY: Final = """
WITH RECURSIVE here AS (
    SELECT h.case_no, h.hop_no FROM hop h WHERE h.institution = $1 AND h.account_key = $2
      AND NOT EXISTS (SELECT FROM withdrawn_hop w WHERE w.case_no = h.case_no AND w.hop_no = h.hop_no)
      -- An upheld objection took the money out: the hop claims nothing here.
      AND (SELECT l.objection_id FROM restoration_line l JOIN restoration r USING (restoration_id)
           WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND r.ack_no = h.ack_no
           ORDER BY r.round_no DESC LIMIT 1) IS NULL
), below AS (
    SELECT case_no, hop_no AS root_no, hop_no, false AS returned, 0::bigint AS disputed_paise FROM here
    UNION ALL
    SELECT h.case_no, b.root_no, h.hop_no, (h.institution, h.account_key) IS NOT DISTINCT FROM ($1, $2),
           CASE h.source WHEN 'answer' THEN h.disputed_paise ELSE 0 END
    FROM below b JOIN hop h ON h.case_no = b.case_no AND h.parent_hop_no = b.hop_no
    -- Where the trail returns to the account, the returning hop claims what is below it.
    WHERE NOT b.returned
)
SELECT b.case_no, b.root_no, b.hop_no, m.bucket, m.balance_paise
FROM below b JOIN ledger_balance m ON m.case_no = b.case_no AND m.hop_no = b.hop_no AND m.balance_paise > 0
WHERE NOT b.returned AND (m.bucket IN ('in_play', 'withdrawn', 'spent', 'untraced', 'refused')
   OR (m.bucket IN ('held', 'restored', 'released') AND b.hop_no = b.root_no))
UNION ALL
SELECT b.case_no, b.root_no, b.hop_no, 'returned', b.disputed_paise FROM below b WHERE b.returned
ORDER BY 1, 2, 3, 4
"""

_RETURNED: Final = "returned"
"""in place of a bucket: money that came back to the account at a hop below"""


def _confirmed_onward(child: str) -> str:
    """Return SQL for the part of the desk's hop `child` that an answer of the bank above it confirmed."""
    return (
        f"SELECT least({child}.disputed_paise, coalesce(sum(a.applied_paise), 0)) FROM case_event e"
        " JOIN answer a ON a.case_no = e.case_no AND a.update_id = (e.data->>'update_id')::bigint"
        f" WHERE e.case_no = {child}.case_no AND e.kind = 'answer_received' AND e.at > h.payee_since"
        f" AND e.data->'confirmed' @> jsonb_build_array(jsonb_build_object('hop_no', {child}.hop_no))"
        f" AND a.kind = 'moved' AND a.reference_key = {child}.reference_key"
    )


_PAYEE_SINCE: Final = """
CASE WHEN h.revision > 0 THEN coalesce((SELECT max(e.at) FROM case_event e
    WHERE e.case_no = h.case_no AND e.kind = 'hop_corrected' AND (e.data->>'hop_no')::integer = h.hop_no
      -- The desk corrects the payee. A later complaint corrects its bank or its account.
      AND e.data->'fields' ?| array['payee', 'bank', 'account']), '-infinity') ELSE '-infinity' END
"""
"""since when the hop names this account. What banks said before is about another account"""

_SENT: Final = f"""
SELECT coalesce(max(stated.paise), 0)::bigint AS paise FROM (
    SELECT h.disputed_paise AS paise WHERE h.source = 'answer' AND h.opened_at > h.payee_since
    UNION ALL
    ({_confirmed_onward("h")} AND h.source = 'desk' AND NOT h.flags @> '[{{"code": "bank_names_another_account"}}]')
    UNION ALL
    (SELECT least(h.disputed_paise, s.amount_paise) FROM payer_inquiry i CROSS JOIN LATERAL (
        SELECT w.* FROM payer_statement w WHERE w.inquiry_id = i.inquiry_id ORDER BY w.statement_id DESC LIMIT 1) AS s
     WHERE i.case_no = h.case_no AND i.hop_no = h.hop_no AND i.replaced_at IS NULL
       AND s.kind <> 'denied' AND s.differing <@ '{{amount}}'
       AND s.payee_institution = h.institution AND s.payee_key = h.account_key AND s.stated_at > h.payee_since)
    UNION ALL
    (SELECT least(h.disputed_paise, f.amount_paise) FROM payer_inquiry i JOIN payer_found_transfer f USING (inquiry_id)
     WHERE i.case_no = h.case_no AND f.taken_hop_no = h.hop_no AND f.found_at > h.payee_since)
) AS stated
"""
"""What sending banks stated: an answer made the hop, or confirmed the desk's hop at this account, or the victim's bank
confirmed the debit into this account, or named a transfer that an officer took. Each kind of statement is a branch of
the union. All of them are about the same money, so the largest counts."""

_SENT_IN_ALL: Final = """
SELECT coalesce((SELECT max(a.amount_paise) FROM hop a WHERE h.source = 'complaint' AND h.reference_key <> ''
         AND a.case_no = h.case_no AND a.source = 'answer' AND a.reference_key = h.reference_key
         AND a.institution = h.institution),
    (SELECT s.amount_paise FROM payer_inquiry i CROSS JOIN LATERAL (
        SELECT w.* FROM payer_statement w WHERE w.inquiry_id = i.inquiry_id ORDER BY w.statement_id DESC LIMIT 1) AS s
     WHERE i.case_no = h.case_no AND i.hop_no = h.hop_no AND s.kind <> 'denied' AND s.amount_paise > 0
       -- A statement about the reference before a correction is about another transfer.
       AND NOT EXISTS (SELECT FROM hop_correction c WHERE c.case_no = h.case_no AND c.hop_no = h.hop_no
           AND c.corrected_at > s.stated_at AND c.after ? 'reference'))) AS moved_paise
"""
"""What the transfer of a complaint moved, by a statement of the bank that sent it; null without one."""

_SAID: Final = """
-- Later draws of answers lower what answers wrote as untraced, down to zero. The rest of them drew other money.
SELECT coalesce(sum(one.placed_paise), 0) + coalesce(sum(one.untraced_paise), 0)
     - least(min(one.untraced_so_far_paise), 0) AS paise
FROM (
    SELECT said.placed_paise, said.untraced_paise,
           sum(said.untraced_paise) OVER (ORDER BY said.transaction_id, said.line_no) AS untraced_so_far_paise
    FROM (
        SELECT e.transaction_id, e.line_no,
               CASE WHEN e.bucket <> 'untraced' THEN e.amount_paise ELSE 0 END AS placed_paise,
               -- An answer writes small amounts that went on as untraced.
               CASE WHEN e.bucket = 'untraced' AND t.kind = 'answer' THEN e.amount_paise ELSE 0 END AS untraced_paise
        FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
        WHERE e.case_no = h.case_no AND e.hop_no = h.hop_no AND t.at > h.payee_since
          AND t.kind IN ('answer', 'confirmation')
          AND e.bucket IN ('held', 'withdrawn', 'spent', 'restored', 'released', 'untraced')
    ) AS said
) AS one
"""
"""What answers and confirmations of the account's bank placed. A stopped or written-off request is no statement."""

_RESOLVED: Final = """
SELECT coalesce(sum(CASE WHEN one.paise < 0 OR one.by_two THEN one.paise ELSE 0 END), 0) AS paise FROM (
    -- Money that was on hold and is untraced now had arrived too.
    SELECT coalesce(sum(e.amount_paise) FILTER (WHERE e.bucket IN ('held', 'withdrawn', 'spent')), 0)
         + greatest(sum(e.amount_paise) FILTER (WHERE e.bucket = 'untraced'), 0) AS paise,
           (array_agg(s.proposed_by ORDER BY s.resolution_no DESC))[1] IS NOT NULL AS by_two
    FROM discrepancy d JOIN discrepancy_resolution s USING (discrepancy_id) JOIN ledger_entry e USING (transaction_id)
    WHERE d.case_no = h.case_no AND e.hop_no = h.hop_no AND s.settled_at > h.payee_since
    GROUP BY d.discrepancy_id
) AS one
"""
"""What resolutions changed of it. A resolution of two officers counts as the bank's statement. One may lower it."""

_MOVED_ON: Final = f"""
SELECT coalesce(sum(CASE c.source WHEN 'answer' THEN c.disputed_paise ELSE ({_confirmed_onward("c")}) END), 0) AS paise
FROM hop c WHERE c.case_no = h.case_no AND c.parent_hop_no = h.hop_no
  AND (c.source = 'desk' OR c.opened_at > h.payee_since)
"""
"""what the account's bank said that it sent on, as hops of the next layer"""

_STATED: Final = f"""
CROSS JOIN LATERAL ({_SENT}) AS sent CROSS JOIN LATERAL ({_SAID}) AS said
CROSS JOIN LATERAL ({_RESOLVED}) AS resolved CROSS JOIN LATERAL ({_MOVED_ON}) AS moved_on
CROSS JOIN LATERAL ({_SENT_IN_ALL}) AS sent_in_all
"""

_ENTERED_PLACED: Final = """
SELECT coalesce(sum(e.entered_paise), 0)::bigint AS entered_paise,
       coalesce(sum(e.stated_paise), 0)::bigint AS stated_paise
FROM (
    SELECT b.booked_paise AS entered_paise, b.confirmed_paise AS stated_paise FROM telephone_booking b
    WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.kind <> 'moved'
    UNION ALL
    SELECT s.* FROM hop c CROSS JOIN LATERAL entered_sent(c.case_no, c.hop_no) AS s
    WHERE c.case_no = h.case_no AND c.parent_hop_no = h.hop_no
) AS e
"""
"""Of what the account's bank placed, all that officers entered by telephone, and how much the bank has stated since."""

_AGREED: Final = """
SELECT coalesce(max((p.body ->> 'sent_paise')::bigint), 0) AS sent_paise,
       coalesce(max((p.body ->> 'placed_paise')::bigint), 0) AS placed_paise,
       coalesce(max((p.body ->> 'entered_sent_paise')::bigint), 0) AS entered_sent_paise,
       coalesce(max((p.body ->> 'entered_placed_paise')::bigint), 0) AS entered_placed_paise,
       max(p.decided_by) AS second_officer
FROM proposal p WHERE p.kind = 'entered' AND p.subject = h.case_no || ' ' || h.hop_no AND p.decision = 'agreed'
"""
"""What a second officer confirmed: all that stood there, and what officers had entered of it.

What is entered later is not confirmed by it, whatever the bank states meanwhile.
"""

_PLACED: Final = "greatest(said.paise + resolved.paise + moved_on.paise, 0)::bigint"

_HOPS: Final = f"""
SELECT h.case_no, h.hop_no, h.ack_no, h.transferred_at, h.disputed_paise, s.allocation_id,
       coalesce(s.share_paise, 0) AS share_paise, coalesce(s.gone_home_paise, 0) AS share_gone_home_paise,
       asked.to_release_paise, asked.to_restore_paise, sent.paise AS sent_paise, {_PLACED} AS placed_paise,
       sent_in_all.moved_paise, coalesce(only_importers(h.case_no, h.hop_no), '{{}}') AS imported_by,
       entered.sent_paise AS entered_sent_paise, entered.placed_paise AS entered_placed_paise,
       entered.all_sent_paise AS all_entered_sent_paise, entered.all_placed_paise AS all_entered_placed_paise,
       entered.second_officer,
       greatest(divided.refused_paise, 0)::bigint AS divided_refused_paise,
       (SELECT r.state FROM restoration r WHERE r.ack_no = h.ack_no ORDER BY r.round_no DESC LIMIT 1)
           IS NOT DISTINCT FROM 'refused' OR (
       SELECT l.excluded_as FROM restoration_line l JOIN restoration r USING (restoration_id)
       WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND r.ack_no = h.ack_no ORDER BY r.round_no DESC LIMIT 1)
           IS NOT DISTINCT FROM 'refused' AS refused
FROM (SELECT h.*, {_PAYEE_SINCE} AS payee_since FROM hop h WHERE h.institution = $1 AND h.account_key = $2) AS h
LEFT JOIN LATERAL (
    SELECT s.allocation_id, s.share_paise, s.gone_home_paise FROM allocation_share s
    WHERE s.case_no = h.case_no AND s.hop_no = h.hop_no ORDER BY s.allocation_id DESC LIMIT 1
) AS s ON true
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise) FILTER (WHERE o.kind = 'release'), 0)::bigint
               AS to_release_paise,
           coalesce(sum(l.amount_paise - l.confirmed_paise) FILTER (WHERE o.kind = 'restore'), 0)::bigint
               AS to_restore_paise
    FROM bank_order_line l JOIN bank_order o USING (order_id)
    WHERE l.case_no = h.case_no AND l.hop_no = h.hop_no AND NOT l.excess
      AND o.state IN ('planned', 'delivered', 'refused')
) AS asked
{_STATED}
CROSS JOIN LATERAL (
    SELECT greatest(CASE WHEN alone.importers IS NULL
               THEN s.entered_paise - greatest(s.stated_paise, agreed.entered_sent_paise)
               ELSE sent.paise - agreed.sent_paise END, 0) AS sent_paise,
           greatest(CASE WHEN alone.importers IS NULL
               THEN p.entered_paise - greatest(p.stated_paise, agreed.entered_placed_paise)
               ELSE {_PLACED} - agreed.placed_paise END, 0)::bigint AS placed_paise,
           s.entered_paise AS all_sent_paise, p.entered_paise AS all_placed_paise, agreed.second_officer
    FROM (SELECT importers_alone(h.case_no, h.hop_no) AS importers) AS alone CROSS JOIN LATERAL ({_AGREED}) AS agreed
    CROSS JOIN LATERAL entered_sent(h.case_no, h.hop_no) AS s CROSS JOIN LATERAL ({_ENTERED_PLACED}) AS p
) AS entered
CROSS JOIN LATERAL (
    -- An allocation gave the hop's money on hold to others, and put `refused` in its place.
    SELECT coalesce(sum(e.amount_paise), 0) AS refused_paise
    FROM ledger_entry e JOIN ledger_transaction t USING (transaction_id)
    WHERE e.case_no = h.case_no AND e.hop_no = h.hop_no AND e.bucket = 'refused' AND t.kind = 'allocation'
) AS divided
ORDER BY h.case_no, h.hop_no
"""


async def claims(connection: Connection, account: Account) -> list[ClaimRow]:
    """Return every claim on the money on hold at an account, over all cases.

    The claim of a hop is its amount on hold, plus the part of its money that is gone or in play at the hop or below it,
    up to the amount that a bank has confirmed as arrived, over a channel or as two officers say. What only one officer
    entered claims nothing beyond the amount on hold. Money that the account's bank refused at the hop does not count.
    An amount that a bank is ordered to release is not part of it. If the restoration of the complaint or of the hop was
    refused, the claim is limited to the amount on hold. A hop that claims nothing is left out.
    """
    return [_row(hop) for hop in await hops_at(connection, account) if hop.claimed.most_paise]


def _row(hop: HopAtAccount) -> ClaimRow:
    claim = AccountClaim(
        case_no=hop.case_no,
        hop_no=hop.hop_no,
        ack_no=hop.ack_no,
        transferred_at=hop.transferred_at,
        claim_paise=hop.claimed.claim_paise,
        most_paise=hop.claimed.most_paise,
        held_paise=hop.money.held_paise,
        reserved_paise=hop.reserved_paise,
        excess_paise=min(hop.claimed.excess_paise, hop.money.held_paise - hop.reserved_paise),
    )
    return ClaimRow(
        claim=claim,
        confirmed=hop.confirmed,
        firm_paise=firm_paise(hop.money),
        gone=hop.gone,
        gone_home_paise=hop.money.given_back_paise,
        allocation_id=hop.allocation_id,
    )


async def hops_at(connection: Connection, account: Account) -> list[HopAtAccount]:
    """Return every hop at an account with its claim and what confirms it, also hops that claim nothing."""
    money: dict[tuple[str, int], list[_Money]] = {}
    for row in await connection.fetch(_MONEY, *account):
        part = _Money(**dict(row))
        money.setdefault((part.case_no, part.root_no), []).append(part)
    rows = await Rows(connection, _HopRow).many(_HOPS, *account)
    return [_hop(row, money.get((row.case_no, row.hop_no), ())) for row in rows]


async def hop_of(connection: Connection, case_no: str, hop_no: int) -> HopAtAccount:
    """Return a hop of a case with its claim. Raises `NotFound`."""
    account = await connection.fetchrow(
        "SELECT institution, account_key FROM hop WHERE case_no = $1 AND hop_no = $2", case_no, hop_no
    )
    if account is None:
        raise HopNotFound(case_no, hop_no)
    at_account = await hops_at(connection, (account["institution"], account["account_key"]))
    return next(hop for hop in at_account if (hop.case_no, hop.hop_no) == (case_no, hop_no))


_ARRIVED: Final = f"""
SELECT h.hop_no, least(h.disputed_paise, sent_in_all.moved_paise, greatest(sent.paise, {_PLACED})) AS confirmed_paise
FROM (SELECT h.*, {_PAYEE_SINCE} AS payee_since FROM hop h WHERE h.case_no = $1 AND h.hop_no = ANY($2)) AS h
{_STATED}
"""


async def confirmed_of(connection: Connection, case_no: str, hop_nos: Sequence[int]) -> dict[int, int]:
    """Return of each of these hops the paise that a bank has confirmed as arrived."""
    rows = await connection.fetch(_ARRIVED, case_no, list(hop_nos))
    return {row["hop_no"]: row["confirmed_paise"] for row in rows}


class _Money(FrozenModel):
    case_no: str
    root_no: int
    hop_no: int
    bucket: str
    balance_paise: int

    @property
    def is_own(self) -> bool:
        return self.hop_no == self.root_no


class _HopRow(FrozenModel):
    case_no: str
    hop_no: int
    ack_no: str
    transferred_at: UtcDatetime
    disputed_paise: int
    sent_paise: int
    placed_paise: int
    moved_paise: int | None
    imported_by: tuple[str, ...]
    entered_sent_paise: int
    entered_placed_paise: int
    all_entered_sent_paise: int
    all_entered_placed_paise: int
    second_officer: str | None
    divided_refused_paise: int
    allocation_id: int | None
    share_paise: int
    share_gone_home_paise: int
    to_release_paise: int
    to_restore_paise: int
    refused: bool


def _hop(row: _HopRow, parts: Sequence[_Money]) -> HopAtAccount:
    own = {part.bucket: part.balance_paise for part in parts if part.is_own}
    gone = () if row.refused else tuple(_gone(row, parts))
    own_untraced = sum(part.paise for part in gone if _is_untraced_at(row, part))
    below = [] if row.refused else [part for part in parts if not part.is_own]
    in_play_below = sum(part.balance_paise for part in below if part.bucket == Bucket.IN_PLAY)
    held, to_release = own.get(Bucket.HELD, 0), row.to_release_paise
    money = HopMoney(
        disputed_paise=row.disputed_paise,
        sent_paise=row.sent_paise,
        placed_paise=row.placed_paise,
        moved_paise=row.moved_paise,
        only_imported=bool(row.imported_by),
        partly_by_telephone=not all(map(is_importer, row.imported_by)),
        entered_sent_paise=row.entered_sent_paise,
        entered_placed_paise=row.entered_placed_paise,
        held_paise=max(held - to_release, 0),
        to_release_paise=min(held, to_release),
        given_back_paise=own.get(Bucket.RESTORED, 0) + own.get(Bucket.RELEASED, 0),
        returned_paise=sum(part.balance_paise for part in parts if part.bucket == _RETURNED),
        lost_paise=sum(part.paise for part in gone) - own_untraced,
        untraced_paise=own_untraced,
        in_play_below_paise=in_play_below,
        in_play_paise=0 if row.refused else own.get(Bucket.IN_PLAY, 0),
    )
    counted = claimed(money)
    owed = max(row.share_paise - (money.given_back_paise - row.share_gone_home_paise), 0) if row.allocation_id else 0
    return HopAtAccount(
        case_no=row.case_no,
        hop_no=row.hop_no,
        ack_no=row.ack_no,
        transferred_at=row.transferred_at,
        money=money,
        confirmed=confirmed(money),
        claimed=counted,
        gone=tuple(_only_counted(row, gone, counted)),
        reserved_paise=min(max(owed, row.to_restore_paise), money.held_paise),
        allocation_id=row.allocation_id,
        imported_by=row.imported_by,
        all_entered_sent_paise=row.all_entered_sent_paise,
        all_entered_placed_paise=row.all_entered_placed_paise,
        second_officer=row.second_officer,
    )


_GONE: Final = (Bucket.WITHDRAWN, Bucket.SPENT, Bucket.UNTRACED, Bucket.REFUSED)


def _gone(row: _HopRow, parts: Sequence[_Money]) -> list[Gone]:
    """Return the money of the hop that is gone, without what the account's bank refused at the hop itself."""
    gone = []
    for part in parts:
        paise = part.balance_paise
        if part.is_own and part.bucket == Bucket.REFUSED:
            paise = min(paise, row.divided_refused_paise)
        if part.bucket in _GONE and paise:
            gone.append(Gone(hop_no=part.hop_no, bucket=Bucket(part.bucket), paise=paise))
    return gone


def _is_untraced_at(row: _HopRow, part: Gone) -> bool:
    return part.hop_no == row.hop_no and part.bucket is Bucket.UNTRACED


def _only_counted(row: _HopRow, gone: Sequence[Gone], counted: Claimed) -> list[Gone]:
    """Return the money that is gone, with the hop's own untraced money only as far as the claim counts it."""
    limited = [
        part.model_copy(update={"paise": counted.untraced_paise}) if _is_untraced_at(row, part) else part
        for part in gone
    ]
    return [part for part in limited if part.paise]
