"""The way home when the demo is over: what of the money on hold went where, by which route, and how long it took."""

from collections.abc import Callable, Mapping
from typing import Literal

from rich.console import Console
from rich.table import Table

from db.reporting.outcomes import ever_held_paise
from schemas.reporting.outcomes import HomeFigures, Stage
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
"""by whose order the money goes home; no route yet where the trail is still followed"""
SAID: Mapping[str, str] = {
    "in_time": "in whole and in time",
    "partial": "in part",
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
    "objection_upheld": "of them upheld",
    "court_order": "orders of courts",
    "lok_adalat_award": "awards of the Lok Adalat",
    "distribution": "distributions by the District Magistrate",
    "approve": "approved",
    "refuse": "refused",
    "receive_bond": "bonds given",
}
APPEALED: Mapping[str, str] = {
    "appeals": "appeals of account holders",
    "appeals_taken_on": "taken to the next level",
    "bank_reports": "reports of their banks",
    "levels_asleep": "levels that let their time pass",
    "appeals_upheld": "decided: the hold stays",
    "appeals_part_released": "decided: a part is let go",
    "appeals_released": "decided: all is let go",
    "codes_missed": "codes that never came",
}


def as_json(played: Played) -> dict[str, object]:
    """Everything that is shown of it. Money in paise, times in seconds of the wall's clock."""
    world = played.look.world.way_home
    return {
        **played.home.report.model_dump(mode="json", exclude={"opened_from", "opened_to", "as_of"}),
        "credits": played.home.credits,
        "standing": {step: found.model_dump() for step, found in played.home.standing.items()},
        "done": world.done if world else {},
        "procedure_clock_factor": played.plan.procedure_clock_factor,
    }


def show(console: Console, played: Played) -> None:
    """Tell people how it went."""
    console.print(_routes(played))
    world = played.look.world.way_home
    done = world.done if world else {}
    for about, words in (("On the way", DONE), ("Appeals", APPEALED)):
        told = [f"{done[name]} {word}" for name, word in words.items() if done.get(name)]
        if told:
            console.print(f"{about}: {', '.join(told)}.", highlight=False)
    under_way = [
        f"{step.replace('_', ' ')} {found.cases} ({rupees(found.paise)})"
        for step, found in played.home.standing.items()
    ]
    if under_way:
        console.print(f"Still on the way, in cases by step: {', '.join(under_way)}.", highlight=False)
    said = [f"{count} {SAID.get(how, how.replace('_', ' '))}" for how, count in played.home.credits.items()]
    if said:
        console.print(f"Banks say they have credited: {', '.join(said)}.", highlight=False)


def _routes(played: Played) -> Table:
    """A column for each route: what was on hold, and what has become of it."""
    factor = played.plan.procedure_clock_factor
    report = played.home.report
    columns = {ROUTES.get(row.about, row.about): row for row in report.rows if ever_held_paise(row)}
    columns["all"] = report.total
    title = f"The way home of what was on hold; its months ran {factor:,.0f} times as fast"
    table = Table(title=title, title_justify="left")
    table.add_column()
    for name in columns:
        table.add_column(name, justify="right")
    for words, cell in _ROWS.items():
        table.add_row(words, *(cell(row, factor) for row in columns.values()))
    return table


def _share(row: HomeFigures, factor: float) -> str:
    return f"{row.restored_of_held:.0%}" if row.restored_of_held is not None else ""


def _time(quantile: Literal["p50_seconds", "p95_seconds"]) -> Callable[[HomeFigures, float], str]:
    def cell(row: HomeFigures, factor: float) -> str:
        seconds: float | None = getattr(row.held_to_restored, quantile)
        return duration(seconds * factor) if seconds is not None else ""

    return cell


def _money(stage: Stage) -> Callable[[HomeFigures, float], str]:
    return lambda row, factor: rupees(row.stages[stage].paise)


def _cases(stage: Stage) -> Callable[[HomeFigures, float], str]:
    return lambda row, factor: f"{row.stages[stage].cases:,}"


_ROWS: Mapping[str, Callable[[HomeFigures, float], str]] = {
    "cases applied for": _cases(Stage.APPLIED),
    "cases restored": _cases(Stage.RESTORED),
    "ever on hold": lambda row, factor: rupees(ever_held_paise(row)),
    "[green]still held[/]": _money(Stage.HELD),
    "[bright_green]restored[/]": _money(Stage.RESTORED),
    "  of ever on hold": _share,
    "[cyan]released[/]": _money(Stage.RELEASED),
    "  of it lapsed": _money(Stage.LAPSED),
    "held → restored, p50": _time("p50_seconds"),
    "held → restored, p95": _time("p95_seconds"),
}
