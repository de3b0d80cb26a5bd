"""Figures of `goldenhour bench first-hold` without a stack."""

import pytest

from benchmarks.first_hold import layers_ms, plan


def test_hops_that_a_person_freed_are_counted_apart() -> None:
    rows = [
        {"ack_no": "1", "rrn": rrn, "ns": ns} for rrn, ns in (("a", 20_000_000), ("b", 30_000_000), ("c", 9 * 10**8))
    ]
    found = layers_ms([*rows, {"ack_no": "2", "rrn": "c", "ns": 10_000_000}], {("1", "c")})
    assert found["next_layer_ms"] == {"count": 3, "p50": 20.0, "p95": 30.0, "p99": 30.0, "max": 30.0}
    assert found["parked_layer_ms"] == {"count": 1, "p50": 900.0, "p95": 900.0, "p99": 900.0, "max": 900.0}


@pytest.mark.parametrize(("rate", "seconds", "complaints"), [(1.0, 600.0, 600), (5.0, 120.0, 600), (2.0, 3.0, 6)])
def test_complaints_are_spread_evenly_over_the_seconds(rate: float, seconds: float, complaints: int) -> None:
    config = plan(rate, seconds, 7)
    assert (config["complaints"], config["day_seconds"], config["profile"]) == (complaints, seconds, "even")
