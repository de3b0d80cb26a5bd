"""Posts of notices to the webhooks of officers.

An officer chooses the address, so nothing is posted into networks that only our own machines reach.
"""

import ssl
from collections.abc import Sequence
from http import HTTPStatus
from ipaddress import IPv4Network, IPv6Network, ip_address
from socket import AddressFamily
from typing import Final, Self
from urllib.parse import urlsplit

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

from adapters.calling import Caller, CallFailed, Unreachable, checked_address

Networks = Sequence[IPv4Network | IPv6Network]

REPLY_MAX_BYTES: Final = 16 * 1024


class WebhookFailed(Exception):
    """A post was not accepted. The text repeats nothing of the address."""

    def __init__(self, detail: str, *, retryable: bool) -> None:
        """Keep whether a later attempt may succeed."""
        super().__init__(detail)
        self.retryable = retryable


class _Guard(AbstractResolver):
    """Resolves a host, and leaves out addresses to which nothing is posted."""

    def __init__(self, allowed: Networks) -> None:
        self._resolver = ThreadedResolver()
        self._allowed = allowed

    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host on the internet, or in an allowed network. Raises OSError without one."""
        addresses = await self._resolver.resolve(host, port, family)
        fit = [address for address in addresses if may_post_to(address["host"], self._allowed)]
        if not fit:
            raise OSError("the address is in a network of our own")
        return fit

    async def close(self) -> None:
        """Close the resolver."""
        await self._resolver.close()


class WebhookPoster:
    """Posts signed notices. A process has one instance, because it shares connections."""

    def __init__(self, allowed: Networks = (), *, tls: ssl.SSLContext | None = None) -> None:
        """Allow these networks beside the internet. `tls` replaces the system's trusted certificates."""
        self._allowed = allowed
        self._caller = Caller(tls=tls, resolver=_Guard(allowed))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._caller.close()

    async def post(self, url: str, body: bytes, headers: dict[str, str], *, timeout_seconds: float) -> None:
        """Post a notice. Raises `WebhookFailed`."""
        host = urlsplit(url).hostname or ""
        # A literal address is not resolved.
        if _is_literal(host) and not may_post_to(host, self._allowed):
            raise WebhookFailed("the address is in a network of our own", retryable=False)
        try:
            reply = await self._caller.post(
                checked_address(url), body, headers, timeout_seconds=timeout_seconds, reply_max_bytes=REPLY_MAX_BYTES
            )
        except Unreachable as error:
            raise WebhookFailed(str(error), retryable=True) from None
        except (CallFailed, ValueError) as error:
            raise WebhookFailed(str(error), retryable=False) from None
        if reply.status >= HTTPStatus.BAD_REQUEST:
            raise WebhookFailed(f"HTTP {reply.status}", retryable=False)


def may_post_to(address: str, allowed: Networks) -> bool:
    """Return whether an address is on the internet, or in an allowed network."""
    ip = ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or ip
    # Such an address has another one inside.
    is_tunnel = any(getattr(inner, name, None) is not None for name in ("sixtofour", "teredo"))
    is_outside = inner.is_global and not inner.is_multicast and not is_tunnel
    return is_outside or any(inner in network for network in allowed)


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
