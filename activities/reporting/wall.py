"""The supervisor's wall, and the gauges that alerts are made of.

The supervisor's wall, read in three parts: what is now, what is recent, and the last weeks. Each part is one snapshot
of the database. `api/caches.py` keeps each for its own time.
"""

import asyncio
import logging
import math
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

import asyncpg
from asyncpg import Record
from prometheus_client import CollectorRegistry, Gauge

from activities.context import Context
from activities.metrics import METRICS
from activities.reporting.outcomes import period_of
from activities.reporting.stage_figures import Days, targets
from db.databases import Storage
from db.pool import Connection
from db.recovery.free_amounts import lapsing
from db.reporting import outcomes, stage_counts, wall
from db.reporting.stage_cases import overdue_counts
from db.reporting.stage_counts import Asked, midnight
from db.reporting.stage_times import Targets
from db.reporting.wall import LAPSES_WITHIN, AlertFigures, DistrictToday, DutyBacklog, WaitingAt
from domain.districts import districts
from domain.officers.officers import is_open
from domain.reporting.figures import Tile, tiles
from domain.rupees import in_proportion, whole_rupees
from schemas.case.trail_layout import LETTERS, BucketShare
from schemas.enums import TimedStage
from schemas.reporting.figures import Stage, StageFigures, StageGroup
from schemas.reporting.wall import (
    WallBank,
    WallBreaches,
    WallDistrict,
    WallFunnel,
    WallHour,
    WallNow,
    WallRecent,
    WallTeam,
    WallToday,
    WallWeeks,
)
from schemas.restoration_enums import DutyKind
from schemas.text import IST

BANK_DAYS: Final = 1
"""days before today that the banks' figures also cover"""
SHARE_DAYS: Final = 7
"""days that the districts' shares cover, today among them"""
FUNNEL_DAYS: Final = 90
"""the time after which a hold without an order lapses"""
_HALF: Final = 0.5

_FIRST_HOLD: Final = TimedStage.COMPLAINT_TO_HELD
_ANSWER: Final = TimedStage.DELIVERED_TO_ANSWERED


async def read_now(ctx: Context) -> WallNow:
    """Return the figures of this moment."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return WallNow(
            as_of=now,
            today=await _today(connection, now),
            breaches=await _breaches(ctx, connection, now),
            teams=await _teams(connection, now),
        )


async def _today(connection: Connection, now: datetime) -> WallToday:
    day = now.astimezone(IST).date()
    began, day_before = midnight(day), timedelta(days=1)
    money = await wall.money(connection, began)
    paise = sum(money.values())
    rupees = in_proportion(whole_rupees(paise), [money.get(bucket, 0) for bucket in LETTERS])
    return WallToday(
        day=day,
        complaints=await wall.complaints(connection, began, now + day_before),
        complaints_yesterday=await wall.complaints(connection, began - day_before, now - day_before),
        cases=await wall.cases(connection, began),
        paise=paise,
        rupees=sum(rupees),
        buckets=tuple(
            BucketShare(bucket=bucket, letter=letter, paise=money.get(bucket, 0), rupees=whole)
            for (bucket, letter), whole in zip(LETTERS.items(), rupees, strict=True)
        ),
    )


async def _breaches(ctx: Context, connection: Connection, now: datetime) -> WallBreaches:
    holds, paise = await lapsing(connection, now + LAPSES_WITHIN / ctx.procedure_clock_factor)
    tasks, seconds = await wall.unowned(connection, now)
    return WallBreaches(
        stages=tuple(await overdue_counts(connection, now, Targets.of(targets(ctx)))),
        lapsing_holds=holds,
        lapsing_paise=paise,
        unowned_tasks=tasks,
        unowned_most_seconds=max(0.0, seconds),
    )


async def _teams(connection: Connection, now: datetime) -> tuple[WallTeam, ...]:
    return tuple(
        WallTeam(name=team.name, on_shift=team.present if is_open(team.shifts, now) else 0, tasks=team.tasks)
        for team in await wall.teams(connection, now)
    )


async def read_recent(ctx: Context) -> WallRecent:
    """Return the figures of today's hours, of banks and of districts."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        return await _Recent(ctx, connection, now).read()


