"""The demo's final table about restorations."""

import io
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import cast

from rich.console import Console

from schemas.reporting.figures import FigureGroup, HeldToRestored, OutcomeFigures, OutcomeReport, Stage, Sum
from schemas.restoration_enums import Route
from workers.demo import reports
from workers.demo.play import Played, Restorations

NOON = datetime(2026, 11, 25, 6, 30, tzinfo=UTC)
DAYS_A_SECOND = 86_400.0


def row(about: str, held: int, restored: int, released: int, days: tuple[float, float] | None) -> OutcomeFigures:
    """Return figures in rupees; a day of procedure time takes a second."""
    money = {Stage.HELD: held, Stage.RESTORED: restored, Stage.RELEASED: released, Stage.LAPSED: released}
    stages = {stage: Sum(paise=money.get(stage, 0) * 100, cases=1 if money.get(stage) else 0) for stage in Stage}
    ever_held = held + restored + released
    spread = HeldToRestored(credits=1, p50_seconds=days[0], p95_seconds=days[1]) if days else HeldToRestored()
    return OutcomeFigures(about=about, stages=stages, held_to_restored=spread, restored_of_held=restored / ever_held)


def shown(*rows: OutcomeFigures, total: OutcomeFigures, **more: object) -> dict[str, list[str]]:
    """Return the printed lines by their first cell, with the other cells of the row."""
    report = OutcomeReport(
        opened_from=NOON, opened_to=NOON, as_of=NOON, by=FigureGroup.ROUTE, total=total, rows=rows, grievances=()
    )
    restorations = Restorations(report, {"late": 2}, {"approval": Sum(paise=700_00, cases=3)})
    plan = SimpleNamespace(procedure_clock_factor=DAYS_A_SECOND)
    world = SimpleNamespace(restoration=SimpleNamespace(done=more))
    console = Console(file=(text := io.StringIO()), width=200)
    played = SimpleNamespace(plan=plan, restorations=restorations, state=SimpleNamespace(world=world))
    reports.show_restorations(console, cast(Played, played))
    lines = [
        line.replace("┃", "│").removeprefix("│").rstrip().removesuffix("│") for line in text.getvalue().splitlines()
    ]
    cells = [[cell.strip() for cell in line.split("│")] for line in lines]
    return {first: rest for first, *rest in cells}


def test_each_route_has_a_column_and_its_own_money() -> None:
    police = row(Route.NO_COURT.value, held=300, restored=600, released=100, days=(30.0, 44.0))
    court = row(Route.COURT.value, held=1_000, restored=0, released=0, days=None)
    found = shown(police, court, total=row("", held=1_300, restored=600, released=100, days=(30.0, 44.0)))
    assert found[""] == ["police", "court", "all"]
    assert found["ever on hold"] == ["₹1,000", "₹1,000", "₹2,000"]
    assert found["still held"] == ["₹300", "₹1,000", "₹1,300"]
    assert found["restored"] == ["₹600", "₹0", "₹600"]
    assert found["share of ever on hold"] == ["60%", "0%", "30%"]
    assert found["released"] == found["of which lapsed"] == ["₹100", "₹0", "₹100"]
    assert found["held → restored, p50"] == ["30.0 days", "", "30.0 days"]
    assert found["held → restored, p95"] == ["44.0 days", "", "44.0 days"]


def test_open_restorations_and_peoples_actions_are_shown() -> None:
    total = row("", held=700, restored=0, released=0, days=None)
    lines = list(shown(total=total, approve=4, appeals=2, appeals_released=1))
    assert "Restorations still open, in cases by step: approval 3 (₹700)." in lines
    assert "Restorations: 4 approved." in lines
    assert "Grievances: 2 grievances of account holders, 1 decided: fully released." in lines
    assert "Credits reported by banks: 2 late." in lines
