"""The world of the benchmarks stays the same, and its digest tells two worlds apart."""

from typing import Any

import pytest

from benchmarks.home import world_digest


@pytest.mark.parametrize(
    ("config", "digest"),
    [
        ({"complaints": 40}, "55fc49ca50dfca10"),
        # The day of `goldenhour bench day`.
        (
            {"complaints": 960, "clock_factor": 320.0, "profile": "uniform", "day_seconds": 86400.0, "seed": 7},
            "fd3692868e6e023b",
        ),
    ],
)
def test_the_world_stays_the_same(config: dict[str, Any], digest: str) -> None:
    assert world_digest(config) == digest


def test_another_seed_and_another_knob_are_another_world() -> None:
    small: dict[str, object] = {"complaints": 5}
    same = world_digest({**small, "port": 8_000, "knobs": {"invented_complaint": 0.0}})
    assert same == world_digest(small)
    others: list[dict[str, object]] = [
        {"seed": 8},
        {"knobs": {"bad_rrn": 0.5}},
        {"complaints": 6},
        {"clock_factor": 2.0},
    ]
    assert world_digest(small) not in {world_digest(small | other) for other in others}
