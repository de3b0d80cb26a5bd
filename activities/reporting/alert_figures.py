"""Gauges that alerts are made of. Read at most every half minute, because a person acts within minutes."""

import asyncio
import logging
import math
import time
from typing import Final

import asyncpg
from prometheus_client import CollectorRegistry, Gauge

from activities.context import Context
from activities.metrics import METRICS
from db.database_state import Storage
from db.reporting import alert_figures
from db.reporting.alert_figures import AlertFigures, DutyBacklog
from schemas.restoration_enums import DutyKind

log = logging.getLogger("goldenhour.alert_figures")

GAUGES_GOOD_SECONDS: Final = 30.0
GAUGES_READ_SECONDS: Final = 2.0
"""below the time after which Prometheus gives a page up"""
AWAY: Final = "away"
"""state of the storage of a database that does not answer in time"""
_NONE_OPEN: Final = DutyBacklog(soon=0, overdue=0)


class AlertGauges:
    """Gauges of what waits, what is late, and what has failed. A figure not read yet is NaN or absent."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, help_text: str, *labels: str) -> Gauge:
            return Gauge(f"goldenhour_{name}", help_text, labels, registry=registry)

        self._requests = gauge(
            "requests_waiting",
            "Hold requests of the last two days without a job id: `unsent` if no channel has tried yet.",
            "state",
        )
        self._oldest = gauge(
            "oldest_unsent_request_seconds", "How long the oldest unsent hold request waits; 0 if none does."
        )
        self._duties = gauge(
            "duties_open", "Statutory duties not done: `soon` after their reminder, or `overdue`.", "duty", "state"
        )
        self._lapsing = gauge(
            "holds_lapsing", "Holds that lapse within a day, or should have, with money that no order asks for."
        )
        self._lapsing_paise = gauge("holds_lapsing_paise", "Money of these holds that no order asks for.")
        self._since_clean = gauge(
            "nightly_since_clean_seconds",
            "Since the last clean nightly run; if none was, since the update that brought them.",
            "work",
        )
        self._failing = gauge("nightly_failing", "1 if the newest nightly run failed or found a violation.", "work")
        self._storage = gauge("storage", "1 for the state of the database's storage.", "state")
        self._bytes = gauge("database_bytes", "Size of the database on disk.")
        for one in (self._oldest, self._lapsing, self._lapsing_paise, self._bytes):
            one.set(math.nan)

    def show(self, found: AlertFigures) -> None:
        """Set every gauge."""
        self._requests.labels("unsent").set(found.requests.unsent)
        self._requests.labels("undelivered").set(found.requests.undelivered)
        self._oldest.set(found.requests.oldest_unsent_seconds)
        for duty in DutyKind:
            of_kind = found.duties.get(duty, _NONE_OPEN)
            self._duties.labels(duty.value, "soon").set(of_kind.soon)
            self._duties.labels(duty.value, "overdue").set(of_kind.overdue)
        self._lapsing.set(found.lapsing_holds)
        self._lapsing_paise.set(found.lapsing_paise)
        for standing in found.nightly:
            self._since_clean.labels(standing.work.value).set(max(0.0, standing.since_clean_seconds))
            self._failing.labels(standing.work.value).set(standing.is_failing)
        self.show_storage(found.storage.value)
        self._bytes.set(found.database_bytes)

    def show_storage(self, state: str) -> None:
        """Set the gauge of this state to 1, and the others to 0."""
        for known in (*(storage.value for storage in Storage), AWAY):
            self._storage.labels(known).set(known == state)


GAUGES: Final = AlertGauges(METRICS.registry)
"""the gauges of this process"""


class AlertWatch:
    """Keep the gauges current, with at most one read of the database every half minute."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._read_at = -GAUGES_GOOD_SECONDS
        self._reading = asyncio.Lock()

    async def refresh(self) -> None:
        """Update the gauges. If the database does not answer, they keep their values, and the storage is `away`."""
        async with self._reading:
            if time.monotonic() - self._read_at < GAUGES_GOOD_SECONDS:
                return
            try:
                async with asyncio.timeout(GAUGES_READ_SECONDS), self._ctx.pool.acquire() as connection:
                    found = await alert_figures.read(connection, self._ctx.now(), self._ctx.procedure_clock_factor)
                    GAUGES.show(found)
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("alert figures not read: %s", type(error).__name__)
                # A server that refuses a query answers.
                if not isinstance(error, asyncpg.PostgresError) or isinstance(error, asyncpg.PostgresConnectionError):
                    GAUGES.show_storage(AWAY)
            self._read_at = time.monotonic()
