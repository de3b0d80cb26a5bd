"""HTTP client for the hosts of the TLS ports, which not every machine's resolver knows."""

import ssl
from pathlib import Path

import httpx

from api.hosts import LOOPBACK, is_local


class LoopbackTransport(httpx.AsyncHTTPTransport):
    """Transport that reaches `localhost` and the names below it at loopback. The certificate must have the name."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request. The `Host` header and the cookies stay those of the name."""
        if not is_local(str(request.url)):
            return await super().handle_async_request(request)
        reached = httpx.Request(
            request.method,
            request.url.copy_with(host=LOOPBACK),
            headers=request.headers,
            stream=request.stream,
            extensions=request.extensions | {"sni_hostname": request.url.host},
        )
        return await super().handle_async_request(reached)


def local_client(url: str, authority: Path | None, timeout_seconds: float) -> httpx.AsyncClient:
    """Return a client for the API of this machine.

    It trusts this authority alone. Without one it trusts those of the system. Raises OSError if the file of the
    authority cannot be read.
    """
    transport = LoopbackTransport(verify=ssl.create_default_context(cafile=authority), trust_env=False)
    return httpx.AsyncClient(base_url=url, timeout=timeout_seconds, transport=transport, trust_env=False)
