"""Access to the Temporal server, and heartbeats of processes."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificates
from temporalio import activity
from temporalio.service import TLSConfig
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from workers.settings import ENV_PREFIX, Settings, SettingsError


@dataclass(frozen=True)
class TemporalAccess:
    """The data that a client shows to Temporal, and checks Temporal with."""

    tls: TLSConfig | bool = field(default=False, repr=False)
    api_key: str | None = field(default=None, repr=False)


PLAIN = TemporalAccess()
_CERTIFICATE: Final = f"{ENV_PREFIX}TEMPORAL_CERTIFICATE"
_REFUSED: Final = f"it refuses our client certificate, {_CERTIFICATE}"
_ENDED: Final = f"it ended the connection; it may ask for another client certificate, {_CERTIFICATE}"
_TROUBLES: Final = (
    ("UnknownIssuer", f"its certificate is not of an authority in {ENV_PREFIX}TEMPORAL_CA"),
    ("NotValidForName", f"its certificate has another name than its address or {ENV_PREFIX}TEMPORAL_SERVER_NAME"),
    ("Expired", "its certificate has expired"),
    ("CertificateRequired", f"it asks for a client certificate, {_CERTIFICATE}"),
    ("UnknownCA", _REFUSED),
    ("BadCertificate", _REFUSED),
    # The server's end of a connection is seen while reading, while writing or before the first request.
    *(
        (end, _ENDED)
        for end in ("unexpected-eof", "BrokenPipe", "ConnectionReset", "connection closed", "connection was not ready")
    ),
    ("InvalidContentType", f"it speaks no TLS, or {ENV_PREFIX}TEMPORAL_TLS is missing"),
)
"""parts of the SDK's errors, with their meaning"""


def temporal_access(settings: Settings) -> TemporalAccess:
    """Return how the settings say that Temporal is reached. Reads files. Raises `SettingsError`."""
    if not settings.temporal_over_tls:
        return PLAIN
    # Rust's library reports a file that is no PEM as a broken connection, so it is checked here.
    authority = _read(settings.temporal_ca, "TEMPORAL_CA", load_pem_x509_certificates)
    certificate = _read(settings.temporal_certificate, "TEMPORAL_CERTIFICATE", load_pem_x509_certificates)
    key = _read(settings.temporal_private_key, "TEMPORAL_PRIVATE_KEY", lambda pem: load_pem_private_key(pem, None))
    tls = TLSConfig(
        server_root_ca_cert=authority,
        domain=settings.temporal_server_name,
        client_cert=certificate,
        client_private_key=key,
    )
    api_key = settings.temporal_api_key
    return TemporalAccess(tls, api_key.get_secret_value() if api_key else None)


def temporal_trouble(error: Exception) -> str:
    """Return why Temporal could not be reached, from an error of the SDK."""
    text = str(error)
    return next((meaning for part, meaning in _TROUBLES if part in text), text)


def _read(path: Path | None, name: str, check: Callable[[bytes], object]) -> bytes | None:
    """Return the content of a file that a setting names, or None without one. Raises `SettingsError`."""
    if path is None:
        return None
    try:
        content = path.read_bytes()
        check(content)
    except OSError as error:
        raise SettingsError(f"{ENV_PREFIX}{name}: {error.strerror}") from None
    except (ValueError, TypeError):
        raise SettingsError(f"{ENV_PREFIX}{name}: the file is not in PEM, or has a password") from None
    return content


HEARTBEATS_PER_TIMEOUT: Final = 3
"""heartbeats per timeout: one may be lost. A worker must not hold them back longer than this
(`max_heartbeat_throttle_interval`)"""


class Heartbeats(Interceptor):
    """Worker interceptor: sends heartbeats while an activity with a heartbeat timeout runs."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Wrap each attempt in heartbeats."""
        return _HeartbeatInbound(next)


class _HeartbeatInbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        timeout = activity.info().heartbeat_timeout
        if not timeout:
            return await self.next.execute_activity(input)
        heartbeats = asyncio.create_task(_send_heartbeats(timeout.total_seconds() / HEARTBEATS_PER_TIMEOUT))
        try:
            return await self.next.execute_activity(input)
        finally:
            heartbeats.cancel()


async def _send_heartbeats(every_seconds: float) -> None:
    while True:
        await asyncio.sleep(every_seconds)
        activity.heartbeat()
