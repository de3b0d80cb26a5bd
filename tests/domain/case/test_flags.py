"""What is odd about a complaint is flagged with its field, and nothing of it is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.case.complaints import oddities
from domain.policy.model import load_policy
from tests.each import each
from tests.factories import complaint, transfer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = load_policy().trail


def flags(*transfers: dict[str, Any], **changes: Any) -> list[tuple[str, str]]:
    an_hour_ago = {"transferred_at": (NOW - timedelta(hours=1)).isoformat()}
    told = complaint(*(one | an_hour_ago for one in transfers), **changes)
    return [(flag.field, flag.code) for flag in oddities(told, NOW, RULES)]


def at(moment: datetime) -> list[tuple[str, str]]:
    told = complaint(transfer(transferred_at=moment.isoformat()))
    return [(flag.field, flag.code) for flag in oddities(told, NOW, RULES)]


def test_a_proper_complaint_has_no_flag() -> None:
    assert flags(transfer(reference="412345678901")) == []


def test_a_column_for_both_references_may_hold_a_utr() -> None:
    for utr in ("SBIN125327000012", "HDFCR52026112400000001"):
        assert flags(transfer(reference=utr)) == []
    assert flags(transfer(reference="4123456789012345")) == [("transfers[0].rrn", "odd_rrn")], "a card has 16 digits"


@each(
    ("changes", "field", "code"),
    [
        ({"rrn": "41234567890"}, "rrn", "odd_rrn"),
        ({"rrn": None, "utr": "SBIN123"}, "utr", "odd_utr"),
        ({"payee": {"institution": "HDFC", "account": "12345678"}}, "payee.account", "odd_account"),
        ({"payee": {"institution": "HDFC", "account": "XX1234567890"}}, "payee.account", "odd_account"),
        ({"payee": {"institution": "HDFC", "vpa": "no handle"}}, "payee.vpa", "odd_vpa"),
        ({"payer": {"institution": "SBIN", "account": "1"}}, "payer.account", "odd_account"),
        ({"payer": {"institution": "SBIN", "account": "12345678901", "ifsc": "SBIN123456"}}, "payer.ifsc", "odd_ifsc"),
    ],
)
def test_each_odd_value_of_a_transfer(changes: dict[str, Any], field: str, code: str) -> None:
    assert flags(transfer(reference="412345678901", **changes)) == [(f"transfers[0].{field}", code)]


@each("utr", ["SBIN426012345678", "SBINR52026112412345678", "sbin-4260/1234 5678"])
def test_both_lengths_of_a_utr_are_proper(utr: str) -> None:
    assert flags(transfer(rrn=None, utr=utr)) == []


def test_an_odd_first_digit_and_an_odd_mobile() -> None:
    victim = {"name": "V", "mobile": "12345", "district": "AGRA"}
    assert flags(transfer(reference="412345678901"), ack_no="92411260000001", victim=victim) == [
        ("ack_no", "odd_first_digit"),
        ("victim.mobile", "odd_mobile"),
    ]


@each(("told", "odd"), [("Allahabad", False), ("not stated", False), ("Atlantis", True)])
def test_a_district_that_is_none_of_ours_is_odd(told: str, odd: bool) -> None:
    victim = {"name": "V", "mobile": "9876543210", "district": told}
    found = flags(transfer(reference="412345678901"), victim=victim)
    assert found == ([("victim.district", "odd_district")] if odd else [])


def test_times_are_compared_with_now() -> None:
    field = "transfers[0].transferred_at"
    assert at(NOW + timedelta(minutes=4)) == []
    assert at(NOW + timedelta(minutes=6)) == [(field, "in_the_future")]
    assert at(NOW - timedelta(days=RULES.stale_days - 1)) == []
    assert at(NOW - timedelta(days=RULES.stale_days + 1)) == [(field, "stale")]
    assert at(datetime(1, 1, 1, tzinfo=UTC)) == [(field, "stale")]


def test_a_date_without_a_time_is_flagged() -> None:
    told = complaint(transfer(transferred_at="2026-11-24"), transfer(transferred_at="2026-11-24T00:00:00"))
    assert [(flag.field, flag.code) for flag in oddities(told, NOW, RULES)] == [
        ("transfers[0].transferred_at", "time_missing")
    ]
