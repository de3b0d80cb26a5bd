"""The keys by which identifiers are compared."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.case.complaints import is_ack_no
from schemas.case.answers import Payee
from schemas.identifiers import (
    account_end,
    account_key,
    is_same_person,
    names_a_transfer,
    reference_key,
    reference_of,
    transfer_key,
)
from tests.each import each

digits = st.text("0123456789", min_size=1, max_size=18)


@each("padded", ["50100000000001", "00050100000000001", "0000 5010-0000/000001"])
def test_one_account_padded_two_ways_is_one(padded: str) -> None:
    assert account_key(padded) == account_key("050100000000001")


@given(digits, st.integers(0, 6))
def test_zeros_in_front_never_tell_two_accounts_apart_and_no_account_is_empty(account: str, zeros: int) -> None:
    assert account_key(account)
    if account.strip("0"):
        assert account_key("0" * zeros + account) == account_key(account)


def test_an_account_of_zeros_alone_stays_itself() -> None:
    assert account_key("000") == "000"


@given(digits, digits)
def test_two_references_are_told_apart_by_every_digit(one: str, other: str) -> None:
    assert (reference_key(one) == reference_key(other)) == (one == other)


def test_separators_and_case_do_not_matter() -> None:
    assert reference_key("sbin-4260 1234/5678") == "SBIN426012345678"


@given(st.text(max_size=20))
def test_keys_are_stable(text: str) -> None:
    assert reference_key(reference_key(text)) == reference_key(text)
    assert account_key(account_key(text)) == account_key(text)


@each(
    ("reference", "names"),
    [("412345678901", True), ("SBIN426012345678", True), ("१२३", True), ("0", False), ("N/A", False), ("000", False)],
)
def test_a_reference_has_a_digit_other_than_zero(reference: str, *, names: bool) -> None:
    assert names_a_transfer(reference) is names


@each(
    ("account", "end"),
    [
        ("5010-0000 000001", "0001"),
        ("ramesh@oksbi", "mesh@oksbi"),
        ("RAMESH@OKSBI", "mesh@oksbi"),
        ("ab@ybl", "ab@ybl"),
        ("he said: me@home now!", "now!"),
        ("not stated", ""),
        ("NOTSTATED", ""),
        ("", ""),
    ],
)
def test_an_account_is_recognised_by_its_end_and_a_upi_address_also_by_its_handle(account: str, end: str) -> None:
    assert account_end(account) == end


def test_a_transfer_is_reference_and_receiving_institution() -> None:
    key = transfer_key("4123 4567 8901", "hdfc ")
    assert key == transfer_key("412345678901", "HDFC")
    assert (reference_of(key), reference_of(transfer_key("4|1", "Bank | of 2"))) == ("412345678901", "41")
    assert len({key, transfer_key("412345678902", "HDFC"), transfer_key("412345678901", "SBIN")}) == 3


def test_low_no_identifier_has_a_line_break_behind_it() -> None:
    assert (is_ack_no("22411260000001"), is_ack_no("22411260000001\n")) == (True, False)
    payee = {"institution": "SBIN", "account": "50100000000001", "ifsc": "SBIN0001234"}
    assert Payee.model_validate(payee).ifsc == "SBIN0001234"
    with pytest.raises(ValidationError):
        Payee.model_validate(payee | {"ifsc": "SBIN0001234\n"})


@each(
    ("one", "other", "same"),
    [
        ("ravi", "Ravi", True),
        ("officer:ravi", "ravi", True),
        ("officer:Ravi", "officer:ravi", True),
        ("import:ravi", "officer:ravi", True),
        ("ravi", "ravi@x", False),
        ("ravi", "ravi.k", False),
        ("bank:sbin", "officer:sbin", False),
        ("script:ravi", "officer:ravi", False),
        (None, "ravi", False),
    ],
)
def test_c2_names_are_compared_as_people(one: str | None, other: str, same: bool) -> None:
    assert is_same_person(one, other) is same
