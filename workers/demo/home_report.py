"""The way home when the demo is over: what of the money on hold went where, by which route, and how long it took."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table

from db.home_figures import ever_held_paise
from schemas.home_figures import HomeFigures, Stage
from schemas.restoration_enums import Route
from workers.demo.play import Played
from workers.words import duration, rupees

ROUTES: Mapping[str, str] = {
    Route.NO_COURT: "by order of the police",
    Route.COURT: "court, BNSS 497 / 503",
    Route.LOK_ADALAT: "Lok Adalat",
    Route.MAGISTRATE_107: "District Magistrate, BNSS 107",
    "": "no route yet",
}
SAID: Mapping[str, str] = {
    "in_time": "in whole and in time",
    "partial": "in part",
    "late": "late",
    "credited_twice": "a second time",
    "credited_elsewhere": "to a wrong account",
    "credited_above_order": "more than ordered",
}
DONE: Mapping[str, str] = {
    "fir": "reports registered",
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


def as_json(played: Played) -> dict[str, object]:
    """Everything that is shown of it. Money in paise, times in seconds of the wall's clock."""
    world = played.look.world.way_home
    return {
        **played.home.report.model_dump(mode="json", exclude={"opened_from", "opened_to", "as_of"}),
        "credits": played.home.credits,
        "done": world.done if world else {},
        "procedure_clock_factor": played.plan.procedure_clock_factor,
    }


def show(console: Console, played: Played) -> None:
    """Tell people how it went."""
    console.print(_routes(played))
    world = played.look.world.way_home
    done = world.done if world else {}
    told = [f"{done[name]} {words}" for name, words in DONE.items() if done.get(name)]
    if told:
        console.print(f"On the way: {', '.join(told)}.", highlight=False)
    said = [f"{count} {SAID.get(how, how.replace('_', ' '))}" for how, count in played.home.credits.items()]
    if said:
        console.print(f"Banks say they have credited: {', '.join(said)}.", highlight=False)


def _routes(played: Played) -> Table:
    factor = played.plan.procedure_clock_factor
    title = f"The way home of what was on hold; its months ran {factor:,.0f} times as fast"
    table = Table(title=title, title_justify="left")
    table.add_column("route")
    for name in ("cases", "ever on hold", "restored", "", "released", "still held", "held → restored"):
        table.add_column(name, justify="right")
    for row in played.home.report.rows:
        if ever_held_paise(row):
            table.add_row(ROUTES.get(row.about, row.about), *_cells(row, factor))
    table.add_section()
    table.add_row("[bold]all[/]", *_cells(played.home.report.total, factor))
    return table


def _cells(row: HomeFigures, factor: float) -> list[str]:
    stages, median = row.stages, row.held_to_restored.p50_seconds
    share = row.restored_of_held
    return [
        f"{stages[Stage.APPLIED].cases} applied, {stages[Stage.RESTORED].cases} restored",
        rupees(ever_held_paise(row)),
        f"[bright_green]{rupees(stages[Stage.RESTORED].paise)}[/]",
        f"{share:.0%}" if share is not None else "",
        f"[cyan]{rupees(stages[Stage.RELEASED].paise)}[/]",
        f"[green]{rupees(stages[Stage.HELD].paise)}[/]",
        duration(median * factor) if median is not None else "",
    ]
