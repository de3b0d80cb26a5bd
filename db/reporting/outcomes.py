"""The measures of restoration, from ledger, restorations and orders (docs/reference/measures.md).

The complaint of a hop says whose money the hop carries. A hop that was in several rounds counts for the newest.
"""

from typing import Final

from asyncpg import Record

from db.pool import Connection
from db.recovery import grievances
from schemas.base import FrozenModel, UtcDatetime
from schemas.reporting.figures import (
    PAST_DAYS,
    FigureGroup,
    HeldToRestored,
    OutcomeFigures,
    OutcomeReport,
    PastDays,
    Stage,
    Sum,
)

PERCENTILES: Final = (0.5, 0.95)
_DAY_SECONDS: Final = 86_400
_MONEY: Final = (Stage.LOST, Stage.HELD, Stage.RESTORED, Stage.RELEASED)
_WAY: Final = (Stage.APPLIED, Stage.VERIFIED, Stage.NOTICED, Stage.APPROVED)


class Period(FrozenModel):
    """The cases to count, those opened in `[opened_from, opened_to)`, and the time of the figures."""

    opened_from: UtcDatetime
    opened_to: UtcDatetime
    as_of: UtcDatetime
    clock_factor: float = 1.0
    """divides the days of procedures"""


class _About(FrozenModel):
    """The column by which rows are grouped, and the join that it needs.

    The texts have the placeholders `{ack}`, `{case}` and `{bank}` for a complaint, a case and a bank.
    """

    column: str
    join: str = ""


_ABOUT: Final[dict[FigureGroup | None, _About]] = {
    None: _About(column="''"),
    FigureGroup.ROUTE: _About(
        column="coalesce(w.route, '')",
        join="""LEFT JOIN (
    SELECT DISTINCT ON (ack_no) ack_no, route FROM restoration WHERE route IS NOT NULL ORDER BY ack_no, round_no DESC
) AS w ON w.ack_no = {ack}""",
    ),
    FigureGroup.DISTRICT: _About(
        column="v.district",
        join="JOIN complaint p ON p.ack_no = {ack} JOIN victim v ON v.victim_id = p.victim_id",
    ),
    FigureGroup.BANK: _About(column="coalesce({bank}, '')"),
    FigureGroup.OFFICER: _About(
        column="coalesce(w.subject, '')",
        join="""LEFT JOIN (
    SELECT DISTINCT ON (case_no) case_no, subject FROM case_officer WHERE duty = 'io'
    ORDER BY case_no, assignment_no DESC
) AS w ON w.case_no = c.case_no""",
    ),
}
_OF_A_VICTIM: Final = frozenset({FigureGroup.ROUTE, FigureGroup.DISTRICT})

_COHORT: Final = "c.opened_at >= $1 AND c.opened_at < $2"
READ_SECONDS: Final = 120.0
"""timeout of one statement; a year of a whole state needs long"""


class Counting(FrozenModel):
    """One statement, with the columns of its complaint and its bank.

    There are many hops, with wide rows. They are joined only for the groupings in `hop_for`, which need them.
    """

    statement: str
    ack: str
    bank: str
    hop_for: frozenset[FigureGroup] = frozenset()
    hop: str = ""

    def by(self, by: FigureGroup | None) -> str:
        """Return the statement, grouped in this way."""
        about, known = _ABOUT[by], {"ack": self.ack, "bank": self.bank}
        join = about.join.format(**known)
        if by in self.hop_for:
            join = f"{self.hop} {join}"
        return self.statement.format(column=about.column.format(**known), join=join)


def _sum_of(name: str, condition: str) -> str:
    return f"coalesce(sum(paise) FILTER (WHERE {condition}), 0)::bigint AS {name}_paise, " + (
        f"count(*) FILTER (WHERE {condition} AND paise > 0) AS {name}_cases"
    )


# Where the money is now. The inner query has a row for each case, so that cases can be counted without sorting.
MONEY: Final = Counting(
    statement=f"""
SELECT about, {", ".join(_sum_of(stage.value, f"bucket = '{stage.value}'") for stage in _MONEY)} FROM (
    SELECT {{column}} AS about, b.bucket, c.case_no, sum(abs(b.balance_paise))::bigint AS paise
    FROM case_file c JOIN ledger_balance b ON b.case_no = c.case_no {{join}}
    WHERE {_COHORT} AND b.bucket IN ('lost', 'held', 'restored', 'released') AND b.balance_paise <> 0
    GROUP BY 1, 2, 3
) AS by_case GROUP BY about
""",
    ack="h.ack_no",
    bank="h.institution",
    hop_for=_OF_A_VICTIM | {FigureGroup.BANK},
    hop="JOIN hop h ON h.case_no = b.case_no AND h.hop_no = b.hop_no",
)

