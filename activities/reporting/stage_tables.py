"""Reports of stages and of officers' load as tables, for CSV and for spreadsheet programs."""

from collections.abc import Iterable, Iterator

from documents.spreadsheet import Table, Value
from schemas.reporting.money_cases import MoneyCase
from schemas.reporting.scorecards import Percentiles
from schemas.reporting.stage_figures import (
    LoadReport,
    OfficerLoad,
    StageCase,
    StageFigures,
    StageReport,
    TargetShare,
    TimedStage,
)

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
        told = share.model_dump() if share else {}
        for part in _SHARE:
            value = told.get(part)
            yield f"{name}_{part}", int(value) if isinstance(value, bool) else value


def _load_cells(item: OfficerLoad) -> Iterator[tuple[str, Value]]:
    told = item.model_dump(mode="json")
    for name, value in told.items():
        if name in {"tasks", "steps"}:
            yield f"{name}_done", value["count"]
            yield from ((f"{name}_{quantile}", value[quantile]) for quantile in ("p50_seconds", "p95_seconds"))
        else:
            yield name, value


_EMPTY = StageFigures(stage=TimedStage.NOTICE, began=0, ended=0, waiting=0, seconds=Percentiles(), policy=TargetShare())
STAGE_HEADER = tuple(name for name, _ in _stage_cells("", _EMPTY))
LOAD_HEADER = tuple(name for name, _ in _load_cells(OfficerLoad(officer="")))
