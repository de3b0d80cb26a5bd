"""What a search text can name: every kind that an officer types or reads off a letter, in its usual spellings."""

import pytest

from domain.errors.people import SearchTextUnreadable
from domain.privacy.search import Sought, recognise
from schemas.privacy.personal_data import SearchKind
from tests.each import each

K = SearchKind


def names(text: str) -> dict[str, str]:
    return {sought.kind.value: sought.key for sought in recognise(text)}


@each(
    ("text", "wanted"),
    [
        ("9876543210", {K.MOBILE: "9876543210", K.REFERENCE: "9876543210", K.ACCOUNT: "9876543210"}),
        ("+91 98765-43210", {K.MOBILE: "9876543210"}),
        ("098765 43210", {K.MOBILE: "9876543210", K.REFERENCE: "09876543210", K.ACCOUNT: "9876543210"}),
        ("919876543210", {K.MOBILE: "9876543210", K.REFERENCE: "919876543210", K.ACCOUNT: "919876543210"}),
        ("4123 4567 8901", {K.REFERENCE: "412345678901", K.ACCOUNT: "412345678901"}),
        ("sbin0r5202611240", {K.REFERENCE: "SBIN0R5202611240", K.ACCOUNT: "SBIN0R5202611240"}),
        ("000030000000001", {K.REFERENCE: "000030000000001", K.ACCOUNT: "30000000001"}),
        ("3241126 5000001", {K.ACK_NO: "32411265000001", K.REFERENCE: "32411265000001", K.ACCOUNT: "32411265000001"}),
        ("123456", {K.ACCOUNT: "123456"}),
        ("Asha.Devi-1@okSBI", {K.VPA: "ASHA.DEVI1@OKSBI"}),
        ("asha@example.org", {K.EMAIL: "asha@example.org"}),
        ("आशा देवी", {K.NAME: "आशा देवी"}),
        ("Asha", {K.NAME: "Asha"}),
    ],
)
def test_a_text_is_everything_that_it_can_name(text: str, wanted: dict[SearchKind, str]) -> None:
    assert names(text) == wanted


@each("text", ["SBIN 0030000000001", "sbin/30000000001", "SBIN0001234, 003-0000000001"])
def test_an_account_may_come_with_its_bank(text: str) -> None:
    assert Sought(K.ACCOUNT, "30000000001", "SBIN") in recognise(text)


@each("text", ["12", "000000000000", "@", "---", "?!", "asha@", "1" * 100, "\u0967\u0968"])
def test_a_text_that_names_nothing_is_refused(text: str) -> None:
    with pytest.raises(SearchTextUnreadable) as refused:
        recognise(text)
    assert refused.value.params == {"kind": "any"}


def test_a_kind_narrows_what_a_text_is_read_as() -> None:
    assert recognise("9876543210", K.ACCOUNT) == (Sought(K.ACCOUNT, "9876543210"),)
    with pytest.raises(SearchTextUnreadable) as refused:
        recognise("Asha Devi", K.MOBILE)
    assert refused.value.params == {"kind": "mobile"}


def test_what_is_sought_is_not_in_its_repr() -> None:
    assert "9876543210" not in repr(recognise("9876543210"))
