"""How long random tests run: shortly and with the same examples in the gate, long and with fresh ones in `make deep`.

`DEEP=1` multiplies every number of examples; `DEEP_FACTOR` says by how much. A failing example of a deep run is printed
with the line that runs it again. Hypothesis keeps it in `.hypothesis/examples`, and the next deep run tries it first.
"""

import os
import random
import sys
from collections.abc import Iterator
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis.internal import charmap
from hypothesis.internal.conjecture import providers
from hypothesis.internal.intervalsets import IntervalSet

DEEP: Final = os.environ.get("DEEP", "") not in {"", "0"}
FACTOR: Final = int(os.environ.get("DEEP_FACTOR", "30")) if DEEP else 1
EXAMPLES: Final = 25
"""how many examples a random test runs in the gate that names no number"""
CHECK_EVERY: Final = 1 if DEEP else 5
"""after how many steps a state machine looks at the whole database; it also does so at its end"""


def examples(gate: int) -> int:
    """Return how many examples run: `gate` of them in the gate, many times more in deep runs."""
    return gate * FACTOR


def sample(gate: int) -> int:
    """Return the stride by which a test walks a list of cases: every `gate`-th in the gate, each one in deep runs."""
    return 1 if DEEP else gate


def seeds(gate: int) -> Iterator[int]:
    """Yield the seeds of a test that draws its own worlds: the same in the gate, fresh ones in deep runs."""
    first = random.SystemRandom().randrange(10**6, 10**9) if DEEP else 0
    yield from range(first, first + examples(gate))


def database_settings(max_examples: int, steps: int, **more: Any) -> settings:
    """Return the settings of a random test on a database: failures are printed as found, never shrunk.

    To shrink takes minutes there, because each smaller example runs on a real server.
    """
    return settings(
        max_examples=examples(max_examples),
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        print_blob=True,
        **more,
    )


def load_profile() -> None:
    """Load the settings of every random test, and spare its process what costs seconds in a fresh clone.

    How long an example takes says how busy the machine is: a limit on it fails by luck.
    """
    settings.register_profile(
        "goldenhour",
        max_examples=examples(EXAMPLES),
        deadline=None,
        derandomize=not DEEP,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("goldenhour")
    _know_utf_8()
    if not DEEP:
        # Hypothesis reads every file of the product for numbers and texts that it may try.
        vars(providers)["is_local_module_file"] = lambda _path: False


def _know_utf_8() -> None:
    """Tell Hypothesis the characters of UTF-8, all but the surrogates: it tries to encode each of a million."""
    find, known = charmap.intervals_from_codec, IntervalSet([(0, 0xD7FF), (0xE000, sys.maxunicode)])

    def intervals(codec: str) -> tuple[IntervalSet, IntervalSet]:
        return (known, IntervalSet()) if codec == "utf-8" else find(codec)

    vars(charmap)["intervals_from_codec"] = intervals


class Paced:
    """Counts the steps of a state machine: says when it is time to look at everything."""

    def __init__(self) -> None:
        self._steps = 0

    def is_time(self) -> bool:
        """Return whether this step is one of those after which everything is checked."""
        self._steps += 1
        return self._steps % CHECK_EVERY == 0
