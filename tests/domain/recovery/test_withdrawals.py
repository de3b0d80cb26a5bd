"""The entries of a withdrawal: unconfirmed money leaves the loss, nothing stays in play, and all sums to zero."""

from hypothesis import given
from hypothesis import strategies as st

from domain.recovery.officer_steps import UnplacedMoney, withdrawal_entries
from schemas.enums import Bucket

PAISE = st.integers(0, 10) | st.integers(0, 10**13)
HOPS = st.builds(
    UnplacedMoney,
    hop_no=st.just(2),
    root_no=st.just(1),
    in_play_paise=PAISE,
    refused_paise=PAISE,
    untraced_paise=PAISE,
    arrived_paise=PAISE,
)


@given(hop=HOPS)
def test_only_what_no_bank_confirmed_leaves_the_loss(hop: UnplacedMoney) -> None:
    entries = withdrawal_entries([hop])
    assert sum(entry.amount_paise for entry in entries) == 0
    change = {bucket: sum(e.amount_paise for e in entries if e.bucket is bucket) for bucket in Bucket}
    unplaced = hop.in_play_paise + hop.refused_paise + hop.untraced_paise
    assert change[Bucket.LOST] == max(unplaced - hop.arrived_paise, 0)
    assert hop.in_play_paise + change[Bucket.IN_PLAY] == 0, "a hop that is withdrawn is closed"
    assert hop.refused_paise + change[Bucket.REFUSED] >= 0
    assert hop.untraced_paise + change[Bucket.UNTRACED] >= 0
    assert all(entry.hop_no == (1 if entry.bucket is Bucket.LOST else 2) for entry in entries)


def test_what_the_banks_said_stays_where_it_is() -> None:
    """₹10 went on as small amounts: of ₹100 only the ₹90 in play leave the loss."""
    hop = UnplacedMoney(hop_no=1, root_no=1, in_play_paise=90, refused_paise=0, untraced_paise=10, arrived_paise=10)
    found = [(entry.bucket, entry.amount_paise) for entry in withdrawal_entries([hop])]
    assert found == [(Bucket.IN_PLAY, -90), (Bucket.LOST, 90)]
