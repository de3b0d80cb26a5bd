from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.case.complaint_rows import SheetReading, SheetRow, read_sheet
from domain.spreadsheet_cells import Cell
from domain.spreadsheets import Column, FileRefused, column_named, looks_like_header, read_header
from schemas.case.intake import MAX_TRANSFERS
from schemas.enums import Channel, Language, Mode
from tests.each import each

HEADER = [
    "complaint_ref",
    "victim_name",
    "victim_mobile",
    "victim_district",
    "payer_institution",
    "payer_account",
    "payee_institution",
    "payee_account",
    "amount",
    "reference",
    "mode",
    "transferred_at",
]


def row(**changes: Cell) -> list[Cell]:
    """A row that is right, with `changes` by column name."""
    values: dict[str, Cell] = {
        "complaint_ref": "",
        "victim_name": "Asha Devi",
        "victim_mobile": "9876543210",
        "victim_district": "Agra",
        "payer_institution": "SBIN",
        "payer_account": "00123456789",
        "payee_institution": "HDFC",
        "payee_account": "123456789012",
        "amount": "5,000.00",
        "reference": "531234567890",
        "mode": "UPI",
        "transferred_at": "05/11/2026 13:34",
    }
    assert changes.keys() <= values.keys()
    return list((values | changes).values())


def read(*rows: Sequence[Cell], header: Sequence[Cell] = HEADER) -> SheetReading:
    return read_sheet(SheetRow(number, cells) for number, cells in enumerate([header, *rows], start=1))


def codes(reading: SheetReading) -> dict[int, list[str]]:
    return {rejected.row_no: [fault.code for fault in rejected.faults] for rejected in reading.rejected}


def test_a_row_is_a_complaint() -> None:
    reading = read(row())
    (made,) = reading.complaints
    (transfer,) = made.complaint.transfers
    assert made.row_nos == (2,)
    assert made.complaint.ack_no is None
    assert made.complaint.channel is Channel.IMPORT
    assert made.complaint.category == "not stated"
    assert transfer.payer.account == "00123456789"
    assert transfer.amount_paise == 500_000
    assert (transfer.rrn, transfer.utr) == ("531234567890", None)
    assert transfer.mode is Mode.UPI
    assert transfer.transferred_at.isoformat() == "2026-11-05T08:04:00+00:00"
    assert (reading.rows, reading.used, reading.blank, reading.rejected, reading.notes) == (1, 1, 0, (), ())


def test_rows_with_one_reference_are_one_complaint_wherever_they_stand() -> None:
    reading = read(
        row(complaint_ref="C1", reference="100000000001"),
        row(complaint_ref="C2", reference="100000000002", victim_name="Ravi", victim_mobile="9123456780"),
        row(complaint_ref="C1", reference="HDFC000000000001", victim_name="", victim_mobile="", victim_district=""),
    )
    assert [(made.reference, made.row_nos) for made in reading.complaints] == [("C1", (2, 4)), ("C2", (3,))]
    assert reading.complaints[0].complaint.transfers[1].utr == "HDFC000000000001"


def test_the_victim_may_stand_in_a_row_that_is_wrong_otherwise() -> None:
    reading = read(
        row(complaint_ref="C1", amount="0"),
        row(complaint_ref="C1", victim_name=None, victim_mobile=None, victim_district=None),
    )
    assert reading.complaints[0].complaint.victim.name == "Asha Devi"
    assert codes(reading) == {2: ["zero_amount"]}


@each(
    ("language", "email", "expected", "noted"),
    [
        ("English", "asha@example.org", (Language.EN, "asha@example.org"), []),
        ("हिन्दी", "", (Language.HI, None), []),
        (None, "asha at example", (Language.HI, None), ["victim_email"]),
        ("Tamil", None, (Language.HI, None), ["victim_language"]),
    ],
)
def test_how_the_victim_is_told(
    language: str | None, email: str | None, expected: tuple[Language, str | None], noted: list[str]
) -> None:
    reading = read([*row(), language, email], header=[*HEADER, "Language", "E-mail ID"])
    victim = reading.complaints[0].complaint.victim
    assert (victim.language, victim.email) == expected
    assert [note.column for note in reading.notes] == noted


def test_an_acknowledgement_number_is_the_complaints_own() -> None:
    header = ["Acknowledgement No.", *HEADER[1:]]
    reading = read(row(complaint_ref=30511260000001.0), row(complaint_ref="305"), header=header)
    assert reading.complaints[0].complaint.ack_no == "30511260000001"
    assert codes(reading) == {3: ["not_an_ack_no"]}


def test_every_fault_of_a_row_is_told() -> None:
    reading = read(row(amount="-5", payee_account="1.23457E+15", transferred_at="soon", reference=""))
    assert [(fault.column, fault.code) for fault in reading.rejected[0].faults] == [
        ("payee_account", "digits_lost"),
        ("amount", "negative_amount"),
        ("reference", "missing"),
        ("transferred_at", "not_a_date"),
    ]
    assert not reading.rejected[0].harmless


