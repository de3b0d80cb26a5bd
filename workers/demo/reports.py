"""Reports of the demo."""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from rich.console import Console
from rich.table import Table

from db.reporting.day_totals import DayFigures, Spread
from db.reporting.outcomes import ever_held_paise
from domain.evidence.integrity import Verdict
from schemas.enums import AnswerClass, Bucket, ChannelKind
from schemas.reporting.figures import OutcomeFigures, Stage
from schemas.restoration_enums import Route
from workers.demo.play import Played
from workers.demo.view import BUCKETS
from workers.iso_text import duration, rupees, size

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
        "standing": {step: still_open.model_dump() for step, still_open in played.restorations.standing.items()},
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
        f"{step.replace('_', ' ')} {still_open.cases} ({rupees(still_open.paise)})"
        for step, still_open in played.restorations.standing.items()
    ]
    if under_way:
        console.print(f"Restorations still open, in cases by step: {', '.join(under_way)}.", highlight=False)
    credit_texts = [
        f"{count} {SAID.get(how, how.replace('_', ' '))}" for how, count in played.restorations.credits.items()
    ]
    if credit_texts:
        console.print(f"Credits reported by banks: {', '.join(credit_texts)}.", highlight=False)


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


def _money_at(stage: Stage) -> Callable[[OutcomeFigures, float], str]:
    return lambda row, factor: rupees(row.stages[stage].paise)


def _cases(stage: Stage) -> Callable[[OutcomeFigures, float], str]:
    return lambda row, factor: f"{row.stages[stage].cases:,}"


_ROWS: Mapping[str, Callable[[OutcomeFigures, float], str]] = {
    "cases applied for": _cases(Stage.APPLIED),
    "cases restored": _cases(Stage.RESTORED),
    "ever on hold": lambda row, factor: rupees(ever_held_paise(row)),
    "[green]still held[/]": _money_at(Stage.HELD),
    "[bright_green]restored[/]": _money_at(Stage.RESTORED),
    "  share of ever on hold": _share,
    "[cyan]released[/]": _money_at(Stage.RELEASED),
    "  of which lapsed": _money_at(Stage.LAPSED),
    "held → restored, p50": _time("p50_seconds"),
    "held → restored, p95": _time("p95_seconds"),
}


TURNAROUNDS: Mapping[str, str] = {
    "complaint_to_delivered": "complaint → a bank has it",
    "complaint_to_answer": "complaint → first answer",
    "complaint_to_hold": "complaint → first hold",
    "answer_to_next_request": "answer → the next bank has it",
    "transfer_to_complaint": "transfer → complaint",
}
CHANNELS: Mapping[ChannelKind, str] = {
    ChannelKind.I4C: "I4C wire",
    ChannelKind.PUSH: "webhook",
    ChannelKind.PULL: "the bank fetches it",
    ChannelKind.ISO20022: "ISO 20022 files",
    ChannelKind.EMAIL: "letter with a link",
}
MS = 1000


def as_json(played: Played) -> dict[str, object]:
    """Return all figures shown. Money in paise, times in milliseconds of real time, memory in bytes."""
    figures, world = played.state.figures, played.state.world
    return {
        "complete": not played.trouble,
        "trouble": played.trouble or None,
        "complaints": figures.complaints,
        "complaints_planned": world.complaints.planned,
        "joined": figures.joined,
        "cases": figures.cases,
        "settled": figures.settled,
        "hops": figures.hops,
        "layers": figures.layers,
        "requests": figures.requests,
        "repeated_requests": world.repeated_requests,
        "repeated_requests_of": [twice.model_dump() for twice in world.repeated_requests_of],
        "answers": figures.answers,
        "dispositions": figures.dispositions,
        "discrepancies": figures.discrepancies,
        "desk_tasks": {"open": figures.tasks_open, "closed": figures.tasks_closed},
        "buckets_paise": dict(figures.buckets_paise),
        "in_play_by_class_paise": dict(figures.in_play_by_class_paise),
        "turnaround_ms": {name: _spread_ms(spread) for name, spread in played.turnarounds.items()},
        "channels": {kind.value: channel.model_dump() for kind, channel in played.channels.items()},
        "restoration": restorations_as_json(played),
        "caught_of_catchable": world.truth.caught_of_catchable,
        "caught_paise": world.truth.caught_paise,
        "catchable_paise": world.truth.catchable_paise,
        "clock_factor": played.plan.clock_factor,
        "seed": played.plan.seed,
        "wall_seconds": round(played.state.elapsed_seconds, 1),
        "world_seconds": round(world.world_seconds),
        "memory_bytes": played.memory_bytes,
        "verify": played.verdict.as_text(),
    }


def _spread_ms(spread: Spread) -> dict[str, float]:
    return {
        "count": spread.count,
        "p50": round(spread.p50_seconds * MS, 1),
        "p95": round(spread.p95_seconds * MS, 1),
        "p99": round(spread.p99_seconds * MS, 1),
    }


