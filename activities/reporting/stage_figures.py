"""Figures of stages, as JSON and as tables, and their counts by day.

Figures of stages over a period of whole days, and the load of officers. A short period is counted from its cases. A
long one is added up from the counts of its days and months.
"""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from typing import Final

from activities.context import Context
from db.officers import teams
from db.pool import Connection
from db.reporting import officer_load, stage_counts
from db.reporting.stage_counts import EVERY_KEY, Ages, Asked, Labels, midnight
from db.reporting.stage_times import Span, Targets
from documents.spreadsheet import Table, Value
from domain.districts import districts as known_districts
from domain.officers.jurisdiction import district_key
from domain.reporting.figures import named
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import EscalationLevel, TimedStage
from schemas.privacy.personal_data import WHOLE_STATE
from schemas.reporting.figures import (
    LoadReport,
    OfficerLoad,
    StageCase,
    StageFigures,
    StageGroup,
    StageReport,
    StageTarget,
    TargetShare,
)
from schemas.reporting.scorecards import Percentiles
from schemas.reporting.wall import MoneyCase
from schemas.text import IST

DAYS_DEFAULT: Final = 30
DAYS_MAX: Final = 366

_OF_PROCEDURES: Final = frozenset(
    {
        TimedStage.HELD_TO_REPORTED,
        TimedStage.HELD_TO_APPLIED,
        TimedStage.APPLIED_TO_VERIFIED,
        TimedStage.NOTICE,
        TimedStage.COURT,
        TimedStage.APPROVAL,
        TimedStage.APPROVED_TO_ORDERED,
        TimedStage.ORDERED_TO_CREDITED,
    }
)
"""stages whose waits are divided by the clock factor of procedures"""


class Days(FrozenModel):
    """A period of whole days of Indian time, `[first_day, end_day)`, and the time of the figures."""

    first_day: date
    end_day: date
    as_of: UtcDatetime

    @property
    def count(self) -> int:
        """Return how many days the period has."""
        return (self.end_day - self.first_day).days

    def span(self, targets: Iterable[StageTarget]) -> Span:
        """Return the period as the statements take it."""
        return Span(
            begins_at=midnight(self.first_day),
            ends_at=midnight(self.end_day),
            as_of=self.as_of,
            targets=Targets.of(targets),
        )


def targets(ctx: Context) -> tuple[StageTarget, ...]:
    """Return the target times of all stages, by the clock of this engine."""
    return tuple(_target(ctx, stage) for stage in TimedStage)


def _target(ctx: Context, stage: TimedStage) -> StageTarget:
    rule = ctx.policy.figures.stages[stage]
    factor = ctx.procedure_clock_factor if stage in _OF_PROCEDURES else ctx.clock_factor
    classes = None
    if stage is TimedStage.DELIVERED_TO_ANSWERED:
        classes = {
            answer_class: next(level.after_seconds for level in levels if level.level is EscalationLevel.REMINDER)
            for answer_class, levels in ctx.case_policy.ladders.items()
        }
    return StageTarget(
        stage=stage,
        late_by=rule.late_by,
        policy_seconds=None if rule.policy_seconds is None else rule.policy_seconds / factor,
        class_seconds=classes,
        legal_seconds=None if rule.legal_seconds is None else rule.legal_seconds / factor,
        source=rule.source,
    )


def is_exact(ctx: Context, days: Days, by: StageGroup | None, districts: tuple[str, ...] | None) -> bool:
    """Return whether the figures are counted from the cases.

    The counts of days know districts and teams, or another grouping of the whole State.
    """
    of_districts_by_another = districts is not None and by not in {None, StageGroup.DISTRICT, StageGroup.TEAM}
    return days.count <= ctx.policy.figures.exact_days or of_districts_by_another


