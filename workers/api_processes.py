"""The two processes of the API: `intake` and `officers`. Both serve until they are stopped, even without Temporal."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any, Final

from temporalio.client import Client
from temporalio.service import RPCError

from activities.banks.delivery import Adapters
from activities.secrets import Process
from adapters.banks.i4c.client import I4cAdapter
from adapters.officers.identity_provider import ProviderSettings
from api.hosts import LOOPBACK
from api.officers.sign_in_pages import BACK_PATH
from api.parts import Part
from api.server import TlsPort, serve
from api.services import Services
from schemas.enums import ChannelKind
from workers.certificates import certificate_files
from workers.embedded.temporal import free_port
from workers.home import RunFileWatch, refuse_secret_key
from workers.restoration_workers import Engine
from workers.setting_checks import networks_of
from workers.settings import ENV_PREFIX, Settings, SettingsError
from workers.temporal import connect_to
from workers.temporal_access import temporal_trouble
from workers.worker import Queues, logins, make_workers, open_adapters

log = logging.getLogger(__name__)

HEALTH_TIMEOUT = timedelta(seconds=1)
NEXT_TRY_SECONDS: Final = 1.0
"""wait before the next try to reach Temporal"""


async def run_intake(
    settings: Settings,
    stop: asyncio.Event,
    started: Callable[[str], None] = lambda _: None,
    *,
    await_run_file: bool = False,
) -> None:
    """Run an intake process until `stop` is set; call `started` with its URL once it accepts requests.

    It takes complaints and banks' calls, and runs the workflows of cases. With `await_run_file` it is not ready before
    the run file of its stack is in the home folder. Raises the error that prevents the start: no database, a port in
    use, or a wrong setting, such as the secret key.
    """
    refuse_secret_key(settings, Process.INTAKE)
    tls = _tls_port(settings, "intake_tls_port")
    sdk_port = free_port()
    async with AsyncExitStack() as stack:
        engine = await stack.enter_async_context(
            Engine.open(settings, Process.INTAKE, sdk_metrics_port=sdk_port, lazy_temporal=True, golden_hour=True)
        )
        adapters = await open_adapters(stack, settings, engine, mailer=None, links=None)
        i4c = adapters[ChannelKind.I4C]
        assert isinstance(i4c, I4cAdapter), "the I4C channel has an I4C adapter"
        await stack.enter_async_context(_beside(logins(engine.ctx, i4c).run(), _run_cases(engine, adapters)))
        services = _services(engine, (_page(sdk_port),), shows_gauges=False, await_run_file=await_run_file)
        await serve(
            services,
            Part.INTAKE,
            host=settings.api_host,
            port=settings.intake_port,
            stop=stop,
            started=started,
            share_port=settings.intake_workers > 1,
            tls=tls,
        )


async def run_officers(
    settings: Settings,
    stop: asyncio.Event,
    started: Callable[[str], None] = lambda _: None,
    *,
    await_run_file: bool = False,
) -> None:
    """Run an officers process until `stop` is set; call `started` with its URL once it accepts requests.

    It has no key for the credentials of banks. If `worker_metrics_port` is set, its `/metrics` also has the metrics of
    that worker and of the intake process on this machine. Raises as `run_intake` does.
    """
    refuse_secret_key(settings, Process.OFFICERS)
    # Where a proxy is missing, officers reach the intake process through this one.
    tls = _tls_port(settings, "api_tls_port", proxied_url=f"http://{LOOPBACK}:{settings.intake_port}")
    sdk_port = free_port()
    pages = [_page(sdk_port)]
    if settings.worker_metrics_port:
        pages += [_page(settings.worker_metrics_port), _page(settings.intake_port)]
    async with Engine.open(settings, Process.OFFICERS, sdk_metrics_port=sdk_port, lazy_temporal=True) as engine:
        await serve(
            _services(engine, tuple(pages), shows_gauges=True, await_run_file=await_run_file),
            Part.OFFICERS,
            host=settings.api_host,
            port=settings.api_port,
            stop=stop,
            started=started,
            share_port=settings.api_workers > 1,
            tls=tls,
        )


def _tls_port(settings: Settings, name: str, *, proxied_url: str | None = None) -> TlsPort | None:
    """Return the TLS port of the settings, or None. Raises `SettingsError` if the home has no certificate for it."""
    port: int | None = getattr(settings, name)
    if port is None:
        return None
    files = certificate_files(settings.home)
    if not files.are_there:
        raise SettingsError(
            f"{ENV_PREFIX}{name.upper()}: {files.certificate.parent} has no certificate; `goldenhour up` makes it"
        )
    return TlsPort(port, files.certificate, files.key, proxied_url)


def _page(port: int) -> str:
    return f"http://{LOOPBACK}:{port}/metrics"


def _services(engine: Engine, metrics_urls: tuple[str, ...], *, shows_gauges: bool, await_run_file: bool) -> Services:
    settings = engine.settings
    return Services(
        ctx=engine.ctx,
        notifier=engine.notifier,
        keys=engine.keys,
        temporal_answers=lambda: temporal_answers(engine.client),
        metrics_urls=metrics_urls,
        shows_gauges=shows_gauges,
        public_url=settings.public_url,
        bank_url=settings.bank_url,
        desk_url=settings.desk_url,
        provider=_provider(engine),
        trusted_proxies=networks_of(settings.trusted_proxies),
        operators=networks_of(settings.operator_networks),
        run_file_is_there=RunFileWatch(settings.home).is_there if await_run_file else lambda: True,
    )


def _provider(engine: Engine) -> ProviderSettings | None:
    """Return the identity provider of the settings, or None."""
    settings, rules = engine.settings, engine.ctx.policy.sessions
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    return ProviderSettings(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        redirect_url=f"{settings.desk_url}{BACK_PATH}",
        name_claim=settings.oidc_name_claim,
        acr=rules.provider_acr,
        amr=rules.provider_amr,
        longest_seconds=rules.provider_longest_seconds,
    )


@asynccontextmanager
async def _beside(*loops: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run the loops while the block runs."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run_cases(engine: Engine, adapters: Adapters) -> None:
    """Run the workflows of cases in this process for ever, from when Temporal can be reached.

    A case that starts here gets its first workflow task with the answer to the start. The workers run the activities,
    except local ones.
    """
    settings, reported = engine.settings, False
    while True:
        try:
            # A worker needs a client that is connected, and the engine's own one connects at its first call.
            client = await connect_to(settings, engine.runtime)
            (worker,) = make_workers(
                client,
                engine.ctx,
                adapters,
                None,
                engine.notifier,
                Queues.CASE_WORK,
                sandboxed=False,
                remote_activities=False,
            )
            with engine.notifier.starting_here(client):
                log.info("workflows of cases run in this process too")
                reported = False
                await worker.run()
        except Exception as error:
            # Without this worker nothing is lost: the other workers of the queue run every case.
            if not reported:
                reason = temporal_trouble(error) if isinstance(error, RuntimeError) else type(error).__name__
                log.warning("no workflow of a case runs in this process: %s", reason)
            reported = True
        await asyncio.sleep(NEXT_TRY_SECONDS)


async def temporal_answers(client: Client) -> bool:
    """Return whether the Temporal server behind `client` is reachable now."""
    try:
        return await client.service_client.check_health(timeout=HEALTH_TIMEOUT)
    except (RPCError, RuntimeError):
        # A lazy client raises RuntimeError when its first connection fails.
        return False
