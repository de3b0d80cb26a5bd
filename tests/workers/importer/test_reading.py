import io
import zipfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from adapters import workbooks
from domain.spreadsheets import FileRefused
from workers.importer import complaint_import
from workers.importer.complaint_import import read_file

HEADER = (
    "victim_name,victim_mobile,payer_bank,payer_account,payee_bank,payee_account,amount,rrn,transaction date,time\n"
)
ROW = "आशा José,9876543210,SBIN,00123456789,HDFC,123456789012,5000,{:012d},05/11/2026,13:34\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str | bytes], Path]:
    def written(content: str | bytes) -> Path:
        path = tmp_path / "complaints.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


Writer = Callable[[str | bytes], Path]


def test_b10_zero_bytes_at_the_end_of_a_file_are_no_text(write: Writer) -> None:
    found, _ = read_file(write((HEADER + ROW.format(1)).encode() + bytes(512)))
    assert (found.used, len(found.rejected)) == (1, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_encoding_and_delimiter(write: Writer, encoding: str, delimiter: str) -> None:
    text = (HEADER + ROW.format(1)).replace(",", delimiter)
    found, _ = read_file(write(text.encode(encoding)))
    assert found.complaints[0].complaint.victim.name == "आशा José"


def test_windows_1252_and_windows_line_ends(write: Writer) -> None:
    text = (HEADER + ROW.format(1)).replace("आशा ", "").replace("\n", "\r\n")
    found, _ = read_file(write(text.encode("cp1252")))
    assert found.complaints[0].complaint.victim.name == "José"


def test_excels_own_line_for_the_delimiter_and_row_numbers(write: Writer) -> None:
    text = "sep=;\n" + (HEADER + ROW.format(1) + "\n" + ROW.format(0).replace("5000", "0")).replace(",", ";")
    found, _ = read_file(write(text))
    assert found.complaints[0].row_nos == (3,)
    assert [rejected.row_no for rejected in found.rejected] == [5]
    assert found.blank == 1


def test_a_cell_may_have_lines_and_quotes(write: Writer) -> None:
    text = HEADER + ROW.format(1).replace("आशा José", '"Asha ""Devi""\n, Agra"') + ROW.format(2)
    found, _ = read_file(write(text))
    assert found.complaints[0].complaint.victim.name == 'Asha "Devi" , Agra'
    assert [made.row_nos for made in found.complaints] == [(2,), (3,)]


def test_a_quote_that_does_not_close_costs_its_own_row_only(write: Writer) -> None:
    stray = ROW.format(1).replace("आशा", '"Asha')
    text = HEADER + stray + "".join(ROW.format(number) for number in range(2, 60))
    found, rows = read_file(write(text))
    assert len(found.complaints) == 58
    assert [(rejected.row_no, rejected.faults[0].code) for rejected in found.rejected] == [(2, "broken_row")]
    assert rows[1].cells
    assert found.rows == 59


def test_two_stray_quotes_do_not_swallow_what_is_between(write: Writer) -> None:
    first, last = ROW.format(1).replace("आशा", '"Asha'), ROW.format(3).replace("José,", 'José",')
    found, _ = read_file(write(HEADER + first + ROW.format(2) + last))
    assert {made.row_nos for made in found.complaints} >= {(3,)}
    assert found.rows == found.used + len(found.rejected) == 3


def test_quotes_inside_a_cell_are_just_text(write: Writer) -> None:
    found, _ = read_file(write(HEADER + ROW.format(1).replace("आशा José", '"Asha" Devi')))
    assert found.complaints[0].complaint.victim.name == "Asha Devi"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"  \n ", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x81\x8d\x8f", "neither UTF-8"),
        (b"PK\x03\x04nonsense", "not a readable XLSX"),
        (b"\xd0\xcf\x11\xe0" + b"\x00" * 600, "old .xls"),
        (b"a,b,c\n1,2,3\n", "no header"),
        (b"amount,rrn\n1,2\n", "no column for the victim's name"),
    ],
)
def test_files_that_are_refused(write: Writer, content: bytes, reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        read_file(write(content))


def test_files_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileRefused, match="No such file"):
        read_file(tmp_path / "absent.csv")
    with pytest.raises(FileRefused, match="folder"):
        read_file(tmp_path)


