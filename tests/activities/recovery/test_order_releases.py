"""Of what is free, exactly so much goes as was asked for, the first transfers first."""

from hypothesis import given
from hypothesis import strategies as st

from activities.recovery.order_releases import first_hops_for
from db.recovery.free_amounts import Free


@given(paise=st.lists(st.integers(1, 10**9), min_size=1, max_size=20), part=st.floats(0, 1))
def test_nothing_over_and_nothing_left(paise: list[int], part: float) -> None:
    free = [Free(hop_no=number, ack_no="1", free_paise=one) for number, one in enumerate(paise, start=1)]
    wanted = int(sum(paise) * part)
    taken = first_hops_for(free, wanted)
    assert sum(one.free_paise for one in taken) == wanted
    assert all(0 < one.free_paise <= paise[one.hop_no - 1] for one in taken)
    numbers = [one.hop_no for one in taken]
    assert numbers == list(range(1, len(taken) + 1)), "without a gap from the first"
    assert all(one.free_paise == paise[one.hop_no - 1] for one in taken[:-1]), "only the last in part"
