"""Commands of figures, and of their readers."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.clock import wall_clock
from schemas.reporting.figures import FigureGroup, Stage
from workers.commands.common import JsonTarget, load_settings, open_database, people, run, with_database, write_json
from workers.commands.exits import USAGE, Failed
from workers.commands.officers import with_pool
from workers.iso_text import duration, grouped, rupees

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from schemas.reporting.figures import OutcomeFigures, OutcomeReport
    from workers.settings import Settings

STAGE_NAMES = {
    Stage.LOST: "lost",
    Stage.HELD: "held now",
    Stage.APPLIED: "applied for",
    Stage.VERIFIED: "verified",
    Stage.NOTICED: "notice served",
    Stage.APPROVED: "approved",
    Stage.ORDERED: "ordered",
    Stage.RESTORED: "restored",
    Stage.RELEASED: "released",
    Stage.LAPSED: "of which lapsed",
}
UNASSIGNED = {
    FigureGroup.ROUTE: "no route yet",
    FigureGroup.DISTRICT: "no district given",
    FigureGroup.BANK: "an unknown bank",
    FigureGroup.OFFICER: "not assigned",
}
DAYS_DEFAULT, DAYS_MAX = 365, 366


def figures(
    by: Annotated[FigureGroup | None, typer.Option(help="Group the rows by this.")] = None,
    opened_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], help="First day on which cases opened; a year by default."),
    ] = None,
    opened_to: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], help="Only cases opened before this day; all by default."),
    ] = None,
    csv_file: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the table to FILE for a spreadsheet.")
    ] = None,
    json_target: JsonTarget = None,
) -> None:
    """Show where the money of a period's cases is, by stage, and the time until restoration.

    Held, restored, released and lost are always separate. Money counts as restored or released when the bank has
    confirmed it. Days are in Indian time (docs/reference/measures.md defines every figure).

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    settings = with_database(load_settings())
    report = run(_read(settings, by, *_period(opened_from, opened_to)))
    if csv_file is not None:
        _write_csv(csv_file, report)
    write_json(json_target, report.model_dump(mode="json"))
    show(people(json_target), report, settings.procedure_clock_factor)


def _period(opened_from: datetime | None, opened_to: datetime | None) -> tuple[datetime, datetime]:
    from schemas.text import IST

    end = opened_to.replace(tzinfo=IST) if opened_to else wall_clock() + timedelta(seconds=1)
    start = opened_from.replace(tzinfo=IST) if opened_from else end - timedelta(days=DAYS_DEFAULT)
    if start >= end:
        raise Failed("--from is not before --to", USAGE)
    if end - start > timedelta(days=DAYS_MAX):
        raise Failed(f"--from is more than {DAYS_MAX} days before --to", USAGE)
    return start, end