def test_a_missing_victim_is_told_for_every_row_of_the_complaint() -> None:
    reading = read(row(complaint_ref="C", victim_name=""), row(complaint_ref="C", victim_name="", amount="x"))
    assert codes(reading) == {2: ["missing"], 3: ["not_an_amount", "missing"]}


def test_another_mobile_is_another_victim_and_another_spelling_is_not() -> None:
    reading = read(
        row(complaint_ref="C", reference="100000000001"),
        row(complaint_ref="C", reference="100000000002", victim_mobile="9123456780"),
        row(complaint_ref="C", reference="100000000003", victim_name="Aasha Devi", victim_mobile="+91 98765-43210"),
    )
    assert reading.complaints[0].row_nos == (2, 4)
    assert codes(reading) == {3: ["another_victim"]}
    assert [(note.row_no, note.column) for note in reading.notes] == [(4, "victim_name")]


def test_a_row_that_says_the_same_is_used_once() -> None:
    reading = read(row(), row(amount="5000"), row(complaint_ref="C"), row(complaint_ref="C"), row(victim_name="Ravi"))
    assert [made.row_nos for made in reading.complaints] == [(2,), (4,), (6,)]
    assert codes(reading) == {3: ["duplicate"], 5: ["duplicate"]}
    assert all(rejected.harmless for rejected in reading.rejected)


def test_a_duplicate_of_a_rejected_row_is_not_lost() -> None:
    reading = read(
        row(complaint_ref="C", reference="100000000001"),
        row(complaint_ref="C", reference="100000000002", victim_mobile="9123456780"),
        row(complaint_ref="C", reference="100000000002"),
    )
    assert reading.complaints[0].row_nos == (2, 4)


def test_blank_rows_titles_totals_and_headers_again_are_told_apart() -> None:
    title: list[Cell] = ["Complaints of November", *[""] * 11]
    blank: list[Cell] = [None] * 12
    total: list[Cell] = ["", "Total", *[""] * 6, 15_000, *[""] * 3]
    bare_total: list[Cell] = [*[""] * 8, "15000", *[""] * 3]
    rows: list[Sequence[Cell]] = [
        title,
        blank,
        HEADER,
        row(),
        blank,
        total,
        HEADER,
        row(reference="2" * 12),
        bare_total,
    ]
    reading = read_sheet(SheetRow(number, cells) for number, cells in enumerate(rows, start=1))
    assert reading.header_row_no == 3
    assert codes(reading) == {1: ["before_header"], 6: ["totals_row"], 7: ["repeated_header"], 9: ["totals_row"]}
    assert (reading.rows, reading.used, reading.blank, len(reading.rejected)) == (8, 2, 2, 4)
    assert all(rejected.harmless for rejected in reading.rejected)


def test_a_header_in_another_order_counts_from_there_on() -> None:
    reading = read(row(), list(reversed(HEADER)), list(reversed(row(reference="100000000001"))))
    assert [made.complaint.transfers[0].rrn for made in reading.complaints] == ["531234567890", "100000000001"]


def test_rows_below_a_header_that_is_not_enough_are_rejected() -> None:
    reading = read(row(), HEADER[:6], row(reference="100000000001"), HEADER, row(reference="100000000002"))
    assert codes(reading) == {3: ["repeated_header"], 4: ["no_header"], 5: ["repeated_header"]}
    assert "no column for" in reading.rejected[1].faults[0].reason


def test_a_row_wider_than_the_header_has_slipped() -> None:
    cells = row()
    cells[8:9] = ["1", "25", "000.50"]
    assert codes(read(cells)) == {2: ["too_many_cells"]}


def test_rows_that_only_number_themselves_lose_nothing() -> None:
    reading = read(["7", *row()], ["8", *[""] * 12], header=["S No.", *HEADER])
    assert codes(reading) == {3: ["no_transfer"]}
    assert reading.header.unknown == ("S No.",)


def test_more_transfers_than_a_complaint_has() -> None:
    rows = [row(complaint_ref="C", reference=f"{number:012d}") for number in range(1, MAX_TRANSFERS + 3)]
    reading = read(*rows)
    assert reading.used == MAX_TRANSFERS
    assert codes(reading) == {102: ["too_many_transfers"], 103: ["too_many_transfers"]}


def test_a_date_alone_is_known_to_the_complaint() -> None:
    reading = read(row(transferred_at="05/11/2026"), row(reference="531234567891"))
    assert [made.complaint.transfers[0].time_missing for made in reading.complaints] == [True, False]


def test_only_rows_that_are_used_have_notes() -> None:
    reading = read(
        row(transferred_at="05/11/2026", mode="pigeon", amount="-5"),
        row(transferred_at="05/11/2026"),
        row(transferred_at="05/11/2026"),
    )
    assert codes(reading) == {2: ["negative_amount"], 4: ["duplicate"]}
    assert [(note.row_no, note.column) for note in reading.notes] == [(3, "transferred_at")]


