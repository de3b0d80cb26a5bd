"""The streams of officers in one process. Each change is read once, and goes to all whose caller sees it.

Notifications of the database say which cases, work items and drafts changed. The times of work items pass by a clock of
this process. A slow round over all open items finds what no notification told.
"""

import asyncio
import logging
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import asyncpg

from activities.context import Context
from api.problems import TOO_MANY, Refused
from api.reporting.open_items import OpenItems
from api.reporting.presence import Presences
from api.reporting.stream_changes import StreamChanges
from api.reporting.stream_events import (
    CASE,
    TASK,
    ItemChange,
    KeptEvents,
    Pace,
    PresenceChange,
    Sent,
    StreamChange,
    Viewer,
    WaitingEvents,
    encoded,
)
from api.streams import CASE_EVENTS, Listener
from db.privacy import jurisdiction
from db.work_items import notice_settings, task_notices, task_views, work_item_lines
from schemas.work_items.officer_streams import (
    CaseChange,
    CaseEvent,
    CountsEvent,
    OpeningEvent,
    PresenceEvent,
    QueueTotals,
    ResetCause,
    ResetEvent,
    StreamEnd,
    StreamOpening,
)

log = logging.getLogger("goldenhour.api")

TICK_SECONDS: Final = 1.0
LEFT_SECONDS: Final = 60.0
"""time for which events are kept after the last stream has ended"""
AFTER_AN_ERROR_SECONDS: Final = 1.0
LOAD_WAIT_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Asked:
    """The request of a caller."""

    topics: tuple[str, ...]
    """each case by its own number"""
    position: str | None
    log_ends: Mapping[str, int]
    """the last events of the logs of the cases"""


class OfficerStream:
    """One stream of a caller."""

    def __init__(self, viewer: Viewer, waiting: WaitingEvents) -> None:
        self.viewer = viewer
        self.waiting = waiting


