"""Rupee texts in Indian notation."""

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
