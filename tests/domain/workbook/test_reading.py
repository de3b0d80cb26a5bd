"""Reading the money-trail workbook: every trap that officers' workbooks have, and no row lost."""

from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.case.complaint_rows import SheetRow
from domain.spreadsheet_cells import Cell
from domain.spreadsheets import FileRefused
from domain.workbook.columns import SHEET_COLUMNS, Sheet, TrailColumn, column_named, is_trail, sheet_named
from domain.workbook.reading import MAX_TRAIL_ROWS, WorkbookSheet, read_trails, rounds
from domain.workbook.row import TrailRow
from schemas.enums import Mode
from schemas.text import IST
from tests.deep import examples
from tests.domain.trail_books import ACK, C, codes, moved, read, said, sheet
from tests.each import each

ROOT = "400000000001"
OTHER = "20511260000002"
TRANSFER = Sheet.TRANSFER.value


# -- sheets and columns ----------------------------------------------------------------------------------------


@each(
    ("name", "meant"),
    [
        *((one.value, one) for one in Sheet),
        ("Others Less Than 500", Sheet.SMALL),
        (" money  transfer TO ", Sheet.TRANSFER),
        ("Transaction put on hld", Sheet.HOLD),
        ("Withdrawl through ATM", Sheet.ATM),
        ("Withdrawal through Cheque", Sheet.CHEQUE),
        ("Others", Sheet.OTHER),
        ("Withdrawal through CHQ", Sheet.CHEQUE),
        ("Withdrawal through UPI", None),
        ("Summary", None),
        ("", None),
    ],
)
def test_sheets_are_known_by_names_spelt_as_people_spell_them(name: str, meant: Sheet | None) -> None:
    assert sheet_named(name) is meant


@each("column", TrailColumn)
def test_every_column_is_known_by_its_own_name(column: TrailColumn) -> None:
    assert column_named(column.value) is column
    assert column_named(f"  {column.value.upper()} ") is column


def test_one_sheet_called_other_is_no_money_trail() -> None:
    assert not is_trail(["Other"])
    assert not is_trail(["Sheet1", "Complaints"])
    assert is_trail(["Other", "AEPS"])
    assert is_trail(["x", "Money Transfer to"])


# -- a whole trail ---------------------------------------------------------------------------------------------


def test_a_whole_workbook() -> None:
    reading = read(
        sheet(TRANSFER, moved(1, ROOT, ROOT, 10_000), moved(2, ROOT, "N1", 6_000)),
        sheet(Sheet.HOLD, said(ROOT, 1_000)),
        sheet(Sheet.ATM, said(ROOT, 500, atm_id="ATM7", atm_place="Gali 5")),
        sheet(Sheet.CHEQUE, said(ROOT, 400, reference_no="000123")),
        sheet(Sheet.POS, said(ROOT, 300, mid="M1", tid="T1", approval_code="A1")),
        sheet(Sheet.AEPS, said("", 200, parent_utr=ROOT, parent_account="0010000000", parent_layer="1")),
        sheet(Sheet.OTHER, said(ROOT, None, remarks="customer is in jail")),
        sheet(Sheet.SMALL, said(ROOT, 99)),
        sheet(Sheet.OLD, said(ROOT, 50)),
        sheet(Sheet.REFUND, said(ROOT, 40)),
    )
    assert (reading.ack_no, reading.rows, reading.rejected, reading.blank) == (ACK, 11, (), 0)
    (root,) = reading.transfers
    assert root.transfer is not None
    assert (root.transfer.amount_paise, root.transfer.rrn, root.transfer.mode) == (10_000_00, ROOT, Mode.OTHER)
    assert (root.transfer.payer.institution, root.transfer.payer.account) == ("SBIN", "0000000000")
    assert root.transfer.transferred_at == datetime(2026, 11, 5, 13, 11, tzinfo=IST)
    by_sheet = {row.sheet: row for row in reading.said}
    assert by_sheet[Sheet.TRANSFER].payee_account == "0020000000"
    assert by_sheet[Sheet.ATM].details == {"atm_id": "ATM7", "place_of_atm": "Gali 5"}
    assert by_sheet[Sheet.CHEQUE].details == {"cheque_no": "000123"}
    assert by_sheet[Sheet.POS].details == {"mid": "M1", "tid": "T1", "approval_code": "A1"}
    assert (by_sheet[Sheet.AEPS].root_reference, by_sheet[Sheet.AEPS].layer) == (ROOT, 1)
    assert (by_sheet[Sheet.OTHER].amount_paise, by_sheet[Sheet.OTHER].remarks) == (None, "customer is in jail")
    assert {row.amount_paise for row in reading.said if row.sheet is not Sheet.OTHER} == {
        rupees * 100 for rupees in (6_000, 1_000, 500, 400, 300, 200, 99, 50, 40)
    }
    assert [row.reference for row in reading.pending] == ["N1"], "a pending bank is a transfer with no row after it"