# Progress of restorations, by their step now or at their close.
WAY: Final = Counting(
    statement=f"""
SELECT about, {", ".join(_sum_of(stage.value, stage.value) for stage in _WAY)} FROM (
    SELECT {{column}} AS about, c.case_no, r.step NOT IN ('collecting', 'application') AS applied,
        r.step NOT IN ('collecting', 'application', 'verification') AS verified,
        r.step NOT IN ('collecting', 'application', 'verification', 'holder_notice', 'show_cause') AS noticed,
        r.approved_by IS NOT NULL AS approved, sum(b.balance_paise)::bigint AS paise
    FROM case_file c JOIN restoration r ON r.case_no = c.case_no
    JOIN restoration_line l ON l.restoration_id = r.restoration_id
    JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no
        AND b.bucket IN ('held', 'restored', 'released') AND b.balance_paise <> 0 {{join}}
    WHERE {_COHORT} AND NOT EXISTS (
        SELECT FROM restoration nr JOIN restoration_line nl ON nl.restoration_id = nr.restoration_id
        WHERE nr.ack_no = r.ack_no AND nr.round_no > r.round_no AND nl.case_no = l.case_no AND nl.hop_no = l.hop_no
    )
    GROUP BY 1, 2, 3, 4, 5, 6
) AS by_case GROUP BY about
""",
    ack="r.ack_no",
    bank="a.institution",
    hop_for=frozenset({FigureGroup.BANK}),
    hop="JOIN account_hold a ON a.hold_id = l.hold_id",
)

# A cancelled order counts with the amount that the bank had executed.
ORDERS: Final = Counting(
    statement=f"""
SELECT about, {_sum_of("ordered", "kind = 'restore'")}, {_sum_of("lapsed", "reason = 'lapsed'")} FROM (
    SELECT {{column}} AS about, c.case_no, o.kind, o.reason, sum(
        CASE WHEN o.kind = 'restore' AND o.state <> 'cancelled' THEN l.amount_paise ELSE l.confirmed_paise END
    )::bigint AS paise
    FROM case_file c JOIN bank_order o ON o.case_no = c.case_no JOIN bank_order_line l ON l.order_id = o.order_id
    {{join}}
    WHERE {_COHORT} AND NOT l.excess AND (o.kind = 'restore' OR o.reason = 'lapsed')
    GROUP BY 1, 2, 3, 4
) AS by_case GROUP BY about
""",
    ack="h.ack_no",
    bank="o.institution",
    hop_for=_OF_A_VICTIM,
    hop="JOIN hop h ON h.case_no = l.case_no AND h.hop_no = l.hop_no",
)

# Counted by the time when banks reported the credit, not by the time of the case: of new cases only the quick ones are
# restored yet. A bank may state only the day, which means its midnight. A credit with a time before its order counts
# from the receipt of the statement.
CREDITS: Final = Counting(
    statement="""
SELECT {column} AS about, count(*) AS credits, percentile_cont($3::float8[]) WITHIN GROUP (
    ORDER BY greatest(0, extract(
        epoch FROM CASE WHEN k.done_at >= o.planned_at THEN k.done_at ELSE k.received_at END - r.first_held_at
    )::float8)
) AS seconds
FROM bank_confirmation k JOIN bank_order o ON o.order_id = k.order_id AND o.kind = 'restore'
JOIN restoration r ON r.restoration_id = o.restoration_id JOIN case_file c ON c.case_no = o.case_no {join}
WHERE k.received_at >= $1 AND k.received_at < $2 AND k.applied_paise > 0 GROUP BY 1
""",
    ack="r.ack_no",
    bank="o.institution",
)

# All money on hold now, because the oldest holds are outside every period.
AGES: Final = Counting(
    statement=f"""
SELECT about, {
        ", ".join(
            f"count(*) FILTER (WHERE days >= {days}) AS holds_{days},"
            f" coalesce(sum(paise) FILTER (WHERE days >= {days}), 0)::bigint AS paise_{days}"
            for days in PAST_DAYS
        )
    } FROM (
    SELECT {{column}} AS about, a.hold_id, sum(b.balance_paise)::bigint AS paise,
        extract(epoch FROM $1::timestamptz - a.first_held_at)::float8 * $2::float8 / {_DAY_SECONDS} AS days
    FROM account_hold a JOIN case_file c ON c.case_no = a.case_no
    JOIN hop h ON h.case_no = a.case_no AND h.institution = a.institution AND h.account_key = a.account_key
    JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
        AND b.balance_paise > 0 {{join}}
    WHERE a.state = 'held' GROUP BY 1, 2
) AS by_hold GROUP BY about
""",
    ack="h.ack_no",
    bank="a.institution",
)


async def report(connection: Connection, period: Period, by: FigureGroup | None = None) -> OutcomeReport:
    """Return the whole report; for consistent figures call it in a transaction with one snapshot."""
    total = (await _figures(connection, period, None)).get("") or OutcomeFigures(about="", stages=_stages())
    rows = await _figures(connection, period, by) if by else {}
    names = await _names(connection, list(rows)) if by is FigureGroup.BANK else {}
    named = [row.model_copy(update={"name": names.get(about, "")}) for about, row in rows.items()]
    return OutcomeReport(
        opened_from=period.opened_from,
        opened_to=period.opened_to,
        as_of=period.as_of,
        by=by,
        total=total,
        rows=tuple(sorted(named, key=lambda row: (-ever_held_paise(row), row.about))),
        grievances=tuple(
            await grievances.figures(
                connection, period.as_of, period.opened_from, period.opened_to, clock_factor=period.clock_factor
            )
        ),
    )


