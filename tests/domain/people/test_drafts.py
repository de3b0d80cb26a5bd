"""What a draft needs before it is sent, the complaint that it becomes, and what is odd while it is typed."""

from datetime import UTC, datetime
from typing import Any

from domain.banks.directory import Directory
from domain.people.drafts import (
    FACTS,
    awaited_facts,
    banks_of,
    complaint_of,
    draft_flags,
    read_draft,
    stated_facts,
    unasked,
)
from domain.policy.model import load_policy
from schemas.base import Flag
from schemas.case.answers import NOT_STATED
from schemas.case.intake import NO_MOBILE
from schemas.enums import Mode
from schemas.people.drafts import DraftContent
from tests.each import each

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
FOUR: dict[str, Any] = {
    "payer": {"institution": "SBI"},
    "rrn": "612345678901",
    "amount_paise": 500_00,
    "transferred_at": "2026-11-24T14:02",
}


def content(*transfers: dict[str, Any], **more: Any) -> DraftContent:
    return DraftContent.model_validate({"transfers": transfers or (FOUR,), **more})


def test_four_facts_are_a_complaint_and_the_rest_has_signs() -> None:
    told = content()
    complaint = complaint_of(told, read_draft(told).transfers)
    (transfer,) = complaint.transfers
    assert (transfer.payer.institution, transfer.payer.account) == ("SBI", NOT_STATED)
    assert (transfer.payee.institution, transfer.payee.account) == (NOT_STATED, NOT_STATED)
    assert transfer.transferred_at == datetime(2026, 11, 24, 8, 32, tzinfo=UTC)
    assert (complaint.category, complaint.victim.name, complaint.victim.mobile) == (NOT_STATED, NOT_STATED, NO_MOBILE)
    assert awaited_facts(told) == frozenset(FACTS)


@each(
    ("changes", "missing"),
    [
        ({"payer": {}}, ["payer.institution"]),
        ({"payer": {"ifsc": "SBIN0001234"}}, []),
        ({"payer": {"vpa": "asha@oksbi"}}, []),
        ({"payer": {"account": "asha@oksbi"}}, []),
        ({"payer": {"vpa": "asha@"}}, ["payer.institution"]),
        ({"rrn": ""}, ["rrn"]),
        ({"rrn": "NA"}, ["rrn"]),
        ({"rrn": "", "utr": "SBIN426329123456"}, []),
        ({"amount_paise": None}, ["amount_paise"]),
        ({"transferred_at": ""}, ["transferred_at"]),
        ({"transferred_at": "2026-11-2"}, ["transferred_at"]),
        ({"transferred_at": "1764000000"}, ["transferred_at"]),
        ({"transferred_at": "2026-11-24"}, []),
        ({"rrn": "-", "transferred_at": "yesterday"}, ["rrn", "transferred_at"]),
    ],
)
def test_a_transfer_lacks_what_no_bank_can_be_asked_without(changes: dict[str, Any], missing: list[str]) -> None:
    read = read_draft(content(FOUR | changes))
    assert read.missing == tuple(f"transfers[0].{name}" for name in missing)
    assert bool(read.transfers) == (not missing)


def test_a_half_typed_transfer_does_not_keep_the_others() -> None:
    read = read_draft(content({"rrn": "1"}, FOUR))
    assert [one.rrn for one in read.transfers] == ["612345678901"]
    assert {name.partition(".")[0] for name in read.missing} == {"transfers[0]"}
    assert read_draft(DraftContent()).missing == ("transfers",)
    flags = [Flag(field=field, code="odd", message="odd") for field in ("transfers[0].rrn", "victim.mobile")]
    assert [flag.field for flag in read.placed(flags)] == ["transfers[1].rrn", "victim.mobile"]


def test_an_account_comes_before_a_vpa_and_a_vpa_before_a_wallet() -> None:
    payee = {"account": "50100000000001", "vpa": "ravi@okhdfc", "wallet": "9876543210", "ifsc": "hdfc0000001"}
    (transfer,) = read_draft(content(FOUR | {"payee": payee})).transfers
    assert (transfer.payee.holder, transfer.payee.vpa_beside) == ("50100000000001", "ravi@okhdfc")
    assert (transfer.payee.institution, transfer.payee.ifsc, transfer.mode) == ("HDFC", "HDFC0000001", Mode.UPI)
    (transfer,) = read_draft(content(FOUR | {"payee": {"institution": "Paytm", "wallet": "9876543210"}})).transfers
    assert (transfer.payee.holder, transfer.mode) == ("9876543210", Mode.OTHER)


def test_a_fact_is_awaited_until_it_is_stated_and_a_mark_until_it_is_set() -> None:
    told = content(
        category="upi_fraud", victim={"name": "Asha", "email": "asha@", "woman": True, "child": False, "language": "en"}
    )
    assert set(stated_facts(told)) == {"category", "name", "woman", "child", "language"}
    assert awaited_facts(told) == {"mobile", "email", "district", "child", "senior"}


def test_only_what_is_typed_is_odd() -> None:
    rules = load_policy().trail
    assert list(draft_flags(content(), NOW, rules)) == []
    odd = content(
        {
            "payer": {"ifsc": "SBI", "account": "12"},
            "payee": {"vpa": "ravi"},
            "rrn": "12",
            "transferred_at": "2027-01-01",
        },
        victim={"mobile": "98", "district": "Atlantis"},
    )
    assert [(flag.field, flag.code) for flag in draft_flags(odd, NOW, rules)] == [
        ("victim.mobile", "odd_mobile"),
        ("victim.district", "odd_district"),
        ("transfers[0].payer.account", "odd_account"),
        ("transfers[0].payer.ifsc", "odd_ifsc"),
        ("transfers[0].payee.vpa", "odd_vpa"),
        ("transfers[0].rrn", "odd_rrn"),
        ("transfers[0].transferred_at", "time_missing"),
        ("transfers[0].transferred_at", "in_the_future"),
    ]


def test_a_transfer_without_a_known_bank_is_unasked() -> None:
    assert unasked(Directory(()), content(FOUR, FOUR | {"payee": {"institution": "Nowhere"}})) == (
        "transfers[0]",
        "transfers[1]",
    )
    found, flags = banks_of(Directory(()), content(FOUR | {"payee": {"institution": "Nowhere"}}))
    assert found == []
    assert {flag.code for flag in flags} == {"unknown_institution"}