def test_rows_come_in_any_order() -> None:
    """Child before parent; the money of a gathered transfer is spoken of when all of it is there."""
    reading = read(
        sheet(
            TRANSFER,
            moved(4, "G1", "X1", 100),
            moved(3, "B1", "G1", 100),
            moved(2, ROOT, "G1", 100),
            moved(2, ROOT, "B1", 100),
            moved(1, "", ROOT, 300),
        ),
        sheet(Sheet.HOLD, said("X1", 50), said("NOWHERE1", 1), said("", 1, account="77")),
    )
    found = [[row.reference or row.root_reference or row.account for row in group] for group in rounds(reading.said)]
    assert found == [["B1", "G1", "NOWHERE1"], ["G1"], ["X1"], ["X1"], ["77"]]


def test_references_in_a_ring_end() -> None:
    reading = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 9), moved(2, "R1", "R2", 5), moved(3, "R2", "R1", 5)))
    assert [len(group) for group in rounds(reading.said)] == [2]


# -- traps -----------------------------------------------------------------------------------------------------


def one(**more: Cell) -> TrailRow:
    reading = read(sheet(TRANSFER, moved(2, ROOT, "400000000002", "1,250.50", **more)))
    assert codes(reading) == []
    (row,) = reading.said
    return row


def test_numbers_and_dates_in_every_dress() -> None:
    assert one(account="  00012345678 ").account == "00012345678"
    assert one(account=50100123456789.0).account == "50100123456789"
    assert one(utr2=400000000002).reference == "400000000002"
    assert one(transaction_amount="₹1,25,000.50", disputed="Rs. 1,25,000.50/-").amount_paise == 1_25_000_50
    assert one(layer="Layer 3").layer == 3
    assert one(layer=3.0).layer == 3
    at = datetime(2026, 11, 5, 13, 34, tzinfo=IST)
    for told in ("05/11/2026 13:34", "05-11-2026 01:34 PM", at.replace(tzinfo=None), 46331 + (13 * 60 + 34) / 1440):
        assert one(transaction_date=told).at == at
    odd = read(sheet(TRANSFER, moved(2, ROOT, "1", 5, transaction_date="05/11/2026 13:34:PM")))
    assert odd.said[0].at == at
    assert [(note.row_no, note.column) for note in odd.notes] == [(2, "Transaction Date")]


def test_a_time_that_cannot_be_read_leaves_the_day() -> None:
    for told in ("05/11/2026 13.34 hrs", "05-11-2026 25:99", "05/11/2026, noon"):
        reading = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10), moved(2, ROOT, "N1", 5, transaction_date=told)))
        assert reading.said[0].at == datetime(2026, 11, 5, tzinfo=IST)
        assert [note.column for note in reading.notes] == ["Transaction Date"]
    (victims,) = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10, transaction_date="05/11/2026 at noon"))).transfers
    assert victims.transfer is not None
    assert victims.transfer.time_missing


def test_an_unreadable_day_costs_no_row_except_the_victims() -> None:
    reading = read(
        sheet(
            TRANSFER,
            moved(1, ROOT, ROOT, 10, transaction_date="soon"),
            moved(2, ROOT, "N1", 5, transaction_date="soon"),
            moved(2, ROOT, "N2", 5, transaction_date=""),
        )
    )
    assert codes(reading) == [(TRANSFER, 2, "missing")]
    assert [(row.at, row.at_told) for row in reading.said] == [(None, "soon"), (None, "")]


@each(
    ("more", "code"),
    [
        ({"transaction_amount": "much", "disputed": None}, "not_an_amount"),
        ({"transaction_amount": None, "disputed": None}, "missing"),
        ({"transaction_amount": 0}, "zero_amount"),
        ({"transaction_amount": "-5"}, "negative_amount"),
        ({"transaction_amount": "1.234"}, "too_many_decimals"),
        ({"transaction_amount": "#REF!"}, "excel_error"),
        ({"utr2": "1.23457E+15"}, "digits_lost"),
        ({"payee_account": 1234567890123456789}, "digits_lost"),
        ({"account": "", "utr": ""}, "missing"),
        ({"ack_no": "123"}, "not_an_ack_no"),
        ({"payee_account": "9" * 400}, "too_long"),
    ],
)
def test_rows_that_cannot_be_used_say_why(more: dict[str, Cell], code: str) -> None:
    reading = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10), moved(2, ROOT, "N1", 5), moved(2, ROOT, "N2", 5, **more)))
    assert codes(reading) == [(TRANSFER, 4, code)]
    assert len(reading.said) == 1


