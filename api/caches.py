"""Limits and caches of the figures and packs that one API process computes."""

import asyncio
import gzip
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final, TypeVar
from weakref import WeakValueDictionary

import asyncpg
import orjson

from activities.context import Context
from activities.reporting import outcomes, wall
from activities.reporting.scorecards import CallDesk
from api.officers.scripts import RecentReads
from api.problems import TOO_MANY, Kind, Refused
from db.case import case_views
from db.databases import Storage, storage_state
from db.pool import Pool
from db.reporting import scorecards
from db.reporting.outcomes import Period
from db.reporting.scorecards import Span
from domain.case.trail_layout import layout_fields
from schemas.case.trail_layout import TrailDetail
from schemas.reporting.figures import FigureGroup, OutcomeReport
from schemas.reporting.scorecards import AllBanks, ScorecardBy, ScorecardPage, Scores
from schemas.reporting.wall import Wall

log = logging.getLogger("goldenhour.api")
T = TypeVar("T")

EVIDENCE_AT_ONCE: Final = 2
"""Packs that one process writes at a time. A pack reads a whole case, and is a file until it is sent."""
SCORECARDS_AT_ONCE: Final = 2
"""Scorecards that one process computes at once. Further ones wait, because banks' answers need the database more."""
MEAN_GOOD_SECONDS: Final = 900.0
"""age at which the figures of all banks together are read again"""
MEAN_READ_SECONDS: Final = 5.0
MEAN_OF_MIN: Final = 50
"""due requests below which all banks together are no measure"""
OUTCOMES_AT_ONCE: Final = 1
"""Reports that one process computes at once. Further ones wait, because daily work needs the database more."""
STAGES_AT_ONCE: Final = 2
"""Figures of stages that one process computes at once. Further ones wait, as for scorecards."""
TABLES_AT_ONCE: Final = 2
"""Tables of cases that one process writes at once. Further ones wait, because one may have 40,000 rows."""
TABLES_WAIT_SECONDS: Final = 20.0
LAYOUTS_AT_ONCE: Final = 2
"""Trails that one process reads and lays out at once. Further ones wait, because one may have 36,000 hops."""
LAYOUTS_MAX: Final = 32
"""layouts that one process keeps"""
GZIP_LEVEL: Final = 1
"""a fifth of the size; the highest level would make it a fifth smaller still, in three times the time"""
WALL_NOW_SECONDS: Final = 1.0
WALL_RECENT_SECONDS: Final = 60.0
WALL_WEEKS_SECONDS: Final = 900.0
"""ages at which the wall's parts are read again; the weeks read every case of ninety days"""
WALL_READ_SECONDS: Final = 30.0
STORAGE_GOOD_SECONDS: Final = 5.0
STORAGE_READ_SECONDS: Final = 2.0

TOO_MUCH_TO_COUNT: Final = Kind("too-much-to-count", 503, "Counting took too long; ask for a shorter time")


class EvidenceJobs:
    """Limit on the packs that are written at once. One for the process."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(EVIDENCE_AT_ONCE)


class TableJobs:
    """Limit on the tables of cases that are written at once, one of each officer. One for the process."""

    def __init__(self) -> None:
        self._places = asyncio.Semaphore(TABLES_AT_ONCE)
        self._own: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, caller: str) -> AsyncIterator[None]:
        """Wait for a place. Raises `Refused` if the wait is too long.

        A caller waits until an earlier table of the same caller is written, so that no one takes every place.
        """
        own = self._own.setdefault(caller, asyncio.Lock())
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(TABLES_WAIT_SECONDS):
                    await held.enter_async_context(own)
                    await held.enter_async_context(self._places)
            except TimeoutError:
                raise Refused(TOO_MANY, "other tables are being written; try again in a moment") from None
            yield


class StorageCache:
    """State of the database's storage, tried at most every few seconds, however often readiness is asked for."""

    def __init__(self) -> None:
        self._read_at = -STORAGE_GOOD_SECONDS
        self._state = Storage.OK
        self._lock = asyncio.Lock()

    async def state(self, pool: Pool) -> Storage:
        """Return the last known state; a try that does not end in time leaves it as it is."""
        async with self._lock:
            if time.monotonic() - self._read_at < STORAGE_GOOD_SECONDS:
                return self._state
            try:
                async with asyncio.timeout(STORAGE_READ_SECONDS), pool.acquire() as connection:
                    self._state = await storage_state(connection)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("storage not tried: %s", type(error).__name__)
            self._read_at = time.monotonic()
            return self._state


