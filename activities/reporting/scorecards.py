"""Scorecards of banks, and what victims say.

How banks answer: the period of a scorecard, the desk's call list, and the gauges. No gauge names a bank. A directory
may have five thousand institutions, and the slow ones change daily, so the series would grow without end. The gauges
have the three classes of banks. The API has the figures by bank.
"""

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from activities.context import Context
from activities.metrics import METRICS
from activities.people.victims import found_by_terms, terms_of
from activities.reporting.stage_figures import Days, team_labels
from db.people import statements
from db.people.statements import AnswerCount
from db.pool import Connection
from db.reporting import call_list, officer_load, scorecards
from db.reporting.call_list import Habit
from db.reporting.officer_load import Match
from db.reporting.scorecards import Span
from db.reporting.stage_counts import EVERY_KEY
from documents.spreadsheet import Table, Value
from domain.banks.answering import BandCount, Curve, default_curve, fitted_curve
from domain.case.telephone import what_to_say
from domain.districts import districts as known_districts
from domain.people.my_case import Counts, shown
from domain.privacy.search import PERSONS, Sought
from domain.reporting.figures import interval
from schemas.enums import AnswerClass, EscalationLevel, Language
from schemas.people.my_case import SaidAnswer, TreatmentFigures, TreatmentGroup, TreatmentQuestion, TreatmentReport
from schemas.privacy.personal_data import SearchPage, SearchQuestion, Within
from schemas.reporting.scorecards import Call, CallList, Percentiles, Scores

log = logging.getLogger("goldenhour.scorecards")

HABITS_GOOD_SECONDS: Final = 300.0
"""the age at which answering habits are read again; they change daily and are read from the whole history"""
CALLS_GOOD_SECONDS: Final = 15.0
"""the age at which the call list is read again; sorting all open requests is costly for the database"""
CALLS_MAX: Final = 500
GAUGES_GOOD_SECONDS: Final = 60.0
GAUGES_SPAN: Final = timedelta(days=1)
GAUGES_READ_SECONDS: Final = 5.0


def span(ctx: Context, sent_from: datetime, sent_to: datetime, as_of: datetime) -> Span:
    """Return the span of requests sent in `[sent_from, sent_to)`; late means later than the policy's first reminder."""
    escalations = ctx.case_policy.ladders
    reminders = {
        answer_class: next(step.after_seconds for step in levels if step.level is EscalationLevel.REMINDER)
        for answer_class, levels in escalations.items()
    }
    return Span(sent_from=sent_from, sent_to=sent_to, as_of=as_of, reminder_seconds=reminders)