class _Recent:
    """Reads the recent figures of one snapshot."""

    def __init__(self, ctx: Context, connection: Connection, now: datetime) -> None:
        self._rules = ctx.policy.figures
        self._connection = connection
        self._now = now
        self._today = now.astimezone(IST).date()
        self._targets = targets(ctx)

    async def read(self) -> WallRecent:
        """Return the figures."""
        counts = await wall.of_districts(self._connection, midnight(self._today))
        shown = await self._districts(counts)
        named = sum(item.complaints or 0 for item in shown)
        return WallRecent(
            as_of=self._now,
            first_hold_seconds=next(item.policy_seconds for item in self._targets if item.stage is _FIRST_HOLD),
            hours=await self._hours(),
            banks=await self._banks(),
            share_days=SHARE_DAYS,
            districts=shown,
            elsewhere=sum(item.complaints for item in counts.values()) - named,
        )

    async def _hours(self) -> tuple[WallHour, ...]:
        rows = await self._exact(0, StageGroup.HOUR, _FIRST_HOLD)
        return tuple(
            WallHour(
                hour=int(row.about),
                cases=row.began,
                waiting=row.waiting,
                first_hold=row.seconds,
                in_time=row.policy,
            )
            for row in rows
        )

    async def _banks(self) -> tuple[WallBank, ...]:
        by_bank = {row.about: row for row in await self._exact(BANK_DAYS, StageGroup.BANK, _ANSWER)}
        waits = await wall.waiting(self._connection)
        names = await stage_counts.bank_names(self._connection, [*by_bank])
        return tuple(
            sorted(
                (_bank(row, names.get(code, ""), waits.get(code, WaitingAt())) for code, row in by_bank.items()),
                key=lambda bank: (-bank.waiting_paise, bank.institution),
            )
        )

    async def _exact(self, days_before: int, by: StageGroup, stage: TimedStage) -> list[StageFigures]:
        """Return the figures of a stage from some days before today until now."""
        first_day, end_day = self._today - timedelta(days=days_before), self._today + timedelta(days=1)
        span = Days(first_day=first_day, end_day=end_day, as_of=self._now).span(self._targets)
        rows = await stage_counts.exact(self._connection, span, Asked(by=by, stages=(stage,)))
        return self._figures(rows, stage)

    def _figures(self, rows: Sequence[Record], stage: TimedStage) -> list[StageFigures]:
        all_figures = stage_counts.figures(rows, self._targets, self._rules.small_below, {})
        return [row for row in all_figures if row.stage is stage]

    async def _districts(self, counts: Mapping[str, DistrictToday]) -> tuple[WallDistrict, ...]:
        first_day, end_day = self._today - timedelta(days=SHARE_DAYS - 1), self._today + timedelta(days=1)
        asked = Asked(by=StageGroup.DISTRICT, stages=(_FIRST_HOLD,))
        rows = await stage_counts.added(self._connection, first_day, end_day, asked)
        weeks = {row.about: row for row in self._figures(rows, _FIRST_HOLD)}
        recent = {row.about: row for row in await self._exact(1, StageGroup.DISTRICT, _FIRST_HOLD)}
        return tuple(
            self._district(tile, counts.get(tile.code, DistrictToday()), weeks.get(tile.code), recent.get(tile.code))
            for tile in tiles()
        )

    def _district(
        self, tile: Tile, today: DistrictToday, week: StageFigures | None, recent: StageFigures | None
    ) -> WallDistrict:
        """Return a district. Few complaints are not shown, because a sum of few tells the sum of one."""
        names = _NAMES[tile.code]
        is_shown = today.complaints == 0 or today.complaints >= self._rules.cell_cases_min
        share = week.policy if week is not None and not week.policy.is_small else None
        return WallDistrict(
            code=tile.code,
            english=names[0],
            hindi=names[1],
            column=tile.column,
            row=tile.row,
            complaints=today.complaints if is_shown else None,
            in_play_paise=today.paise if is_shown else None,
            is_late=recent is not None and recent.policy.late_now > 0,
            judged=share.judged if share else None,
            in_time=share.share if share else None,
            low=share.low if share else None,
            high=share.high if share else None,
        )


_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    district.code: (district.english, district.hindi) for district in districts()
}


def _bank(figures: StageFigures, name: str, waits: WaitingAt) -> WallBank:
    share = figures.policy
    return WallBank(
        institution=figures.about,
        name=name,
        requests=figures.began,
        answer=figures.seconds,
        in_time=share,
        is_slow=not share.is_small and share.high is not None and share.high < _HALF,
        waiting_requests=waits.requests,
        waiting_paise=waits.paise,
    )


