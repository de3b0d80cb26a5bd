"""Return which escalation level comes next, and when. Pure.

Orders, cancellations, restoration steps, duties, grievances, parked hops and lists of liens use it.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar

Level = TypeVar("Level", bound=StrEnum)


class LevelDue(NamedTuple, Generic[Level]):
    """A level, and when it is due."""

    level: Level
    at: datetime


@dataclass(frozen=True)
class Repeat:
    """The last level comes again after each `every`, until it was reached `times` times."""

    every: timedelta
    times: int


@dataclass(frozen=True)
class Reached(Generic[Level]):
    """The highest level that was reached, and how many times."""

    level: Level
    times: int = 1


@dataclass(frozen=True)
class EscalationPolicy(Generic[Level]):
    """The levels, lowest first, each with its wait; a reminder before the time that counts has a negative one."""

    steps: Mapping[Level, timedelta]
    repeat: Repeat | None = None


def next_due(
    policy: EscalationPolicy[Level], reached: Reached[Level] | None, since: datetime
) -> LevelDue[Level] | None:
    """Return the level above the one reached, or the last one again; None when no level is left.

    `since` is the moment from which the wait counts: where each level counts from the one below, when that was reached.
    """
    levels = list(policy.steps)
    index = levels.index(reached.level) + 1 if reached else 0
    if index < len(levels):
        return LevelDue(levels[index], since + policy.steps[levels[index]])
    if reached and policy.repeat and reached.times < policy.repeat.times:
        return LevelDue(reached.level, since + policy.repeat.every)
    return None


def may_reach(
    policy: EscalationPolicy[Level], reached: Reached[Level] | None, since: datetime, level: Level, at: datetime
) -> bool:
    """Return whether a level is above the one reached, or due again at that time."""
    levels = list(policy.steps)
    if reached is None or levels.index(reached.level) < levels.index(level):
        return True
    due = next_due(policy, reached, since)
    return due is not None and due.level is level and due.at <= at


def open_dues(
    policy: EscalationPolicy[Level], reached: Collection[Level], since: datetime
) -> Iterator[LevelDue[Level]]:
    """Return every level that was not reached, where all count from one moment and wait for no other."""
    for level in policy.steps:
        if level not in reached:
            yield LevelDue(level, due_at(policy, level, since))


def due_at(policy: EscalationPolicy[Level], level: Level, since: datetime) -> datetime:
    """Return when the level is due that counts from `since`."""
    return since + policy.steps[level]


def due_since(policy: EscalationPolicy[Level], level: Level, now: datetime) -> datetime:
    """Return the moment since which a thing must have waited for the level to be due now."""
    return now - policy.steps[level]
