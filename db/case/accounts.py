"""One account as seen by all cases."""

from typing import Final

from db.case.discrepancies import HELD_OVER_CASES, LAST_BALANCE
from db.paging import from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from domain.errors.tracing import AccountNotFound
from schemas.case.discrepancies import AccountClaim, AccountQuestion, AccountView
from schemas.identifiers import account_key
from schemas.privacy.jurisdiction import Within

_ACCOUNT: Final = f"""
SELECT held.held_paise, held.in_play_paise, last.balance_paise, last.received_at
FROM (SELECT $1::text AS institution, $2::text AS account_key) AS t
CROSS JOIN LATERAL ({HELD_OVER_CASES}) AS held LEFT JOIN LATERAL ({LAST_BALANCE}) AS last ON true
WHERE EXISTS (SELECT FROM hop h WHERE h.institution = $1 AND h.account_key = $2)
"""
_CLAIMS: Final = f"""
SELECT h.case_no AS case_ack_no, array_agg(h.hop_no ORDER BY h.hop_no) AS hop_nos,
    sum(h.disputed_paise)::bigint AS disputed_paise,
    sum(coalesce(l.in_play, 0))::bigint AS in_play_paise, sum(coalesce(l.held, 0))::bigint AS held_paise,
    sum(coalesce(a.claimed, 0))::bigint AS claimed_held_paise
FROM hop h
LEFT JOIN LATERAL (
    SELECT sum(balance_paise) FILTER (WHERE bucket = 'in_play') AS in_play,
        sum(balance_paise) FILTER (WHERE bucket = 'held') AS held
    FROM ledger_balance b WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no
) AS l ON true
LEFT JOIN LATERAL (
    SELECT sum(claim_paise) AS claimed FROM answer a WHERE a.case_no = h.case_no AND a.hop_nos[1] = h.hop_no
        AND a.institution = h.institution AND a.kind = 'held' AND a.disposition <> 'duplicate'
) AS a ON true
WHERE h.institution = $1 AND h.account_key = $2 AND h.case_no > $3 {MARK} GROUP BY h.case_no ORDER BY h.case_no LIMIT $4
"""


async def view(connection: Connection, asked: AccountQuestion, within: Within | None = None) -> AccountView:
    """Return the totals of every case on the account. Raises `BadCursor`, and `NotFound` for an unknown account.

    `within` selects the cases that the list has; the sums count every case.
    """
    institution, key = asked.institution.strip().upper(), account_key(asked.account)
    (after,) = from_cursor(asked.after, str) if asked.after else ("",)
    account = await connection.fetchrow(_ACCOUNT, institution, key)
    if account is None:
        raise AccountNotFound
    statement, values = confined(_CLAIMS, (institution, key, after, asked.limit + 1), "h.case_no", within)
    rows = await connection.fetch(statement, *values)
    items = tuple(AccountClaim(**dict(row)) for row in rows[: asked.limit])
    balance = account["balance_paise"]
    return AccountView(
        institution=institution,
        in_play_paise=account["in_play_paise"],
        held_paise=account["held_paise"],
        balance_paise=balance,
        balance_told_at=account["received_at"],
        held_above_balance_paise=0 if balance is None else max(0, account["held_paise"] - max(0, balance)),
        items=items,
        next=to_cursor(items[-1].case_ack_no) if len(rows) > asked.limit else None,
    )
