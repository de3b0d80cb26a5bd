"""The claim of a hop: what is confirmed, what counts of it, and what is not given yet."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domain.recovery.claims import HopMoney, claimed, confirmed
from schemas.restoration_enums import ConfirmedBy
from tests.each import each

SENT, RECEIVED, NOTHING = ConfirmedBy.SENDING_BANK, ConfirmedBy.RECEIVING_BANK, ConfirmedBy.NOTHING
PAISE = st.integers(0, 10) | st.integers(0, 10**13)


@st.composite
def hops(draw: st.DrawFn) -> HopMoney:
    names = [name for name in HopMoney.model_fields if name != "disputed_paise"]
    money: dict[str, Any] = {name: draw(PAISE) for name in names} | {
        "moved_paise": draw(st.none() | PAISE),
        "only_imported": draw(st.booleans()),
        "partly_by_telephone": draw(st.booleans()),
    }
    return HopMoney(disputed_paise=draw(st.integers(1, 10**13)), **money)


@given(hop=hops())
def test_no_claim_is_more_than_what_a_bank_confirmed_or_holds(hop: HopMoney) -> None:
    said, claim = confirmed(hop), claimed(hop)
    assert 0 <= said.paise <= hop.disputed_paise
    assert hop.moved_paise is None or said.paise <= hop.moved_paise
    assert claim.excess_paise <= hop.held_paise
    assert (said.by is NOTHING) == (said.paise == 0)
    assert hop.held_paise <= claim.most_paise <= claim.claim_paise <= max(said.paise, hop.held_paise)
    assert claim.untraced_paise <= hop.untraced_paise
    all_of_it = hop.held_paise + hop.lost_paise + hop.untraced_paise + hop.in_play_paise + hop.in_play_below_paise
    assert claim.claim_paise <= all_of_it


@given(hop=hops(), more=PAISE)
def test_what_no_bank_confirmed_adds_nothing(hop: HopMoney, more: int) -> None:
    """However much more a complaint tells."""
    told = hop.model_copy(update={"disputed_paise": hop.disputed_paise + more, "in_play_paise": more})
    limited = hop.model_copy(update={"sent_paise": 0, "placed_paise": 0})
    assert confirmed(limited).paise == 0
    assert claimed(limited).claim_paise == hop.held_paise
    moved_paise = hop.disputed_paise if hop.moved_paise is None else hop.moved_paise
    least = min(hop.disputed_paise, moved_paise, max(hop.sent_paise, hop.placed_paise))
    assert confirmed(told).paise >= least


@each(
    ("sent", "placed", "paise", "by"),
    [(0, 0, 0, NOTHING), (70, 0, 70, SENT), (70, 30, 70, SENT), (70, 70, 70, RECEIVED), (0, 200, 100, RECEIVED)],
)
def test_which_bank_confirms_it(sent: int, placed: int, paise: int, by: ConfirmedBy) -> None:
    said = confirmed(HopMoney(disputed_paise=100, sent_paise=sent, placed_paise=placed))
    assert (said.paise, said.by) == (paise, by)


def test_what_went_home_or_came_back_is_not_claimed_twice() -> None:
    hop = HopMoney(disputed_paise=1000, placed_paise=400, given_back_paise=400, untraced_paise=600)
    assert claimed(hop).claim_paise == 0
    back = HopMoney(disputed_paise=1000, placed_paise=400, returned_paise=400, in_play_paise=600)
    assert claimed(back).claim_paise == 0