def test_limits_on_bytes_and_rows(write: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(HEADER + "".join(ROW.format(number) for number in range(100)))
    monkeypatch.setattr(complaint_import, "MAX_ROWS", 50)
    with pytest.raises(FileRefused, match="more than 50 rows"):
        read_file(path)
    monkeypatch.setattr(complaint_import, "MAX_FILE_BYTES", 1024)
    with pytest.raises(FileRefused, match="larger than"):
        read_file(path)


# -- workbooks ---------------------------------------------------------------------------------------------------------

NAMES = HEADER.strip().split(",")


def make_workbook(path: Path, rows: Sequence[Sequence[object]], *, hidden_first: bool = False) -> Path:
    """Return a workbook whose dates are real dates and whose strings are strings."""
    with xlsxwriter.Workbook(str(path)) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy hh:mm"})
        if hidden_first:
            book.add_worksheet("Settings").hide()
        book.add_worksheet("Empty")
        sheet = book.add_worksheet("Complaints")
        sheet.activate()
        for index, row in enumerate(rows):
            for column, value in enumerate(row):
                if isinstance(value, datetime):
                    sheet.write_datetime(index, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(index, column, value)
                elif value is not None:
                    sheet.write(index, column, value)
    return path


def excel_row(**changes: object) -> list[object]:
    told: dict[str, object] = {
        "name": "Asha",
        "mobile": 9876543210,
        "payer_bank": "SBIN",
        "payer_account": "00123456789",
        "payee_bank": "HDFC",
        "payee_account": 123456789012,
        "amount": 5000.5,
        "rrn": 531234567890,
        "date": datetime(2026, 11, 5, 13, 34),  # noqa: DTZ001 - a workbook's dates have no offset
        "time": None,
    }
    return list((told | changes).values())


def test_a_workbook_with_real_numbers_and_dates(tmp_path: Path) -> None:
    rows: list[Sequence[object]] = [
        NAMES,
        excel_row(),
        excel_row(payee_account=1.23457e15),
        excel_row(date=46331.5, rrn="000000000001"),
    ]
    found, _ = read_file(make_workbook(tmp_path / "book.bin", rows, hidden_first=True))
    (one, two) = (made.complaint.transfers[0] for made in found.complaints)
    assert (one.payer.account, one.payee.account, one.rrn) == ("00123456789", "123456789012", "531234567890")
    assert one.amount_paise == 500_050
    assert one.transferred_at.isoformat() == "2026-11-05T08:04:00+00:00"
    assert (two.rrn, two.transferred_at.isoformat()) == ("000000000001", "2026-11-05T06:30:00+00:00")
    assert [(r.row_no, r.faults[0].code) for r in found.rejected] == [(3, "digits_lost")]


def test_empty_rows_above_keep_excels_row_numbers(tmp_path: Path) -> None:
    found, _ = read_file(make_workbook(tmp_path / "b.xlsx", [[], [], NAMES, excel_row(), [], excel_row(amount=0)]))
    assert found.header_row_no == 3
    assert found.complaints[0].row_nos == (4,)
    assert [rejected.row_no for rejected in found.rejected] == [6]
    assert (found.rows, found.blank) == (5, 3)


def test_a_merged_cell_counts_for_every_row_it_covers(tmp_path: Path) -> None:
    path = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(path)) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["complaint no", *NAMES])
        for index in (1, 2):
            sheet.write_row(index, 1, excel_row(rrn=10**11 + index, date="05/11/2026", time="13:34"))
        sheet.merge_range(1, 0, 2, 0, "C-7")
    found, _ = read_file(path)
    assert [(made.reference, made.row_nos) for made in found.complaints] == [("C-7", (2, 3))]


def test_a_sheet_is_chosen_by_its_name(tmp_path: Path) -> None:
    path = make_workbook(tmp_path / "b.xlsx", [NAMES, excel_row()])
    found, _ = read_file(path, "Complaints")
    assert found.used == 1
    with pytest.raises(FileRefused, match="no sheet"):
        read_file(path, "Elsewhere")
    with pytest.raises(FileRefused, match="no header"):
        read_file(path, "Empty")


def repacked(path: Path, changes: dict[str, bytes]) -> bytes:
    """Return the workbook with some of its parts replaced."""
    target = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, old.read(name)))
        for name in changes.keys() - set(old.namelist()):
            new.writestr(name, changes[name])
    return target.getvalue()


def test_a_zip_bomb_is_not_unpacked(tmp_path: Path, write: Writer) -> None:
    path = make_workbook(tmp_path / "b.xlsx", [NAMES, excel_row()])
    bomb = repacked(path, {"xl/media/image1.png": bytes(workbooks.MAX_UNPACKED_BYTES + 1)})
    assert len(bomb) < 1024**2
    with pytest.raises(FileRefused, match="unpacks to more than 300 MB"):
        read_file(write(bomb))


def test_a_single_cell_far_out_makes_no_grid_of_billions(tmp_path: Path, write: Writer) -> None:
    path = make_workbook(tmp_path / "b.xlsx", [NAMES, excel_row()])
    name = "xl/worksheets/sheet2.xml"
    with zipfile.ZipFile(path) as packed:
        sheet = packed.read(name)
    for cell in (b'<c r="XFD1048576"><v>1</v></c>', b'<c r="BA1"><v>1</v></c>', b'<c s="1" r="A300000"><v>1</v></c>'):
        far = sheet.replace(b"</sheetData>", b'<row r="1048576">' + cell + b"</row></sheetData>")
        with pytest.raises(FileRefused, match="right of column AZ or below row"):
            read_file(write(repacked(path, {name: far})))
    merely_coloured = sheet.replace(b"</sheetData>", b'<row r="3"><c r="XFD3" s="1"/></row></sheetData>')
    found, _ = read_file(write(repacked(path, {name: merely_coloured})))
    assert found.used == 1
