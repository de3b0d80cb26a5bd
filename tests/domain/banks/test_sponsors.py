"""Banks under a sponsor's codes: whose accounts they are, who is asked, and what cannot stand in one directory."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.banks.directory import Directory, PrefixOverlap, SponsorRefused, check_beside
from schemas.banks.institutions import Institution
from schemas.enums import AnswerClass, ChannelKind, InstitutionKind
from tests.each import each


def bank(
    code: str,
    *prefixes: str,
    sponsor: str | None = None,
    accounts: tuple[str, ...] = (),
    channels: tuple[ChannelKind, ...] = (ChannelKind.I4C,),
) -> Institution:
    return Institution(
        code=code,
        name=f"{code} Bank",
        kind=InstitutionKind.BANK,
        ifsc_prefixes=prefixes,
        vpa_handles=(),
        aliases=(),
        answer_class=AnswerClass.MAIL,
        channels=channels,
        desk_email="",
        sponsor=sponsor,
        account_prefixes=accounts,
    )


SPONSOR = bank("HDFC", "HDFC")
BY_RANGE = bank("CTKC", "HDFC0CTKC", sponsor="HDFC")
BY_ACCOUNT = bank("GRAM", sponsor="HDFC", accounts=("0770", "07719"))
SILENT = bank("NAGR", "HDFC0CNAGR", sponsor="HDFC", accounts=("0881",), channels=())
ALL = [SPONSOR, BY_RANGE, BY_ACCOUNT, SILENT, bank("SBIN", "SBIN")]


def found(
    told: str, ifsc: str | None, account: str, directory: Directory | None = None
) -> tuple[str | None, list[str]]:
    institution, flags = (directory or Directory(ALL)).resolve(told, ifsc, account, "payee")
    return (institution.code if institution else None), [flag.code for flag in flags]


@each(
    ("ifsc", "account", "code"),
    [
        ("HDFC0CTKC01", "0770111", "CTKC"),
        ("HDFC0000001", "50100000000001", "HDFC"),
        ("HDFC0000001", "07701234567", "GRAM"),
        ("HDFC0000001", "0770 123-4567", "GRAM"),
        ("HDFC0000001", "07719123456", "GRAM"),
        ("HDFC0000001", "07718123456", "HDFC"),
        ("HDFC0000001", "7701234567", "HDFC"),
        ("HDFC0000001", "0770", "GRAM"),
        ("HDFC0000001", "077", "HDFC"),
        ("HDFC0000001", "0770@okhdfc", "HDFC"),
        ("SBIN0000001", "07701234567", "SBIN"),
        (None, "07701234567", None),
    ],
)
def test_the_longest_ifsc_prefix_and_then_the_account_decide(ifsc: str | None, account: str, code: str | None) -> None:
    assert found("", ifsc, account)[0] == code


def test_where_only_the_sponsors_name_is_told_the_account_decides_too() -> None:
    assert found("HDFC Bank", None, "07701234567") == ("GRAM", [])


def test_the_name_of_the_sponsor_or_of_the_bank_contradicts_nothing() -> None:
    assert found("HDFC Bank", "HDFC0CTKC01", "1") == ("CTKC", [])
    assert found("GRAM Bank", "HDFC0000001", "07701234567") == ("GRAM", [])
    assert found("HDFC Bank", "HDFC0000001", "07701234567") == ("GRAM", [])
    assert found("SBIN Bank", "HDFC0000001", "07701234567") == ("GRAM", ["institution_contradicts_ifsc"])
    assert found("GRAM Bank", "HDFC0000001", "50100000001") == ("HDFC", ["institution_contradicts_ifsc"])


@each(("told", "ifsc", "account"), [("", "HDFC0CNAGR1", "1"), ("", "HDFC0000001", "08811"), ("NAGR Bank", None, "1")])
def test_a_bank_without_a_channel_is_asked_through_its_sponsor_and_named(
    told: str, ifsc: str | None, account: str
) -> None:
    institution, flags = Directory(ALL).resolve(told, ifsc, account, "payee")
    assert institution is SPONSOR
    (flag,) = flags
    assert (flag.field, flag.code) == ("payee.institution", "asked_through_sponsor")
    assert "NAGR has no channel of its own: its sponsor HDFC is asked" in flag.message


def test_a_sponsor_that_cannot_be_reached_either_is_not_asked() -> None:
    mute = SPONSOR.model_copy(update={"channels": ()})
    assert found("", "HDFC0CNAGR1", "1", Directory([mute, SILENT])) == ("NAGR", [])


@each(
    ("institutions", "error", "message"),
    [
        ([bank("A", "HDFC0X"), bank("B", "hdfc0x")], PrefixOverlap, r"IFSC prefix .*: HDFC0X \(A, B\)"),
        (
            [SPONSOR, bank("A", sponsor="HDFC", accounts=("07",)), bank("B", sponsor="HDFC", accounts=("07",))],
            PrefixOverlap,
            "account prefix 07 of A overlaps 07 of B, both at HDFC",
        ),
        (
            [bank("A", sponsor="HDFC", accounts=("1", "11")), bank("B", sponsor="HDFC", accounts=("12",))],
            PrefixOverlap,
            "account prefix 1 of A overlaps 12 of B",
        ),
        ([bank("A", sponsor="B"), bank("B", sponsor="C"), bank("C")], SponsorRefused, "B is a sponsor, and is itself"),
        ([bank("A", sponsor="B"), bank("B", sponsor="A")], SponsorRefused, "A is a sponsor, and is itself under B"),
    ],
)
def test_what_cannot_stand_beside_each_other_is_named(
    institutions: list[Institution], error: type[Exception], message: str
) -> None:
    for order in (institutions, institutions[::-1]):
        with pytest.raises(error, match=message):
            check_beside(order)


def test_one_account_prefix_at_two_sponsors_overlaps_nothing() -> None:
    at_one, at_the_other = (bank(code, sponsor=code * 4, accounts=("07",)) for code in "AB")
    check_beside([bank("AAAA"), bank("BBBB"), at_one, at_the_other])


digits = st.text("01", min_size=1, max_size=4)
tails = st.text("AB", max_size=3)
sponsored = st.builds(
    lambda code, tails, accounts, sponsor, silent: bank(
        f"B{code}",
        *(f"{sponsor}0{tail}" for tail in tails if tail),
        sponsor=sponsor,
        accounts=tuple(accounts),
        channels=() if silent else (ChannelKind.I4C,),
    ),
    st.integers(0, 5),
    st.sets(tails, max_size=3),
    st.sets(digits, max_size=3),
    st.sampled_from(["SPAA", "SPBB"]),
    st.booleans(),
)
worlds = st.lists(sponsored, max_size=6, unique_by=lambda one: one.code).map(
    lambda banks: [*banks, bank("SPAA", "SPAA"), bank("SPBB", "SPBB")]
)
asked_ifscs = st.builds(lambda sponsor, tail: f"{sponsor}0{tail:0<6}", st.sampled_from(["SPAA", "SPBB"]), tails)


@given(worlds, asked_ifscs, digits.map(lambda text: f"{text}999"), st.randoms())
def test_whom_a_transfer_leads_to_does_not_depend_on_the_order(
    world: list[Institution], ifsc: str, account: str, shuffled: random.Random
) -> None:
    other = shuffled.sample(world, len(world))
    assert outcome(world) == outcome(other)
    if outcome(world) != "well":
        return
    here = found("", ifsc, account, Directory(world))
    assert here == found("", ifsc, account, Directory(other))
    owners = [one for one in world for prefix in one.ifsc_prefixes if ifsc.startswith(prefix)]
    nearest = max(owners, key=lambda one: max(len(p) for p in one.ifsc_prefixes if ifsc.startswith(p)))
    of_account = {
        one.code
        for one in world
        if one.sponsor == nearest.code and any(account.startswith(prefix) for prefix in one.account_prefixes)
    }
    assert len(of_account) <= 1, "what would lead to two is refused"
    code = of_account.pop() if of_account else nearest.code
    expected = next(one for one in world if one.code == code)
    assert here[0] == (expected.code if expected.channels else expected.sponsor)


def outcome(world: list[Institution]) -> str:
    """Whether the institutions can stand in one directory."""
    try:
        check_beside(world)
    except PrefixOverlap:
        return "overlap"
    return "well"
