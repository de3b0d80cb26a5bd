"""Random numbers from one seed: every draw has a name and does not depend on other draws.

A draw is named by labels ("delay", the bank, the RRN …). The same seed and labels give the same draw in any process and
order. The simulated day is therefore the same world, whatever the timing of the tested engine.
"""

import hashlib
import math
import random
from statistics import NormalDist

Label = str | int
_NORMAL = NormalDist()
_TOP = 2**53


def _digest(seed: int, labels: tuple[Label, ...], size: int) -> int:
    text = "\x1f".join((str(seed), *map(str, labels)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest())


def unit(seed: int, *labels: Label) -> float:
    """Return the named draw, uniform in [0, 1)."""
    return (_digest(seed, labels, 8) >> 11) / _TOP


def chance(seed: int, rate: float, *labels: Label) -> bool:
    """Return whether the named event, which has probability `rate`, happens."""
    return rate > 0 and unit(seed, *labels) < rate


def lognormal(seed: int, median: float, sigma: float, *labels: Label) -> float:
    """Return the named draw from the lognormal distribution with that median.

    `sigma` is the standard deviation of its logarithm.
    """
    quantile = min(max(unit(seed, *labels), 1e-9), 1 - 1e-9)
    return median * math.exp(sigma * _NORMAL.inv_cdf(quantile))


def happens(rng: random.Random, rate: float) -> bool:
    """Return whether an event of probability `rate` happens, by the next draw of a stream."""
    return rng.random() < rate


def stream(seed: int, *labels: Label) -> random.Random:
    """Return a separate generator for the named thing, for many draws."""
    return random.Random(_digest(seed, labels, 16))


def secret(seed: int, size: int, *labels: Label) -> bytes:
    """Return `size` bytes (≤ 64) for the named credential. Reproducible, so for simulated banks only."""
    return _digest(seed, labels, size).to_bytes(size)
