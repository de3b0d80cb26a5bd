"""Excess at a bank, for every reading of its answers."""

from hypothesis import given
from hypothesis import strategies as st

from domain.recovery.holds import Account, Excess, HeldLine, excess


def line(hop_no: int, claimed: int, taken: int, there: int, *, let_go: int = 0, by_person: bool = False) -> HeldLine:
    return HeldLine(
        hop_no=hop_no,
        claimed_paise=claimed,
        taken_paise=taken,
        let_go_paise=let_go,
        case_held_paise=there,
        by_person=by_person,
    )


def account(taken: int, *, in_play: int = 0, let_go: int = 0) -> Account:
    return Account(taken_paise=taken, in_play_paise=in_play, let_go_paise=let_go)


def goes(*found: tuple[int, int]) -> list[Excess]:
    return [Excess(hop_no=hop_no, excess_paise=paise) for hop_no, paise in found]


def test_of_one_transfer_what_is_above_it_goes() -> None:
    assert excess([line(1, 700, 600, 600)], account(600)) == goes((1, 100))
    assert excess([line(1, 700, 600, 600, let_go=100)], account(600, let_go=100)) == []


def test_the_total_of_the_account_beside_each_transfer_is_no_excess() -> None:
    lines = [line(1, 1000, 600, 1000), line(2, 1000, 400, 1000)]
    assert excess(lines, account(1000)) == []
    looked_at = [line(1, 1000, 600, 1000, by_person=True), line(2, 1000, 400, 1000, by_person=True)]
    assert excess(looked_at, account(1000)) == []


def test_a_figure_below_what_the_case_has_there_is_the_transfers_own() -> None:
    assert excess([line(2, 500, 400, 1000)], account(1000)) == goes((2, 100))


def test_what_is_on_hold_for_another_case_may_be_in_the_figure() -> None:
    assert excess([line(1, 700, 600, 600)], account(5_600)) == []
    assert excess([line(1, 700, 600, 600, by_person=True)], account(5_600)) == goes((1, 100))


def test_what_the_bank_has_not_answered_yet_may_be_on_hold_already() -> None:
    assert excess([line(1, 1000, 600, 600)], account(600, in_play=400)) == []
    assert excess([line(1, 1000, 600, 600)], account(600, in_play=300)) == goes((1, 100))


@given(st.lists(st.tuples(st.integers(1, 1000), st.integers(0, 50)), min_size=1, max_size=5), st.integers(0, 500))
def test_of_totals_never_more_goes_than_the_account_has_above_all_that_is_ours(
    hops: list[tuple[int, int]], above: int
) -> None:
    taken = sum(paise for paise, _ in hops)
    in_play = sum(paise for _, paise in hops)
    total = taken + in_play + above
    lines = [line(hop_no, total, paise, taken) for hop_no, (paise, _) in enumerate(hops, 1)]
    assert sum(one.excess_paise for one in excess(lines, account(taken, in_play=in_play))) <= above
