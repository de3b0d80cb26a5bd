"""Gauges of the whole database's figures, which each process reads when its metrics page is asked for."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

import asyncpg

from activities.metrics import METRICS
from db.case import ledger
from db.people import drafts
from db.pool import Connection, Pool
from db.recovery import due_documents, hold_views
from db.work_items import task_views

log = logging.getLogger(__name__)

GOOD_SECONDS: Final = 5.0
READ_SECONDS: Final = 0.5
"""well below the limit of the process that joins the pages"""


async def read_backlog(connection: Connection) -> None:
    """Set the gauges of due restorations."""
    waiting = await due_documents.backlog(connection)
    METRICS.restoration_backlog(waiting.rows, waiting.lag_seconds)


async def read_all(connection: Connection) -> None:
    """Set the gauges of money, open work items, releases and missed calls that wait, and due restorations."""
    METRICS.stock(await ledger.paise_by_bucket(connection), await task_views.open_by_kind(connection))
    METRICS.braked_releases(*await hold_views.waiting_sums(connection))
    METRICS.missed_calls(await drafts.waiting_calls(connection))
    await read_backlog(connection)


class DatabaseGauges:
    """Gauges read from the database at most every few seconds, however often the page is asked for."""

    def __init__(self, read: Callable[[Connection], Awaitable[None]] = read_all) -> None:
        self._read = read
        self._read_at = -GOOD_SECONDS
        self._lock = asyncio.Lock()

    async def refresh(self, pool: Pool) -> None:
        """Update the gauges. They keep their values if the database is down or slow, or while they are being read."""
        if self._lock.locked():
            return
        async with self._lock:
            if time.monotonic() - self._read_at < GOOD_SECONDS:
                return
            try:
                async with asyncio.timeout(READ_SECONDS), pool.acquire() as connection:
                    await self._read(connection)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("gauges not read: %s", type(error).__name__)
            self._read_at = time.monotonic()