class CallDesk:
    """The banks' answering habits, and from them the list of whom to call first."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._fitted: dict[str, Habit] = {}
        self._fitted_at = -HABITS_GOOD_SECONDS
        self._found: CallList | None = None
        self._found_at = -CALLS_GOOD_SECONDS
        self._lock = asyncio.Lock()

    async def calls(self, limit: int, reader: str | None = None, language: Language = Language.EN) -> CallList:
        """Return the `limit` requests (at most `CALLS_MAX`) with the most money to save by a call now.

        What the officer `reader` has comes first, and what other officers have last. The list is at most
        `CALLS_GOOD_SECONDS` old.
        """
        async with self._lock:
            if self._found is None or time.monotonic() - self._found_at >= CALLS_GOOD_SECONDS:
                self._found = await self._look()
                self._found_at = time.monotonic()
            newest = self._found
        items = sorted(newest.items, key=lambda call: reader is None or call.owner != reader)
        return newest.model_copy(update={"items": tuple(_said(call, language) for call in items[:limit])})

    async def _look(self) -> CallList:
        now = self._ctx.now()
        rules = self._ctx.policy.call_list
        horizon_seconds = rules.horizon_seconds / self._ctx.clock_factor
        async with self._ctx.pool.acquire() as connection:
            habits = await self._habits(connection, now)
            holidays = self._ctx.policy.bank_holidays
            return await call_list.calls(connection, habits, now, horizon_seconds, CALLS_MAX, holidays, rules.persons)

    async def _habits(self, connection: Connection, now: datetime) -> dict[str, Habit]:
        """Return the habits of every bank. A newly loaded bank has those of the policy."""
        classes = await call_list.classes(connection)
        if time.monotonic() - self._fitted_at >= HABITS_GOOD_SECONDS:
            self._fitted = await self._fit(connection, classes, now)
            self._fitted_at = time.monotonic()
        leaving, answering = self._defaults()
        return {
            bank: self._fitted.get(bank) or Habit(leaving, answering[answer_class])
            for bank, answer_class in classes.items()
        }

    def _defaults(self) -> tuple[Curve, dict[AnswerClass, Curve]]:
        """Return the habits of the policy: how money leaves, and how each class of banks answers."""
        rules, factor = self._ctx.policy.call_list, self._ctx.clock_factor
        answering = {name: default_curve(shares, factor) for name, shares in rules.answering.items()}
        return default_curve(rules.leaving, factor), answering

    async def _fit(self, connection: Connection, classes: Mapping[str, AnswerClass], now: datetime) -> dict[str, Habit]:
        rules, (of_all, of_class) = self._ctx.policy.call_list, self._defaults()
        since = now - rules.history / self._ctx.clock_factor
        leaving = dict.fromkeys(classes, of_all)
        answering = {bank: of_class[answer_class] for bank, answer_class in classes.items()}
        left = await call_list.leaving_history(connection, leaving, since, now)
        answered = await call_list.answering_history(connection, answering, since, now)

        def fit(default: Curve, history: list[BandCount] | None) -> Curve:
            return fitted_curve(default, history or [], rules)

        return {
            bank: Habit(fit(leaving[bank], left.get(bank)), fit(answering[bank], answered.get(bank)))
            for bank in classes
        }


def _said(call: Call, language: Language) -> Call:
    """Return a call with its script in this language. The list is kept with the English one."""
    if language is Language.EN:
        return call
    script = what_to_say(call.case_ack_no, call.job_id, call.hops, call.hop_count, language)
    return call.model_copy(update={"say": script})


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _set_percentiles(gauge: Gauge, name: str, percentiles: Percentiles) -> None:
    for quantile, seconds in (
        ("0.5", percentiles.p50_seconds),
        ("0.95", percentiles.p95_seconds),
        ("0.99", percentiles.p99_seconds),
    ):
        gauge.labels(name, quantile).set(_number(seconds))


class ScoreGauges:
    """Gauges about the last day by class of bank. A share of nothing is NaN."""

    def __init__(self, registry: CollectorRegistry) -> None:
        of_class = ("answer_class",)
        self._requests = Gauge(
            "goldenhour_scorecard_requests", "Hold requests sent in the last day.", of_class, registry=registry
        )
        self._silent = Gauge(
            "goldenhour_scorecard_silent_ratio",
            "Requests of the last day without an answer, of those older than the reminder.",
            of_class,
            registry=registry,
        )
        self._moved_before = Gauge(
            "goldenhour_scorecard_moved_before_ratio",
            "Money gone before the bank was asked, of all that it answered for.",
            of_class,
            registry=registry,
        )
        self._held = Gauge(
            "goldenhour_scorecard_held_of_reachable_ratio",
            "Money held, of what lay there when the bank was asked.",
            of_class,
            registry=registry,
        )
        self._delivered = Gauge(
            "goldenhour_scorecard_sent_to_delivered_seconds",
            "From sending to the bank's job id, requests of the last day.",
            (*of_class, "quantile"),
            registry=registry,
        )
        self._answered = Gauge(
            "goldenhour_scorecard_delivered_to_answer_seconds",
            "From the bank's job id to its first answer, requests of the last day.",
            (*of_class, "quantile"),
            registry=registry,
        )
        # Every series exists from the start, because a missing series looks like a broken one.
        for answer_class in AnswerClass:
            self._show(answer_class, None)

    def show(self, scores: Mapping[AnswerClass, Scores]) -> None:
        """Set every gauge."""
        for answer_class in AnswerClass:
            self._show(answer_class, scores.get(answer_class))

    def _show(self, answer_class: AnswerClass, scores: Scores | None) -> None:
        name = answer_class.value
        self._requests.labels(name).set(scores.requests if scores else math.nan)
        self._silent.labels(name).set(_number(scores.silent_rate if scores else None))
        self._moved_before.labels(name).set(_number(scores.moved_before_share if scores else None))
        self._held.labels(name).set(_number(scores.held_of_reachable if scores else None))
        _set_percentiles(self._delivered, name, scores.sent_to_delivered if scores else Percentiles())
        _set_percentiles(self._answered, name, scores.delivered_to_answer if scores else Percentiles())


GAUGES: Final = ScoreGauges(METRICS.registry)
"""the gauges of this process"""


class ScoreWatch:
    """Keep the gauges current, with at most one read of the database a minute."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._read_at = -GAUGES_GOOD_SECONDS
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Update the gauges. If the database is down they keep their values."""
        async with self._reading:
            if time.monotonic() - self._read_at < GAUGES_GOOD_SECONDS:
                return
            now = self._ctx.now()
            try:
                async with asyncio.timeout(GAUGES_READ_SECONDS), self._ctx.pool.acquire() as connection:
                    GAUGES.show(await scorecards.by_class(connection, span(self._ctx, now - GAUGES_SPAN, now, now)))
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("scorecard not read: %s", type(error).__name__)
            self._read_at = time.monotonic()


HEADER: Final = ("row", *TreatmentFigures.model_fields)


async def read(
    ctx: Context, days: Days, by: TreatmentGroup | None, districts: tuple[str, ...] | None
) -> TreatmentReport:
    """Return the figures of a period. `districts` are keys of districts; None is the whole State."""
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        counted = await statements.counts(connection, days.first_day, days.end_day, districts)
        labels = await team_labels(connection) if by is TreatmentGroup.TEAM else None
    named: dict[str, set[str]] = defaultdict(set)
    if labels is not None:
        for team, key in zip(labels.abouts, labels.keys, strict=True):
            named[key].add(team)
    elif by is TreatmentGroup.DISTRICT:
        # A district that is none of the State is a typed text, which could name a person.
        named |= {district.code: {district.code} for district in known_districts()}
    everywhere = {""} if by is TreatmentGroup.DISTRICT else set[str]()
    rows = {
        question: _summed(
            (about, answer_count)
            for answer_count in counted
            if answer_count.question is question
            for about in (named[answer_count.district] | named[EVERY_KEY] or everywhere)
        )
        for question in TreatmentQuestion
    }
    total = {
        question: _summed(("", answer_count) for answer_count in counted if answer_count.question is question)
        for question in TreatmentQuestion
    }
    return TreatmentReport(
        first_day=days.first_day,
        end_day=days.end_day,
        as_of=days.as_of,
        by=by,
        total=_figures(ctx, total),
        rows=() if by is None else _figures(ctx, rows),
    )


def table(report: TreatmentReport) -> Table:
    """Return the rows of a report, the total last; the first cell of the total says so."""
    rows = [("row", *_cells(row)) for row in report.rows] + [("total", *_cells(row)) for row in report.total]
    return Table(title="treatment", header=HEADER, rows=tuple(rows))


def _cells(row: TreatmentFigures) -> tuple[Value, ...]:
    return tuple(int(value) if isinstance(value, bool) else value for value in row.model_dump(mode="json").values())


def _summed(counted: Iterable[tuple[str, AnswerCount]]) -> dict[str, Counts]:
    """Return the answers to a question by row."""
    sums: dict[str, dict[SaidAnswer, int]] = {}
    for about, answer_count in counted:
        of_row = sums.setdefault(about, dict.fromkeys(SaidAnswer, 0))
        of_row[answer_count.answer] += answer_count.count
    return dict(sums)


def _figures(ctx: Context, by_question: Mapping[TreatmentQuestion, dict[str, Counts]]) -> tuple[TreatmentFigures, ...]:
    """Return the rows of every question. Those of few answers have no counts."""
    rules, figures = ctx.policy.figures, list[TreatmentFigures]()
    for question, rows in by_question.items():
        named = shown({about: sum(counts.values()) for about, counts in rows.items()}, rules.cell_cases_min)
        for about in sorted(rows):
            figures.append(_row(question, about, rows[about] if about in named else None, rules.small_below))
    return tuple(figures)


def _row(question: TreatmentQuestion, about: str, counts: Counts | None, small_below: int) -> TreatmentFigures:
    if counts is None:
        return TreatmentFigures(question=question, about=about, is_shown=False)
    yes, no = counts[SaidAnswer.YES], counts[SaidAnswer.NO]
    low, high = interval(yes, yes + no) or (None, None)
    return TreatmentFigures(
        question=question,
        about=about,
        is_shown=True,
        yes=yes,
        no=no,
        dont_know=counts[SaidAnswer.DONT_KNOW],
        share=yes / (yes + no) if yes + no else None,
        low=low,
        high=high,
        is_small=yes + no < small_below,
    )


@dataclass(frozen=True, slots=True)
class Reach:
    """Cases that an officer finds."""

    cases: Within | None
    """by what a case has; None for every case"""
    persons: Within | None
    """by its victim"""


async def find(ctx: Context, asked: SearchQuestion, sought: Sequence[Sought], reach: Reach) -> SearchPage:
    """Return the cases that match a text in one of its meanings, the newest first.

    Raises `BadCursor`, and `LimitExceeded` for a name of one term alone.
    """
    all_matches: list[Match] = []
    is_cut = False
    async with ctx.pool.acquire() as connection:
        for meaning in sought:
            if meaning.kind in PERSONS:
                matches, is_more = await _of_persons(ctx, connection, meaning, reach.persons)
            else:
                matches, is_more = await officer_load.matches(connection, meaning, ctx.policy.search.candidates_max)
            all_matches += matches
            is_cut |= is_more
        items, after = await officer_load.page(connection, all_matches, asked.after, asked.limit, reach.cases)
    return SearchPage(searched_by=tuple(meaning.kind for meaning in sought), items=items, next=after, is_cut=is_cut)


async def _of_persons(
    ctx: Context, connection: Connection, sought: Sought, within: Within | None
) -> tuple[list[Match], bool]:
    terms = terms_of(**{sought.kind.value: sought.key})
    rows, more = await found_by_terms(ctx, connection, terms, within)
    return [Match(kind=sought.kind, case_no=row.case_no, ack_no=row.ack_no) for row in rows], more
