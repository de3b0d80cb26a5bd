"""Which holds are small enough on an account with other business that a person decides on them quickly. Pure."""

from schemas.base import Noun


class SmallHold(Noun):
    """What is on hold at an account, and what else is known of it, in paise."""

    held_paise: int
    elsewhere_paise: int
    """on hold there in other cases"""
    balance_paise: int | None
    """what the account has, on hold or not, as its bank said last; None where it said nothing"""


def is_small(hold: SmallHold, below_paise: int, business_from_paise: int) -> bool:
    """Whether a little stops a business.

    An account that other victims' money went to is none, nor is one with nothing beside; one of which nothing is known
    may be.
    """
    if hold.held_paise >= below_paise or hold.elsewhere_paise:
        return False
    return hold.balance_paise is None or hold.balance_paise - hold.held_paise >= business_from_paise
