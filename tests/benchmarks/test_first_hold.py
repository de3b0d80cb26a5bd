"""Figures of `goldenhour bench first-hold` without a stack."""

from typing import Any

import pytest

from benchmarks.first_hold import layers_ms, plan


def layer(ack_no: str, rrn: str, **ns_by_root: int) -> dict[str, Any]:
    """A row of the simulator."""
    return {"ack_no": ack_no, "rrn": rrn, "ns": max(ns_by_root.values()), "ns_by_root": ns_by_root}


def test_a_layer_counts_from_the_answer_that_opened_it() -> None:
    """The first answer named the transfer, but with too little money to ask about."""
    rows = [layer("1", "a", first=900_000_000, second=20_000_000), layer("1", "b", first=30_000_000)]
    found = layers_ms(rows, set(), {("1", "a"): "second", ("1", "b"): "first"})
    assert found["next_layer_ms"]["max"] == 30.0
    assert layers_ms(rows, set(), {})["next_layer_ms"]["max"] == 900.0, "without the hop it counts from the first"


def test_hops_that_a_person_freed_are_counted_apart() -> None:
    rows = [layer("1", rrn, r=ns) for rrn, ns in (("a", 20_000_000), ("b", 30_000_000), ("c", 9 * 10**8))]
    found = layers_ms([*rows, layer("2", "c", r=10_000_000)], {("1", "c")}, {})
    assert found["next_layer_ms"] == {"count": 3, "p50": 20.0, "p95": 30.0, "p99": 30.0, "max": 30.0}
    assert found["parked_layer_ms"] == {"count": 1, "p50": 900.0, "p95": 900.0, "p99": 900.0, "max": 900.0}


@pytest.mark.parametrize(("rate", "seconds", "complaints"), [(1.0, 600.0, 600), (5.0, 120.0, 600), (2.0, 3.0, 6)])
def test_complaints_are_spread_evenly_over_the_seconds(rate: float, seconds: float, complaints: int) -> None:
    config = plan(rate, seconds, 7)
    assert (config["complaints"], config["day_seconds"], config["profile"]) == (complaints, seconds, "even")
