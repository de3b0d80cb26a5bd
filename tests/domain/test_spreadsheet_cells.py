from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.spreadsheet_cells import (
    MAX_CELL_CHARS,
    Cell,
    CellFault,
    amount_paise_of,
    identifier_of,
    is_blank,
    moment_of,
    repaired,
    text_of,
    whole_paise_of,
    yes_or_no,
)
from schemas.text import IST
from tests.each import each


def fault_of(read: Callable[[Cell], object], cell: Cell) -> str:
    with pytest.raises(CellFault) as raised:
        read(cell)
    return raised.value.code


@each(
    ("cell", "paise"),
    [
        ("₹1,25,000.50", 12_500_050),
        ("125000", 12_500_000),
        ("Rs. 1,25,000/-", 12_500_000),
        ("INR 125,000.5", 12_500_050),
        ("1250.50 ₹", 125_050),
        ("rs 5", 500),
        (" 5000.00 ", 500_000),
        ("१,२५,०००", 12_500_000),
        (125_000, 12_500_000),
        (125_000.5, 12_500_050),
        (0.1 + 0.2, 30),
        (1_250.1000000000001, 125_010),
    ],
)
def test_amounts_as_people_write_them(cell: Cell, paise: int) -> None:
    assert amount_paise_of(cell) == paise


@each(
    ("cell", "code"),
    [
        ("-5", "negative_amount"),
        ("(500)", "negative_amount"),
        (-0.01, "negative_amount"),
        ("nan", "not_an_amount"),
        (float("nan"), "not_an_amount"),
        (float("inf"), "not_an_amount"),
        ("1.234", "too_many_decimals"),
        (1_234.565, "too_many_decimals"),
        ("1.25 lakh", "not_an_amount"),
        ("1250,50", "not_an_amount"),
        ("1.250,50", "not_an_amount"),
        ("1,2,3", "not_an_amount"),
        ("", "not_an_amount"),
        ("0", "zero_amount"),
        ("0.00", "zero_amount"),
        (0, "zero_amount"),
        ("1.25E+05", "digits_lost"),
        ("999999999999", "too_large"),
        (1e18, "too_large"),
        (True, "not_an_amount"),
        (date(2026, 1, 1), "not_an_amount"),
        ("#REF!", "excel_error"),
    ],
)
def test_amounts_that_are_refused(cell: Cell, code: str) -> None:
    assert fault_of(amount_paise_of, cell) == code


@given(st.integers(min_value=1, max_value=10**12))
def test_every_amount_is_read_as_it_was_written(paise: int) -> None:
    rupees, rest = divmod(paise, 100)
    assert amount_paise_of(f"{rupees}.{rest:02d}") == paise
    assert amount_paise_of(f"₹{rupees:,}.{rest:02d}") == paise
    assert amount_paise_of(paise / 100) == paise


def test_a_column_of_paise_takes_whole_numbers_only() -> None:
    assert whole_paise_of("125050") == whole_paise_of(125_050.0) == 125_050
    assert fault_of(whole_paise_of, "1250.50") == "not_an_amount"
    assert fault_of(whole_paise_of, 1250.5) == "not_an_identifier"


@each(
    ("cell", "digits"),
    [
        ("00123456789", "00123456789"),
        ("'00123456789", "00123456789"),
        ('="00123456789"', "00123456789"),
        (123456789012.0, "123456789012"),
        (123456789012, "123456789012"),
        ("123456789012.0", "123456789012"),
        ("123456789012345678", "123456789012345678"),
        ("१२३४५६७८९", "123456789"),
        (" 1234 5678 ", "1234 5678"),
        ("SBIN0001234", "SBIN0001234"),
        ("3.8574409388E+10", "38574409388"),
        ("3.1109260000001E13", "31109260000001"),
        ("38.574409388e9", "38574409388"),
        ("1.00000000000000E+14", "100000000000000"),
    ],
)
def test_identifiers_digit_for_digit(cell: Cell, digits: str) -> None:
    assert identifier_of(cell) == digits


@each(
    ("cell", "code"),
    [
        ("1.23457E+15", "digits_lost"),
        ("1.23457e+11", "digits_lost"),
        ("3.857440938E+10", "digits_lost"),
        ("3.85744093881E+10", "digits_lost"),
        ("4E+11", "digits_lost"),
        ("-3.8574409388E+10", "digits_lost"),
        ("3.8574409388E-10", "digits_lost"),
        ("5.010012345678900E+15", "digits_lost"),
        (1.23456789012345e17, "digits_lost"),
        (1234567890123456.0, "digits_lost"),
        (12.5, "not_an_identifier"),
        (-5.0, "not_an_identifier"),
        (float("inf"), "not_an_identifier"),
        (datetime(2026, 1, 1), "not_an_identifier"),  # noqa: DTZ001
        (True, "not_an_identifier"),
        ("12\ufffd45", "characters_lost"),
        ("12\x0045", "control_character"),
        ("1" * (MAX_CELL_CHARS + 1), "too_long"),
    ],
)
def test_identifiers_whose_digits_are_gone(cell: Cell, code: str) -> None:
    assert fault_of(identifier_of, cell) == code