def show(console: Console, played: Played) -> None:
    """Show the result of the day to people."""
    console.print(_work(played))
    console.print(_money(played))
    show_restorations(console, played)
    console.print(_times(played))
    console.print(_channels(played))
    console.print(_catch(played), highlight=False)
    memory = ", ".join(f"{name} {size(byte_count)}" for name, byte_count in played.memory_bytes.items())
    console.print(f"Memory: {memory}.", highlight=False)
    console.print(_verdict(played.verdict), highlight=False)


def _work(played: Played) -> Table:
    figures, world = played.state.figures, played.state.world
    lines = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in figures.dispositions.items())
    table = Table(title="The day", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    table.add_row("complaints", f"{figures.complaints}, of which {figures.joined} joined a case")
    table.add_row("cases", f"{figures.cases}, of which {figures.settled} settled")
    table.add_row("hops", f"{figures.hops}, down to layer {figures.layers}")
    table.add_row("hold requests", f"{figures.requests}; sent twice: {world.repeated_requests}")
    table.add_row("answer lines", f"{figures.answers}: {lines}" if lines else "0")
    table.add_row("discrepancies", str(figures.discrepancies))
    table.add_row("desk tasks", f"{figures.tasks_closed} done, {figures.tasks_open} open")
    table.add_row(
        "time",
        f"{duration(played.state.elapsed_seconds)}; the simulated clock ran {played.plan.clock_factor:,.0f} × as fast",
    )
    return table


def _money(played: Played) -> Table:
    figures = played.state.figures
    lost = figures.buckets_paise[Bucket.LOST]
    table = Table(title="Where each rupee is", title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right")
    table.add_row("[bold]lost[/]", f"[bold]{rupees(lost)}[/]", "")
    for bucket, colour in BUCKETS:
        paise = figures.buckets_paise[bucket]
        share = f"{paise / lost:.1%}" if lost else ""
        table.add_row(f"[{colour}]{bucket.replace('_', ' ')}[/]", rupees(paise), share)
        if bucket is Bucket.IN_PLAY:
            for words, part in _in_play(figures):
                table.add_row(f"  {words}", rupees(part), "")
    return table


def _in_play(figures: DayFigures) -> Iterator[tuple[str, int]]:
    """Yield where the money in play is, as text, and the amount."""
    left = figures.buckets_paise[Bucket.IN_PLAY]
    for name in AnswerClass:
        part = figures.in_play_by_class_paise.get(name, 0)
        left -= part
        if part:
            yield f"at {name}-class banks", part
    if left:
        yield "at institutions that the desk must identify", left


def _times(played: Played) -> Table:
    """Return a table of turnaround times, each in real time (the engine's speed) and in simulated time."""
    factor = played.plan.clock_factor
    table = Table(title="Turnaround times", title_justify="left")
    table.add_column()
    for name in ("count", "p50", "p95", "p99"):
        table.add_column(name, justify="right")
    for key, words in TURNAROUNDS.items():
        spread = played.turnarounds.get(key)
        if spread is None:
            continue
        seconds = (spread.p50_seconds, spread.p95_seconds, spread.p99_seconds)
        table.add_row(words, f"{spread.count:,}", *(f"{value * MS:,.0f} ms" for value in seconds))
        table.add_row("  simulated time", "", *(duration(value * factor) for value in seconds), style="bright_black")
    return table


def _channels(played: Played) -> Table:
    """Return a table of the channels: messages delivered, and the time until banks answered."""
    table = Table(title="Channels", title_justify="left")
    table.add_column()
    for name in ("delivered", "answered", "p50 to answer", "simulated time"):
        table.add_column(name, justify="right")
    for kind, channel in played.channels.items():
        seconds = channel.p50_seconds
        times = (
            ("", "") if seconds is None else (f"{seconds * MS:,.0f} ms", duration(seconds * played.plan.clock_factor))
        )
        table.add_row(CHANNELS[kind], f"{channel.carried:,}", f"{channel.answered:,}", *times)
    return table


def _catch(played: Played) -> str:
    truth = played.state.world.truth
    share = truth.caught_of_catchable
    if share is None:
        return "Nothing could have been caught at API-class banks."
    caught, catchable = truth.caught_paise.get("api", 0), truth.catchable_paise.get("api", 0)
    return (
        f"Caught of catchable: [bold]{share:.1%}[/] ({rupees(caught)} of the {rupees(catchable)} that an engine with no"
        " delay of its own would have held at API-class banks; chance can put either ahead)."
    )


def _verdict(verdict: Verdict) -> str:
    if verdict.clean:
        return (
            f"Verify: [bold green]clean[/] ({verdict.cases:,} cases, {verdict.entries:,} ledger entries,"
            f" {verdict.events:,} events recomputed)."
        )
    return f"Verify: [bold red]{verdict.as_text()}[/]."
