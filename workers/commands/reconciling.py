"""`goldenhour reconcile`: a bank's list of liens beside the ledger."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import FAILURE, JsonTarget, load_settings, people, run, with_database, write_json
from workers.commands.processes import own_name
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from schemas.reconciliation import ListedLien, ReconciliationDetail

SHOWN_DIFFERENCES = 200


def reconcile(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
    file: Annotated[Path, typer.Argument(help="Its list: CSV or XLSX.", metavar="FILE")],
    sheet: Annotated[str | None, typer.Option(help="Sheet of the workbook; the first visible one by default.")] = None,
    json_target: JsonTarget = None,
) -> None:
    """Compare a bank's list of what it holds for us with the ledger, both ways, and write down what differs.

    The list needs columns for the acknowledgement number, the RRN or UTR and the amount on hold; rows about one
    transfer are added up. Every row is matched or differs, with its reason. The ledger is not changed
    (docs/reconciliation.md).

    Exit codes: 0 nothing differs, 1 something differs or it failed, 2 the file, the usage or the settings are wrong.
    """
    from hashlib import sha256

    from domain.complaint_columns import FileRefused
    from domain.lien_list import read_liens
    from workers.importer.reading import content_of, rows_in

    try:
        data = content_of(file)
        rows = read_liens(rows_in(data, sheet))
    except FileRefused as refusal:
        raise FileRefused(f"{file}: {refusal}") from refusal
    found = run(_reconcile(with_database(load_settings()), code, rows, sha256(data).digest()))
    write_json(json_target, found.model_dump(mode="json"))
    _show(found, json_target)
    if found.differences:
        raise typer.Exit(FAILURE)


async def _reconcile(
    settings: Settings, code: str, rows: "Sequence[ListedLien]", digest: bytes
) -> "ReconciliationDetail":
    from activities.reconciliation import reconcile as compare
    from db.pool import open_pool

    assert settings.database_url is not None, "with_database fills it in"
    async with await open_pool(settings.database_url.get_secret_value(), min_size=1, max_size=1) as pool:
        return await compare(pool, code, rows, digest, taken_by=own_name())


def _show(found: "ReconciliationDetail", json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    console = people(json_target)
    console.print(
        f"{found.institution}: {found.rows_in:,} rows, {found.rows_matched:,} matched, {found.rows_differing:,} differ;"
        f" {found.missing:,} on hold here and not in the list; {_rupees(found.bank_paise)} there,"
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
    return "" if paise is None else f"₹{paise // 100:,}.{paise % 100:02d}"
