"""Views of holds by account for officers: the list, the first to lapse first."""

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.privacy.jurisdiction import MARK, confined
from domain.errors import BadCursor
from domain.errors.holds import HoldNotFound
from domain.recovery.releases import stage_of
from schemas.identifiers import account_end
from schemas.privacy.jurisdiction import Within
from schemas.recovery.holds import HoldPage, HoldView

# The page is cut before the amounts of its rows are summed.
_READ: Final = """
SELECT a.hold_id, a.case_no AS case_ack_no, a.institution, a.account_key, a.reference, a.state, a.first_held_at,
       a.lapses_at, a.holder_told_at, a.warned_days, a.retained_by_kind, a.retained_by_id,
       a.small, a.small_hold_decision, a.small_hold_decided_by, a.small_hold_reason,
       money.held_paise, (money.held_paise - ordered.paise)::bigint AS free_paise, a.ended_at,
       p.not_before AS hear_until, p.needs_second
FROM ({found}) AS a
LEFT JOIN proposal p ON p.kind = 'release' AND p.subject = a.hold_id::text AND p.decision IS NULL
CROSS JOIN LATERAL (
    SELECT coalesce(sum(b.balance_paise), 0)::bigint AS held_paise FROM hop h JOIN ledger_balance b
      ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
) AS money
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.amount_paise - l.confirmed_paise), 0) AS paise FROM bank_order_line l
    JOIN bank_order o USING (order_id)
    WHERE l.case_no = a.case_no AND l.hold_id = a.hold_id AND NOT l.excess
      AND o.state IN ('planned', 'delivered', 'refused')
) AS ordered
"""
_LIST: Final = (
    _READ.format(
        found=f"""
SELECT * FROM account_hold a
WHERE ($1::text IS NULL OR a.case_no = (SELECT case_no FROM complaint WHERE ack_no = $1))
  AND ($2::text IS NULL OR a.institution = $2) AND ($3::boolean IS NULL OR (a.state = 'held') = $3)
  AND ($4::boolean IS NULL OR (a.small AND a.small_hold_decision IS NULL AND a.state = 'held') = $4)
  AND ($5::timestamptz IS NULL OR a.lapses_at < $5)
  AND ($9::text IS NULL OR a.reference = $9)
  AND ($6::timestamptz IS NULL OR (a.lapses_at, a.hold_id) > ($6, $7::uuid))
{MARK}
ORDER BY a.lapses_at, a.hold_id LIMIT $8
"""
    )
    + "ORDER BY a.lapses_at, a.hold_id"
)
_ONE: Final = _READ.format(found="SELECT * FROM account_hold WHERE hold_id = $1")


async def page(
    connection: Connection,
    at: datetime,
    after: str | None,
    limit: int,
    *,
    ack_no: str | None,
    institution: str | None,
    held: bool | None,
    small: bool | None,
    lapses_before: datetime | None,
    reference: str | None = None,
    within: Within | None = None,
) -> HoldPage:
    """Return a page of holds; `small`: those that wait for a quick decision. Raises `BadCursor`."""
    values = (ack_no, institution, held, small, lapses_before, *_key(after), limit + 1, reference)
    statement, parameters = confined(_LIST, values, "a.case_no", within)
    rows = await connection.fetch(statement, *parameters)
    shown, more = cut(rows, limit)
    last = shown[-1] if more else None
    return HoldPage(
        items=tuple(_view(dict(row), at) for row in shown),
        next=to_cursor(last["lapses_at"].isoformat(), str(last["hold_id"])) if last else None,
    )


async def get(connection: Connection, hold_id: UUID, at: datetime) -> HoldView:
    """Return one hold. Raises `NotFound`."""
    row = await connection.fetchrow(_ONE, hold_id)
    if row is None:
        raise HoldNotFound(hold_id)
    return _view(dict(row), at)


def _view(row: dict[str, Any], at: datetime) -> HoldView:
    hear_until, needs_second, key = row.pop("hear_until"), row.pop("needs_second"), row.pop("account_key")
    waits_for = stage_of(hear_until, needs_second=needs_second, at=at) if hear_until else None
    return HoldView(**row, account_end=account_end(key), waits_for=waits_for)


def _key(after: str | None) -> tuple[datetime | None, UUID | None]:
    if after is None:
        return None, None
    moment, identity = from_cursor(after, str, str)
    try:
        found = datetime.fromisoformat(str(moment)), UUID(str(identity))
    except ValueError:
        raise BadCursor from None
    if found[0].tzinfo is None:
        raise BadCursor
    return found
