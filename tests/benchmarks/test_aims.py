"""Aims beside figures, and what ends the command with 1."""

import pytest

from benchmarks import day, first_hold, rush
from benchmarks.aims import at_least, at_most, exactly, missed, with_aims
from workers.commands.bench import judge
from workers.commands.exits import Failed

FIGURES = {"first_request_ms": {"p99": 81.0}, "verify": "clean", "asked_twice": 0, "ratio": 0.7}


def test_every_aim_stands_beside_its_figure() -> None:
    result = with_aims(FIGURES, [at_most("first_request_ms.p99", 80), exactly("verify", "clean")])
    assert result["verify"] == "clean"
    assert result["aims"] == [
        {"figure": "first_request_ms.p99", "aim": "<= 80", "is": 81.0, "met": False},
        {"figure": "verify", "aim": "== clean", "is": "clean", "met": True},
    ]
    assert missed(result) == ["first_request_ms.p99 is 81.0, aim <= 80"]


def test_a_figure_on_its_limit_meets_the_aim() -> None:
    assert not missed(with_aims(FIGURES, [at_most("first_request_ms.p99", 81), at_least("ratio", 0.7)]))


def test_a_missing_figure_misses_its_aim() -> None:
    for path in ("next_layer_ms.p99", "verify.p50", "first_request_ms.p50"):
        assert len(missed(with_aims(FIGURES, [at_most(path, 80)]))) == 1


def test_a_void_aim_is_not_missed_and_says_why() -> None:
    result = with_aims(FIGURES, [at_least("ratio", 0.75, void="the machine is slow")])
    assert result["aims"][0] == {
        "figure": "ratio",
        "aim": ">= 0.75",
        "is": 0.7,
        "met": None,
        "void": "the machine is slow",
    }
    assert not missed(result)


def test_a_missed_aim_fails_only_where_the_aims_are_asked_for() -> None:
    result = with_aims(FIGURES, [at_most("first_request_ms.p99", 80)])
    judge(result, aims=False)
    with pytest.raises(Failed, match="first_request_ms") as failed:
        judge(result, aims=True)
    assert failed.value.exit_code == 1
    judge(with_aims(FIGURES, [exactly("asked_twice", 0)]), aims=True)


def test_a_benchmark_that_was_cut_off_always_fails() -> None:
    with pytest.raises(Failed, match="cut off") as failed:
        judge(with_aims({"finished": False}, []), aims=False)
    assert failed.value.exit_code == 1


def test_the_ratio_is_void_where_bare_temporal_is_slow() -> None:
    assert rush.void(149.9)
    assert not rush.void(150.0)
    slow = rush.aims({"ratio_is_void": rush.void(100.0)}, with_restoration=True)
    assert [aim.figure for aim in slow if aim.void] == ["ratio_to_bare"]


def test_a_cost_without_restoration_has_no_aim() -> None:
    for with_restoration in (True, False):
        cost = [
            aim.figure
            for aims in (
                rush.aims({"ratio_is_void": ""}, with_restoration=with_restoration),
                first_hold.aims(2.0, with_restoration=with_restoration),
            )
            for aim in aims
            if aim.figure == "cpu_ms_per_request_total"
        ]
        assert len(cost) == (2 if with_restoration else 0)


def test_each_rate_of_first_hold_has_its_aims() -> None:
    of_rate = {
        rate: {(aim.figure, aim.limit) for aim in first_hold.aims(rate, with_restoration=True)} for rate in (1.0, 5.0)
    }
    assert ("first_request_ms.p99", 80) in of_rate[1.0]
    assert ("first_request_ms.p99", 200) in of_rate[5.0]
    always = {
        ("finished", True),
        ("first_requests_missing", 0),
        ("asked_twice", 0),
        ("restoration_lag_seconds.max", 300),
    }
    assert {(aim.figure, aim.limit) for aim in first_hold.aims(3.0, with_restoration=True)} == always


def test_the_lowest_share_of_the_seeds_counts() -> None:
    good = {
        "seed": 7,
        "caught_of_catchable": 0.98,
        "finished": True,
        "skipped": 0,
        "repeated_requests": 0,
        "verify": "clean",
    }
    bad = good | {"seed": 8, "caught_of_catchable": 0.95, "finished": False, "skipped": 2, "verify": "3 breaks"}
    whole = day.of_all_seeds([good, bad])
    assert whole["caught_of_catchable"] == 0.95
    assert whole["caught_of_catchable_by_seed"] == {"7": 0.98, "8": 0.95}
    assert (whole["finished"], whole["skipped"], whole["verify"]) == (False, 2, "3 breaks")
    assert day.lowest([0.9, None]) is None