class ScorecardCache:
    """Limit on the scorecards that are computed at once. The call list does not wait for them."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seats = asyncio.Semaphore(SCORECARDS_AT_ONCE)
        self.desk = CallDesk(ctx)
        self._mean: AllBanks | None = None
        self._mean_at = 0.0
        self._mean_lock = asyncio.Lock()

    async def page(
        self, over: Span, by: ScorecardBy | None, institution: str | None, after: str | None, limit: int
    ) -> ScorecardPage:
        """Return a page of scorecards, all from one database snapshot."""
        async with (
            self._seats,
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await scorecards.page(connection, over, by, institution, after, limit)

    async def mean(self, over: Span) -> AllBanks:
        """Return the figures of all banks together, at most `MEAN_GOOD_SECONDS` old.

        They are read from the whole period, so no page of a bank may read them by itself. If they cannot be read in
        time, the last ones stay, because what waits for a bank must not wait for a comparison.
        """
        async with self._mean_lock:
            if self._mean is None or time.monotonic() - self._mean_at >= MEAN_GOOD_SECONDS:
                try:
                    async with asyncio.timeout(MEAN_READ_SECONDS):
                        self._mean = await self._read_mean(over)
                except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                    log.warning("the figures of all banks are not read: %s", type(error).__name__)
                    self._mean = self._mean or AllBanks()
                self._mean_at = time.monotonic()
            return self._mean

    async def _read_mean(self, over: Span) -> AllBanks:
        async with (
            self._seats,
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return _together((await scorecards.by_class(connection, over)).values())


def _together(classes: Collection[Scores]) -> AllBanks:
    due, silent = sum(scores.due for scores in classes), sum(scores.silent for scores in classes)
    held, reachable = sum(scores.held_paise for scores in classes), sum(scores.reachable_paise for scores in classes)
    if due < MEAN_OF_MIN:
        return AllBanks()
    return AllBanks(answered_of_due=1 - silent / due, held_of_reachable=held / reachable if reachable else None)


class OutcomeCache:
    """Limit on the reports that are computed at once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seats = asyncio.Semaphore(OUTCOMES_AT_ONCE)

    async def report(self, period: Period, by: FigureGroup | None) -> OutcomeReport:
        """Return the figures, all from one database snapshot. Raises `Refused` if there is too much to count."""
        async with self._seats:
            try:
                return await outcomes.read(self._ctx, period, by)
            except TimeoutError:
                raise Refused(TOO_MUCH_TO_COUNT) from None


class TrailCache:
    """Layouts of money trails, as JSON with gzip. A case that has not changed is laid out once.

    A layout of 36,000 hops is 5 MB without gzip, which a slow line would carry for seconds.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._seats = asyncio.Semaphore(LAYOUTS_AT_ONCE)
        self._bodies: dict[tuple[str, int, TrailDetail, int], bytes] = {}
        """by case, version, detail and legs; the last used ones stand last"""

    async def body(self, case_no: str, detail: TrailDetail, legs: int) -> bytes:
        """Return the layout of a case as of now, with gzip."""
        async with self._seats:
            return await self._current_body(case_no, detail, legs)

    async def _current_body(self, case_no: str, detail: TrailDetail, legs: int) -> bytes:
        async with (
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            version = await case_views.version(connection, case_no)
            key = (case_no, version, detail, legs)
            body = self._bodies.pop(key, None)
            stored = None if body is not None else await case_views.stored_trail(connection, case_no)
        if body is None:
            assert stored is not None, "it is read where no body is kept"
            # A large trail takes long enough to be computed beside other requests.
            body = await asyncio.to_thread(_laid_out, case_no, version, stored, detail, legs)
        self._bodies[key] = body
        if len(self._bodies) > LAYOUTS_MAX:
            del self._bodies[next(iter(self._bodies))]
        return body


def _laid_out(case_no: str, version: int, stored: case_views.StoredTrail, detail: TrailDetail, legs: int) -> bytes:
    """Return a `TrailLayoutView` as JSON with gzip."""
    picture = layout_fields(stored.hops(), detail, legs)
    data = orjson.dumps({"case_ack_no": case_no, "version": version, "picture": picture})
    return gzip.compress(data, GZIP_LEVEL, mtime=0)


class WallCache:
    """The wall's parts, each read at most once in its time, however many displays ask.

    A part that cannot be read stays as it was, and says of when it is.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._now = _kept(wall.read_now, WALL_NOW_SECONDS, ctx)
        self._recent = _kept(wall.read_recent, WALL_RECENT_SECONDS, ctx)
        self._weeks = _kept(wall.read_weeks, WALL_WEEKS_SECONDS, ctx)

    async def wall(self) -> Wall:
        """Return all parts. Raises `Refused` while one was never read."""
        current, recent, weeks = await asyncio.gather(self._now.get(""), self._recent.get(""), self._weeks.get(""))
        return Wall(now=self._ctx.now(), current=current, recent=recent, weeks=weeks)


def _kept(read: Callable[[Context], Awaitable[T]], seconds: float, ctx: Context) -> RecentReads[str, T]:
    """Return the reads of one part. Where a read fails, the last good one stays."""
    last: list[T] = []

    async def part(_: str) -> T:
        try:
            async with asyncio.timeout(WALL_READ_SECONDS):
                last[:] = [await read(ctx)]
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("a part of the wall is not read: %s", type(error).__name__)
            if not last:
                raise Refused(TOO_MUCH_TO_COUNT) from None
        return last[0]

    return RecentReads(part, seconds)


class StageCache:
    """Limit on the figures of stages, and on the lists behind them, that are computed at once."""

    def __init__(self) -> None:
        self._seats = asyncio.Semaphore(STAGES_AT_ONCE)

    async def computed(self, work: Callable[[], Awaitable[T]]) -> T:
        """Wait for a place, and return the result. Raises `Refused` if there is too much to count."""
        async with self._seats:
            try:
                return await work()
            except TimeoutError:
                raise Refused(TOO_MUCH_TO_COUNT) from None
