"""Changes for the streams of officers: read in batches after notifications, or brought by time alone."""

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

import orjson

from activities.context import Context
from activities.reporting.stage_figures import targets
from api.reporting.open_items import OpenItems
from api.reporting.stream_events import (
    CaseDeadline,
    CaseGrowth,
    DraftMove,
    ItemChange,
    ItemDeadline,
    NewNotices,
    Pace,
    StageBreach,
    StreamChange,
    encoded,
)
from db.pool import Connection
from db.privacy import jurisdiction
from db.reporting import stage_cases
from db.reporting.stage_times import WAITING, Targets
from db.work_items import task_views, work_item_lines
from db.work_items.work_item_lines import ItemLine, LoggedEvent
from schemas.events import EventKind
from schemas.privacy.personal_data import CasePlace
from schemas.work_items.officer_streams import (
    CaseChange,
    CaseEvent,
    DeadlineEvent,
    DeadlineKind,
    DeadlinePassed,
    DraftEvent,
    LogPlace,
    NoticeEvent,
    NoticesWritten,
    TaskEvent,
)

LOGGED: Final = {
    EventKind(kind.value): kind
    for kind in (
        DeadlineKind.LEVEL_REACHED,
        DeadlineKind.DUTY_OVERDUE,
        DeadlineKind.HOLD_WARNED,
        DeadlineKind.HOLD_LAPSED,
        DeadlineKind.RESTORATION_OVERDUE,
        DeadlineKind.GRIEVANCE_OVERDUE,
        DeadlineKind.TASK_UNOWNED,
    )
}
"""deadlines whose passing the engine logs"""
READS_AT_ONCE: Final = 5
READS_PER_SECOND: Final = 10.0
"""batches that are read without a pause, and in a second after those"""
CASES_OF_BATCH: Final = 200
ITEMS_OF_BATCH: Final = 1_000
LOAD_AT_ONCE: Final = 1_000
LOOK_AT_ONCE: Final = 200
"""open items that are read again each second, whether or not a notification came"""
LOG_NEWEST: Final = 20
TOLD_MAX: Final = 10_000
BREACHES_AT_ONCE: Final = 500


