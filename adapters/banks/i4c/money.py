"""Amounts in rupees on the wire and in integer paise inside, converted exactly or refused with an error."""

import re
from decimal import Decimal
from typing import Final

from schemas.base import MAX_AMOUNT_PAISE

PAISE_PER_RUPEE: Final = 100

# Western or Indian grouping (1,25,000.00), ASCII digits, at most two decimals. "5.000" means five thousand to some
# writers and five to others, so three decimals are refused and never rounded.
_RUPEES: Final = re.compile(r"-?(?:[0-9]*|[0-9]{1,3}(?:,[0-9]{2,3})*,[0-9]{3})(?:\.[0-9]{0,2})?")
_TEXT_MAX_CHARS_OF_MONEY: Final = 40


class AmountError(ValueError):
    """Not an amount in rupees with at most two decimals, from 0 to the largest amount."""

    def __init__(self) -> None:
        """Use the class text as the message, which does not repeat the value."""
        super().__init__(type(self).__doc__)


def parse_rupees(value: object) -> int:
    """Return the paise in `value`: text such as "5000", "5000.00" or "5,000.00", an int, or a float.

    A float is read by its shortest notation (Decimal(str(value))), so 0.1 is ten paise. Raises AmountError for a
    negative amount, NaN, an exponent, more than two decimals, a boolean, or more than MAX_AMOUNT_PAISE.
    """
    paise = parse_signed_rupees(value)
    if paise < 0:
        raise AmountError
    return paise


def parse_signed_rupees(value: object) -> int:
    """Return the paise of an account balance like `parse_rupees`; it may be negative."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise AmountError
    text = value.strip() if isinstance(value, str) else str(value)
    if len(text) > _TEXT_MAX_CHARS_OF_MONEY or not _RUPEES.fullmatch(text) or not any(c.isdigit() for c in text):
        raise AmountError
    paise = int(Decimal(text.replace(",", "")) * PAISE_PER_RUPEE)
    if abs(paise) > MAX_AMOUNT_PAISE:
        raise AmountError
    return paise


def format_rupees(amount_paise: int) -> str:
    """Return `amount_paise` as the wire writes it: 500000 → "5000.00". Raises AmountError if negative."""
    if amount_paise < 0:
        raise AmountError
    rupees, paise = divmod(amount_paise, PAISE_PER_RUPEE)
    return f"{rupees}.{paise:02d}"