async def read_weeks(ctx: Context) -> WallWeeks:
    """Return the figures of the last weeks."""
    now = ctx.now()
    day: date = now.astimezone(IST).date()
    period = period_of(ctx, midnight(day - timedelta(days=FUNNEL_DAYS - 1)), now, now)
    async with ctx.pool.acquire() as connection:
        stages = await outcomes.money(connection, period)
    return WallWeeks(
        as_of=now,
        funnel=WallFunnel(
            days=FUNNEL_DAYS,
            lost=stages[Stage.LOST],
            held_paise=sum(stages[stage].paise for stage in (Stage.HELD, Stage.RESTORED, Stage.RELEASED)),
            restored=stages[Stage.RESTORED],
        ),
    )


log = logging.getLogger("goldenhour.alert_figures")

GAUGES_GOOD_SECONDS: Final = 30.0
GAUGES_READ_SECONDS: Final = 2.0
"""below the time after which Prometheus gives a page up"""
AWAY: Final = "away"
"""state of the storage of a database that does not answer in time"""
_NONE_OPEN: Final = DutyBacklog(soon=0, overdue=0)


class AlertGauges:
    """Gauges of what waits, what is late, and what has failed. A figure not read yet is NaN or absent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, help_text: str, *labels: str) -> Gauge:
            return Gauge(f"goldenhour_{name}", help_text, labels, registry=registry)

        self._requests = gauge(
            "requests_waiting",
            "Hold requests of the last two days without a job id: `unsent` if no channel has tried yet.",
            "state",
        )
        self._oldest = gauge(
            "oldest_unsent_request_seconds", "How long the oldest unsent hold request waits; 0 if none does."
        )
        self._duties = gauge(
            "duties_open", "Statutory duties not done: `soon` after their reminder, or `overdue`.", "duty", "state"
        )
        self._lapsing = gauge(
            "holds_lapsing", "Holds that lapse within a day, or should have, with money that no order asks for."
        )
        self._lapsing_paise = gauge("holds_lapsing_paise", "Money of these holds that no order asks for.")
        self._since_clean = gauge(
            "nightly_since_clean_seconds",
            "Since the last clean nightly run; if none was, since the update that brought them.",
            "work",
        )
        self._failing = gauge("nightly_failing", "1 if the newest nightly run failed or found a violation.", "work")
        self._storage = gauge("storage", "1 for the state of the database's storage.", "state")
        self._bytes = gauge("database_bytes", "Size of the database on disk.")
        for unlabelled in (self._oldest, self._lapsing, self._lapsing_paise, self._bytes):
            unlabelled.set(math.nan)

    def show(self, figures: AlertFigures) -> None:
        """Set every gauge."""
        self._requests.labels("unsent").set(figures.requests.unsent)
        self._requests.labels("undelivered").set(figures.requests.undelivered)
        self._oldest.set(figures.requests.oldest_unsent_seconds)
        for duty in DutyKind:
            of_kind = figures.duties.get(duty, _NONE_OPEN)
            self._duties.labels(duty.value, "soon").set(of_kind.soon)
            self._duties.labels(duty.value, "overdue").set(of_kind.overdue)
        self._lapsing.set(figures.lapsing_holds)
        self._lapsing_paise.set(figures.lapsing_paise)
        for standing in figures.nightly:
            self._since_clean.labels(standing.work.value).set(max(0.0, standing.since_clean_seconds))
            self._failing.labels(standing.work.value).set(standing.is_failing)
        self.show_storage(figures.storage.value)
        self._bytes.set(figures.database_bytes)

    def show_storage(self, state: str) -> None:
        """Set the gauge of this state to 1, and the others to 0."""
        for known in (*(storage.value for storage in Storage), AWAY):
            self._storage.labels(known).set(known == state)


GAUGES: Final = AlertGauges(METRICS.registry)
"""the gauges of this process"""


class AlertWatch:
    """Keep the gauges current, with at most one read of the database every half minute."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._read_at = -GAUGES_GOOD_SECONDS
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Update the gauges. If the database does not answer, they keep their values, and the storage is `away`."""
        async with self._reading:
            if time.monotonic() - self._read_at < GAUGES_GOOD_SECONDS:
                return
            try:
                async with asyncio.timeout(GAUGES_READ_SECONDS), self._ctx.pool.acquire() as connection:
                    figures = await wall.read(connection, self._ctx.now(), self._ctx.procedure_clock_factor)
                    GAUGES.show(figures)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("alert figures not read: %s", type(error).__name__)
                # A server that refuses a query answers.
                if not isinstance(error, asyncpg.PostgresError) or isinstance(error, asyncpg.PostgresConnectionError):
                    GAUGES.show_storage(AWAY)
            self._read_at = time.monotonic()
