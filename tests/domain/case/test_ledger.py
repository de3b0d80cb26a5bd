"""The ledger's arithmetic."""

from hypothesis import given
from hypothesis import strategies as st

from domain.case.ledger import bucket_sums, complaint_entries, move_between, take_from, unaccounted_paise
from schemas.enums import Bucket

UNPLACED = (Bucket.IN_PLAY, Bucket.UNTRACED, Bucket.REFUSED)
balances = st.dictionaries(st.sampled_from(Bucket), st.integers(0, 10**15))


def test_a_claim_draws_from_what_is_in_play_first_then_from_what_no_bank_has_placed() -> None:
    has = {Bucket.IN_PLAY: 300, Bucket.UNTRACED: 200, Bucket.REFUSED: 100, Bucket.HELD: 1000}
    drawn = take_from(7, has, 550)
    assert drawn is not None
    assert [(e.hop_no, e.bucket, e.amount_paise) for e in drawn] == [
        (7, Bucket.IN_PLAY, -300),
        (7, Bucket.UNTRACED, -200),
        (7, Bucket.REFUSED, -50),
    ]
    assert take_from(7, has, 601) is None


@given(balances, st.integers(0, 10**15))
def test_drawing_takes_exactly_what_is_asked_and_never_more_than_there_is(has: dict[Bucket, int], paise: int) -> None:
    drawn = take_from(1, has, paise)
    unplaced = sum(has.get(bucket, 0) for bucket in UNPLACED)
    assert (drawn is None) == (paise > unplaced)
    if drawn is not None:
        assert sum(entry.amount_paise for entry in drawn) == -paise
        assert all(-has[entry.bucket] <= entry.amount_paise < 0 for entry in drawn)
        assert {entry.bucket for entry in drawn} <= set(UNPLACED)


@given(st.lists(st.integers(1, 10**13), min_size=1))
def test_lost_is_the_sum_of_all_buckets_however_money_moves(losses: list[int]) -> None:
    entries = [entry for hop_no, paise in enumerate(losses, 1) for entry in complaint_entries(hop_no, paise)]
    entries += move_between(1, Bucket.IN_PLAY, Bucket.HELD, losses[0])
    sums = bucket_sums((entry.bucket, entry.amount_paise) for entry in entries)
    assert (sums[Bucket.LOST], sums[Bucket.HELD]) == (sum(losses), losses[0])
    assert unaccounted_paise(sums) == 0


def test_what_is_missing_shows_with_its_sign() -> None:
    assert unaccounted_paise(bucket_sums([(Bucket.LOST, -100), (Bucket.IN_PLAY, 99)])) == 1
    assert unaccounted_paise(bucket_sums([(Bucket.LOST, -100), (Bucket.IN_PLAY, 101)])) == -1
