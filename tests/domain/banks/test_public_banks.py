"""The public package of banks, read as entries: every row is used or named, and nothing known is written over."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.banks.directory import check_beside
from domain.banks.public_banks import Package, PackageRefused, Proposal, propose, sort_beside
from schemas.banks.institutions import Institution, InstitutionEntry
from schemas.enums import AnswerClass, InstitutionKind
from tests.each import each

PACKAGE = Package(
    names={"AAAA": "Alpha Bank", "BBBX": "Beta Co-operative Bank", "CCCX": "Gamma Bank", "DDDD": "Delta Bank"},
    banks={"CCCX": {"ifsc": "DDDD0CCC001"}},
    ranges={"AAAA0BBB001": "BBBX", "AAAA0CCC001": "CCCX", "AAAA0CCC002": "CCCX", "DDDD0CCC001": "CCCX"},
    own_ranges={"AAAA0BB": "BBBX"},
    with_branches={"AAAA", "DDDD"},
)


def entries(proposal: Proposal) -> dict[str, InstitutionEntry]:
    return {entry.code: entry for entry in proposal.entries}


def known(entry: InstitutionEntry) -> Institution:
    """The entry as the directory has it."""
    told = entry.model_dump(include=set(Institution.model_fields) - {"channels"})
    return Institution.model_validate(told | {"channels": entry.in_order()})


def test_names_ranges_and_sponsors_become_entries_without_a_channel() -> None:
    found = propose(PACKAGE)
    assert not found.rejected
    beta = entries(found)["BBBX"]
    assert (beta.name, beta.ifsc_prefixes, beta.sponsor) == (
        "Beta Co-operative Bank",
        ("BBBX", "AAAA0BB", "AAAA0BBB001"),
        "AAAA",
    )
    assert (beta.kind, beta.answer_class, beta.in_order()) == (InstitutionKind.BANK, AnswerClass.MAIL, ())
    assert entries(found)["AAAA"].sponsor is None


def test_of_several_sponsors_the_one_of_the_banks_own_ifsc_counts_else_that_of_most_ranges() -> None:
    assert entries(propose(PACKAGE))["CCCX"].sponsor == "DDDD"
    without = Package(PACKAGE.names, {}, PACKAGE.ranges, {}, PACKAGE.with_branches)
    assert entries(propose(without))["CCCX"].sponsor == "AAAA"


def test_a_bank_with_ifscs_of_its_own_has_no_sponsor_and_a_range_all_the_same() -> None:
    own = Package(PACKAGE.names, {}, PACKAGE.ranges, {}, {"AAAA", "BBBX"})
    beta = entries(propose(own))["BBBX"]
    assert (beta.ifsc_prefixes, beta.sponsor) == (("BBBX", "AAAA0BBB001"), None)


def test_a_bank_that_has_all_of_anothers_code_takes_it_over() -> None:
    package = Package({"NEWB": "New Bank", "OLDB": "Old Bank"}, {}, {"OLDB0000001": "NEWB"}, {"OLDB": "NEWB"})
    found = entries(propose(package))
    assert (found["NEWB"].ifsc_prefixes, found["NEWB"].sponsor) == (("NEWB", "OLDB", "OLDB0000001"), None)
    assert found["OLDB"].ifsc_prefixes == ()


@each(
    ("package", "what", "reason"),
    [
        (Package({"AAA": "x"}), "AAA", "not a bank code"),
        (Package({"AAAA": ""}), "AAAA", "no name"),
        (Package({"AAAA": 7}), "AAAA", "no name"),
        (Package({"AAAA": "x" * 201}), "AAAA", "name: String should have at most 200"),
        (Package({"AAAA": "x\x00"}), "AAAA", "NUL"),
        (Package({"AAAA": "x"}, ranges={"AAAA1": "AAAA"}), "AAAA1", "neither an IFSC"),
        (Package({"AAAA": "x"}, ranges={"AAAA0BBB001": "BBBB"}), "AAAA0BBB001", "no code for the bank"),
        (Package({"AAAA": "x"}, ranges={"AAAA0BBB001": ["AAAA"]}), "AAAA0BBB001", "no code for the bank"),
        (
            Package({"AAAA": "x", "BBBB": "y", "CCCC": "z"}, ranges={"BBBB0000001": "AAAA", "CCCC0000001": "BBBB"}),
            "sponsor of AAAA",
            "BBBB is itself under a sponsor",
        ),
    ],
)
def test_a_row_that_is_not_used_is_named(package: Package, what: str, reason: str) -> None:
    (row,) = propose(package).rejected
    assert row.what == what
    assert reason in row.reason


@each(
    ("override", "message"),
    [
        ({"name": "x"}, "no code"),
        ({"code": "AAAA", "wire": {}}, "may not set wire"),
        ({"code": "AAAA", "nmae": "x"}, "may not set nmae"),
        ({"code": "AAAA", "exclude": True, "name": "x"}, "may not set exclude"),
        ({"code": "AAAA", "kind": "shop"}, "the override of AAAA: kind"),
        ({"code": "EEEE", "desk_email": "x"}, "the override of EEEE: name: Field required"),
    ],
)
def test_an_override_that_cannot_be_is_refused(override: Mapping[str, Any], message: str) -> None:
    with pytest.raises(PackageRefused, match=message):
        propose(PACKAGE, [override])


def test_overrides_say_more_add_banks_and_leave_banks_out() -> None:
    overrides: Sequence[Mapping[str, Any]] = [
        {"code": "AAAA", "aliases": ["Alpha"], "desk_email": "desk@alpha.example"},
        {"code": "PAYW", "name": "Pay Wallet", "kind": "wallet", "vpa_handles": ["pay"]},
        {"code": "DDDD", "exclude": True},
    ]
    found = entries(propose(PACKAGE, overrides))
    assert (found["AAAA"].name, found["AAAA"].aliases) == ("Alpha Bank", ("Alpha",))
    assert found["PAYW"].kind is InstitutionKind.WALLET
    assert "DDDD" not in found
    with pytest.raises(PackageRefused, match="AAAA is overridden twice"):
        propose(PACKAGE, [overrides[0], overrides[0]])


def test_what_is_known_is_kept_and_where_it_differs_that_is_told() -> None:
    proposal = propose(PACKAGE, [{"code": "DDDD", "aliases": ["Delta"]}])
    first = sort_beside(proposal, {})
    assert sorted(entry.code for entry in first.added) == ["AAAA", "BBBX", "CCCX", "DDDD"]
    there = {entry.code: known(entry) for entry in first.added}
    again = sort_beside(proposal, there)
    assert (again.added, again.kept, again.differing) == ([], ["AAAA", "BBBX", "CCCX", "DDDD"], {})
    there["AAAA"] = there["AAAA"].model_copy(update={"name": "Alpha Bank Ltd", "aliases": ("A",)})
    there["DDDD"] = there["DDDD"].model_copy(update={"aliases": ()})
    assert sort_beside(proposal, there).differing == {"AAAA": ["name"], "DDDD": ["aliases"]}


def test_a_bank_whose_range_or_sponsor_is_not_to_be_had_is_rejected() -> None:
    other = known(InstitutionEntry(code="ALPHA", name="Alpha", ifsc_prefixes=("aaaa",)))
    done = sort_beside(propose(PACKAGE), {"ALPHA": other})
    assert [entry.code for entry in done.added] == ["DDDD", "CCCX"]
    assert [(row.what, row.reason) for row in done.rejected] == [
        ("AAAA", "the IFSC prefix AAAA belongs to ALPHA"),
        ("BBBX", "its sponsor AAAA is not in the directory"),
    ]


codes = st.sampled_from(["AAAA", "BBBB", "CCCC", "DDDD"])
some_ranges = st.dictionaries(
    st.builds(lambda code, tail: f"{code}{tail}", codes, st.sampled_from(["", "0", "0AB", "0AB0001", "0CD0001", "1"])),
    st.one_of(codes, st.just("EEEE")),
    max_size=8,
)
packages = st.builds(
    Package,
    names=st.dictionaries(st.one_of(codes, st.just("odd")), st.sampled_from(["Bank", "Other", ""]), max_size=5),
    banks=st.dictionaries(codes, st.fixed_dictionaries({"ifsc": codes.map(lambda code: f"{code}0000001")})),
    ranges=some_ranges,
    own_ranges=some_ranges,
    with_branches=st.sets(codes),
)


@given(packages, st.sets(codes))
def test_whatever_the_package_says_each_bank_is_added_kept_or_named_and_all_can_stand_together(
    package: Package, known_codes: set[str]
) -> None:
    proposal = propose(package)
    there = {code: known(InstitutionEntry(code=code, name="Known", ifsc_prefixes=(code,))) for code in known_codes}
    done = sort_beside(proposal, there)
    ends = [entry.code for entry in done.added] + list(done.kept) + list(done.differing)
    assert len(ends) == len(set(ends))
    named = {row.what for row in done.rejected}
    assert set(package.names) == (set(ends) | named) & set(package.names)
    check_beside([*there.values(), *(known(entry) for entry in done.added)])
