"""Health, readiness and metrics for operators. These routes need no token and show no personal data."""

import asyncio
import logging
import time
from typing import Final, Literal

import asyncpg
import httpx
from fastapi import APIRouter, Request
from starlette.responses import Response

from activities.metrics import CONTENT_TYPE, METRICS, joined
from activities.reporting.outcomes import HomeWatch
from activities.reporting.scorecards import ScoreWatch
from api.dependencies import Parts, TheParts
from api.problems import IN_THE_DESCRIPTION
from db.cases import ledger_views
from db.pool import Pool, ping
from db.reporting import task_views
from schemas.base import FrozenModel

router = APIRouter(tags=["operations"], responses=IN_THE_DESCRIPTION)
log = logging.getLogger("goldenhour.api")

STOCK_GOOD_SECONDS: Final = 5.0
CHECK_SECONDS: Final = 2.0
PAGE_MAX_BYTES: Final = 8 * 1024 * 1024


class Alive(FrozenModel):
    """Statement that this process answers."""

    status: Literal["alive"] = "alive"


class ReadyParts(FrozenModel):
    """State of the services that complaints and answers need."""

    database: Literal["ok", "down"]
    temporal: Literal["ok", "down"]
    directory: Literal["ok", "empty"]


class Readiness(FrozenModel):
    """Readiness to take complaints and answers."""

    status: Literal["ready", "degraded", "not_ready"]
    parts: ReadyParts


@router.get("/healthz")
async def healthz() -> Alive:
    """Return that this process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "The database does not answer."}})
async def readyz(parts: TheParts, response: Response) -> Readiness:
    """Return whether complaints and answers can be taken, and which service is not ready.

    Without the database nothing can be taken, and the status is 503. Without Temporal everything is taken and processed
    when Temporal is back, and the readiness is `degraded`.
    """
    database, temporal = await asyncio.gather(_answers(parts.ctx.pool), _temporal_answers(parts))
    directory = len(parts.ctx.directory.current) > 0
    if not database:
        response.status_code = 503
    return Readiness(
        status="not_ready" if not database else "ready" if temporal and directory else "degraded",
        parts=ReadyParts(
            database="ok" if database else "down",
            temporal="ok" if temporal else "down",
            directory="ok" if directory else "empty",
        ),
    )


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, parts: TheParts) -> Response:
    """Return all metrics in the Prometheus text format, joined with the pages of `metrics_urls`."""
    stock: MetricsCache = request.app.state.metrics_cache
    watch: ScoreWatch = request.app.state.score_watch
    outcomes: HomeWatch = request.app.state.home_watch
    await asyncio.gather(stock.refresh(parts.ctx.pool), watch.refresh(), outcomes.refresh())
    others = await _pages(parts.metrics_urls) if parts.metrics_urls else []
    return Response(joined([METRICS.text(), *others]), headers={"Content-Type": CONTENT_TYPE})


class MetricsCache:
    """Gauges of money by bucket and of open work items, read from the database at most every few seconds."""

    def __init__(self) -> None:
        self._read_at = -STOCK_GOOD_SECONDS
        self._lock = asyncio.Lock()

    async def refresh(self, pool: Pool) -> None:
        """Update the gauges. They keep their values if the database is down."""
        async with self._lock:
            if time.monotonic() - self._read_at < STOCK_GOOD_SECONDS:
                return
            try:
                async with asyncio.timeout(CHECK_SECONDS), pool.acquire() as connection:
                    METRICS.stock(
                        await ledger_views.paise_by_bucket(connection), await task_views.open_by_kind(connection)
                    )
            except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("gauges not read: %s", type(error).__name__)
            self._read_at = time.monotonic()


async def _answers(pool: Pool) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS), pool.acquire() as connection:
            await ping(connection)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


async def _temporal_answers(parts: Parts) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await parts.temporal_answers()
    except TimeoutError:
        return False


async def _pages(urls: tuple[str, ...]) -> list[str]:
    async with httpx.AsyncClient(timeout=CHECK_SECONDS, trust_env=False) as client:
        pages = await asyncio.gather(*(_page(client, url) for url in urls))
    return [page for page in pages if page is not None]


async def _page(client: httpx.AsyncClient, url: str) -> str | None:
    try:
        response = await client.get(url)
        response.raise_for_status()
    except httpx.HTTPError as error:
        log.warning("metrics page not read: %s", type(error).__name__)
        return None
    return response.text if len(response.content) <= PAGE_MAX_BYTES else None
