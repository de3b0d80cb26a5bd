"""When a hold is told of, warned about and lapses (SOP of 2 January 2026: 90 days without an order). Pure."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.base import Noun, UtcDatetime
from schemas.procedures import Due, HoldPolicy

TELL_HOLDER = "tell_holder"
RELEASE_EXCESS = "release_excess"
LAPSE = "lapse"
WARN = "warn"
"""followed by the days that are left: warn_30"""


class HoldStands(Noun):
    """How a hold stands, as its clocks see it."""

    policy: HoldPolicy
    first_held_at: UtcDatetime
    lapses_at: UtcDatetime
    told: bool
    warned_days: int | None
    kept: bool
    """an order exists: it does not lapse"""
    free_paise: int
    """on hold, and asked for by no live order"""
    excess_paise: int
    """held above what is traceable, and not ordered to be let go yet"""


def dues(hold: HoldStands) -> tuple[Due, ...]:
    """What is to be done by itself about a hold, in order of time."""
    found = []
    if not hold.told:
        found.append(Due(what=TELL_HOLDER, at=hold.first_held_at))
    if hold.excess_paise:
        found.append(Due(what=RELEASE_EXCESS, at=hold.first_held_at))
    if hold.free_paise and not hold.kept:
        found += _warnings(hold)
        found.append(Due(what=LAPSE, at=hold.lapses_at))
    return tuple(sorted(found, key=lambda due: due.at))


def _warnings(hold: HoldStands) -> list[Due]:
    return [
        Due(what=f"{WARN}_{days}", at=hold.lapses_at - timedelta(seconds=before))
        for days, before in zip(hold.policy.warn_days, hold.policy.warn_before_seconds, strict=True)
        if hold.warned_days is None or days < hold.warned_days
    ]


def latest_warning(days: Sequence[int], before: Sequence[float], lapses_at: datetime, at: datetime) -> int | None:
    """Of warnings that fall together (the engine was away), the one that is true at `at`; None before the first."""
    past = [day for day, seconds in zip(days, before, strict=True) if lapses_at - timedelta(seconds=seconds) <= at]
    return min(past) if past else None
