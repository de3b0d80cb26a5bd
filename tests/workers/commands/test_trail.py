"""`goldenhour import` of a money-trail workbook and `goldenhour export`: real files, a real database."""

import json
import zipfile
from pathlib import Path

import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook
from temporalio.client import Client

from activities.context import Context
from adapters import workbooks
from adapters.workbook_cells import ZIP_MAGIC
from db.pool import Pool
from domain.spreadsheet_cells import Cell
from domain.spreadsheets import FileRefused
from domain.workbook.columns import SHEET_COLUMNS, Sheet, TrailColumn
from domain.workbook.reading import MAX_TRAIL_ROWS, TrailReading
from tests.domain.trail_books import ACK, C, codes, moved, said
from tests.factories import make_context
from tests.workers.command_line import invoke, with_database
from tests.workers.trail_files import write
from workers.commands.processes import actor
from workers.importer import trail_report
from workers.importer.trail_report import read_trail_file, write_workbook
from workers.verifying import verify
from workflows.case import case_workflow_id

ROOT, SECOND = "400000000001", "400000000002"


def trail(path: Path) -> Path:
    return write(
        path,
        {
            Sheet.TRANSFER: [moved(2, ROOT, SECOND, 6_000, bank="PUNB", ifsc=""), moved(1, ROOT, ROOT, 10_000)],
            Sheet.HOLD: [said(ROOT, "1,000.50"), said(ROOT, "1,000.50", serial=2), said("NONE9", 5)],
            Sheet.ATM: [said(ROOT, 700, remarks='=HYPERLINK("http://x")')],
            Sheet.OTHER: [],
        },
        hidden=[Sheet.HOLD],
    )


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


# -- reading files -----------------------------------------------------------------------------------------------------


def reading(path: Path) -> TrailReading:
    found = read_trail_file(path)
    assert found is not None
    (only,) = found
    return only


def test_hidden_sheets_and_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(Sheet.TRANSFER.value)
        columns = SHEET_COLUMNS[Sheet.TRANSFER]
        page.write_row(0, 0, [c.value for c in columns])
        for number, row in enumerate((moved(1, ROOT, ROOT, 10), moved(2, ROOT, SECOND, 5)), start=1):
            page.write_row(number, 0, [row.get(c, "") for c in columns])
        page.set_row(2, None, None, {"hidden": True})
        book.add_worksheet(Sheet.HOLD.value).very_hidden()
    found = reading(path)
    assert (len(found.transfers), len(found.said)) == (1, 1)
    assert [sheet.hidden for sheet in found.sheets] == [False, True]


def test_merged_headers_and_cells(tmp_path: Path) -> None:
    """A workbook with a group name over its columns, headers over two rows, and one number over all transfers."""
    path = tmp_path / "t.xlsx"
    columns = SHEET_COLUMNS[Sheet.TRANSFER]
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(Sheet.TRANSFER.value)
        page.merge_range(0, 0, 0, len(columns) - 1, "Complete trail")
        for place, column in enumerate(columns):
            page.merge_range(1, place, 2, place, column.value)
        for number, row in enumerate((moved(1, ROOT, ROOT, 10), moved(2, ROOT, SECOND, 5)), start=3):
            page.write_row(number, 0, [row.get(c, "") if c is not C.ACK_NO else "" for c in columns])
        page.merge_range(3, 1, 4, 1, ACK)
    found = reading(path)
    assert (found.ack_no, len(found.transfers), len(found.said)) == (ACK, 1, 1)
    assert [code for _, _, code in codes(found)] == ["before_header", "repeated_header"]


