"""Events of an officer's stream, and those that wait."""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Final, Protocol
from uuid import UUID

from api.reporting.open_items import View
from db.work_items.work_item_lines import ItemLine
from domain.officers.jurisdiction import covers
from schemas.base import FrozenModel
from schemas.enums import TaskState
from schemas.privacy.personal_data import CasePlace, Within
from schemas.work_items.officer_streams import ResetCause, StreamEnd, TaskEvent

Key = tuple[str, str]
"""kind of an event, and what it is about"""


@dataclass(frozen=True, slots=True)
class Sent:
    """One event for a caller. An event without a number has no place in the order of what is kept."""

    number: int | None
    kind: str
    body: bytes


class Pace:
    """Allows so many sendings at once, and so many a second after those.

    A pace may have a second one above it, which it shares with others.
    """

    def __init__(self, at_once: float, per_second: float, shared: "Pace | None" = None) -> None:
        self._most = float(at_once)
        self._per_second = per_second
        self._left = float(at_once)
        self._at = 0.0
        self._shared = shared

    def wait_seconds(self, now: float) -> float:
        """Return how long the next one waits. `now` is a number of seconds that never goes back."""
        self._refill(now)
        own = max(0.0, (1.0 - self._left) / self._per_second)
        return own if self._shared is None else max(own, self._shared.wait_seconds(now))

    def go(self, now: float) -> None:
        """Count one."""
        self._refill(now)
        self._left -= 1.0
        if self._shared is not None:
            self._shared.go(now)

    def _refill(self, now: float) -> None:
        self._left = min(self._most, self._left + (now - self._at) * self._per_second)
        self._at = max(self._at, now)


class WaitingEvents:
    """The events that wait for one caller."""

    def __init__(self, most: int, pace: Pace) -> None:
        self._most = most
        self._pace = pace
        self._events: OrderedDict[Key, Sent] = OrderedDict()
        self._wake = asyncio.Event()
        self.ended_as: StreamEnd | None = None

    def offer(self, about: str, event: Sent) -> None:
        """Let an event wait, in place of an older one about the same thing.

        A caller for whom too much waits is too slow, and the stream ends.
        """
        if self.ended_as is not None:
            return
        key = event.kind, about
        self._events[key] = event
        # The numbers rise in the order of sending, so that the last one says what the caller has.
        self._events.move_to_end(key)
        if len(self._events) > self._most:
            self.end(StreamEnd.SLOW)
        self._wake.set()

    def end(self, why: StreamEnd) -> None:
        """End the stream. What waits is not sent any more."""
        if self.ended_as is None:
            self.ended_as = why
            self._events.clear()
        self._wake.set()

    def wake(self) -> None:
        """Let the caller's stream look again."""
        self._wake.set()

    async def take(self, wait_seconds: float) -> list[Sent]:
        """Return what waits, at the pace of the stream; nothing after `wait_seconds`, at a wake and at the end."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(wait_seconds):
                await self._wake.wait()
                if self._events and (pause := self._pace.wait_seconds(loop.time())) > 0:
                    await asyncio.sleep(pause)
        except TimeoutError:
            return []
        self._wake.clear()
        if not self._events:
            return []
        self._pace.go(loop.time())
        taken = list(self._events.values())
        self._events.clear()
        return taken


CASE: Final = "case:"
TASK: Final = "task:"
"""beginnings of what an officer looks at"""


@dataclass(frozen=True)
class Viewer:
    """A caller of a stream: what is asked for, and what the caller may see of it."""

    officer_id: str
    view: View
    queue: bool
    """whether the caller wants the work items"""
    drafts: bool
    breaches: bool
    figures_within: Within | None
    """the cases whose breaches the caller sees"""
    cases: frozenset[str]
    """cases that the caller follows, by their own numbers"""
    outside: frozenset[str]
    """those of them that the caller reads with a reason"""
    districts: frozenset[str] | None
    """districts that the caller answered for when the stream began; None where they do not matter"""
    rights: str
    """a mark of all rights above; a caller whose mark differs has other ones"""

    def follows(self, case_no: str | None, place: CasePlace | None) -> bool:
        """Return whether the caller follows a case, and is still responsible for it."""
        return case_no in self.cases and (case_no in self.outside or covers(self.view.within, place))


class StreamChange(Protocol):
    """Something that happened, and the event of it for each caller."""

    @property
    def about(self) -> str:
        """Return what the event is about."""
        ...

    @property
    def kind(self) -> str:
        """Return the kind of the event."""
        ...

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for a caller, or None if the caller does not see it."""
        ...