def test_the_victims_transfer_is_disputed_whole_and_needs_what_a_complaint_needs() -> None:
    part = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10_000, disputed=8_000)))
    assert part.transfers[0].transfer is not None
    assert part.transfers[0].transfer.amount_paise == 10_000_00
    assert [note.column for note in part.notes] == ["Disputed Amount"]
    bare = read(sheet(TRANSFER, moved(1, "", "", 10), moved(1, ROOT, ROOT, 10, bank="", ifsc="")))
    assert [(row, code) for _, row, code in codes(bare)] == [(2, "missing"), (3, "missing")]
    vpa = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10, bank="", ifsc="", payee_account="mule@okhdfc")))
    assert vpa.transfers[0].transfer is not None
    assert (vpa.transfers[0].transfer.payee.vpa, vpa.transfers[0].transfer.payee.institution) == (
        "mule@okhdfc",
        "okhdfc",
    )


def test_without_a_layer_the_references_decide() -> None:
    reading = read(sheet(TRANSFER, moved(1, "", ROOT, 10, layer=""), moved(2, ROOT, "N1", 5, layer="deep")))
    assert ([row.reference for row in reading.transfers], [row.reference for row in reading.said]) == ([ROOT], ["N1"])
    assert [note.column for note in reading.notes] == ["Layer"]


def test_what_a_disputed_amount_above_its_transaction_says_is_kept() -> None:
    row = one(transaction_amount=100, disputed=150)
    assert (row.amount_paise, row.disputed_paise) == (100_00, 150_00)


def test_the_same_row_twice_is_one_whatever_its_number_is() -> None:
    reading = read(
        sheet(TRANSFER, moved(1, ROOT, ROOT, 10), moved(1, ROOT, ROOT, "10.00", serial=7, remarks="again")),
        sheet(Sheet.HOLD, said(ROOT, 5), said(ROOT, "5", serial=8), said(ROOT, 5, account="10000000")),
        sheet("Transaction put on hold ", said(ROOT, 5)),
    )
    assert [code for _, _, code in codes(reading)] == ["duplicate"] * 4
    assert all(row.harmless for row in reading.rejected)
    assert (len(reading.transfers), len(reading.said)) == (1, 1)


def test_titles_totals_repeated_headers_and_rows_that_only_number_themselves() -> None:
    header: Cell = "Account No./ (Wallet /PG/PA) Id"
    columns = SHEET_COLUMNS[Sheet.HOLD]
    rows: list[list[Cell]] = [
        ["Complete trail of the case"],
        [],
        [c.value for c in columns],
        [said(ROOT, 5).get(c) for c in columns],
        [c.value if c is not C.ACCOUNT else header for c in columns],
        [3, *[None] * (len(columns) - 1)],
        [None, None, "Total", None, None, 5],
        ["", " ", None],
    ]
    found = WorkbookSheet(Sheet.HOLD.value, [SheetRow(number, cells) for number, cells in enumerate(rows, start=1)])
    reading = read(found)
    assert [code for _, _, code in codes(reading)] == ["before_header", "repeated_header", "no_entry", "totals_row"]
    assert (reading.rows, reading.blank, len(reading.said)) == (7, 2, 1)
    assert all(row.harmless for row in reading.rejected)


def test_renamed_and_missing_columns() -> None:
    columns = [c for c in SHEET_COLUMNS[Sheet.TRANSFER] if c not in {C.REMARKS, C.NODAL, C.SERIAL}]
    names: dict[TrailColumn, str] = {
        C.ACK_NO: "NCRP Ack No",
        C.ACCOUNT: "From Account No",
        C.PAYEE_ACCOUNT: "To Account",
        C.UTR2: "Transaction Id / UTR Number 2",
        C.UTR: "Transaction Id/UTR Numbr",
        C.DISPUTED: "disputed_amount",
    }
    header = [names.get(c, c.value) for c in columns]
    reading = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10), moved(2, ROOT, "N1", 5), columns=columns, header=header))
    assert codes(reading) == []
    assert (reading.said[0].root_reference, reading.said[0].payee_account) == (ROOT, "0020000000")
    missing = [c for c in columns if c not in {C.TRANSACTION_AMOUNT, C.DISPUTED}]
    less = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10), columns=missing))
    assert codes(less) == [(TRANSFER, 2, "missing")]
    assert less.rejected[0].faults[0].column == "Transaction Amount"


