"""Hops whose date is not stated.

No bank finds such a transfer, so the desk states the date before the bank is asked. The hop has a flag,
whose message names the place where a date was expected. Its `transferred_at` is then the date of the hop above, because
money cannot leave an account before it came.
"""

from collections.abc import Iterable
from typing import Final

from schemas.base import Flag

NO_DATE: Final = "date_not_stated"


def no_date_flag(place: str) -> Flag:
    """Return the flag of a transfer for which `place` should state a date and does not."""
    return Flag(field="transferred_at", code=NO_DATE, message=f"no date can be read in {place}")


def missing_date(flags: Iterable[Flag]) -> Flag | None:
    """Return the flag that says that no date is stated, or None."""
    return next((flag for flag in flags if flag.code == NO_DATE), None)


def with_date(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Return the flags of a hop after its date was stated."""
    return tuple(flag for flag in flags if flag.code != NO_DATE)