async def read(ctx: Context, days: Days, by: StageGroup | None, districts: tuple[str, ...] | None) -> StageReport:
    """Return the figures of all stages in one snapshot. `districts` are keys of districts; None is the whole State."""
    known = targets(ctx)
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        reader = _Reader(ctx, connection, days, known, is_exact=is_exact(ctx, days, by, districts))
        return StageReport(
            first_day=days.first_day,
            end_day=days.end_day,
            as_of=days.as_of,
            by=by,
            is_exact=reader.is_exact,
            counted_at=await reader.counted_at(),
            targets=known,
            total=await reader.figures(Asked(districts=districts)),
            rows=() if by is None else await reader.rows(by, districts),
        )


class _Reader:
    """Reads the figures of one report."""

    def __init__(
        self, ctx: Context, connection: Connection, days: Days, known: tuple[StageTarget, ...], *, is_exact: bool
    ) -> None:
        self._rules = ctx.policy.figures
        self._connection = connection
        self._days = days
        self._targets = known
        self.is_exact = is_exact

    async def counted_at(self) -> UtcDatetime | None:
        """Return the age of the oldest count; exact figures are of now."""
        if self.is_exact:
            return self._days.as_of
        last_day = min(self._days.end_day - timedelta(days=1), self._days.as_of.astimezone(IST).date())
        return await stage_counts.counted_at(self._connection, self._days.first_day, last_day)

    async def figures(self, asked: Asked) -> tuple[StageFigures, ...]:
        """Return the figures that are asked for."""
        if self.is_exact:
            rows = await stage_counts.exact(self._connection, self._days.span(self._targets), asked)
        else:
            rows = await stage_counts.added(self._connection, self._days.first_day, self._days.end_day, asked)
        codes = [row["about"] for row in rows] if asked.by is StageGroup.BANK else []
        names = await stage_counts.bank_names(self._connection, codes)
        return stage_counts.figures(rows, self._targets, self._rules.small_below, names)

    async def rows(self, by: StageGroup, districts: tuple[str, ...] | None) -> tuple[StageFigures, ...]:
        """Return the rows of a grouping. Typed texts of few cases are one row without a name."""
        asked = Asked(by=by, districts=districts)
        match by:
            case StageGroup.TEAM:
                return await self._labelled(asked, await team_labels(self._connection))
            case StageGroup.CATEGORY:
                return await self._labelled(asked, await self._named(asked, frozenset()))
            case StageGroup.DISTRICT:
                known = frozenset(district.code for district in known_districts())
                return await self._labelled(asked, await self._named(asked, known))
            case _:
                return await self.figures(asked)

    async def _labelled(self, asked: Asked, labels: Labels) -> tuple[StageFigures, ...]:
        return await self.figures(asked.model_copy(update={"labels": labels}))

    async def _named(self, asked: Asked, known: frozenset[str]) -> Labels:
        """Return the keys with the names of their rows, by the number of cases that each has."""
        rows = await self.figures(asked.model_copy(update={"stages": (TimedStage.COMPLAINT_TO_HELD,)}))
        cases = dict.fromkeys(known, 0) | {
            row.about: row.began for row in rows if row.stage is TimedStage.COMPLAINT_TO_HELD
        }
        shown = named(cases, self._rules.cell_cases_min, self._rules.rows_max, known)
        return Labels.of(((key, key) for key in shown), with_others=True)


async def team_labels(connection: Connection) -> Labels:
    """Return the teams with the keys of their districts; a team without districts answers for every one."""
    pairs: list[tuple[str, str]] = []
    for team in await teams.listed(connection):
        if not team.districts or WHOLE_STATE in team.districts:
            pairs.append((team.name, EVERY_KEY))
        else:
            pairs += [(team.name, district_key(district)) for district in team.districts]
    return Labels.of(pairs, with_others=False)


