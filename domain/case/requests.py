"""Hold requests: how they are put into batches, and when they are escalated.

Return which escalation level comes next, and when. Pure. Orders, cancellations, restoration steps, duties, grievances,
parked hops and lists of liens use it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, NamedTuple, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from schemas.base import FrozenModel
from schemas.case.case_workflow import HopBrief

HOPS_MAX: Final = 500
"""the most incidents that one ticket of the bank wire carries"""


class PlannedRequest(FrozenModel):
    """A request to be written: its hops are those of one bank."""

    request_id: UUID
    batch_no: int
    institution: str
    hops: tuple[HopBrief, ...]


def planned_requests(case_no: str, last_batch_no: int, hops: Iterable[HopBrief]) -> list[PlannedRequest]:
    """Return the requests about these hops; `last_batch_no` is that of the case's last batch.

    The hops of one bank that do not fit into one request go into the next batches.
    """
    by_bank: dict[str, list[HopBrief]] = {}
    for hop in hops:
        by_bank.setdefault(hop.institution, []).append(hop)
    return [
        PlannedRequest(
            request_id=request_id(case_no, batch_no, institution),
            batch_no=batch_no,
            institution=institution,
            hops=tuple(part),
        )
        for institution, of_bank in by_bank.items()
        for batch_no, part in enumerate(_parts(of_bank), start=last_batch_no + 1)
    ]


def request_id(case_no: str, batch_no: int, institution: str) -> UUID:
    """Return the id of a request; the same request always has the same id."""
    return uuid5(NAMESPACE_URL, f"urn:goldenhour:request:{case_no}:{batch_no}:{institution}")


def _parts(hops: list[HopBrief]) -> list[list[HopBrief]]:
    return [hops[first : first + HOPS_MAX] for first in range(0, len(hops), HOPS_MAX)]


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
