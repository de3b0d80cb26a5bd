"""Files of outsiders are read in a process of its own: none of them stops, fills or ends the process that serves."""

import asyncio
import contextlib
import io
import time
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from adapters import form_files
from adapters.form_files import UploadReaders
from domain.errors.banks import UploadReaderDied, UploadReadersTaken, UploadTooLarge

BANK = "SBIN"
SHEET = "xl/worksheets/sheet1.xml"
NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def form_with(content: bytes, name: str = "answers.xlsx") -> tuple[str, bytes]:
    """Content type and body of a form with one file."""
    head = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode()
    return "multipart/form-data; boundary=b", head + content + b"\r\n--b--\r\n"


def workbook(rows: int = 2, columns: int = 2) -> bytes:
    target = io.BytesIO()
    with xlsxwriter.Workbook(target) as book:
        sheet = book.add_worksheet()
        for row in range(rows):
            sheet.write_row(row, 0, [f"r{row}c{column}" for column in range(columns)])
    return target.getvalue()


def with_sheet(sheet_xml: bytes) -> bytes:
    """A workbook whose one sheet is this XML."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook())) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, sheet_xml if name == SHEET else old.read(name))
    return target.getvalue()


def sheet_of(rows_xml: bytes) -> bytes:
    first = b'<row r="1"><c r="A1"><v>1</v></c></row>'
    return b'<worksheet xmlns="' + NAMESPACE + b'"><sheetData>' + first + rows_xml + b"</sheetData></worksheet>"


FAR = {
    "small-letters": b'<row r="2"><c r="xfd1048576"><v>1</v></c></row>',
    "blank-before-sign": b'<row r="2"><c r ="XFD1048576"><v>1</v></c></row>',
    "blank-after-sign": b'<row r="2"><c r= "XFD1048576"><v>1</v></c></row>',
    "row-alone": b'<row r="1048576"><c><v>1</v></c></row>',
    "in-the-limits-of-an-import": b'<row r="200019"><c r="AZ200019"><v>1</v></c></row>',
}
LONG = {
    "attribute-again-and-again": b"<c" + b' r="' * 500_000,
    "name-again-and-again": b"<c" + b' r="A1"' * 250_000,
}


@pytest.mark.parametrize("rows_xml", [*FAR.values(), *LONG.values()], ids=[*FAR, *LONG])
async def test_n2_a_file_ends_at_most_its_own_reader(rows_xml: bytes) -> None:
    """The process lives on, answers others meanwhile, and knows within the limit that nothing was read."""
    content = with_sheet(sheet_of(rows_xml))
    assert len(content) < 512 * 1024
    began = time.monotonic()
    with contextlib.suppress(UploadReaderDied, UploadTooLarge):
        assert await UploadReaders().read(BANK, *form_with(content)) == ""
    assert time.monotonic() - began < form_files.READ_SECONDS + 2


async def test_n2_what_is_read_is_bounded_by_rows_columns_and_bytes() -> None:
    readers = UploadReaders()
    assert "r0c0,r0c1" in (await readers.read(BANK, *form_with(workbook())) or "")
    assert "r500c19" in (await readers.read(BANK, *form_with(workbook(501, 20))) or "")
    bomb = with_sheet(sheet_of(b" " * 3_000_000))
    for large in (workbook(502, 2), workbook(2, 21), bomb):
        with pytest.raises(UploadTooLarge):
            await readers.read(BANK, *form_with(large))
    assert await readers.read(BANK, *form_with(b"request,rrn\n1,2", "a.csv")) == "request,rrn\n1,2"
    assert await readers.read(BANK, *form_with(b"\xff\xfe", "a.csv")) == ""
    assert await readers.read(BANK, *form_with(b"PK\x03\x04 and nothing")) == ""
    assert await readers.read(BANK, "application/x-www-form-urlencoded", b"table=x") is None


@pytest.fixture
def endless(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Readers that never end by themselves, with another limit of time."""

    def limited(seconds: float) -> None:
        monkeypatch.setattr(form_files, "READ_SECONDS", seconds)
        monkeypatch.setattr(form_files, "_command", lambda: ["/bin/sleep", "600"])

    return limited


async def test_n2_a_reader_that_does_not_end_is_killed(endless: Callable[[float], None]) -> None:
    endless(0.2)
    started: list[Any] = []
    readers = UploadReaders(started.append)
    with pytest.raises(UploadReaderDied):
        await readers.read(BANK, *form_with(b"x"))
    assert started[0].returncode == -9


async def test_n2_one_bank_has_one_place_and_all_together_a_few(
    endless: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    endless(600)
    monkeypatch.setattr(form_files, "PLACE_SECONDS", 0.05)
    readers = UploadReaders()
    banks = [f"BANK{no}" for no in range(form_files.READERS_AT_ONCE)]
    reading = [asyncio.create_task(readers.read(bank, *form_with(b"x"))) for bank in banks[1:]]
    await asyncio.sleep(0)
    for bank in banks[1:]:
        with pytest.raises(UploadReadersTaken):
            await readers.read(bank, *form_with(b"x"))
    reading.append(asyncio.create_task(readers.read(banks[0], *form_with(b"x"))))
    await asyncio.sleep(0)
    with pytest.raises(UploadReadersTaken):
        await readers.read("ANOTHER", *form_with(b"x"))
    for task in reading:
        task.cancel()
    await asyncio.gather(*reading, return_exceptions=True)
    monkeypatch.undo()
    assert await readers.read("ANOTHER", *form_with(b"a,b", "a.csv")) == "a,b", "a cancelled read gives its place back"


async def test_the_reader_has_none_of_our_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOLDENHOUR_SECRET_KEY", "not for it")
    show = "import os, sys; sys.stdin.read(); print('{\"text\": \"' + ','.join(os.environ) + '\"}')"
    python = form_files._command()[0]
    monkeypatch.setattr(form_files, "_command", lambda: [python, "-S", "-c", show])
    assert "GOLDENHOUR" not in (await UploadReaders().read(BANK, *form_with(b"x")) or "")
