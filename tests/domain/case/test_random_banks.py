"""Hundreds of random cases among random banks with random faults; random_banks.py says what is asked of each."""

import pytest

from schemas.enums import Bucket, ClaimKind
from tests.deep import DEEP, seeds
from tests.domain.random_banks import main, play_lying, play_untidy

CASES = 120 if DEEP else 60
REPEATED = 30 if DEEP else 15


def test_banks_that_are_only_untidy_cost_nothing() -> None:
    for seed in seeds(CASES):
        play_untidy(seed)


def test_banks_that_lie_and_are_silent_talk_nothing_out_of_the_ledger() -> None:
    days = [play_lying(seed) for seed in seeds(CASES)]
    believed = sum(day.case.total(Bucket.HELD) > day.true_paise(ClaimKind.HELD) for day in days)
    assert believed, "some lies are believed within what was lost, or nothing was tried"


def test_what_a_bank_says_again_months_later_changes_nothing() -> None:
    for seed in seeds(REPEATED):
        day = play_untidy(seed)
        balances = dict(day.case.balances)
        for transfer in day.truth.values():
            day.case.answer(transfer.bank, *transfer.lines)
        assert day.case.balances == balances


def test_a_long_run_by_command_plays_both_kinds(capsys: pytest.CaptureFixture[str]) -> None:
    main(3, 10_000)
    assert capsys.readouterr().out.startswith("6 cases: nothing lost")
