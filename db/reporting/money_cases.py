"""The cases behind a sum of money, those with the most money first."""

from datetime import datetime
from typing import Final

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from db.reporting.case_filters import DISTRICT, OFFICER, Conditions
from domain.reporting.money_figures import BUCKETS
from schemas.base import FrozenModel
from schemas.privacy.jurisdiction import Within
from schemas.reporting.money_cases import MoneyCase, MoneyCasePage, MoneyFigure

_OPENED: Final = """
SELECT c.case_no, c.state, c.opened_at, sum(abs(b.balance_paise))::bigint AS paise
FROM case_file c JOIN ledger_balance b ON b.case_no = c.case_no
WHERE c.opened_at >= $1 AND c.opened_at < $2 AND b.bucket = ANY($3) AND b.balance_paise <> 0 GROUP BY c.case_no
"""
# A complaint may belong to an older case, whose money may all have left it.
_RECEIVED: Final = """
SELECT c.case_no, c.state, c.opened_at, coalesce((SELECT sum(abs(b.balance_paise)) FROM ledger_balance b
    WHERE b.case_no = c.case_no AND b.bucket = ANY($3)), 0)::bigint AS paise
FROM case_file c WHERE c.case_no IN (SELECT case_no FROM complaint WHERE received_at >= $1 AND received_at < $2)
"""
_LISTED: Final = f"""
SELECT s.case_no AS case_ack_no, {DISTRICT} AS district, s.state, s.opened_at, s.paise,
    {OFFICER.format(case="s.case_no")} AS officer_name,
    (SELECT count(*)::int FROM complaint n WHERE n.case_no = s.case_no AND n.received_at >= $1 AND n.received_at < $2)
        AS complaints
FROM ({{source}}) AS s JOIN complaint k ON k.ack_no = s.case_no JOIN victim v USING (victim_id)
WHERE {{where}} ORDER BY s.paise DESC, s.case_no DESC LIMIT {{limit}}
"""
PAISE_MAX: Final = 2**63 - 1


class BehindSum(FrozenModel):
    """Which cases are asked for: those behind a sum over `[begins_at, ends_at)` that the officer reads."""

    figure: MoneyFigure
    begins_at: datetime
    ends_at: datetime
    districts: tuple[str, ...] | None = None
    """keys of the districts that the sum counts; None for all"""
    within: Within | None = None


async def page(connection: Connection, asked: BehindSum, now: datetime, after: str | None, limit: int) -> MoneyCasePage:
    """Return a page of the cases behind a sum. Raises `BadCursor`."""
    buckets = sorted(bucket.value for bucket in BUCKETS[asked.figure])
    found = Conditions((asked.begins_at, asked.ends_at, buckets), "s.case_no")
    found.confine(asked.districts, asked.within)
    if after is not None:
        paise, case_no = from_cursor(after, int, str)
        found.add("(s.paise, s.case_no) < (${0}::bigint, ${1})", max(0, min(int(paise), PAISE_MAX)), case_no)
    source = _RECEIVED if asked.figure is MoneyFigure.COMPLAINTS else _OPENED
    statement = _LISTED.format(source=source, where=found.where(), limit=int(limit) + 1)
    rows, more = cut(await connection.fetch(statement, *found.values), limit)
    items = tuple(MoneyCase(**dict(row)) for row in rows)
    last = items[-1] if more else None
    return MoneyCasePage(
        as_of=now,
        figure=asked.figure,
        items=items,
        next=to_cursor(last.paise, last.case_ack_no) if last else None,
    )