class StreamChanges:
    """Changes of the database, and those that time alone brings."""

    def __init__(self, ctx: Context, items: OpenItems, publish: Callable[[StreamChange], None]) -> None:
        self._ctx = ctx
        self._items = items
        self._publish = publish
        self._pace = Pace(READS_AT_ONCE, READS_PER_SECOND)
        self._wake = asyncio.Event()
        self._cases: set[str] = set()
        self._ids: set[int] = set()
        self._drafts: dict[UUID, set[str | None]] = {}
        """changed drafts, with their owners of before"""
        self._one_reading = asyncio.Lock()
        """An older reading that is taken later would open a closed item again."""
        self._is_loaded = False
        self._reads_everything = False
        self._floor = 0
        """id below which open items are not known, because there are too many"""
        self._looked_to = 0
        self._followed: Counter[str] = Counter()
        self._log_ends: dict[str, int] = {}
        """the last known event of each followed case"""
        self._tails: dict[str, deque[LogPlace]] = {}
        """the newest events of the followed cases"""
        self._told: OrderedDict[str, None] = OrderedDict()
        """deadlines that were told lately"""
        self._clock_offset = 0
        self._version = 0
        self._breaches_since: datetime | None = None
        self._breaches_at = 0.0

    # -- notifications -------------------------------------------------------------------------------------------------

    def case(self, case_no: str) -> None:
        """Read a case soon."""
        self._cases.add(case_no)
        self._wake.set()

    def items(self, task_ids: Iterable[int]) -> None:
        """Read work items soon."""
        self._ids.update(task_ids)
        self._wake.set()

    def draft(self, payload: str) -> None:
        """Read a draft soon."""
        draft_id, former = orjson.loads(payload)
        self._drafts.setdefault(UUID(draft_id), set()).add(former)
        self._wake.set()

    def notices(self, officer_id: str) -> None:
        """Tell an officer that there are new notices. They are read from their list alone."""
        event = NoticeEvent(id=officer_id, version=self.version(), data=NoticesWritten(at=self._ctx.now()))
        self._publish(NewNotices(officer_id, encoded(event)))

    def everything(self) -> None:
        """Read all open items soon, and the cases that are followed."""
        self._reads_everything = self._is_loaded
        self._cases |= self._followed.keys()
        self._wake.set()

    def follow(self, log_ends: Mapping[str, int]) -> None:
        """Tell of the logs of these cases, after these events, until `unfollow`."""
        self._followed.update(log_ends.keys())
        self._log_ends = {**log_ends, **self._log_ends}
        # What came between the reading of these ends and now was told to no stream of these cases.
        self._cases |= log_ends.keys()
        if log_ends:
            self._wake.set()

    def unfollow(self, case_nos: Collection[str]) -> None:
        """Tell no more of these cases for one caller."""
        self._followed.subtract(case_nos)
        for case_no in case_nos:
            if not self._followed[case_no]:
                del self._followed[case_no], self._log_ends[case_no]
                self._tails.pop(case_no, None)

    def version(self) -> int:
        """Return a number for what is known now, larger than those of all earlier readings."""
        now = int(asyncio.get_running_loop().time() * 1_000_000) + self._clock_offset
        self._version = max(self._version + 1, now)
        return self._version

    # -- reading -------------------------------------------------------------------------------------------------------

    async def load(self) -> None:
        """Read the open items for the first time. This tells nothing."""
        while not self._is_loaded:
            async with self._ctx.pool.acquire() as connection:
                lines = await work_item_lines.part(connection, await self._begin(connection), LOAD_AT_ONCE)
            for line in lines:
                self._items.put(line, self._ctx.now())
            self._set_clock(lines)
            self._looked_to = lines[-1].task_id if lines else 0
            self._is_loaded = len(lines) < LOAD_AT_ONCE

    async def read_for_ever(self) -> None:
        """Read what changed, in batches: at once after a pause, and not too often under load."""
        loop = asyncio.get_running_loop()
        while True:
            await self._wake.wait()
            await asyncio.sleep(self._pace.wait_seconds(loop.time()))
            self._pace.go(loop.time())
            self._wake.clear()
            if self._reads_everything:
                async with self._one_reading:
                    self._looked_to = 0
            while self._reads_everything:
                self._reads_everything = not await self._look_again(LOAD_AT_ONCE)
            await self._read()
            if self._cases or self._ids:
                self._wake.set()

    async def look(self, *, breaches: bool) -> None:
        """Read some items again, because what decides who sees them can change without a notification.

        With `breaches`, look also for stages that have passed their target.
        """
        if self._is_loaded:
            await self._look_again(LOOK_AT_ONCE)
        now = asyncio.get_running_loop().time()
        if not breaches:
            self._breaches_since = None
        elif now >= self._breaches_at:
            self._breaches_at = now + self._ctx.policy.officer_streams.breaches_seconds
            await self._look_for_breaches()

    async def _begin(self, connection: Connection) -> int:
        """Return the id after which the next items are read. A new round begins with the newest that are kept."""
        if not self._looked_to:
            self._floor = await work_item_lines.newest_but(connection, self._ctx.policy.officer_streams.items_max)
            self._items.forget_below(self._floor)
            self._looked_to = self._floor
        return self._looked_to

    async def _look_again(self, limit: int) -> bool:
        """Read the next items, and those of them that are not open any more. Return whether the round is over."""
        async with self._one_reading, self._ctx.pool.acquire() as connection:
            after = await self._begin(connection)
            lines = await work_item_lines.part(connection, after, limit)
            is_over = len(lines) < limit
            last = self._items.last_id() if is_over else lines[-1].task_id
            missing = {*self._items.between(after, last)} - {line.task_id for line in lines}
            lines += await work_item_lines.of(connection, missing, ()) if missing else []
            self._looked_to = 0 if is_over else last
            self._take(lines)
        return is_over

    async def _read(self) -> None:
        cases = {self._cases.pop() for _ in range(min(len(self._cases), CASES_OF_BATCH))}
        ids = {self._ids.pop() for _ in range(min(len(self._ids), ITEMS_OF_BATCH))}
        drafts, self._drafts = self._drafts, {}
        try:
            async with self._one_reading, self._ctx.pool.acquire() as connection:
                await self._read_items(connection, cases, ids)
                await self._read_logs(connection, cases)
                await self._read_drafts(connection, drafts)
        except BaseException:
            self._cases |= cases
            self._ids |= ids
            self._drafts = drafts | self._drafts
            raise

    async def _read_items(self, connection: Connection, cases: Collection[str], ids: Collection[int]) -> None:
        known = {*ids}.union(*(self._items.of_case(case_no) for case_no in cases))
        if known or cases:
            self._take(await work_item_lines.of(connection, known, cases))

    async def _read_logs(self, connection: Connection, cases: Collection[str]) -> None:
        if cases:
            known = {case_no: self._log_ends.get(case_no) for case_no in cases}
            events = await work_item_lines.logged(connection, known, LOGGED)
            self._take_events(events, await jurisdiction.places(connection, {event.case_no for event in events}))

    async def _read_drafts(self, connection: Connection, former: Mapping[UUID, Collection[str | None]]) -> None:
        for draft in await task_views.of(connection, former) if former else ():
            event = DraftEvent(id=str(draft.draft_id), version=self.version(), data=draft)
            owners = frozenset({*former[draft.draft_id], draft.owner})
            self._publish(DraftMove(event.id, draft.draft_id, owners, encoded(event)))

    def _set_clock(self, lines: Collection[ItemLine]) -> None:
        if lines:
            newest = max(line.read_at for line in lines)
            self._clock_offset = newest - int(asyncio.get_running_loop().time() * 1_000_000)

    # -- telling -------------------------------------------------------------------------------------------------------

    def pass_times(self, now: datetime) -> None:
        """Tell of the times of work items that have passed."""
        for passed in self._items.passed(now):
            line = passed.after.line
            data = DeadlinePassed(
                kind=passed.kind,
                at=passed.at,
                case_ack_no=line.case_no,
                task_id=line.task_id,
                about=line.acts.cause.value,
                institution=line.institution,
            )
            event = DeadlineEvent(id=f"task:{line.task_id}:{passed.kind}", version=self.version(), data=data)
            self._publish(ItemDeadline(event.id, line, encoded(event)))
            self._publish_item(line, line, self.version(), now)

    def _take(self, lines: Collection[ItemLine]) -> None:
        """Take items as they were read, and tell those that changed."""
        self._set_clock(lines)
        now = self._ctx.now()
        for line in lines:
            changed = self._items.put(line, now)
            if changed is not None:
                before, _ = changed
                self._publish_item(before.line if before else None, line, line.read_at, now)

    def _publish_item(self, before: ItemLine | None, line: ItemLine, version: int, now: datetime) -> None:
        shown = TaskEvent(id=str(line.task_id), version=version, data=line.shown(now))
        self._publish(ItemChange.of(before, line, shown))

    def _take_events(self, events: Collection[LoggedEvent], places: dict[str, CasePlace]) -> None:
        grown: set[str] = set()
        for logged in events:
            if logged.case_no in self._followed:
                tail = self._tails.setdefault(logged.case_no, deque(maxlen=LOG_NEWEST))
                tail.append(LogPlace(seq=logged.seq, kind=logged.kind))
                self._log_ends[logged.case_no] = logged.seq
                grown.add(logged.case_no)
            if logged.kind in LOGGED and self._is_news(f"{logged.case_no}:{logged.seq}"):
                self._tell_logged(logged, places.get(logged.case_no))
        for case_no in grown:
            newest = tuple(self._tails[case_no])
            event = CaseEvent(id=case_no, version=newest[-1].seq, data=CaseChange(case_ack_no=case_no, newest=newest))
            self._publish(CaseGrowth(case_no, places.get(case_no), encoded(event)))

    def _tell_logged(self, logged: LoggedEvent, place: CasePlace | None) -> None:
        data = DeadlinePassed(
            kind=LOGGED[logged.kind],
            at=logged.at,
            case_ack_no=logged.case_no,
            task_id=logged.task_id,
            about=logged.about,
            institution=logged.institution,
        )
        event = DeadlineEvent(id=f"case:{logged.case_no}:{logged.seq}", version=self.version(), data=data)
        self._publish(CaseDeadline(event.id, logged.case_no, place, encoded(event)))

    def _is_news(self, deadline: str) -> bool:
        if deadline in self._told:
            return False
        self._told[deadline] = None
        if len(self._told) > TOLD_MAX:
            self._told.popitem(last=False)
        return True

    async def _look_for_breaches(self) -> None:
        """Tell of the stages that have passed their target since the last look."""
        now = self._ctx.now()
        since, self._breaches_since = self._breaches_since, now
        if since is None:
            return
        rules = self._ctx.policy.figures.stages
        async with self._ctx.pool.acquire() as connection:
            breaches = await stage_cases.breached(
                connection,
                since,
                now,
                Targets.of(targets(self._ctx)),
                {stage: rules[stage].late_by for stage in WAITING},
                BREACHES_AT_ONCE,
            )
            places = await jurisdiction.places(connection, {breach.case_ack_no for breach in breaches})
        for breach in breaches:
            assert breach.due_at is not None, "a breach has a target"
            data = DeadlinePassed(
                kind=DeadlineKind.BREACH,
                at=breach.due_at,
                case_ack_no=breach.case_ack_no,
                about=breach.stage.value,
                institution=breach.institution,
            )
            about = f"{breach.stage.value}:{breach.case_ack_no}:{breach.subject}"
            event = DeadlineEvent(id=about, version=self.version(), data=data)
            self._publish(StageBreach(about, places.get(breach.case_ack_no), encoded(event)))