def encoded(event: FrozenModel) -> bytes:
    """Return an event as it is sent."""
    return event.model_dump_json().encode()


@dataclass(frozen=True, slots=True)
class ItemChange:
    """A work item before and after."""

    about: str
    before: ItemLine | None
    after: ItemLine
    shown: bytes
    gone: bytes
    kind: str = "task"

    @classmethod
    def of(cls, before: ItemLine | None, after: ItemLine, shown: TaskEvent) -> "ItemChange":
        """Return the change of an item that is shown so."""
        gone = shown.model_copy(update={"data": None})
        return cls(shown.id, before, after, encoded(shown), encoded(gone))

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the item, or that the caller does not see it any more."""
        if not viewer.queue:
            return None
        saw = self.before is not None and viewer.view.sees(self.before)
        if viewer.view.sees(self.after) or (saw and self.after.state is TaskState.CLOSED):
            return self.shown
        return self.gone if saw else None


@dataclass(frozen=True, slots=True)
class CaseGrowth:
    """A log of a case that grew."""

    about: str
    place: CasePlace | None
    body: bytes
    kind: str = "case"

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for a caller who follows the case."""
        return self.body if viewer.follows(self.about, self.place) else None


@dataclass(frozen=True, slots=True)
class DraftMove:
    """A draft that got another owner, or ended."""

    about: str
    draft_id: UUID
    owners: frozenset[str | None]
    """who had it, and who has it; None for a missed call that waits for any officer"""
    body: bytes
    kind: str = "draft"

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for its owners, and for all who take missed calls if it waits or waited."""
        return self.body if viewer.drafts and (None in self.owners or viewer.officer_id in self.owners) else None


@dataclass(frozen=True, slots=True)
class NewNotices:
    """Notices of work items that were written for one officer."""

    about: str
    """the officer"""
    body: bytes
    kind: str = "notice"

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for that officer."""
        return self.body if viewer.queue and viewer.officer_id == self.about else None


@dataclass(frozen=True, slots=True)
class CaseDeadline:
    """A deadline of a case that passed."""

    about: str
    case_no: str
    place: CasePlace | None
    body: bytes
    kind: str = "deadline"

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for all who are responsible for the case, and those who follow it."""
        seen = viewer.queue and covers(viewer.view.within, self.place)
        return self.body if seen or viewer.follows(self.case_no, self.place) else None


@dataclass(frozen=True, slots=True)
class ItemDeadline:
    """A time of a work item that passed."""

    about: str
    line: ItemLine
    body: bytes
    kind: str = "deadline"

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for all who see the item."""
        return self.body if viewer.queue and viewer.view.sees(self.line) else None


@dataclass(frozen=True, slots=True)
class StageBreach:
    """A stage that passed its target."""

    about: str
    place: CasePlace | None
    body: bytes
    kind: str = "deadline"

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for those who read the figures of the case."""
        return self.body if viewer.breaches and covers(viewer.figures_within, self.place) else None


@dataclass(frozen=True, slots=True)
class PresenceChange:
    """A case or a work item at which others look now.

    It is not kept, because a stream begins with all of it.
    """

    about: str
    line: ItemLine | None
    """the item, if it is one that is known"""
    body: bytes
    kind: str = "presence"

    def body_for(self, viewer: Viewer) -> bytes | None:
        """Return the event for those who follow the case or see the item."""
        if self.line is not None:
            return self.body if viewer.queue and viewer.view.sees(self.line) else None
        return self.body if self.about.removeprefix(CASE) in viewer.cases else None


class KeptEvents:
    """The newest changes of one process, with their numbers."""

    def __init__(self, most: int) -> None:
        self._kept: deque[StreamChange] = deque(maxlen=most)
        self.last = 0
        """the number of the newest change"""

    def add(self, change: StreamChange) -> int:
        """Keep a change, and return its number."""
        self.last += 1
        self._kept.append(change)
        return self.last

    def gap(self, number: int) -> ResetCause | None:
        """Return why a caller who has everything up to a number cannot go on, or None."""
        if number > self.last:
            return ResetCause.UNKNOWN
        return ResetCause.GAP if number < self.last - len(self._kept) else None

    def after(self, number: int, viewer: Viewer) -> Iterator[tuple[str, Sent]]:
        """Yield the events of a caller after a number, in order, with what they are about."""
        first = self.last - len(self._kept) + 1
        begin = max(0, number + 1 - first)
        for place, change in enumerate(islice(self._kept, begin, None), begin):
            body = change.body_for(viewer)
            if body is not None:
                yield change.about, Sent(first + place, change.kind, body)