def test_formulas_count_by_what_they_came_to(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    columns = SHEET_COLUMNS[Sheet.TRANSFER]
    with xlsxwriter.Workbook(path) as book:
        page = book.add_worksheet(Sheet.TRANSFER.value)
        page.write_row(0, 0, [c.value for c in columns])
        for number, value in ((1, 10), (2, 0)):
            page.write_row(number, 0, [moved(1, ROOT, ROOT, 10).get(c, "") for c in columns])
            page.write_formula(number, columns.index(C.TRANSACTION_AMOUNT), "=5+5", None, value)
    found = reading(path)
    assert [row.amount_paise for row in found.transfers] == [10_00]
    assert [code for _, _, code in codes(found)] == ["zero_amount"]


def test_what_is_no_money_trail_is_left_to_the_complaints(tmp_path: Path) -> None:
    assert read_trail_file(write(tmp_path / "c.xlsx", {"Other": [], "Sheet1": []})) is None
    text = tmp_path / "c.csv"
    text.write_text("Money Transfer to,AEPS\n")
    assert read_trail_file(text) is None
    broken = tmp_path / "b.xlsx"
    broken.write_bytes(ZIP_MAGIC + b"nothing")
    assert read_trail_file(broken) is None
    with zipfile.ZipFile(tmp_path / "z.xlsx", "w") as packed:
        packed.writestr("other.xml", "<x/>")
    assert read_trail_file(tmp_path / "z.xlsx") is None


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trail(tmp_path / "t.xlsx")
    monkeypatch.setattr(workbooks, "MAX_SHEETS", 3)
    with pytest.raises(FileRefused, match="3 sheets"):
        read_trail_file(path)
    monkeypatch.undo()
    monkeypatch.setattr(trail_report, "MAX_TRAIL_ROWS", 2)
    with pytest.raises(FileRefused, match="more than 2 rows"):
        read_trail_file(path)
    assert MAX_TRAIL_ROWS > 40_000


# -- the commands ------------------------------------------------------------------------------------------------------


async def test_a_workbook_is_imported_and_every_row_told(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    file, rejects = trail(tmp_path / "t.xlsx"), tmp_path / "left.csv"
    arguments = ("import", file, "--as", "a.verma", "--rejects", rejects)
    result = await invoke(*arguments, "--json", "-", **with_database(database_dsn))
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert (told["kind"], told["case_ack_no"], told["opened"]) == ("money_trail", ACK, True)
    assert (told["rows"], told["used"], told["rejected"], told["blank"], told["waiting"]) == (6, 4, 2, 0, 0)
    assert told["used_as"] == {"opened": 1, "applied": 3, "discrepancy": 0, "review": 0, "known": 0}
    assert [(found["sheet"], found["row"], found["code"]) for found in told["rejections"]] == [
        (Sheet.HOLD, 3, "duplicate"),
        (Sheet.HOLD, 4, "no_parent"),
    ]
    assert [(sheet["name"], sheet["hidden"]) for sheet in told["sheets"]][1] == (Sheet.HOLD, True)
    assert told["pending"] == [{"sheet": Sheet.TRANSFER, "row": 2}]
    assert not any(secret in result.stdout for secret in ("0010000000", "0020000000", ROOT, "HYPERLINK"))
    assert rejects.stat().st_mode & 0o777 == 0o600
    assert len(rejects.read_text(encoding="utf-8-sig").splitlines()) == 3
    assert await ctx.pool.fetchval("SELECT taken_by FROM complaint") == "import:a.verma"
    assert (await verify(database_dsn)).clean
    again = await invoke("import", file, "--as", "b.rao", **with_database(database_dsn))
    assert again.exit_code == 1
    assert f"Case {ACK}: unchanged." in again.stdout


async def test_a_dry_run_needs_no_database_and_writes_nothing(tmp_path: Path) -> None:
    file = trail(tmp_path / "t.xlsx")
    result = await invoke("import", file, "--dry-run", "--json", "-", home=str(tmp_path / "home"))
    told = json.loads(result.stdout)
    assert (result.exit_code, told["used"], told["waiting"], told["dry_run"]) == (0, 0, 5, True)
    assert not (tmp_path / "home").exists()
    words = await invoke("import", file, "--dry-run", home=str(tmp_path / "home"))
    assert "(hidden)" in words.stdout


async def test_a_named_sheet_is_one_of_complaints(database_dsn: str, tmp_path: Path) -> None:
    file = trail(tmp_path / "t.xlsx")
    result = await invoke("import", file, "--sheet", Sheet.ATM.value, **with_database(database_dsn))
    assert (result.exit_code, "two columns mean" in result.stderr) == (2, True), result.output


async def test_a_workbook_without_a_number_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "t.xlsx", {Sheet.TRANSFER: [moved(1, ROOT, ROOT, 5, ack_no="")]})
    result = await invoke("import", file, "--dry-run")
    assert (result.exit_code, "acknowledgement" in result.stderr) == (2, True)


async def test_the_pending_banks_are_asked(
    ctx: Context, database_dsn: str, tmp_path: Path, temporal_client: Client
) -> None:
    """The case's workflow runs after the command, and knows the open work of the workbook."""
    number = "20511260000077"
    rows = [moved(1, ROOT, ROOT, 10_000, ack_no=number), moved(2, ROOT, SECOND, 6_000, ack_no=number)]
    file = write(tmp_path / "t.xlsx", {Sheet.TRANSFER: rows, Sheet.HOLD: [said(ROOT, 4_000, ack_no=number)]})
    where = {
        "temporal_address": temporal_client.service_client.config.target_host,
        "temporal_namespace": temporal_client.namespace,
    }
    result = await invoke("import", file, **with_database(database_dsn), **where)
    assert result.exit_code == 0, result.output
    handle = temporal_client.get_workflow_handle(case_workflow_id(number))
    try:
        history = await handle.fetch_history()
        (payload,) = history.events[0].workflow_execution_started_event_attributes.input.payloads
        start = json.loads(payload.data)
        assert [(hop["hop_no"], hop["disputed_paise"]) for hop in start["open_hops"]] == [(2, 6_000_00)]
    finally:
        await handle.terminate()


async def test_export_writes_the_workbook_and_it_reads_back(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    await invoke("import", trail(tmp_path / "t.xlsx"), **with_database(database_dsn))
    out = tmp_path / "out.xlsx"
    result = await invoke("export", ACK, "-o", out, "--json", "-", **with_database(database_dsn))
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["case_ack_no"], told["rows"], told["sheets"][Sheet.TRANSFER]) == (ACK, 4, 2)
    assert out.stat().st_mode & 0o777 == 0o600
    logged = "SELECT reader, kind, subject, case_no, route FROM read_log WHERE route = 'goldenhour export'"
    (read,) = await ctx.pool.fetch(logged)
    assert tuple(read) == (actor(), "case", ACK, ACK, "goldenhour export"), "an export is a read"
    with CalamineWorkbook.from_path(out) as book:
        assert book.sheet_names == [sheet.value for sheet in Sheet]
        for sheet in Sheet:
            header = book.get_sheet_by_name(sheet.value).to_python()[0]
            assert header == [column.value for column in SHEET_COLUMNS[sheet]]
    found = reading(out)
    assert (len(found.transfers), len(found.said), codes(found)) == (1, 3, [])
    back = await invoke("import", out, "--json", "-", **with_database(database_dsn))
    assert (back.exit_code, json.loads(back.stdout)["used_as"]["known"]) == (0, 4)


def test_nothing_that_is_written_is_a_formula(tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    signs: list[Cell] = ["=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0", "http://x.example", "0012"]
    rows: list[dict[TrailColumn, str | int]] = [{C.SERIAL: n, C.REMARKS: str(text)} for n, text in enumerate(signs, 1)]
    write_workbook(out, {Sheet.OTHER: rows})
    with zipfile.ZipFile(out) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    assert not [name for name, content in parts.items() if b"<f>" in content or b"<hyperlink" in content]
    with CalamineWorkbook.from_path(out) as book:
        lines = book.get_sheet_by_name(Sheet.OTHER.value).to_python()
    place = SHEET_COLUMNS[Sheet.OTHER].index(C.REMARKS)
    assert [line[place] for line in lines[1:]] == signs


@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        (["123", "-o", "x.xlsx"], 2, "14 digits"),
        (["20511260000001"], 2, "--output"),
        (["20511260000001", "-o", "x.xlsx"], 1, "20511260000001"),
    ],
)
async def test_an_export_that_cannot_be(
    ctx: Context, database_dsn: str, tmp_path: Path, arguments: list[str], exit_code: int, told: str
) -> None:
    arguments = [str(tmp_path / word) if word.endswith(".xlsx") else word for word in arguments]
    result = await invoke("export", *arguments, **with_database(database_dsn))
    assert (result.exit_code, told in result.stderr) == (exit_code, True), result.output
    assert not list(tmp_path.iterdir())


async def test_an_export_into_a_folder_that_is_not_there(ctx: Context, database_dsn: str, tmp_path: Path) -> None:
    await invoke("import", trail(tmp_path / "t.xlsx"), **with_database(database_dsn))
    result = await invoke("export", ACK, "-o", tmp_path / "no" / "x.xlsx", **with_database(database_dsn))
    assert result.exit_code == 2
    assert "Traceback" not in result.output


async def test_help_tells_the_exit_codes() -> None:
    for command in ("import", "export"):
        result = await invoke(command, "--help")
        assert (result.exit_code, "Exit codes" in result.stdout) == (0, True)
