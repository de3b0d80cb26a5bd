"""Health, readiness and metrics for operators. These routes need no token and show no personal data."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final, Literal

import asyncpg
import httpx
from fastapi import APIRouter
from starlette.responses import Response

from activities.metrics import CONTENT_TYPE, METRICS
from activities.metrics_pages import joined
from api.problems import IN_THE_DESCRIPTION
from api.services import Services, TheServices
from db.databases import Storage
from db.pool import Pool, ping
from schemas.base import FrozenModel

router = APIRouter(tags=["operations"], responses=IN_THE_DESCRIPTION)
log = logging.getLogger("goldenhour.api")

CHECK_SECONDS: Final = 2.0
PAGE_MAX_BYTES: Final = 8 * 1024 * 1024


_NOT_READY: Final[Mapping[tuple[str, str], str]] = {
    ("database", "down"): "the database does not answer",
    ("storage", "full"): "the database's disk is full",
    ("storage", "read_only"): "the database is read-only",
    ("run_file", "missing"): "the run file of this stack is not there yet",
}
_DEGRADED: Final[Mapping[tuple[str, str], str]] = {
    ("temporal", "down"): "Temporal does not answer",
    ("directory", "empty"): "the directory of banks is empty",
}


class Alive(FrozenModel):
    """Statement that this process answers."""

    status: Literal["alive"] = "alive"


class ReadyParts(FrozenModel):
    """State of the services that complaints and answers need."""

    database: Literal["ok", "down"]
    temporal: Literal["ok", "down"]
    directory: Literal["ok", "empty"]
    storage: Storage | Literal["unknown"] = "unknown"
    """whether the database accepts writes and its disk has room; tried every few seconds"""
    run_file: Literal["ok", "missing"] = "ok"
    """whether other commands can find this stack; always ok for a stack without a run file"""


class Readiness(FrozenModel):
    """Readiness to take complaints and answers."""

    status: Literal["ready", "degraded", "not_ready"]
    parts: ReadyParts
    cause: str = ""
    """why it is not ready or degraded"""


@router.get("/healthz")
async def healthz() -> Alive:
    """Return that this process answers."""
    return Alive()


@router.get("/readyz", responses={503: {"model": Readiness, "description": "Not ready; `cause` says why."}})
async def readyz(services: TheServices, response: Response) -> Readiness:
    """Return whether complaints and answers can be taken, and which service is not ready.

    Without a database that can be written nothing can be taken, and the status is 503. It is 503 too until the run file
    of this stack is there. Without Temporal everything is taken and processed when Temporal is back, and the readiness
    is `degraded`.
    """
    database, temporal = await asyncio.gather(_answers(services.ctx.pool), _temporal_answers(services))
    parts = ReadyParts(
        database="ok" if database else "down",
        temporal="ok" if temporal else "down",
        directory="ok" if len(services.ctx.directory.current) > 0 else "empty",
        storage=await services.storage_cache.state(services.ctx.pool) if database else "unknown",
        run_file="ok" if services.run_file_is_there() else "missing",
    )
    unready, degraded = _causes(parts, _NOT_READY), _causes(parts, _DEGRADED)
    if unready:
        response.status_code = 503
    return Readiness(
        status="not_ready" if unready else "degraded" if degraded else "ready",
        parts=parts,
        cause="; ".join([*unready, *degraded]),
    )


def _causes(parts: ReadyParts, texts: Mapping[tuple[str, str], str]) -> list[str]:
    states = parts.model_dump(mode="json")
    return [text for (part, state), text in texts.items() if states[part] == state]


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(services: TheServices) -> Response:
    """Return all metrics in the Prometheus text format, joined with the pages of `metrics_urls`."""
    if services.shows_gauges:
        await asyncio.gather(
            services.metrics_cache.refresh(services.ctx.pool),
            services.score_watch.refresh(),
            services.outcome_watch.refresh(),
            services.alert_watch.refresh(),
        )
    others = await _pages(services.metrics_urls) if services.metrics_urls else []
    return Response(joined([METRICS.text(), *others]), headers={"Content-Type": CONTENT_TYPE})


async def _answers(pool: Pool) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS), pool.acquire() as connection:
            await ping(connection)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    return True


async def _temporal_answers(services: Services) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await services.temporal_answers()
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
