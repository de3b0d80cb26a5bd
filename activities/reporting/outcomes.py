"""Figures of restoration for officers, commands and gauges (docs/reference/measures.md).

Two labels of the gauges are open sets, the bank and the district. Both are bounded. A district of a complaint becomes
a series only if several cases name it.
"""

import asyncio
import logging
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from activities.context import Context
from activities.metrics import METRICS
from db.reporting import outcomes
from db.reporting.outcomes import Period
from documents.spreadsheet import Table, Value
from schemas.reporting.figures import FigureGroup, OutcomeFigures, OutcomeReport, Stage

log = logging.getLogger("goldenhour.home_figures")

DAYS_DEFAULT: Final = 365
DAYS_MAX: Final = 366
GAUGES_SPAN: Final = timedelta(days=90)
"""the time after which a hold without an order lapses"""
GAUGES_GOOD_SECONDS: Final = 300.0
GAUGES_READ_SECONDS: Final = 60.0
SCRAPE_WAITS_SECONDS: Final = 3.0
"""the wait for a running read; later results appear at the next scrape"""
SERIES_MAX: Final = 200
"""the most series of banks and of districts; those with the least money on hold share the label `other`"""
DISTRICT_CASES_MIN: Final = 5
"""a district that fewer cases name counts as `other`, because it may be any typed text"""
OTHER: Final = "other"


def period_of(ctx: Context, opened_from: datetime, opened_to: datetime, as_of: datetime) -> Period:
    """Return the period of cases opened in `[opened_from, opened_to)`, with this engine's clock factor."""
    factor = ctx.procedure_clock_factor
    return Period(opened_from=opened_from, opened_to=opened_to, as_of=as_of, clock_factor=factor)


async def read(ctx: Context, period: Period, by: FigureGroup | None) -> OutcomeReport:
    """Read all figures in one snapshot."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await outcomes.report(connection, period, by)


# -- as a table --------------------------------------------------------------------------------------------------------


def outcome_table(report: OutcomeReport) -> Table:
    """Return the rows of a report, the total last."""
    rows = [tuple(value for _, value in _cells(row.about, row)) for row in report.rows]
    rows.append(tuple(value for _, value in _cells("total", report.total)))
    return Table(title="restorations", header=tuple(name for name, _ in _cells("", report.total)), rows=tuple(rows))


def _cells(about: str, row: OutcomeFigures) -> Iterator[tuple[str, Value]]:
    """Yield name and value of every cell of a row."""
    yield "about", about
    yield "name", row.name
    for stage, sums in row.stages.items():
        yield f"{stage.value}_paise", sums.paise
        yield f"{stage.value}_cases", sums.cases
    yield "restored_of_held", row.restored_of_held
    spread = row.held_to_restored
    yield "credits", spread.credits
    yield "held_to_restored_p50_seconds", spread.p50_seconds
    yield "held_to_restored_p95_seconds", spread.p95_seconds
    for past in row.past:
        yield f"held_past_{past.days}_days_holds", past.holds
        yield f"held_past_{past.days}_days_paise", past.paise


# -- as gauges ---------------------------------------------------------------------------------------------------------


class OutcomeGauges:
    """Gauges about the cases of the last 90 days. A figure not read yet is NaN or absent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._cases = Gauge(
            "goldenhour_restoration_cases",
            "Cases of the last 90 days whose money has reached the stage.",
            ("stage",),
            registry=registry,
        )
        self._restored = Gauge(
            "goldenhour_restoration_restored_of_held_ratio",
            "Money restored, of all that was ever on hold; cases of the last 90 days.",
            registry=registry,
        )
        self._spread = Gauge(
            "goldenhour_restoration_held_to_restored_seconds",
            "From the victim's first hold to a credit; credits of the last 90 days.",
            ("quantile",),
            registry=registry,
        )
        self._past = Gauge(
            "goldenhour_restoration_held_past_paise",
            "Money still on hold after so many days, of all cases.",
            ("days",),
            registry=registry,
        )
        self._grievances = Gauge(
            "goldenhour_restoration_grievances",
            "Grievances of the last 90 days, by state.",
            ("state",),
            registry=registry,
        )
        self._by = {
            FigureGroup.DISTRICT: Gauge(
                "goldenhour_restoration_district_paise",
                "Where the money of the cases of the last 90 days is, by the victim's district.",
                ("district", "stage"),
                registry=registry,
            ),
            FigureGroup.BANK: Gauge(
                "goldenhour_restoration_bank_paise",
                "Where the money of the cases of the last 90 days is, by the bank it came to.",
                ("bank", "stage"),
                registry=registry,
            ),
        }
        for stage in Stage:
            self._cases.labels(stage.value).set(math.nan)
        self._restored.set(math.nan)

    def show(self, report: OutcomeReport) -> None:
        """Set the gauges of a report: those of the total, and those by bank or district."""
        total = report.total
        for stage, sums in total.stages.items():
            self._cases.labels(stage.value).set(sums.cases)
        self._restored.set(math.nan if total.restored_of_held is None else total.restored_of_held)
        spread = total.held_to_restored
        for quantile, seconds in (("0.5", spread.p50_seconds), ("0.95", spread.p95_seconds)):
            self._spread.labels(quantile).set(math.nan if seconds is None else seconds)
        for past in total.past:
            self._past.labels(str(past.days)).set(past.paise)
        self._grievances.clear()
        for grievance in report.grievances:
            self._grievances.labels(grievance.state.value).inc(grievance.grievances)
        if report.by in self._by:
            gauge = self._by[report.by]
            gauge.clear()
            for label, row in labelled(report.by, report.rows):
                for stage, sums in row.stages.items():
                    gauge.labels(label, stage.value).inc(sums.paise)


def labelled(by: FigureGroup, rows: Sequence[OutcomeFigures]) -> Iterable[tuple[str, OutcomeFigures]]:
    """Return each row with its own label, or with `other` if it may not have one."""
    least = DISTRICT_CASES_MIN if by is FigureGroup.DISTRICT else 0
    own = [row.about for row in rows if row.about and row.stages[Stage.LOST].cases >= least]
    labels = set(own[:SERIES_MAX])
    return ((row.about if row.about in labels else OTHER, row) for row in rows)


GAUGES: Final = OutcomeGauges(METRICS.registry)
"""the gauges of this process"""


class OutcomeWatch:
    """Keep the gauges current, with at most one read of the database in five minutes."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._read_at = -GAUGES_GOOD_SECONDS
        self._reading: asyncio.Task[None] | None = None

    async def refresh(self) -> None:
        """Update the gauges and wait for it briefly. If the database is down they keep their values."""
        if self._reading is None and time.monotonic() - self._read_at >= GAUGES_GOOD_SECONDS:
            self._reading = asyncio.create_task(self._read())
        if self._reading is not None:
            await asyncio.wait({self._reading}, timeout=SCRAPE_WAITS_SECONDS)

    async def _read(self) -> None:
        now = self._ctx.now()
        period = period_of(self._ctx, now - GAUGES_SPAN, now, now)
        try:
            async with asyncio.timeout(GAUGES_READ_SECONDS):
                for by in (FigureGroup.DISTRICT, FigureGroup.BANK):
                    GAUGES.show(await read(self._ctx, period, by))
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("measures not read: %s", type(error).__name__)
        finally:
            self._read_at, self._reading = time.monotonic(), None
