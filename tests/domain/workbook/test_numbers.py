"""Whose row is it? The references of rows that state no acknowledgement number tell (D12)."""

import pytest

from domain.spreadsheets import FileRefused
from domain.workbook.columns import Sheet
from domain.workbook.reading import TrailReading, read_trails
from tests.domain.trail_books import ACK, Told, codes, moved, said, sheet

OTHER = "20511260000002"
TRANSFER = Sheet.TRANSFER.value


def trails(*sheets: tuple[str, list[Told]], ack_no: str | None = None) -> tuple[TrailReading, ...]:
    return read_trails([sheet(name, *rows) for name, rows in sheets], ack_no)


def test_d12_rows_without_a_number_follow_their_references_in_any_order() -> None:
    readings = trails(
        (Sheet.HOLD, [said("N2", 5, ack_no=""), said("M1", 5, ack_no=""), said("BOTH", 5, ack_no="")]),
        (
            TRANSFER,
            [
                moved(3, "N1", "N2", 50, ack_no=""),
                moved(2, "A1", "N1", 60, ack_no=""),
                moved(1, "A1", "A1", 90),
                moved(1, "M1", "M1", 90, ack_no=OTHER),
                moved(2, "A1", "BOTH", 10),
                moved(2, "M1", "BOTH", 10, ack_no=OTHER),
            ],
        ),
    )
    assert [reading.ack_no for reading in readings] == [ACK, OTHER, ""]
    assert [(len(reading.transfers), len(reading.said)) for reading in readings] == [(1, 4), (1, 2), (0, 0)]
    assert codes(readings[2]) == [(Sheet.HOLD, 4, "missing")]
    assert sum(reading.rows for reading in readings) == 9


def test_d12_rows_of_no_number_are_in_the_last_reading() -> None:
    readings = trails(
        (TRANSFER, [moved(1, "A1", "A1", 90), moved(1, "M1", "M1", 90, ack_no=OTHER), moved(1, "", "", 1, ack_no="")]),
        (Sheet.HOLD, [said("A1", 5), {}, said("", 5, account="", ack_no="123")]),
    )
    assert [(reading.ack_no, reading.rows, reading.blank) for reading in readings] == [
        (ACK, 2, 0),
        (OTHER, 1, 0),
        ("", 3, 1),
    ]
    assert {code for _, _, code in codes(readings[2])} == {"missing", "not_an_ack_no"}
    assert [[one.name for one in reading.sheets] for reading in readings] == [
        [TRANSFER, Sheet.HOLD],
        [TRANSFER],
        [TRANSFER, Sheet.HOLD],
    ]


def test_d12_one_number_can_be_asked_for() -> None:
    rows = [moved(1, "A1", "A1", 90), moved(1, "M1", "M1", 90, ack_no=OTHER)]
    of_other, of_none = trails((TRANSFER, rows), ack_no=OTHER)
    assert (of_other.ack_no, len(of_other.transfers)) == (OTHER, 1)
    assert codes(of_none) == [(TRANSFER, 2, "not_asked_for")]
    assert all(row.harmless for row in of_none.rejected)
    (only,) = trails((TRANSFER, rows[:1]), ack_no=ACK)
    assert codes(only) == []
    with pytest.raises(FileRefused, match="20511260000009"):
        trails((TRANSFER, rows), ack_no="20511260000009")


def test_d12_the_same_row_of_two_numbers_is_no_duplicate() -> None:
    first, second, *_ = trails(
        (TRANSFER, [moved(1, "A1", "A1", 90), moved(1, "A1", "A1", 90, ack_no=OTHER), moved(1, "A1", "A1", 90)]),
    )
    assert (codes(first), len(second.transfers)) == ([(TRANSFER, 4, "duplicate")], 1)
