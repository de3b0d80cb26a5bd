"""What a complaint may say, and how what is wrong with it is named."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.base import MAX_AMOUNT_PAISE
from schemas.case.discrepancies import HopCorrection
from schemas.case.intake import MAX_TRANSFERS, Complaint, Transfer
from schemas.parties import Party
from tests.each import each
from tests.factories import complaint, transfer


def wrong(make: Any, told: dict[str, Any]) -> list[tuple[tuple[int | str, ...], str]]:
    with pytest.raises(ValidationError) as refused:
        make.model_validate(told)
    return [(error["loc"], error["type"]) for error in refused.value.errors()]


@each(
    ("change", "field"),
    [
        ({"amount_paise": 0}, "amount_paise"),
        ({"amount_paise": -5}, "amount_paise"),
        ({"amount_paise": "100"}, "amount_paise"),
        ({"amount_paise": 100.5}, "amount_paise"),
        ({"amount_paise": MAX_AMOUNT_PAISE + 1}, "amount_paise"),
        ({"mode": "pigeon"}, "mode"),
        ({"transferred_at": "yesterday"}, "transferred_at"),
        ({"transferred_at": 1764000000}, "transferred_at"),
        ({"transferred_at": 1764000000.5}, "transferred_at"),
        ({"transferred_at": "1764000000"}, "transferred_at"),
        ({"transferred_at": " 1764000000.5 "}, "transferred_at"),
        ({"transferred_at": "1583010110000"}, "transferred_at"),
        ({"transferred_at": "20261124"}, "transferred_at"),
        ({"transferred_at": True}, "transferred_at"),
        ({"rrn": "4123\x0045678901"}, "rrn"),
        ({"transferred_at": "9999-12-31T23:59:59-10:00"}, "transferred_at"),
        ({"transferred_at": "0001-01-01T00:00:00+10:00"}, "transferred_at"),
        ({"rrn": "1" * 65}, "rrn"),
        ({"rrm": "1"}, "rrm"),
    ],
)
def test_what_is_wrong_with_a_transfer_is_named(change: dict[str, Any], field: str) -> None:
    assert [where for where, _ in wrong(Transfer, transfer() | change)] == [(field,)]


@each("placeholder", ["-", "NA", "N/A", "0", "000000000000", "nil", ""])
def test_a_placeholder_is_no_reference(placeholder: str) -> None:
    assert wrong(Transfer, transfer() | {"rrn": placeholder}) == [((), "value_error")]
    told = Transfer.model_validate(transfer() | {"rrn": placeholder, "utr": "SBIN426012345678"})
    assert (told.rrn, told.reference) == (None, "SBIN426012345678")


@each("holders", [{}, {"vpa": "a@b", "wallet": "2"}, {"account": "1", "wallet": "2"}, {"account": " "}])
def test_a_party_has_one_holder(holders: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Party.model_validate({"institution": "SBIN"} | holders)


def test_a_vpa_may_stand_beside_an_account_of_a_complaint_and_not_of_a_hop() -> None:
    both = {"institution": "SBIN", "account": "30000000001", "vpa": "a@oksbi"}
    told = Transfer.model_validate(transfer(payee=both))
    assert (told.payee.holder, told.payee.vpa_beside) == ("30000000001", "a@oksbi")
    assert wrong(HopCorrection, {"payee": both, "reason": "told by phone"}) == [(("payee",), "value_error")]


def test_a_time_without_an_offset_is_indian_time_and_every_time_is_kept_in_utc() -> None:
    told = Transfer.model_validate(transfer(transferred_at="2026-11-24T10:30:00"))
    assert told.transferred_at == datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    told = Transfer.model_validate(transfer(transferred_at="2026-11-24T10:30:00+00:00"))
    assert told.transferred_at.utcoffset() == datetime.now(UTC).utcoffset()


@each("day", ["2026-11-24", " 2026-11-24 ", date(2026, 11, 24)])
def test_a_date_alone_is_the_start_of_that_day_in_india_and_is_known_to_be_one(day: object) -> None:
    told = Transfer.model_validate(transfer(transferred_at=day))
    assert told.transferred_at == datetime(2026, 11, 23, 18, 30, tzinfo=UTC)
    assert told.time_missing
    assert Transfer.model_validate_json(told.model_dump_json()) == told


def test_a_midnight_that_was_told_is_a_time() -> None:
    told = Transfer.model_validate(transfer(transferred_at="2026-11-24T00:00:00"))
    assert not told.time_missing
    assert "time_missing" not in told.model_dump_json()


@each("number", [1764000000, 1764000000.5, "1764000000"])
def test_a_number_is_no_time_and_the_refusal_says_what_is_wanted(number: object) -> None:
    with pytest.raises(ValidationError, match=r"YYYY-MM-DDTHH:MM:SS"):
        Transfer.model_validate(transfer(transferred_at=number))


def test_zeros_of_an_account_are_kept() -> None:
    told = complaint(transfer(payee={"institution": "HDFC", "account": " 000123456789 "}))
    assert told.transfers[0].payee.holder == "000123456789"


@each("ack_no", ["3241126000001", "324112600000012", "3241126000000x", "३२४११२६०००००००१"])
def test_an_acknowledgement_number_has_fourteen_digits(ack_no: str) -> None:
    told = complaint().model_dump(mode="json") | {"ack_no": ack_no}
    assert wrong(Complaint, told) == [(("ack_no",), "string_pattern_mismatch")]


def test_a_complaint_has_one_to_a_hundred_transfers() -> None:
    told = complaint().model_dump(mode="json")
    assert wrong(Complaint, told | {"transfers": []}) == [(("transfers",), "too_short")]
    many = told["transfers"] * (MAX_TRANSFERS + 1)
    assert wrong(Complaint, told | {"transfers": many}) == [(("transfers",), "too_long")]


def test_a_misspelt_field_is_an_error_and_not_lost() -> None:
    told = complaint().model_dump(mode="json")
    told["victim"]["distrct"] = "AGRA"
    assert wrong(Complaint, told) == [(("victim", "distrct"), "extra_forbidden")]


def test_a_complaint_reads_back_as_it_was_written() -> None:
    told = complaint(transfer(), transfer(payee={"institution": "X", "vpa": "a.b@okx"}))
    assert Complaint.model_validate_json(told.model_dump_json()) == told
