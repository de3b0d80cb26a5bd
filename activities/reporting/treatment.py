"""Answers of victims on how they were treated, and the search over all cases."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from activities.context import Context
from activities.people.victims import found_by_terms, terms_of
from activities.reporting.stage_figures import Days, team_labels
from db.people import statements
from db.people.statements import AnswerCount
from db.pool import Connection
from db.reporting import officer_load
from db.reporting.officer_load import Match
from db.reporting.stage_counts import EVERY_KEY
from documents.spreadsheet import Table, Value
from domain.districts import districts as known_districts
from domain.people.my_case import Counts, shown
from domain.privacy.search import PERSONS, Sought
from domain.reporting.figures import interval
from schemas.people.my_case import SaidAnswer, TreatmentFigures, TreatmentGroup, TreatmentQuestion, TreatmentReport
from schemas.privacy.reads import SearchPage, SearchQuestion, Within

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
            (about, one)
            for one in counted
            if one.question is question
            for about in (named[one.district] | named[EVERY_KEY] or everywhere)
        )
        for question in TreatmentQuestion
    }
    total = {
        question: _summed(("", one) for one in counted if one.question is question) for question in TreatmentQuestion
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
    return tuple(int(one) if isinstance(one, bool) else one for one in row.model_dump(mode="json").values())


def _summed(counted: Iterable[tuple[str, AnswerCount]]) -> dict[str, Counts]:
    """Return the answers to a question by row."""
    sums: dict[str, dict[SaidAnswer, int]] = {}
    for about, one in counted:
        of_row = sums.setdefault(about, dict.fromkeys(SaidAnswer, 0))
        of_row[one.answer] += one.count
    return dict(sums)


def _figures(ctx: Context, found: Mapping[TreatmentQuestion, dict[str, Counts]]) -> tuple[TreatmentFigures, ...]:
    """Return the rows of every question. Those of few answers have no counts."""
    rules, figures = ctx.policy.figures, list[TreatmentFigures]()
    for question, rows in found.items():
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
    found: list[Match] = []
    is_cut = False
    async with ctx.pool.acquire() as connection:
        for one in sought:
            if one.kind in PERSONS:
                matches, is_more = await _of_persons(ctx, connection, one, reach.persons)
            else:
                matches, is_more = await officer_load.matches(connection, one, ctx.policy.search.candidates_max)
            found += matches
            is_cut |= is_more
        items, after = await officer_load.page(connection, found, asked.after, asked.limit, reach.cases)
    return SearchPage(searched_by=tuple(one.kind for one in sought), items=items, next=after, is_cut=is_cut)


async def _of_persons(
    ctx: Context, connection: Connection, sought: Sought, within: Within | None
) -> tuple[list[Match], bool]:
    terms = terms_of(**{sought.kind.value: sought.key})
    rows, more = await found_by_terms(ctx, connection, terms, within)
    return [Match(kind=sought.kind, case_no=row.case_no, ack_no=row.ack_no) for row in rows], more