@each(
    ("day", "clock", "told", "noted"),
    [
        ("05/11/2026 13:34", None, "2026-11-05T13:34:00", False),
        ("05-11-2026 13:34:05", None, "2026-11-05T13:34:05", False),
        ("5.11.26 1:34 PM", None, "2026-11-05T13:34:00", False),
        ("05-Nov-2026 12:05 AM", None, "2026-11-05T00:05:00", False),
        ("5th November 2026, 13.34", None, "2026-11-05T13:34:00", False),
        ("2026-11-05 13:34", None, "2026-11-05T13:34:00", False),
        ("2026-11-05T13:34:00", None, "2026-11-05T13:34:00", False),
        ("2026/11/05 13:34", None, "2026-11-05T13:34:00", False),
        ("05/11/2026", "13:34:PM", "2026-11-05T13:34:00", True),
        ("05/11/2026 13:34:PM", None, "2026-11-05T13:34:00", True),
        ("05/11/2026", "01:34:PM", "2026-11-05T13:34:00", False),
        ("05/11/2026", "1:34 p.m.", "2026-11-05T13:34:00", False),
        ("05/11/2026", time(13, 34), "2026-11-05T13:34:00", False),
        ("05/11/2026", 0.5, "2026-11-05T12:00:00", False),
        ("05/11/2026", timedelta(hours=13, minutes=34), "2026-11-05T13:34:00", False),
        ("05/11/2026", None, "2026-11-05T00:00:00", True),
        (date(2026, 11, 5), None, "2026-11-05T00:00:00", True),
        (datetime(2026, 11, 5, 13, 34), None, "2026-11-05T13:34:00", False),  # noqa: DTZ001
        (46331.5, None, "2026-11-05T12:00:00", False),
        ("46331.5", None, "2026-11-05T12:00:00", False),
        (46331, "13:34", "2026-11-05T13:34:00", False),
    ],
)
def test_dates_are_indian_and_day_first(day: Cell, clock: Cell, told: str, noted: bool) -> None:
    moment = moment_of(day, clock)
    assert moment.at == datetime.fromisoformat(told).replace(tzinfo=IST)
    assert bool(moment.note) is noted


@each(
    ("day", "clock", "missing"),
    [
        ("05/11/2026", None, True),
        ("2026-11-05", None, True),
        (date(2026, 11, 5), None, True),
        (46331, None, True),
        (datetime(2026, 11, 5), None, True),  # noqa: DTZ001 - how a workbook tells a date without a time
        ("05/11/2026", "00:00", False),
        ("2026-11-05T00:00:00", None, False),
        (46331.5, None, False),
    ],
)
def test_a_date_alone_is_known_to_be_one(day: Cell, clock: Cell, missing: bool) -> None:
    assert moment_of(day, clock).time_missing is missing


@each("epoch", [1764000000, 1764000000.5, "1764000000", 1764000000000])
def test_an_epoch_is_no_date_and_the_reason_says_what_is_wanted(epoch: Cell) -> None:
    with pytest.raises(CellFault, match=r"write DD/MM/YYYY HH:MM") as refused:
        moment_of(epoch)
    assert refused.value.code == "not_a_date"


def test_an_offset_that_is_told_counts() -> None:
    assert moment_of("2026-11-05T08:04:00Z").at == datetime(2026, 11, 5, 8, 4, tzinfo=UTC)


@each(
    ("day", "code"),
    [
        ("11/25/2026", "not_a_date"),
        ("31/02/2026", "not_a_date"),
        ("05/11/1026", "not_a_date"),
        ("yesterday", "not_a_date"),
        ("20261105", "not_a_date"),
        (20261105, "not_a_date"),
        (5.0, "not_a_date"),
        (True, "not_a_date"),
        (time(1, 2), "not_a_date"),
        ("05/11/2026 25:00", "not_a_time"),
        ("05/11/2026 noon", "not_a_time"),
        (float("inf"), "not_a_date"),
    ],
)
def test_what_is_no_date(day: Cell, code: str) -> None:
    assert fault_of(lambda cell: moment_of(cell).at, day) == code


def test_text_is_one_line_and_its_encoding_is_mended() -> None:
    assert text_of("  Ram\n Kumar\u00a0Singh ") == "Ram Kumar Singh"
    assert text_of(1001.0) == "1001"
    assert repaired("राम".encode().decode("latin-1")) == "राम"
    assert repaired("José".encode().decode("cp1252")) == "José"
    assert repaired("José") is None
    assert repaired("राम") is None
    assert repaired("Ram") is None


def test_yes_no_and_nothing() -> None:
    assert yes_or_no("Y")
    assert yes_or_no(True)
    assert yes_or_no(1.0)
    assert not yes_or_no("no")
    assert not yes_or_no("-")
    assert fault_of(yes_or_no, "maybe") == "not_yes_or_no"
    assert all(is_blank(cell) for cell in (None, "", "  ", "NA", "n/a", "-", "NULL", float("nan")))
    assert not is_blank(0)


@given(
    st.one_of(
        st.text(), st.floats(), st.integers(), st.booleans(), st.datetimes(), st.dates(), st.times(), st.timedeltas()
    )
)
def test_any_cell_is_read_or_refused(cell: Cell) -> None:
    for read in (text_of, identifier_of, amount_paise_of, whole_paise_of, yes_or_no, moment_of):
        with suppress(CellFault):
            read(cell)