async def money(connection: Connection, period: Period) -> dict[Stage, Sum]:
    """Return where the money of the cases is now: lost, held, restored and released."""
    row = await connection.fetchrow(MONEY.by(None), period.opened_from, period.opened_to, timeout=READ_SECONDS)
    return {stage: Sum() if row is None else _sum(row, stage) for stage in _MONEY}


def ever_held_paise(figures: OutcomeFigures) -> int:
    """Return the amount that was ever on hold: held, restored or released now."""
    return sum(figures.stages[stage].paise for stage in (Stage.HELD, Stage.RESTORED, Stage.RELEASED))


CREDITS_SAID: Final = """
SELECT CASE
        WHEN k.disposition = 'discrepancy' THEN coalesce(t.kind, 'discrepancy')
        WHEN k.flags ? 'late' THEN 'late'
        WHEN k.flags ? 'partial' THEN 'partial'
        ELSE 'in_time' END AS how, count(*) AS n
FROM bank_confirmation k JOIN bank_order o USING (order_id) JOIN bank_order_line l USING (order_id, line_no)
LEFT JOIN LATERAL (
    SELECT d.kind FROM discrepancy d WHERE d.case_no = l.case_no AND d.hop_no = l.hop_no
        AND d.opened_at = k.received_at AND d.kind LIKE 'credited%' LIMIT 1
) AS t ON k.disposition = 'discrepancy'
WHERE o.kind = 'restore' AND k.disposition <> 'duplicate' GROUP BY 1 ORDER BY 2 DESC, 1
"""


async def credits_said(connection: Connection) -> dict[str, int]:
    """Return counts of banks' statements on orders to restore: in time, partial, late, or contradicting."""
    return {row["how"]: row["n"] for row in await connection.fetch(CREDITS_SAID)}


STANDING: Final = """
SELECT r.step, count(DISTINCT r.case_no) AS cases, coalesce(sum(b.balance_paise), 0)::bigint AS paise
FROM restoration r JOIN restoration_line l USING (restoration_id)
JOIN ledger_balance b ON b.case_no = l.case_no AND b.hop_no = l.hop_no AND b.bucket = 'held'
WHERE r.state = 'open' AND b.balance_paise > 0 GROUP BY r.step ORDER BY r.step
"""


async def standing(connection: Connection) -> dict[str, Sum]:
    """Return the amount on hold in open restorations, by step."""
    return {row["step"]: Sum(paise=row["paise"], cases=row["cases"]) for row in await connection.fetch(STANDING)}


async def _figures(connection: Connection, period: Period, by: FigureGroup | None) -> dict[str, OutcomeFigures]:
    cohort = (period.opened_from, period.opened_to)
    stages: dict[str, dict[Stage, Sum]] = {}
    for counting, counted in ((MONEY, _MONEY), (WAY, _WAY), (ORDERS, (Stage.ORDERED, Stage.LAPSED))):
        for row in await connection.fetch(counting.by(by), *cohort, timeout=READ_SECONDS):
            stages.setdefault(row["about"], _stages()).update({stage: _sum(row, stage) for stage in counted})
    credits = await connection.fetch(CREDITS.by(by), *cohort, list(PERCENTILES), timeout=READ_SECONDS)
    ages = await connection.fetch(AGES.by(by), period.as_of, period.clock_factor, timeout=READ_SECONDS)
    spreads = {row["about"]: row for row in credits}
    past = {row["about"]: row for row in ages if row[f"holds_{PAST_DAYS[0]}"]}
    return {
        key: _put(key, stages.get(key) or _stages(), spreads.get(key), past.get(key))
        for key in (stages | spreads | past)
    }


def _stages() -> dict[Stage, Sum]:
    return {stage: Sum() for stage in Stage}


def _sum(row: Record, stage: Stage) -> Sum:
    return Sum(paise=row[f"{stage.value}_paise"], cases=row[f"{stage.value}_cases"])


def _put(about: str, stages: dict[Stage, Sum], spread: Record | None, past: Record | None) -> OutcomeFigures:
    figures = OutcomeFigures(about=about, stages=stages)
    changed: dict[str, object] = {}
    if ever_held := ever_held_paise(figures):
        changed["restored_of_held"] = stages[Stage.RESTORED].paise / ever_held
    if spread is not None:
        p50, p95 = spread["seconds"]
        changed["held_to_restored"] = HeldToRestored(credits=spread["credits"], p50_seconds=p50, p95_seconds=p95)
    if past is not None:
        changed["past"] = tuple(
            PastDays(days=days, holds=past[f"holds_{days}"], paise=past[f"paise_{days}"]) for days in PAST_DAYS
        )
    return figures.model_copy(update=changed)


async def _names(connection: Connection, codes: list[str]) -> dict[str, str]:
    rows = await connection.fetch("SELECT code, name FROM institution WHERE code = ANY ($1)", codes)
    return {row["code"]: row["name"] for row in rows}