async def _read(
    settings: "Settings", by: FigureGroup | None, opened_from: datetime, opened_to: datetime
) -> "OutcomeReport":
    from db.reporting import outcomes
    from db.reporting.outcomes import Period

    period = Period(
        opened_from=opened_from,
        opened_to=opened_to,
        as_of=wall_clock(),
        clock_factor=settings.procedure_clock_factor,
    )
    async with (
        await open_database(settings) as pool,
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await outcomes.report(connection, period, by)


def _write_csv(file: Path, report: "OutcomeReport") -> None:
    from activities.reporting.outcomes import outcome_table

    try:
        file.write_text(outcome_table(report).to_csv(), encoding="utf-8", newline="")
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error


def show(console: "Console", report: "OutcomeReport", factor: float) -> None:
    """Show the stages of all cases, and a row per group. `factor` converts clock time to days of the procedure."""
    console.print(_stages(report))
    if report.by is not None:
        console.print(_rows(report, report.by, factor))
    spread, past = report.total.held_to_restored, report.total.past
    if spread.p50_seconds is not None and spread.p95_seconds is not None:
        console.print(
            f"Held → restored: p50 {duration(spread.p50_seconds * factor)}, p95 {duration(spread.p95_seconds * factor)}"
            f" over {grouped(spread.credits)} credits.",
            highlight=False,
        )
    waits = ", ".join(f"{rupees(wait.paise)} on {grouped(wait.holds)} holds past {wait.days} days" for wait in past)
    console.print(f"Still held: {waits}.", highlight=False)
    if report.grievances:
        console.print(_grievances(report))


def _stages(report: "OutcomeReport") -> "Table":
    from rich.table import Table

    from schemas.text import IST

    first, last = (at.astimezone(IST) for at in (report.opened_from, report.opened_to - timedelta(microseconds=1)))
    days = f"{first:%d %b %Y} to {last:%d %b %Y}"
    table = Table(title=f"Cases opened from {days}", title_justify="left")
    table.add_column("stage")
    table.add_column("cases", justify="right")
    table.add_column("money", justify="right")
    for stage, words in STAGE_NAMES.items():
        figures = report.total.stages[stage]
        table.add_row(words, grouped(figures.cases), rupees(figures.paise))
    table.add_row("restored of what was ever held", "", _share(report.total))
    return table


def _rows(report: "OutcomeReport", by: FigureGroup, factor: float) -> "Table":
    from rich.table import Table

    table = Table(title=f"By {by.value}", title_justify="left")
    table.add_column(by.value, overflow="fold")
    for name in ("lost", "held now", "restored", "share", "released", "p50", "past 90 days"):
        table.add_column(name, justify="right")
    for row in report.rows:
        median = row.held_to_restored.p50_seconds
        stages = row.stages
        table.add_row(
            f"{row.about} {row.name}".strip() or UNASSIGNED[by],
            rupees(stages[Stage.LOST].paise),
            rupees(stages[Stage.HELD].paise),
            rupees(stages[Stage.RESTORED].paise),
            _share(row),
            rupees(stages[Stage.RELEASED].paise),
            duration(median * factor) if median is not None else "",
            rupees(row.past[-1].paise),
        )
    return table


def _share(row: "OutcomeFigures") -> str:
    return f"{row.restored_of_held:.1%}" if row.restored_of_held is not None else ""


def _grievances(report: "OutcomeReport") -> "Table":
    from rich.table import Table

    table = Table(title="Grievances", title_justify="left")
    for name in ("outcome", "level", "age"):
        table.add_column(name)
    for name in ("grievances", "still held", "released"):
        table.add_column(name, justify="right")
    for group in report.grievances:
        table.add_row(
            *(text.replace("_", " ") for text in (group.state.value, group.level.value, group.age)),
            grouped(group.grievances),
            rupees(group.held_paise),
            rupees(group.released_paise),
        )
    return table


if TYPE_CHECKING:
    from db.pool import Pool
    from schemas.officers.sign_in import RefusedAct
    from schemas.privacy.personal_data import ReadEntry

PAGE_ITEMS = 500
CALLER_KINDS = ("officer:", "script:", "bank:")


def readers(
    case: Annotated[str, typer.Argument(metavar="CASE", help="Any acknowledgement number of the case.")],
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many reads.")] = PAGE_ITEMS,
    json_target: JsonTarget = None,
) -> None:
    """List who has read a case, its parts and its documents, the newest first.

    The same read of the same caller within a few minutes is one line.

    Exit codes: 0 done, 1 no such case or failed, 2 wrong usage or settings.
    """
    reads = run(with_pool(lambda pool: _read_log(pool, case, limit)))
    write_json(json_target, [entry.model_dump(mode="json") for entry in reads])
    if json_target is None:
        _show_table(case, reads)


async def _read_log(pool: "Pool", ack_no: str, limit: int) -> "list[ReadEntry]":
    from db.privacy import jurisdiction

    reads: list[ReadEntry] = []
    async with pool.acquire() as connection:
        after = None
        while len(reads) < limit:
            page = await jurisdiction.of_case(connection, ack_no, after, min(PAGE_ITEMS, limit - len(reads)))
            reads += page.reads
            after = page.next
            if after is None:
                break
    return reads


def _show_table(case: str, reads: "list[ReadEntry]") -> None:
    from rich.table import Table
    from rich.text import Text

    from schemas.text import IST

    table = Table(title=f"{len(reads)} reads of case {case}", title_justify="left")
    for name in ("at (IST)", "reader", "read", "from", "reason"):
        table.add_column(name, overflow="fold")
    for entry in reads:
        at = entry.at.astimezone(IST).isoformat(" ", timespec="seconds")
        reason = f"outside: {entry.reason}" if entry.outside else entry.reason
        table.add_row(*map(Text, (at, entry.reader, entry.route.removeprefix("/api/v1"), entry.address, reason)))
    people(None).print(table)


def refusals(
    caller: Annotated[
        str | None,
        typer.Argument(metavar="CALLER", help="officer:ID, script:NAME or bank:CODE; all callers without it."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="At most so many lines.")] = PAGE_ITEMS,
    json_target: JsonTarget = None,
) -> None:
    """List what officers, scripts and banks were refused, the newest first.

    The same acts of one caller within a minute are one line with their number.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    if caller is not None and not caller.startswith(CALLER_KINDS):
        raise Failed("CALLER begins with officer:, script: or bank:", USAGE)
    acts = run(with_pool(lambda pool: _read_refused(pool, caller, limit)))
    write_json(json_target, [act.model_dump(mode="json") for act in acts])
    if json_target is None:
        _show_refused(acts)


async def _read_refused(pool: "Pool", caller: str | None, limit: int) -> "list[RefusedAct]":
    from db.officers import changes

    acts: list[RefusedAct] = []
    async with pool.acquire() as connection:
        after = None
        while len(acts) < limit:
            page = await changes.refused_page(connection, caller, after, min(PAGE_ITEMS, limit - len(acts)))
            acts += page.items
            after = page.next
            if after is None:
                break
    return acts


def _show_refused(acts: "list[RefusedAct]") -> None:
    from rich.table import Table
    from rich.text import Text

    from schemas.text import IST

    table = Table(title=f"{len(acts)} lines of refused acts", title_justify="left")
    for name in ("at (IST)", "caller", "act", "code", "times", "from"):
        table.add_column(name, overflow="fold")
    for refused in acts:
        at = refused.at.astimezone(IST).isoformat(" ", timespec="seconds")
        caller = refused.caller or "no such login"
        caller_text = caller if refused.is_proven else f"{caller} (not proven)"
        act = f"{refused.method} {refused.route.removeprefix('/api/v1')}"
        table.add_row(
            *map(Text, (at, caller_text, act, f"{refused.status} {refused.code}", str(refused.times), refused.address))
        )
    people(None).print(table)