def test_what_is_odd_but_possible_is_taken_and_noted() -> None:
    header = [*HEADER, "payee_ifsc", "payee_vpa", "channel"]
    reading = read(
        [*row(payee_institution="", mode="carrier pigeon", payee_account="00123"), "hdfc0001234", "x@okhdfc", "1930"],
        [*row(payee_institution="", payee_account="", transferred_at="05/11/2026"), "", "ravi@okaxis", "portal"],
        [*row(payee_account="ravi@oksbi", reference="3" * 12), "", "", "pigeon"],
        header=header,
    )
    first, second, third = (made.complaint for made in reading.complaints)
    assert (first.transfers[0].payee.institution, first.transfers[0].payee.ifsc) == ("HDFC", "HDFC0001234")
    assert (first.transfers[0].payee.account, first.transfers[0].payee.vpa) == ("00123", "x@okhdfc")
    assert first.transfers[0].mode is Mode.OTHER
    assert second.transfers[0].payee.vpa == "ravi@okaxis"
    assert second.transfers[0].payee.institution == "okaxis"
    assert third.transfers[0].payee.vpa == "ravi@oksbi"
    assert [c.channel for c in (first, second, third)] == [Channel.HELPLINE_1930, Channel.PORTAL, Channel.IMPORT]
    assert [note.row_no for note in reading.notes] == [2, 2, 3, 3, 4]


def test_wrong_encoding_is_mended_and_lost_characters_are_refused() -> None:
    reading = read(row(victim_name="आशा".encode().decode("latin-1")), row(payee_account="12\ufffd456789"))
    assert reading.complaints[0].complaint.victim.name == "आशा"
    assert codes(reading) == {3: ["characters_lost"]}


def test_a_broken_row_is_rejected_with_what_broke_it() -> None:
    reading = read_sheet([SheetRow(1, HEADER), SheetRow(2, ["x"], broken="a quote"), SheetRow(3, row())])
    assert codes(reading) == {2: ["broken_row"]}
    assert reading.used == 1


def test_the_key_is_the_content() -> None:
    first, again, other = (read(row(reference=f"{n:012d}")).complaints[0] for n in (1, 1, 2))
    assert first.idempotency_key == again.idempotency_key != other.idempotency_key
    assert len(first.idempotency_key) <= 200


@each(
    ("name", "column"),
    [
        ("  Amount (Rs.) ", Column.AMOUNT),
        ("AMOUNT_PAISE", Column.AMOUNT_PAISE),
        ("Acknowledgement No.", Column.ACK_NO),
        ("Beneficiary A/c No.", Column.PAYEE_ACCOUNT),
        ("Victim Bank", Column.PAYER_INSTITUTION),
        ("Transaction ID / UTR Number", Column.REFERENCE),
        ("Mode-of-Payment", Column.MODE),
        ("Date & Time", Column.TRANSFERRED_AT),
        ("Date and Time", Column.TRANSFERRED_AT),
        ("favourite colour", None),
        (12.0, None),
        (None, None),
    ],
)
def test_column_names_are_forgiving(name: Cell, column: Column | None) -> None:
    assert column_named(name) is column


def test_a_header_that_is_not_enough_says_what_is_missing() -> None:
    with pytest.raises(FileRefused, match="the amount; for the RRN or UTR"):
        read_header([name for name in HEADER if name not in {"amount", "reference"}])
    with pytest.raises(FileRefused, match='two columns mean amount: "amount" and "Fraud Amount"'):
        read_header([*HEADER, "Fraud Amount"])
    with pytest.raises(FileRefused, match="no header"):
        read_sheet([SheetRow(1, ["a", "b"])])
    assert not looks_like_header(row())


def test_a_header_cell_that_cannot_be_read_is_no_column() -> None:
    reading = read([*row(), ""], header=[*HEADER, "re\x1bmarks" + "x" * 2000])
    assert reading.used == 1
    assert reading.header.unknown == ("remarks" + "x" * 53,)


CELLS = st.one_of(
    st.none(),
    st.sampled_from(["", "Total", "-", "C1", "5000", "amount", "victim_name", "nan", *HEADER]),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.text(max_size=8),
    st.datetimes(),
)
ROWS = st.lists(
    st.one_of(
        st.lists(CELLS, max_size=14),
        st.fixed_dictionaries({}, optional=dict.fromkeys(HEADER, CELLS)).map(lambda changes: row(**changes)),
        st.just(HEADER),
    ),
    max_size=12,
)


@given(ROWS)
def test_rows_are_used_rejected_or_blank_whatever_stands_in_them(rows: list[list[Cell]]) -> None:
    reading = read(*rows)
    used = [row_no for made in reading.complaints for row_no in made.row_nos]
    rejected = [row.row_no for row in reading.rejected]
    assert reading.rows == len(rows) == len(used) + len(rejected) + reading.blank
    assert len({*used, *rejected}) == len(used) + len(rejected)
    assert all(row.faults and all(fault.reason for fault in row.faults) for row in reading.rejected)
