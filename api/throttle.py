"""How often something may be tried without a login: token buckets in the database, one for all our processes."""

import hmac
import time
from collections import OrderedDict
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Final

from fastapi import Request

from activities.context import Context
from activities.secrets import SecretBox
from api.problems import TOO_MANY, Refused
from db import rate_limits
from db.pool import Connection
from domain.policy.model import TryName

NAMES_MAX: Final = 10_000
"""Names remembered as empty; beyond it the one that was found so longest ago is forgotten."""
FORGOTTEN_EVERY: Final = 500
"""so many tries are taken before buckets that are full again are forgotten"""
FORGOTTEN_MAX: Final = 2_000
_PURPOSE: Final = "names of tries"


HOPS_MAX: Final = 20
"""of the addresses that proxies have written down, from the right: whoever sends more sends nonsense"""
IPV6_HOME_BITS: Final = 64
"""what one subscriber has: a bucket for each of its addresses would be none"""

_Address = IPv4Address | IPv6Address


def address_of(request: Request) -> str:
    """The address that a request comes from, as a name to count by.

    Behind a proxy that is trusted (`GOLDENHOUR_TRUSTED_PROXIES`) the right-most address of `X-Forwarded-For` that is no
    trusted proxy's: what stands left of it was written by whoever sent it.
    """
    peer = _parsed(request.client.host) if request.client else None
    if peer is None:
        return request.client.host if request.client else ""
    trusted = request.app.state.parts.trusted_proxies
    found = peer
    if any(peer in network for network in trusted):
        hops = ",".join(request.headers.getlist("x-forwarded-for")).split(",")[-HOPS_MAX:]
        for hop in reversed(hops):
            address = _parsed(hop.strip())
            if address is None:
                break
            found = address
            if not any(address in network for network in trusted):
                break
    return _home_of(found)


def _parsed(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _home_of(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), IPV6_HOME_BITS), strict=False))


class Throttle:
    """Buckets of one kind, one a name.

    The database never learns a name, only what our key makes of it. A bucket that was found empty is refused here until
    there is a try in it again: who tries on and on costs us no more than they may.
    """

    def __init__(self, ctx: Context, secret_box: SecretBox, kind: TryName) -> None:
        self._pool = ctx.pool
        self._kind = kind
        self._limit = ctx.policy.doors.tries[kind]
        self._key = secret_box.derive_key(_PURPOSE)
        self._empty_until: OrderedDict[bytes, float] = OrderedDict()
        self._taken = 0

    async def take(self, name: str) -> None:
        """Take a try from `name`'s bucket. Raises a 429 when it is empty."""
        wait = await self.wait_seconds(name)
        if wait:
            headers = {"Retry-After": str(int(wait) + 1)}
            raise Refused(TOO_MANY, "please wait a moment and try again", headers=headers)

    async def wait_seconds(self, name: str) -> float:
        """Take a try from `name`'s bucket: 0, or how many seconds to wait when it is empty."""
        digest = hmac.digest(self._key, f"{self._kind}\0{name}".encode(), "sha256")
        known = self._empty_until.get(digest, 0.0) - time.monotonic()
        if known > 0:
            return known
        async with self._pool.acquire() as connection:
            level = await rate_limits.take_try(connection, digest, self._limit)
            if level.taken:
                await self._forget_some(connection)
                return 0.0
        wait = rate_limits.wait_seconds(level, self._limit)
        self._note_empty(digest, wait)
        # In the moment between the two looks one may have come back: then the next try finds it.
        return max(wait, 0.001)

    def _note_empty(self, digest: bytes, wait: float) -> None:
        self._empty_until[digest] = time.monotonic() + wait
        self._empty_until.move_to_end(digest)
        if len(self._empty_until) > NAMES_MAX:
            self._empty_until.popitem(last=False)

    async def _forget_some(self, connection: Connection) -> None:
        self._taken += 1
        if self._taken % FORGOTTEN_EVERY == 0:
            await rate_limits.forget_tries(connection, FORGOTTEN_MAX)