def test_outside_the_transfer_sheet_there_is_one_account_and_one_reference() -> None:
    columns = [C.ACK_NO, C.ACCOUNT, C.UTR, C.HOLD_AMOUNT, C.BANK]
    header = ["Acknowledgement No.", "Account No", "UTR Number2", "Put on hold Amount", "Bank/FIs"]
    row = said(ROOT, 5, bank="ICIC")
    reading = read(sheet(Sheet.HOLD, row, columns=columns, header=header))
    (found,) = reading.said
    assert (found.account, found.root_reference, found.bank) == ("0010000000", ROOT, "ICIC")


def test_sheets_that_cannot_be_read_lose_no_row_unreported() -> None:
    twice = [C.ACK_NO, C.ACCOUNT, C.UTR, C.HOLD_AMOUNT, C.HOLD_AMOUNT]
    cover = WorkbookSheet("Cover", [SheetRow(1, ["Police station"]), SheetRow(2, []), SheetRow(3, ["Agra"])])
    reading = read(
        sheet(TRANSFER, moved(1, ROOT, ROOT, 10)),
        sheet(Sheet.HOLD, said(ROOT, 5), columns=twice),
        sheet("More transfers", moved(2, ROOT, "N1", 5)),
        WorkbookSheet(Sheet.ATM.value, [SheetRow(1, ["x", "y"])]),
        WorkbookSheet(Sheet.POS.value, []),
        cover,
    )
    found = {(name, code) for name, _, code in codes(reading)}
    assert found == {
        ("Transaction put on hold", "column_twice"),
        ("More transfers", "unknown_sheet"),
        ("Withdrawal through ATM", "no_header"),
        ("Cover", "not_a_trail_sheet"),
    }
    assert {row.sheet_name for row in reading.rejected if row.harmless} == {"Cover"}
    assert reading.rows == 1 + 1 + 2 + 1 + 0 + 3


def test_a_workbook_without_a_number_and_one_that_is_too_long_are_refused() -> None:
    with pytest.raises(FileRefused, match="acknowledgement"):
        read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10, ack_no="")))
    long = WorkbookSheet(TRANSFER, [SheetRow(1, [])] * (MAX_TRAIL_ROWS + 1))
    with pytest.raises(FileRefused, match="rows"):
        read(long)


def test_a_row_without_the_number_is_of_the_workbooks_case() -> None:
    reading = read(sheet(TRANSFER, moved(1, ROOT, ROOT, 10), moved(2, ROOT, "N1", 5, ack_no="")))
    assert (codes(reading), len(reading.said)) == ([], 1)


def test_remarks_and_names_may_be_anything() -> None:
    assert one(remarks="=HYPERLINK(1)\x07\n\ttwo" + "x" * 2000).remarks.startswith("=HYPERLINK(1) twox")
    assert one(bank="à¤°à¤¾à¤®").payee_bank == "राम"


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-10, 10**18),
    st.floats(),
    st.text(max_size=30),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.sampled_from([ACK, OTHER, ROOT, "N1", "Total", "05/11/2026", "S No.", "1,000"]),
)


@settings(max_examples=examples(80))
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*(one.value for one in Sheet), "Summary", "Others"]),
            st.booleans(),
            st.lists(st.lists(anything, max_size=18), max_size=8),
        ),
        max_size=4,
    )
)
def test_whatever_stands_in_the_cells_every_row_is_accounted_for(
    found: list[tuple[str, bool, list[list[Cell]]]],
) -> None:
    """The reading asserts its own sum; nothing but a refusal of the whole file may be raised."""
    sheets = []
    for name, with_header, rows in found:
        columns = SHEET_COLUMNS[sheet_named(name) or Sheet.HOLD]
        header: list[list[Cell]] = [[c.value for c in columns]] if with_header else []
        sheets.append(WorkbookSheet(name, [SheetRow(n, cells) for n, cells in enumerate([*header, *rows], start=1)]))
    try:
        readings = read_trails(sheets)
    except FileRefused:
        return
    for reading in readings:
        assert sum(len(group) for group in rounds(reading.said)) == len(reading.said)
