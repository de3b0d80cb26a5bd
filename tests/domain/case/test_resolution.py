"""What a decision books of one hop."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from domain.case.resolution import resolution_entries
from schemas.enums import Bucket, ClaimKind, DiscrepancyKind, ResolutionDecision
from tests.domain.trail_model import CaseModel, claim
from tests.each import each

BANK, OTHER = ResolutionDecision.UPHELD_BANK, ResolutionDecision.UPHELD_OTHER
PLACES = [bucket for bucket in Bucket if bucket is not Bucket.LOST]


@given(
    st.sampled_from(DiscrepancyKind),
    st.none() | st.sampled_from(ClaimKind),
    st.sampled_from(ResolutionDecision),
    st.none() | st.just(7),
    st.integers(0, 2000),
    st.dictionaries(st.sampled_from(PLACES), st.integers(0, 1000)),
)
def test_nothing_is_made_lost_or_taken_below_zero(
    kind: DiscrepancyKind,
    line: ClaimKind | None,
    decision: ResolutionDecision,
    hop_no: int | None,
    paise: int,
    balances: dict[Bucket, int],
) -> None:
    entries = resolution_entries(kind, line, decision, hop_no, paise, balances)
    assert sum(entry.amount_paise for entry in entries) == 0
    assert {entry.hop_no for entry in entries} <= {7}
    after = dict(balances)
    for entry in entries:
        after[entry.bucket] = after.get(entry.bucket, 0) + entry.amount_paise
    assert all(left >= 0 for left in after.values())
    assert sum(entry.amount_paise for entry in entries if entry.amount_paise > 0) <= paise
    assert Bucket.LOST not in after


def test_a_note_and_a_correction_by_another_verb_book_nothing() -> None:
    full: dict[Bucket, int] = dict.fromkeys(PLACES, 1000)
    for kind, line in product(DiscrepancyKind, ClaimKind):
        for decision in (ResolutionDecision.NOTED, ResolutionDecision.CORRECTED):
            assert resolution_entries(kind, line, decision, 1, 500, full) == []


def test_an_upheld_hold_takes_what_no_bank_placed_before_what_was_stated_to_be_gone() -> None:
    balances = {Bucket.UNTRACED: 100, Bucket.WITHDRAWN: 400, Bucket.IN_PLAY: 900}
    entries = resolution_entries(DiscrepancyKind.HELD_AND_GONE, ClaimKind.HELD, BANK, 1, 300, balances)
    assert [(e.bucket, e.amount_paise) for e in entries] == [
        (Bucket.UNTRACED, -100),
        (Bucket.HELD, 100),
        (Bucket.WITHDRAWN, -200),
        (Bucket.HELD, 200),
    ]


def test_a_disputed_hold_goes_back_in_play() -> None:
    entries = resolution_entries(DiscrepancyKind.BALANCE_BELOW_HOLD, ClaimKind.HELD, OTHER, 1, 600, {Bucket.HELD: 500})
    assert [(e.bucket, e.amount_paise) for e in entries] == [(Bucket.HELD, -500), (Bucket.IN_PLAY, 500)]


def kinds(case: CaseModel, *lines: tuple[ClaimKind, int]) -> list[tuple[str, int, int]]:
    told = [claim(kind, "R1", paise, reference=f"own {n}", payee="ICIC") for n, (kind, paise) in enumerate(lines)]
    return [(c.kind.value, c.claimed_paise, c.applied_paise) for c in case.answer("HDFC", *told).discrepancies]


def a_hop() -> CaseModel:
    case = CaseModel()
    case.lose("HDFC", "R1", 1000)
    return case


def test_held_and_gone_in_either_order_in_one_answer_or_two() -> None:
    held, moved, withdrawn = ClaimKind.HELD, ClaimKind.MOVED, ClaimKind.WITHDRAWN
    assert kinds(a_hop(), (held, 700), (moved, 600)) == [("held_and_gone", 600, 300)]
    assert kinds(a_hop(), (moved, 600), (held, 700)) == [("held_and_gone", 700, 400)]
    case = a_hop()
    assert kinds(case, (withdrawn, 1000)) == []
    assert kinds(case, (held, 1000)) == [("held_and_gone", 1000, 0)]
    case = a_hop()
    assert kinds(case, (held, 1000)) == []
    assert kinds(case, (withdrawn, 200)) == [("held_and_gone", 200, 0)]


def test_more_of_the_same_is_no_money_told_twice() -> None:
    assert kinds(a_hop(), (ClaimKind.HELD, 900), (ClaimKind.HELD, 901)) == [("exceeds_disputed", 901, 100)]
    assert kinds(a_hop(), (ClaimKind.MOVED, 900), (ClaimKind.SPENT, 901)) == [("exceeds_disputed", 901, 100)]


def test_a_hold_above_the_balance_is_taken_and_doubted() -> None:
    case = a_hop()
    outcome = case.answer("HDFC", claim(ClaimKind.HELD, "R1", 800, balance_paise=300))
    assert [(c.kind.value, c.claimed_paise, c.applied_paise) for c in outcome.discrepancies] == [
        ("balance_below_hold", 800, 300)
    ]
    assert case.total(Bucket.HELD) == 800
    assert case.answer("HDFC", claim(ClaimKind.HELD, "R1", 100, balance_paise=100)).discrepancies == ()
    below = case.answer("HDFC", claim(ClaimKind.HELD, "R1", 50, balance_paise=-20)).discrepancies
    assert [(c.claimed_paise, c.applied_paise) for c in below] == [(50, 0)]


@each(
    ("free_paise", "doubted"),
    [(300, []), (0, []), (-1, [("balance_below_hold", 800, 799)]), (-2000, [("balance_below_hold", 800, 0)])],
)
def test_a_free_balance_stands_beside_the_hold_and_not_against_it(
    free_paise: int, doubted: list[tuple[str, int, int]]
) -> None:
    told = claim(ClaimKind.HELD, "R1", 800, balance_paise=free_paise, balance_is_free=True)
    found = a_hop().answer("HDFC", told).discrepancies
    assert [(one.kind.value, one.claimed_paise, one.applied_paise) for one in found] == doubted


def test_a_transfer_is_denied_before_or_after_part_of_it_is_placed() -> None:
    def passed_on() -> CaseModel:
        case = a_hop()
        case.answer("HDFC", claim(ClaimKind.MOVED, "R1", 1000, reference="R2", payee="ICIC"))
        return case

    denial, part = claim(ClaimKind.REFUSED, "R2", code="20"), claim(ClaimKind.HELD, "R2", 400)
    case = passed_on()
    assert [c.kind.value for c in case.answer("ICIC", denial).discrepancies] == ["transfer_denied"]
    assert case.answer("ICIC", part).discrepancies == (), "money that was denied may still be placed"
    for lines in ((denial, part), (part, denial)):
        assert passed_on().answer("ICIC", *lines).discrepancies == (), "who places part of it does not deny it"
    case = passed_on()
    case.answer("ICIC", part)
    assert case.answer("ICIC", denial).discrepancies == ()
    assert case.total(Bucket.REFUSED) == 600


def test_a_denial_that_comes_before_the_transfer_is_told_counts_when_the_bank_is_asked() -> None:
    case = a_hop()
    denial = claim(ClaimKind.REFUSED, "R2", code="20")
    assert [c.kind.value for c in case.answer("ICIC", denial).discrepancies] == ["unasked_hop"]
    case.answer("HDFC", claim(ClaimKind.MOVED, "R1", 1000, reference="R2", payee="ICIC"))
    assert [c.kind.value for c in case.answer("ICIC", denial).discrepancies] == ["transfer_denied"]
