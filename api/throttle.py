"""Limits on tries without a login: token buckets in the database, shared by all processes."""

import hmac
import time
from collections import OrderedDict
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from fastapi import Request

from activities.context import Context
from activities.grievances.public_access import AppealDoor
from activities.secrets import Keys, Purpose
from api.problems import TOO_MANY, Refused
from db import rate_limits
from db.pool import Connection
from domain.policy.model import TryName

NAMES_MAX: Final = 10_000
"""Names remembered with an empty bucket. Beyond this number the oldest is forgotten."""
FORGOTTEN_EVERY: Final = 500
"""number of tries after which full buckets are deleted"""
FORGOTTEN_MAX: Final = 2_000

HOPS_MAX: Final = 20
"""addresses of `X-Forwarded-For` that are read, from the right; no honest request has more"""
IPV6_PREFIX_BITS: Final = 64
"""prefix of one subscriber; with a bucket for each single address a subscriber would have no limit"""

_Address = IPv4Address | IPv6Address
Proxies = tuple[IPv4Network | IPv6Network, ...]
"""networks of proxies whose `X-Forwarded-For` is trusted"""


def address_of(request: Request, trusted: Proxies) -> str:
    """Return the address of the sender of a request, as a name for a bucket.

    Behind a trusted proxy (`GOLDENHOUR_TRUSTED_PROXIES`) this is the right-most address of `X-Forwarded-For` that is
    not a trusted proxy. The addresses to its left are written by the sender and cannot be trusted.
    """
    peer = _parsed(request.client.host) if request.client else None
    if peer is None:
        return request.client.host if request.client else ""
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
    return _bucket_name(found)


def _parsed(text: str) -> _Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return address.ipv4_mapped or address if isinstance(address, IPv6Address) else address


def _bucket_name(address: _Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(IPv6Network((int(address), IPV6_PREFIX_BITS), strict=False))


class Throttle:
    """Buckets of one kind, one for each name.

    The database holds only a keyed digest of a name. An empty bucket is remembered in this process until it has a try
    again, so that repeated tries do not load the database.
    """

    def __init__(self, ctx: Context, keys: Keys, kind: TryName) -> None:
        self._pool = ctx.pool
        self._kind = kind
        self._limit = ctx.policy.doors.tries[kind]
        self._key = keys.derive_key(Purpose.NAMES_OF_TRIES)
        self._empty_until: OrderedDict[bytes, float] = OrderedDict()
        self._taken = 0

    async def take(self, name: str) -> None:
        """Take a try from the bucket of `name`. Raises a 429 if it is empty."""
        wait = await self.wait_seconds(name)
        if wait:
            headers = {"Retry-After": str(int(wait) + 1)}
            raise Refused(TOO_MANY, "please wait a moment and try again", headers=headers)

    async def wait_seconds(self, name: str) -> float:
        """Take a try from the bucket of `name`. Return 0, or the seconds to wait if it is empty."""
        digest = self._digest(name)
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
        # The bucket may have got a try between the two reads. The next call then finds it.
        return max(wait, 0.001)

    async def give_back(self, name: str) -> None:
        """Put the try back that `wait_seconds` took from the bucket of `name`."""
        async with self._pool.acquire() as connection:
            await rate_limits.give_back_try(connection, self._digest(name), self._limit)

    def _digest(self, name: str) -> bytes:
        return hmac.digest(self._key, f"{self._kind}\0{name}".encode(), "sha256")

    def _note_empty(self, digest: bytes, wait: float) -> None:
        self._empty_until[digest] = time.monotonic() + wait
        self._empty_until.move_to_end(digest)
        if len(self._empty_until) > NAMES_MAX:
            self._empty_until.popitem(last=False)

    async def _forget_some(self, connection: Connection) -> None:
        self._taken += 1
        if self._taken % FORGOTTEN_EVERY == 0:
            await rate_limits.forget_tries(connection, FORGOTTEN_MAX)


class AppealThrottle:
    """Access of account holders to their holds, with limits on tries."""

    def __init__(self, ctx: Context, keys: Keys, trusted: Proxies) -> None:
        self.door = AppealDoor(ctx, keys)
        self._trusted = trusted
        self._codes = Throttle(ctx, keys, TryName.APPEAL_CODES)
        self._tries = Throttle(ctx, keys, TryName.APPEAL_TRIES)

    async def count_try(self, request: Request) -> None:
        """Count a try from the address of a request. Raises a 429."""
        await self._tries.take(address_of(request, self._trusted))

    async def wait_seconds(self, request: Request) -> float:
        """Count a try from the address of a request. Return 0, or the seconds to wait."""
        return await self._tries.wait_seconds(address_of(request, self._trusted))

    async def code_wait_seconds(self, reference: str) -> float:
        """Count one code for a reference, known or not. Return 0, or the seconds to wait."""
        return await self._codes.wait_seconds(reference)
