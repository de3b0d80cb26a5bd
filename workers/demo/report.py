"""Report of the finished day: tables for people, one JSON object for programs."""

from collections.abc import Iterator, Mapping

from rich.console import Console
from rich.table import Table

from db.reporting.day_totals import DayFigures, Spread
from domain.evidence.integrity import Verdict
from schemas.enums import AnswerClass, Bucket, ChannelKind
from workers.demo import restoration_report
from workers.demo.play import Played
from workers.demo.view import BUCKETS
from workers.number_text import duration, rupees, size

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
        "channels": {kind.value: found.model_dump() for kind, found in played.channels.items()},
        "restoration": restoration_report.restorations_as_json(played),
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
    restoration_report.show_restorations(console, played)
    console.print(_times(played))
    console.print(_channels(played))
    console.print(_catch(played), highlight=False)
    memory = ", ".join(f"{name} {size(found)}" for name, found in played.memory_bytes.items())
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
    for kind, found in played.channels.items():
        seconds = found.p50_seconds
        times = (
            ("", "") if seconds is None else (f"{seconds * MS:,.0f} ms", duration(seconds * played.plan.clock_factor))
        )
        table.add_row(CHANNELS[kind], f"{found.carried:,}", f"{found.answered:,}", *times)
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
