"""Report of restorations after the demo: amounts by route, and the time they took."""

from collections.abc import Callable, Mapping
from typing import Literal

from rich.console import Console
from rich.table import Table

from db.reporting.outcomes import ever_held_paise
from schemas.reporting.figures import OutcomeFigures, Stage
from schemas.restoration_enums import Route
from workers.demo.play import Played
from workers.number_text import duration, rupees

ROUTES: Mapping[str, str] = {
    Route.NO_COURT: "police",
    Route.COURT: "court",
    Route.LOK_ADALAT: "Lok Adalat",
    Route.MAGISTRATE_107: "magistrate",
    "": "no route",
}
"""the authority that orders the restoration; no route while the money is still tracked"""
SAID: Mapping[str, str] = {
    "in_time": "in whole and in time",
    "partial": "partly",
    "late": "late",
    "credited_twice": "a second time",
    "credited_elsewhere": "to a wrong account",
    "credited_other_amount": "in another amount than before",
    "credited_above_order": "more than ordered",
}
DONE: Mapping[str, str] = {
    "fir": "reports registered",
    "reports_handed_in": "reports handed in to the magistrate",
    "follow_ups_issued": "follow-ups sent to banks",
    "receive_application": "applications signed",
    "verify": "verified",
    "send_back": "sent back",
    "object": "objections",
    "objection_upheld": "upheld objections",
    "court_order": "court orders",
    "lok_adalat_award": "awards of the Lok Adalat",
    "distribution": "distributions by the District Magistrate",
    "court_order_confirmed": "court orders confirmed by a second officer",
    "approve": "approved",
    "refuse": "refused",
    "receive_bond": "bonds received",
}
APPEALED: Mapping[str, str] = {
    "appeals": "grievances of account holders",
    "appeals_taken_on": "taken to the next level",
    "bank_reports": "reports of their banks",
    "levels_asleep": "levels that missed their deadline",
    "appeals_upheld": "decided: hold upheld",
    "appeals_part_released": "decided: partly released",
    "appeals_released": "decided: fully released",
    "victims_heard": "victims heard before a release",
    "releases_confirmed": "releases confirmed by a second officer",
    "codes_missed": "codes not received",
}


def restorations_as_json(played: Played) -> dict[str, object]:
    """Return all restoration figures. Money in paise, times in seconds of real time."""
    world = played.state.world.restoration
    return {
        **played.restorations.report.model_dump(mode="json", exclude={"opened_from", "opened_to", "as_of"}),
        "credits": played.restorations.credits,
        "standing": {step: found.model_dump() for step, found in played.restorations.standing.items()},
        "done": world.done if world else {},
        "procedure_clock_factor": played.plan.procedure_clock_factor,
    }


def show_restorations(console: Console, played: Played) -> None:
    """Show the restoration figures to people."""
    console.print(_routes(played))
    world = played.state.world.restoration
    done = world.done if world else {}
    for about, words in (("Restorations", DONE), ("Grievances", APPEALED)):
        parts = [f"{done[name]} {text}" for name, text in words.items() if done.get(name)]
        if parts:
            console.print(f"{about}: {', '.join(parts)}.", highlight=False)
    under_way = [
        f"{step.replace('_', ' ')} {found.cases} ({rupees(found.paise)})"
        for step, found in played.restorations.standing.items()
    ]
    if under_way:
        console.print(f"Restorations still open, in cases by step: {', '.join(under_way)}.", highlight=False)
    said = [f"{count} {SAID.get(how, how.replace('_', ' '))}" for how, count in played.restorations.credits.items()]
    if said:
        console.print(f"Credits reported by banks: {', '.join(said)}.", highlight=False)


def _routes(played: Played) -> Table:
    """Return a table with a column for each route: the amounts held, and their results."""
    factor = played.plan.procedure_clock_factor
    report = played.restorations.report
    columns = {ROUTES.get(row.about, row.about): row for row in report.rows if ever_held_paise(row)}
    columns["all"] = report.total
    title = f"Restoration of money on hold; its clock ran {factor:,.0f} times as fast"
    table = Table(title=title, title_justify="left")
    table.add_column()
    for name in columns:
        table.add_column(name, justify="right")
    for words, cell in _ROWS.items():
        table.add_row(words, *(cell(row, factor) for row in columns.values()))
    return table


def _share(row: OutcomeFigures, factor: float) -> str:
    return f"{row.restored_of_held:.0%}" if row.restored_of_held is not None else ""


def _time(quantile: Literal["p50_seconds", "p95_seconds"]) -> Callable[[OutcomeFigures, float], str]:
    def cell(row: OutcomeFigures, factor: float) -> str:
        seconds: float | None = getattr(row.held_to_restored, quantile)
        return duration(seconds * factor) if seconds is not None else ""

    return cell


def _money_of_restoration_report(stage: Stage) -> Callable[[OutcomeFigures, float], str]:
    return lambda row, factor: rupees(row.stages[stage].paise)


def _cases(stage: Stage) -> Callable[[OutcomeFigures, float], str]:
    return lambda row, factor: f"{row.stages[stage].cases:,}"


_ROWS: Mapping[str, Callable[[OutcomeFigures, float], str]] = {
    "cases applied for": _cases(Stage.APPLIED),
    "cases restored": _cases(Stage.RESTORED),
    "ever on hold": lambda row, factor: rupees(ever_held_paise(row)),
    "[green]still held[/]": _money_of_restoration_report(Stage.HELD),
    "[bright_green]restored[/]": _money_of_restoration_report(Stage.RESTORED),
    "  share of ever on hold": _share,
    "[cyan]released[/]": _money_of_restoration_report(Stage.RELEASED),
    "  of which lapsed": _money_of_restoration_report(Stage.LAPSED),
    "held → restored, p50": _time("p50_seconds"),
    "held → restored, p95": _time("p95_seconds"),
}
