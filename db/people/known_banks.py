"""Banks that are asked because of a sent draft, and what is known of accounts while a draft is typed."""

from collections.abc import Callable, Mapping
from typing import Final

from db.case.case_views import BALANCES, sums_of
from db.pool import Connection
from domain.errors.cases import CaseNotFound
from schemas.enums import Bucket
from schemas.people.drafts import AskedBank, AskedBanks, KnownAccount

SHOWN_MAX: Final = 100
"""transfers of a case that a call shows, the first layers first"""

_COMPLAINT: Final = f"""
SELECT c.ack_no, c.case_no, c.joined, c.received_at, {BALANCES} AS balances FROM complaint c WHERE c.ack_no = $1
"""
_BANKS: Final = """
SELECT h.hop_no, h.layer, h.institution, h.payee_institution_as_told, h.disputed_paise, r.state, r.level, r.channel,
    r.sent_at, r.delivered_at, r.first_answered_at,
    (SELECT jsonb_object_agg(bucket, balance_paise) FROM ledger_balance b
        WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no AND bucket <> 'lost' AND balance_paise > 0) AS balances
FROM hop h LEFT JOIN (
    SELECT DISTINCT ON (p.hop_no) p.hop_no, q.state, q.level, q.channel, q.sent_at, q.delivered_at, q.first_answered_at
    FROM hold_request q JOIN request_hop p ON p.request_id = q.request_id
    WHERE q.case_no = $1 ORDER BY p.hop_no, q.batch_no DESC
) AS r USING (hop_no)
WHERE h.case_no = $1 ORDER BY h.layer, h.hop_no LIMIT $2
"""
_ACCOUNTS: Final = """
SELECT t.field, count(DISTINCT h.case_no) AS cases, min(h.opened_at) AS first_at, max(h.opened_at) AS last_at,
    coalesce(sum(l.in_play), 0)::bigint AS in_play_paise, coalesce(sum(l.held), 0)::bigint AS held_paise
FROM unnest($1::text[], $2::text[], $3::text[]) AS t (field, institution, account_key)
JOIN hop h ON h.institution = t.institution AND h.account_key = t.account_key
CROSS JOIN LATERAL (
    SELECT sum(balance_paise) FILTER (WHERE bucket = 'in_play') AS in_play,
        sum(balance_paise) FILTER (WHERE bucket = 'held') AS held
    FROM ledger_balance b WHERE b.case_no = h.case_no AND b.hop_no = h.hop_no
) AS l GROUP BY t.field ORDER BY t.field
"""


async def of_complaint(connection: Connection, ack_no: str, name: Callable[[str], str]) -> AskedBanks:
    """Return the banks that the case of a complaint asks. `name` gives a bank's name by its code. Raises `NotFound`."""
    complaint = await connection.fetchrow(_COMPLAINT, ack_no)
    if complaint is None:
        raise CaseNotFound(ack_no)
    rows = await connection.fetch(_BANKS, complaint["case_no"], SHOWN_MAX + 1)
    items = tuple(
        AskedBank(
            hop_no=row["hop_no"],
            layer=row["layer"],
            institution=row["institution"],
            name=name(row["institution"]) if row["institution"] else row["payee_institution_as_told"],
            amount_paise=row["disputed_paise"],
            balances_paise={Bucket(bucket): paise for bucket, paise in (row["balances"] or {}).items()},
            state=row["state"],
            level=row["level"],
            channel=row["channel"],
            asked_at=row["sent_at"],
            delivered_at=row["delivered_at"],
            answered_at=row["first_answered_at"],
        )
        for row in rows[:SHOWN_MAX]
    )
    return AskedBanks(
        ack_no=complaint["ack_no"],
        case_ack_no=complaint["case_no"],
        joined=complaint["joined"],
        received_at=complaint["received_at"],
        buckets_paise=sums_of(complaint["balances"]),
        items=items,
        is_cut=len(rows) > SHOWN_MAX,
    )


async def known_accounts(connection: Connection, accounts: Mapping[str, tuple[str, str]]) -> tuple[KnownAccount, ...]:
    """Return what cases have of these accounts: their institutions and keys, by the field that names them."""
    institutions, keys = zip(*accounts.values(), strict=True)
    rows = await connection.fetch(_ACCOUNTS, list(accounts), list(institutions), list(keys))
    return tuple(KnownAccount(**dict(row)) for row in rows)
