"""Limits and caches of the figures and packs that one API process computes."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

import asyncpg

from activities.context import Context
from activities.reporting import outcomes
from activities.reporting.scorecards import CallDesk
from api.problems import Kind, Refused
from db.database_state import Storage, storage_state
from db.pool import Pool
from db.reporting import scorecards
from db.reporting.outcomes import Period
from db.reporting.scorecards import Span
from schemas.reporting.outcomes import FigureGroup, OutcomeReport
from schemas.reporting.scorecards import ScorecardBy, ScorecardPage

log = logging.getLogger("goldenhour.api")
T = TypeVar("T")

EVIDENCE_AT_ONCE: Final = 2
"""Packs that one process writes at a time. A pack reads a whole case, and is a file until it is sent."""
SCORECARDS_AT_ONCE: Final = 2
"""Scorecards that one process computes at once. Further ones wait, because banks' answers need the database more."""
OUTCOMES_AT_ONCE: Final = 1
"""Reports that one process computes at once. Further ones wait, because daily work needs the database more."""
STAGES_AT_ONCE: Final = 2
"""Figures of stages that one process computes at once. Further ones wait, as for scorecards."""
STORAGE_GOOD_SECONDS: Final = 5.0
STORAGE_READ_SECONDS: Final = 2.0

TOO_MUCH_TO_COUNT: Final = Kind("too-much-to-count", 503, "Counting took too long; ask for a shorter time")


class EvidenceJobs:
    """Limit on the packs that are written at once. One for the process."""

    def __init__(self) -> None:
        self.places = asyncio.Semaphore(EVIDENCE_AT_ONCE)


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
