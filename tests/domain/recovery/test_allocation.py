"""Dividing a pot: nothing over, nothing left, never above the claim, whatever the order of the claims."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from domain.recovery.allocation import allocate, swaps
from schemas.recovery.restorations import AccountClaim
from schemas.restoration_enums import AllocationRule
from tests.each import each

DAY = datetime(2026, 11, 24, tzinfo=UTC)
PRO_RATA, FIFO, LIFO = AllocationRule.PRO_RATA, AllocationRule.FIFO, AllocationRule.LIFO


def claim(
    number: int, claim_paise: int, held_paise: int = 0, *, minute: int = 0, reserved: int = 0, in_play: int = 0
) -> AccountClaim:
    return AccountClaim(
        case_no=f"{number // 3:014}",
        hop_no=number % 3 + 1,
        ack_no=f"{number // 3:014}",
        transferred_at=DAY + timedelta(minutes=minute),
        claim_paise=claim_paise,
        most_paise=claim_paise - in_play,
        held_paise=held_paise,
        reserved_paise=reserved,
    )


def shares(claims: list[AccountClaim], pot: int, rule: AllocationRule) -> list[int]:
    return [share.share_paise for share in allocate(claims, pot, rule)]


@st.composite
def accounts(draw: st.DrawFn) -> list[AccountClaim]:
    """Claims on one account; transfers at the same minute and equal sums are common."""
    sums = st.integers(1, 10) | st.integers(1, 10**13)
    found = []
    for number in range(draw(st.integers(1, 12))):
        paise = draw(sums)
        reserved = draw(st.integers(0, paise) | st.just(0))
        held = draw(st.integers(reserved, paise))
        in_play = draw(st.just(0) | st.integers(0, min(paise - held, paise - 1)))
        minute = draw(st.integers(0, 3))
        found.append(claim(number, paise, held, minute=minute, reserved=reserved, in_play=in_play))
    return found


@given(claims=accounts(), rule=st.sampled_from(AllocationRule), above=st.integers(-(10**13), 10**6), data=st.data())
def test_any_claims_and_any_pot(
    claims: list[AccountClaim], rule: AllocationRule, above: int, data: st.DataObject
) -> None:
    total, reserved = sum(c.most_paise for c in claims), sum(c.reserved_paise for c in claims)
    pot = max(total + above, reserved)
    found = shares(claims, pot, rule)
    assert sum(found) == min(pot, total), "nothing over, nothing left"
    assert all(c.reserved_paise <= share <= c.most_paise for c, share in zip(claims, found, strict=True))
    shuffled = data.draw(st.permutations(claims))
    assert set(allocate(shuffled, pot, rule)) == set(allocate(claims, pot, rule))


@given(claims=accounts(), parts=st.integers(0, 100))
def test_pro_rata_is_within_a_paisa_of_the_exact_share(claims: list[AccountClaim], parts: int) -> None:
    total = sum(c.claim_paise for c in claims)
    unreserved = [c.model_copy(update={"reserved_paise": 0, "most_paise": c.claim_paise}) for c in claims]
    pot = total * parts // 100
    for c, share in zip(unreserved, shares(unreserved, pot, PRO_RATA), strict=True):
        assert abs(share - Fraction(c.claim_paise * pot, total)) < 1


@given(claims=accounts(), rule=st.sampled_from(AllocationRule))
def test_what_changes_places_makes_every_share_true(claims: list[AccountClaim], rule: AllocationRule) -> None:
    pot = sum(c.held_paise for c in claims)
    found = allocate(claims, pot, rule)
    held = {(c.case_no, c.hop_no): c.held_paise for c in claims}
    for swap in swaps(claims, found):
        assert swap.amount_paise > 0
        held[swap.giver] -= swap.amount_paise
        held[swap.taker] += swap.amount_paise
        assert held[swap.giver] >= 0
    assert held == {(s.case_no, s.hop_no): s.share_paise for s in found}
    givers, takers = ({getattr(s, side) for s in swaps(claims, found)} for side in ("giver", "taker"))
    assert not givers & takers


@each(
    ("rule", "expected"),
    [(PRO_RATA, [15, 30, 55]), (FIFO, [0, 0, 100]), (LIFO, [30, 60, 10])],
)
def test_the_rules_by_an_example(rule: AllocationRule, expected: list[int]) -> None:
    claims = [claim(0, 30, minute=1), claim(1, 60, minute=2), claim(2, 110, minute=3)]
    assert shares(claims, 100, rule) == expected


def test_the_odd_paise_go_to_the_largest_remainders_and_then_to_the_earlier_transfer() -> None:
    assert shares([claim(0, 1, minute=3), claim(1, 1, minute=2), claim(2, 1, minute=1)], 2, PRO_RATA) == [0, 1, 1]
    assert shares([claim(0, 10), claim(1, 10), claim(2, 80)], 99, PRO_RATA) == [10, 10, 79]
    assert shares([claim(0, 1), claim(3, 1), claim(1, 1)], 1, PRO_RATA) == [1, 0, 0], "then to the case and the hop"


def test_who_came_last_is_paid_first_under_fifo_as_far_as_the_claim_goes() -> None:
    assert shares([claim(0, 50, minute=1), claim(1, 50, minute=2)], 70, FIFO) == [20, 50]


def test_money_divided_before_stays_and_only_the_rest_is_divided() -> None:
    """A second hold on the account: the first was halved, and one half has gone home already."""
    gone_home, waiting = claim(0, 75, 0), claim(3, 100, 65, reserved=25)
    assert shares([gone_home, waiting], 65, PRO_RATA) == [20, 45]


def test_money_in_play_counts_as_lost_but_is_given_to_no_victim_yet() -> None:
    """Two who lost as much: of one half is on hold, and half was sent on without an answer."""
    assert shares([claim(0, 1000, 500, in_play=500), claim(3, 1000)], 500, PRO_RATA) == [250, 250]
    assert shares([claim(0, 1000, in_play=900), claim(3, 1000, 500)], 500, PRO_RATA) == [100, 400], "the rest is theirs"


def test_a_pot_above_all_claims_leaves_the_rest() -> None:
    assert shares([claim(0, 5, 5), claim(1, 7, 7)], 100, PRO_RATA) == [5, 7]


def test_an_excess_gets_only_what_the_other_claims_leave() -> None:
    """The bank of the first holds 90 more than the sending bank says: the second is served before these."""
    first = claim(0, 100, 100).model_copy(update={"excess_paise": 90})
    second = claim(1, 60)
    for rule in AllocationRule:
        assert shares([first, second], 100, rule) == [40, 60]
        assert shares([first], 100, rule) == [100]
    assert shares([first, second], 35, PRO_RATA) == [5, 30]
