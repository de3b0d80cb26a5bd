"""`goldenhour reconcile`: compare a bank's list of liens with the ledger, request one, or show all banks."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from workers.commands.common import (
    JsonTarget,
    load_settings,
    open_database,
    people,
    policy_in_force,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.processes import own_name
from workers.number_text import rupees

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from db.pool import Pool
    from schemas.gateway.liens import Inquiry, ReconciliationDetail, ReconciliationState

T = TypeVar("T")

SHOWN_DIFFERENCES = 200
STATUS_PAGE = 500


def reconcile(
    code: Annotated[str | None, typer.Argument(help="The institution's code.", metavar="CODE")] = None,
    file: Annotated[Path | None, typer.Argument(help="Its list: CSV or XLSX.", metavar="FILE")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of the workbook; the first visible one by default.")] = None,
    ask: Annotated[str | None, typer.Option(help="Request the list of this institution now.", metavar="CODE")] = None,
    status: Annotated[bool, typer.Option("--status", help="Show the last list of each institution.")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Compare a bank's list of liens with the ledger, in both directions, and record the differences.

    The list needs columns for the acknowledgement number, the RRN or UTR, and the amount on hold. Rows about one
    transfer are added up. Every row matches or differs, with its reason. The ledger is not changed
    (docs/explanation/reconciliation.md).

    Running workers request the lists from banks. --ask requests one early. --status shows the last list of each bank.

    Exit codes: 0 nothing differs, 1 something differs or it failed, 2 the file, the usage or the settings are wrong.
    """
    wanted = [(code, file) != (None, None), ask is not None, status]
    if sum(wanted) != 1:
        raise Failed("give CODE and FILE, or --ask CODE, or --status", USAGE)
    if status:
        _show_status(json_target)
    elif ask is not None:
        _ask(ask, json_target)
    elif code is None or file is None:
        raise Failed("a list needs CODE and FILE", USAGE)
    else:
        _compare(code, file, sheet, json_target)


def _compare(code: str, file: Path, sheet: str | None, json_target: str | None) -> None:
    from hashlib import sha256

    from activities.gateway.liens import reconcile as compare
    from domain.gateway.liens import read_liens
    from domain.spreadsheets import FileRefused
    from workers.importer.complaint_import import content_of, rows_in

    try:
        data = content_of(file)
        rows = read_liens(rows_in(data, sheet))
    except FileRefused as refusal:
        raise FileRefused(f"{file}: {refusal}") from refusal
    digest = sha256(data).digest()
    found = run(_with_pool(lambda pool: compare(pool, code, rows, digest, taken_by=own_name())))
    write_json(json_target, found.model_dump(mode="json"))
    _show(found, json_target)
    if found.differences:
        raise typer.Exit(FAILURE)


def _ask(code: str, json_target: str | None) -> None:
    from activities.gateway.lien_rounds import ask_now

    async def ask(pool: "Pool") -> "Inquiry":
        async with pool.acquire() as connection:
            rules = (await policy_in_force(connection, load_settings())).reconciliation.channel
        return await ask_now(pool, rules, code, own_name())

    asked = run(_with_pool(ask))
    write_json(json_target, asked.model_dump(mode="json"))
    how = "a worker's next round sends the request" if asked.put_at is None else f"requested by {asked.way}"
    people(json_target).print(
        f"{code}: list of liens requested at {_moment(asked.asked_at)}, due {_moment(asked.due_at)}; {how}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _show_status(json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    standings = run(_with_pool(_standings))
    write_json(json_target, [one.model_dump(mode="json") for one in standings])
    console = people(json_target)
    if not standings:
        console.print("no institution has been asked for its list yet", highlight=False)
        return
    table = Table()
    for name in ("bank", "asked", "last list", "rows"):
        table.add_column(name)
    table.add_column("what differs", overflow="fold")
    for one in standings:
        table.add_row(one.institution, _asked(one), *_listed(one), Text(_differing(one)))
    console.print(table)


async def _with_pool(work: "Callable[[Pool], Awaitable[T]]") -> "T":
    settings = with_database(load_settings())
    async with await open_database(settings) as pool:
        return await work(pool)


async def _standings(pool: "Pool") -> "list[ReconciliationState]":
    from db.gateway import lien_standings

    found: list[ReconciliationState] = []
    after: str | None = None
    async with pool.acquire() as connection:
        while True:
            page = await lien_standings.page(connection, after, STATUS_PAGE)
            found += page.items
            after = page.next
            if after is None:
                return found


def _asked(one: "ReconciliationState") -> str:
    if one.inquiry is None:
        return ""
    words = [_moment(one.inquiry.asked_at), f"by {one.inquiry.way}" if one.inquiry.way else "not sent yet"]
    return ", ".join([*words, "overdue"] if one.overdue else words)


def _listed(one: "ReconciliationState") -> tuple[str, str]:
    return ("none", "") if one.last is None else (_moment(one.last.taken_at), f"{one.last.rows_in:,}")


def _differing(one: "ReconciliationState") -> str:
    return ", ".join(f"{count} {reason.value.replace('_', ' ')}" for reason, count in sorted(one.differing.items()))


def _moment(at: "datetime") -> str:
    from schemas.text import IST

    return f"{at.astimezone(IST):%d-%m-%Y %H:%M}"


def _show(found: "ReconciliationDetail", json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    console = people(json_target)
    console.print(
        f"{found.institution}: {found.rows_in:,} rows, {found.rows_matched:,} matched, {found.rows_differing:,} differ;"
        f" {found.missing:,} on hold here but not in the list; {_rupees(found.bank_paise)} there,"
        f" {_rupees(found.our_paise)} here",
        highlight=False,
        markup=False,
    )
    if not found.differences:
        return
    table = Table()
    for name in ("row", "acknowledgement", "RRN or UTR", "there", "here", "why"):
        table.add_column(name, overflow="fold")
    for one in found.differences[:SHOWN_DIFFERENCES]:
        why = one.reason.value.replace("_", " ") + (f": {one.detail}" if one.detail else "")
        row_no = "" if one.row_no is None else str(one.row_no)
        amounts = (_rupees(one.bank_paise), _rupees(one.our_paise))
        table.add_row(row_no, Text(one.ack_no), Text(one.reference), *amounts, Text(why))
    console.print(table)
    if len(found.differences) > SHOWN_DIFFERENCES:
        console.print(f"… and {len(found.differences) - SHOWN_DIFFERENCES:,} more", highlight=False)


def _rupees(paise: int | None) -> str:
    return "" if paise is None else rupees(paise, exact=True)
