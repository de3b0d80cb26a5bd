"""Figures of `goldenhour bench home`, `idle` and `isolation` without a stack."""

import inspect
from importlib import import_module

import pytest

from benchmarks import home, idle, isolation
from benchmarks.aims import missed, with_aims
from benchmarks.cost import Cost
from benchmarks.isolation import Phases
from workers.commands.bench import BENCHMARKS, _options


def test_the_slowest_steps_p99_counts() -> None:
    figures = home.shares({"credit_ended": [0.5, 61.0], "hold_opened": [20.0]})
    assert figures["credited"] == 2
    assert figures["own_share_p99_seconds_most"] == 61.0
    assert figures["own_share_seconds"]["hold_opened"]["count"] == 1
    words = missed(with_aims(figures | {"finished": True, "verify": "clean"}, home.aims()))
    assert words == ["own_share_p99_seconds_most is 61.0, aim <= 60"]


def test_a_run_that_credits_no_victim_misses_its_aims() -> None:
    result = with_aims(home.shares({}) | {"finished": True, "verify": "clean"}, home.aims())
    assert len(missed(result)) == 2


def test_the_simulator_and_the_benchmark_are_no_part_of_the_idle_engine() -> None:
    cost = Cost(10.0, {"postgres": 0.2, "api": 0.1, "simulator": 5.0, "bench": 1.0}, 20, 100, 0)
    found = idle.use(cost, {"postgres": 512.0, "api": 256.0, "simulator": 90.0, "goldenhour": 90.0})
    assert found["cpu_percent_of_a_core"] == 3.0
    assert found["memory_gib_in_all"] == 0.75
    assert found["cpu_percent"]["simulator"] == 50.0


def test_few_cases_show_no_idle_use() -> None:
    assert [len(idle.aims(cases)) for cases in (9_999, 10_000)] == [1, 3]


def test_requests_that_never_arrived_are_missing_and_not_measured() -> None:
    waits_ns = {"a": 10_000_000, "b": 20_000_000}
    figures = isolation.figures_of(Phases({"a"}, {"b", "c"}, waits_ns, None))
    assert (figures["p99_ms_alone"], figures["p99_ms_beside"], figures["p99_ratio"]) == (10.0, 20.0, 2.0)
    assert (figures["missing"], figures["beside_ms"]["count"]) == (1, 1)
    assert len(missed(with_aims(figures | {"finished": True, "queue_drained": False}, isolation.aims(3)))) == 2
    assert isolation.figures_of(Phases(set(), {"c"}, {}, None))["p99_ratio"] is None


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_takes_its_options_from_the_command_line(name: str) -> None:
    main = import_module(f"benchmarks.{name.replace('-', '_')}").main
    assert inspect.iscoroutinefunction(main)
    assert _options(main, ["--seed", "9"]) == {"seed": 9}


@pytest.mark.parametrize("name", ["first-hold", "rush", "day"])
def test_the_price_of_restoration_can_be_measured(name: str) -> None:
    main = import_module(f"benchmarks.{name.replace('-', '_')}").main
    assert _options(main, ["--without-restoration"]) == {"without_restoration": True}
