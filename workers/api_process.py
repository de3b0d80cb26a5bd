"""The API process: accepts complaints and bank answers until it is stopped, even while Temporal is unavailable."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from api.server import serve
from api.services import Services
from workers.assembly import Engine
from workers.embedded.ports import free_port
from workers.home import RunFileWatch
from workers.settings import Settings, networks_of

HEALTH_TIMEOUT = timedelta(seconds=1)


async def run_api(
    settings: Settings,
    stop: asyncio.Event,
    started: Callable[[str], None] = lambda _: None,
    *,
    await_run_file: bool = False,
) -> None:
    """Run one API process until `stop` is set; call `started` with its URL once it accepts requests.

    With `await_run_file` it is not ready before the run file of its stack is in the home folder. `/metrics` also shows
    the Temporal SDK's metrics, and the worker's if `worker_metrics_port` is set. Raises the error that prevents the
    start: no database, a port in use, or a wrong setting.
    """
    sdk_port = free_port()
    pages = [f"http://127.0.0.1:{sdk_port}/metrics"]
    if settings.worker_metrics_port:
        pages.append(f"http://127.0.0.1:{settings.worker_metrics_port}/metrics")
    async with Engine.open(settings, sdk_metrics_port=sdk_port, lazy_temporal=True, golden_hour=True) as engine:
        services = Services(
            ctx=engine.ctx,
            notifier=engine.notifier,
            secret_box=engine.secret_box,
            temporal_answers=lambda: temporal_answers(engine.client),
            metrics_urls=tuple(pages),
            public_url=settings.public_url,
            trusted_proxies=networks_of(settings.trusted_proxies),
            run_file_is_there=RunFileWatch(settings.home).is_there if await_run_file else lambda: True,
        )
        await serve(
            services,
            host=settings.api_host,
            port=settings.api_port,
            stop=stop,
            started=started,
            share_port=settings.api_workers > 1,
        )


async def temporal_answers(client: Client) -> bool:
    """Return whether the Temporal server behind `client` is reachable now."""
    try:
        return await client.service_client.check_health(timeout=HEALTH_TIMEOUT)
    except (RPCError, RuntimeError):
        # A lazy client raises RuntimeError when its first connection fails.
        return False
