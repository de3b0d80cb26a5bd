"""Rupees and paise, exact both ways."""

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.banks.i4c.values import AmountError, format_rupees, parse_rupees, parse_signed_rupees
from schemas.base import MAX_AMOUNT_PAISE
from tests.each import each

PAISE = st.integers(0, MAX_AMOUNT_PAISE)


@each(
    ("value", "paise"),
    [
        ("5000", 500_000),
        ("5000.00", 500_000),
        ("5,000.00", 500_000),
        ("1,25,000.50", 12_500_050),
        ("125,000.5", 12_500_050),
        (" 5000. ", 500_000),
        (".50", 50),
        ("0", 0),
        ("0005.10", 510),
        (5000, 500_000),
        (0.1, 10),
        (4500.5, 450_050),
        (1.1, 110),
        (2.675e2, 26_750),
    ],
)
def test_taken_to_the_paisa(value: object, paise: int) -> None:
    assert parse_rupees(value) == paise


BELOW_ZERO = ["-1", -1, -0.01]
OTHER_NOTATIONS = [
    "NaN",
    float("nan"),
    float("inf"),
    "Infinity",
    "1e3",
    "0x10",
    "+5",
    "५०००",
    "5000 INR",
    "5 000",
    1e16,
    1e-7,
]
THREE_DECIMALS = ["5.000", "5.001", 5.001]
COMMAS = ["5,00", "5,0000", "1,,000", ",000", "1,23,4567"]
NOTHING = ["", " ", ".", "-", None]
NO_NUMBER = [True, False, [], {}, b"5", Decimal(5)]
TOO_MUCH = ["1" * 41, "0" * 500, MAX_AMOUNT_PAISE // 100 + 1]


@each("value", [*BELOW_ZERO, *OTHER_NOTATIONS, *THREE_DECIMALS, *COMMAS, *NOTHING, *NO_NUMBER, *TOO_MUCH])
def test_refused_by_name(value: object) -> None:
    with pytest.raises(AmountError) as caught:
        parse_rupees(value)
    assert "5" not in str(caught.value)


def test_a_balance_may_be_below_zero() -> None:
    assert parse_signed_rupees("-1,200.50") == -120_050
    assert parse_signed_rupees(-3) == -300
    with pytest.raises(AmountError):
        parse_signed_rupees("--3")


@given(paise=PAISE)
def test_there_and_back(paise: int) -> None:
    text = format_rupees(paise)
    assert parse_rupees(text) == paise
    assert Decimal(text) * 100 == paise
    assert parse_rupees(f"{Decimal(text):,}") == paise


@given(paise=st.integers(0, 10**13))
def test_a_float_loses_nothing(paise: int) -> None:
    assert parse_rupees(paise / 100) == paise


@given(text=st.text(max_size=45))
def test_any_text_is_paise_or_a_named_error(text: str) -> None:
    with suppress(AmountError):
        assert 0 <= parse_rupees(text) <= MAX_AMOUNT_PAISE


def test_a_negative_sum_is_not_written() -> None:
    with pytest.raises(AmountError):
        format_rupees(-1)
