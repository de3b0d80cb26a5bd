"""Rupee texts in Indian notation, and whole amounts divided in proportion."""

from collections.abc import Sequence
from typing import Final

_HALF_A_RUPEE: Final = 50


def grouped(number: int) -> str:
    """Return a whole number in Indian grouping: 1,25,00,000."""
    sign, digits = ("-" if number < 0 else ""), str(abs(number))
    head, tail = digits[:-3], digits[-3:]
    pairs = [head[max(0, end - 2) : end] for end in range(len(head), 0, -2)]
    return sign + ",".join([*reversed(pairs), tail])


def rupees(paise: int, *, exact: bool = False) -> str:
    """Return paise as rupees: ₹1,25,00,000, or ₹1,25,00,000.50 if `exact`; else rounded half away from zero."""
    sign, size = ("-" if paise < 0 else ""), abs(paise)
    whole, rest = divmod(size, 100)
    if exact:
        return f"{sign}₹{grouped(whole)}.{rest:02d}"
    return f"{sign}₹{grouped(whole + (rest >= _HALF_A_RUPEE))}"


def whole_rupees(paise: int) -> int:
    """Return an amount of at least 0 paise in whole rupees, rounded half up."""
    return (paise + _HALF_A_RUPEE) // 100


def in_proportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Return a whole amount divided in proportion to weights, by the largest remainder. The parts sum to it.

    Of equal remainders the earlier part gets the unit. Without any weight all parts are 0.
    """
    total = sum(weights)
    if not total:
        return [0] * len(weights)
    largest = max(weights)
    if largest == total and min(weights) == 0:
        # One part gets all. Most bars of a large trail have one part.
        parts = [0] * len(weights)
        parts[weights.index(largest)] = amount
        return parts
    parts, remainders = [], []
    for place, weight in enumerate(weights):
        part, remainder = divmod(weight * amount, total)
        parts.append(part)
        remainders.append((-remainder, place))
    for _, place in sorted(remainders)[: amount - sum(parts)]:
        parts[place] += 1
    return parts