async def load(ctx: Context, days: Days, districts: tuple[str, ...] | None) -> LoadReport:
    """Return the load of officers in one snapshot, of the cases of these districts alone."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        loads = await officer_load.read(
            connection, midnight(days.first_day), midnight(days.end_day), days.as_of, districts
        )
    return LoadReport(first_day=days.first_day, end_day=days.end_day, as_of=days.as_of, items=tuple(loads))


_SHARE: tuple[str, ...] = ("within", "judged", "late_now", "share", "low", "high", "is_small")


def stage_table(report: StageReport) -> Table:
    """Return the rows of a report, the total last; the first cell of the total says so."""
    rows = [list(_stage_cells("row", row)) for row in report.rows]
    rows += [list(_stage_cells("total", row)) for row in report.total]
    return Table(title="stages", header=STAGE_HEADER, rows=tuple(tuple(value for _, value in row) for row in rows))


def load_table(report: LoadReport) -> Table:
    """Return the load of every officer."""
    return Table(
        title="load",
        header=LOAD_HEADER,
        rows=tuple(tuple(value for _, value in _load_cells(item)) for item in report.items),
    )


def case_table(title: str, cases: Iterable[StageCase]) -> Table:
    """Return the cases behind a figure, or the breaches, one in each row."""
    return Table(title=title, header=tuple(StageCase.model_fields), rows=tuple(_case_row(case) for case in cases))


def money_table(title: str, cases: Iterable[MoneyCase]) -> Table:
    """Return the cases behind a sum, one in each row."""
    rows = (tuple(case.model_dump(mode="json").values()) for case in cases)
    return Table(title=title, header=tuple(MoneyCase.model_fields), rows=tuple(rows))


def _case_row(case: StageCase) -> tuple[Value, ...]:
    return tuple(case.model_dump(mode="json").values())


def _stage_cells(kind: str, row: StageFigures) -> Iterator[tuple[str, Value]]:
    yield "row", kind
    yield "about", row.about
    yield "name", row.name
    yield "stage", row.stage.value
    yield "began", row.began
    yield "ended", row.ended
    yield "waiting", row.waiting
    yield "p50_seconds", row.seconds.p50_seconds
    yield "p95_seconds", row.seconds.p95_seconds
    yield "p99_seconds", row.seconds.p99_seconds
    for name, share in (("policy", row.policy), ("legal", row.legal)):
        fields = share.model_dump() if share else {}
        for part in _SHARE:
            value = fields.get(part)
            yield f"{name}_{part}", int(value) if isinstance(value, bool) else value


def _load_cells(item: OfficerLoad) -> Iterator[tuple[str, Value]]:
    fields = item.model_dump(mode="json")
    for name, value in fields.items():
        if name in {"tasks", "steps"}:
            yield f"{name}_done", value["count"]
            yield from ((f"{name}_{quantile}", value[quantile]) for quantile in ("p50_seconds", "p95_seconds"))
        else:
            yield name, value


_EMPTY = StageFigures(stage=TimedStage.NOTICE, began=0, ended=0, waiting=0, seconds=Percentiles(), policy=TargetShare())
STAGE_HEADER = tuple(name for name, _ in _stage_cells("", _EMPTY))
LOAD_HEADER = tuple(name for name, _ in _load_cells(OfficerLoad(officer="")))


async def count_next(ctx: Context) -> bool:
    """Count the day whose count is the least good, and return whether there was one."""
    now, rules = ctx.now(), ctx.policy.figures
    today = now.astimezone(IST).date()
    ages = Ages(
        fresh=timedelta(seconds=rules.fresh_seconds),
        older=timedelta(seconds=rules.older_seconds),
        recount_days=rules.recount_days,
    )
    async with ctx.pool.acquire() as connection, connection.transaction():
        await stage_counts.add_days(connection, today)
        day = await stage_counts.next_day(connection, today, now, ages)
        if day is None:
            return False
        span = Days(first_day=day, end_day=day + timedelta(days=1), as_of=now).span(targets(ctx))
        await stage_counts.count_day(connection, day, today, span)
    return True