class OfficerStreams:
    """The streams of officers in this process."""

    def __init__(self, ctx: Context, listener: Listener) -> None:
        self._ctx = ctx
        self._listener = listener
        self._rules = ctx.policy.officer_streams
        waiting = ctx.policy.doors.waiting
        self._most, self._most_of_one = waiting.streams, waiting.streams_of_one
        all_per_second = self._rules.all_sends_per_second
        self._pace_of_all = Pace(all_per_second, all_per_second)
        self._streams: set[OfficerStream] = set()
        self._of_one: Counter[str] = Counter()
        self._left_at = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._loaded = asyncio.Event()
        self._forget()

    def _forget(self) -> None:
        """Forget everything that is known. Positions of before are unknown from then on."""
        self._loaded.clear()
        self._epoch = secrets.token_hex(4)
        self._items = OpenItems()
        self._presences = Presences(self._rules.presence_seconds)
        self._kept = KeptEvents(self._rules.kept_events)
        self._changes = StreamChanges(self._ctx, self._items, self._publish)

    # -- callers -------------------------------------------------------------------------------------------------------

    async def listening(self) -> None:
        """Wait until every later change comes to the streams. Raises TimeoutError, and as the database does."""
        await self._listener.listening(CASE_EVENTS, self._heard_case, self._missed)
        await self._listener.listening(work_item_lines.CHANGED, self._heard_items, self._missed)
        await self._listener.listening(task_views.DRAFT_CHANGED, self._heard_draft, self._missed)
        await self._listener.listening(task_notices.CHANGED, self._heard_notices, self._missed)
        await self._listener.listening(notice_settings.CHANNEL, self._heard_presence, self._missed)
        self._left_at = asyncio.get_running_loop().time()
        if all(task.done() for task in self._tasks):
            self._tasks = [asyncio.create_task(self._follow()), asyncio.create_task(self._tick_for_ever())]
        async with asyncio.timeout(LOAD_WAIT_SECONDS):
            await self._loaded.wait()

    @contextmanager
    def opened(self, viewer: Viewer, asked: Asked) -> Iterator[OfficerStream]:
        """Have a stream while the block runs. Raises `Refused` if there are too many."""
        if len(self._streams) >= self._most or self._of_one[viewer.officer_id] >= self._most_of_one:
            raise Refused(TOO_MANY, f"at most {self._most} streams at once, {self._most_of_one} of one caller")
        pace = Pace(self._rules.sends_at_once, self._rules.sends_per_second, self._pace_of_all)
        stream = OfficerStream(viewer, WaitingEvents(self._rules.waiting_max, pace))
        if viewer.queue:
            self._items.use(viewer.view)
        self._changes.follow(asked.log_ends)
        for about, event in self.beginning(viewer, asked):
            stream.waiting.offer(about, event)
        self._streams.add(stream)
        self._of_one[viewer.officer_id] += 1
        try:
            yield stream
        finally:
            self._streams.discard(stream)
            self._of_one -= Counter((viewer.officer_id,))
            if viewer.queue:
                self._items.leave(viewer.view)
            self._changes.unfollow(viewer.cases)
            self._left_at = asyncio.get_running_loop().time()

    def position(self, viewer: Viewer, number: int) -> str:
        """Return the position of a caller who has every event up to a number."""
        return f"{self._epoch}.{viewer.rights}.{number}"

    def beginning(self, viewer: Viewer, asked: Asked) -> Iterator[tuple[str, Sent]]:
        """Yield the first events of a stream: those after the position, or that the caller must read again."""
        number, why = self._place_of(viewer, asked.position)
        missed = {} if why else {(item.kind, about): (about, item) for about, item in self._kept.after(number, viewer)}
        if len(missed) > self._rules.waiting_max // 2:
            why = ResetCause.GAP
        yield "", self._opening(asked.topics, number if why is None else self._kept.last, resumed=why is None)
        if why is None:
            # By number, so that the last one sent says what the caller has.
            yield from sorted(missed.values(), key=lambda item: item[1].number or 0)
        else:
            yield "", self._passing(ResetEvent(id="", version=self._changes.version(), data=why))
        for case_no, last in asked.log_ends.items():
            # A caller that read the case before the stream began sees by it whether the case has changed since. It
            # never takes the place of a missed event, whose number says what the caller has.
            data = CaseChange(case_ack_no=case_no, newest=())
            yield CASE + case_no, self._passing(CaseEvent(id=case_no, version=last, data=data))
        if viewer.queue:
            yield "", self._counts(viewer)
        for subject in list(self._presences.subjects()):
            yield from self._present(subject, viewer)

    async def close(self) -> None:
        """End every stream."""
        for stream in self._streams:
            stream.waiting.end(StreamEnd.STOPPING)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def counts_until(self) -> datetime:
        """Return until when a call of presence counts that comes now."""
        return self._ctx.now() + timedelta(seconds=self._rules.presence_seconds)

    def looks(self, session: str, subject: str) -> bool:
        """Return whether a session is known to look at a subject."""
        return self._presences.looks(session, subject)

    def _place_of(self, viewer: Viewer, position: str | None) -> tuple[int, ResetCause | None]:
        if position is None:
            return 0, ResetCause.NEW
        epoch, rights, number = position.split(".")
        if epoch != self._epoch:
            return 0, ResetCause.UNKNOWN
        if rights != viewer.rights:
            return 0, ResetCause.RIGHTS
        return int(number), self._kept.gap(int(number))

    # -- events that are not kept --------------------------------------------------------------------------------------

    def _passing(self, event: OpeningEvent | ResetEvent | CaseEvent | CountsEvent | PresenceEvent) -> Sent:
        return Sent(None, event.kind, encoded(event))

    def _opening(self, topics: tuple[str, ...], number: int, *, resumed: bool) -> Sent:
        data = StreamOpening(
            server_time=self._ctx.now(),
            topics=topics,
            resumed=resumed,
            clock_seconds=self._rules.clock_seconds,
            presence_seconds=self._rules.presence_seconds,
        )
        event = OpeningEvent(id="", version=self._changes.version(), data=data)
        return Sent(number, event.kind, encoded(event))

    def _counts(self, viewer: Viewer) -> Sent:
        data = QueueTotals(kinds=self._items.kinds(viewer.view), mine=self._items.mine(viewer.officer_id))
        return self._passing(CountsEvent(id="", version=self._changes.version(), data=data))

    def _present(self, subject: str, viewer: Viewer) -> Iterator[tuple[str, Sent]]:
        change = self._presence_of(subject)
        body = change.body_for(viewer)
        if body is not None:
            yield subject, Sent(None, change.kind, body)

    def _presence_of(self, subject: str) -> PresenceChange:
        event = PresenceEvent(id=subject, version=self._changes.version(), data=self._presences.of(subject))
        known = self._items.get(int(subject.removeprefix(TASK))) if subject.startswith(TASK) else None
        return PresenceChange(subject, known.line if known else None, encoded(event))

    # -- what changed --------------------------------------------------------------------------------------------------

    def _publish(self, change: StreamChange) -> None:
        """Keep a change, and give it to every stream whose caller sees it."""
        number = self._kept.add(change)
        for stream in self._streams:
            body = change.body_for(stream.viewer)
            if body is not None:
                stream.waiting.offer(change.about, Sent(number, change.kind, body))
        # Who looks at a work item may have been heard before the item was read.
        if isinstance(change, ItemChange) and change.before is None:
            subject = TASK + change.about
            if self._presences.is_looked_at(subject):
                self._tell_presence({subject})

    def _tell_presence(self, subjects: set[str]) -> None:
        for subject in sorted(subjects):
            change = self._presence_of(subject)
            for stream in self._streams:
                body = change.body_for(stream.viewer)
                if body is not None:
                    stream.waiting.offer(subject, Sent(None, change.kind, body))

    @property
    def _is_idle(self) -> bool:
        return not self._tasks

    def _heard_case(self, payload: str) -> None:
        if not self._is_idle:
            self._changes.case(payload)

    def _heard_items(self, payload: str) -> None:
        if not self._is_idle:
            self._changes.items(int(item_id) for item_id in payload.split(","))

    def _heard_draft(self, payload: str) -> None:
        if not self._is_idle:
            self._changes.draft(payload)

    def _heard_notices(self, payload: str) -> None:
        if not self._is_idle:
            self._changes.notices(payload)

    def _heard_presence(self, payload: str) -> None:
        if not self._is_idle:
            self._tell_presence(self._presences.hear(payload, self._ctx.now()))

    def _missed(self) -> None:
        """Read everything again, because notifications may have been lost."""
        if not self._is_idle:
            self._changes.everything()

    # -- the work of this process --------------------------------------------------------------------------------------

    async def _follow(self) -> None:
        """Read what changes, until no stream is left for a while."""
        while True:
            try:
                await self._changes.load()
                self._loaded.set()
                await self._changes.read_for_ever()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("reading changes for streams failed: %s", type(error).__name__)
                self._changes.everything()
                await asyncio.sleep(AFTER_AN_ERROR_SECONDS)

    async def _tick_for_ever(self) -> None:
        """Let times pass once a second, and to the moment where a time of a work item is known."""
        loop = asyncio.get_running_loop()
        look_at = loop.time()
        while not self._is_left(loop.time()):
            self._changes.pass_times(self._ctx.now())
            if loop.time() >= look_at:
                look_at = loop.time() + TICK_SECONDS
                await self._look()
            await asyncio.sleep(max(0.0, min(look_at - loop.time(), self._seconds_to_next(self._ctx.now()))))
        for task in self._tasks:
            if task is not asyncio.current_task():
                task.cancel()
        self._tasks = []
        self._forget()

    def _is_left(self, now: float) -> bool:
        return not self._streams and now - self._left_at > LEFT_SECONDS

    def _seconds_to_next(self, now: datetime) -> float:
        at = self._items.next_time()
        return TICK_SECONDS if at is None else (at - now) / timedelta(seconds=1)

    async def _look(self) -> None:
        self._tell_presence(self._presences.expire(self._ctx.now()))
        self._tell_counts()
        try:
            await self._end_of_other_districts()
            await self._changes.look(breaches=any(stream.viewer.breaches for stream in self._streams))
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # Without the database no stream gets an event either.
            log.warning("a look for streams failed: %s", type(error).__name__)

    def _tell_counts(self) -> None:
        changed = self._items.changed_views()
        for stream in self._streams:
            if stream.viewer.queue and stream.viewer.view in changed:
                stream.waiting.offer("", self._counts(stream.viewer))

    async def _end_of_other_districts(self) -> None:
        """End the streams of callers who answer for other districts than when their stream began."""
        confined = [stream for stream in self._streams if stream.viewer.districts is not None]
        if not confined:
            return
        async with self._ctx.pool.acquire() as connection:
            districts = await jurisdiction.all_districts(connection, {stream.viewer.officer_id for stream in confined})
        for stream in confined:
            if districts.get(stream.viewer.officer_id, frozenset()) != stream.viewer.districts:
                stream.waiting.end(StreamEnd.RIGHTS)
