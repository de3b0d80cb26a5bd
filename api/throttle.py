"""Limits on tries without a login: token buckets in the database, shared by all processes."""

import asyncio
import hmac
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import Request
from starlette.types import Scope

from activities.context import Context
from activities.recovery.grievance_access import AppealDoor
from activities.secrets import Keys, Purpose
from activities.sessions import Entered
from api.addresses import Networks, address_of, networks_around
from api.problems import TOO_MANY, Refused
from api.request_places import leave_place
from db import rate_limits
from db.pool import Connection
from domain.policy.callers import RateLimit, TryName

ANSWERS_AFTER_SECONDS: Final = 0.3
"""minimum time of a response about a number or reference, so that its duration does not show whether it is valid"""
NAMES_MAX: Final = 10_000
"""Names remembered with an empty bucket. Beyond this number the oldest is forgotten."""
FORGOTTEN_EVERY: Final = 500
"""number of tries after which full buckets are deleted"""
FORGOTTEN_MAX: Final = 2_000


@asynccontextmanager
async def at_least(seconds: float, scope: Scope) -> AsyncIterator[None]:
    """Make the block of a request take at least this time. The request has no place while it waits.

    A 429 does not wait, because it follows from the number of tries alone.
    """
    clock = asyncio.get_running_loop().time
    until = clock() + seconds
    try:
        yield
    except Refused as refused:
        if refused.kind is TOO_MANY:
            until = 0
        raise
    finally:
        if (rest_seconds := until - clock()) > 0:
            leave_place(scope)
            await asyncio.sleep(rest_seconds)


class Throttle:
    """Buckets of one kind, one for each name.

    The database holds only a keyed digest of a name. An empty bucket is remembered in this process until it has a try
    again, so that repeated tries do not load the database.
    """

    def __init__(self, ctx: Context, keys: Keys, kind: TryName, clock_factor: float = 1.0) -> None:
        """Set the limit of the policy, which refills by a clock that runs so much faster."""
        self._pool = ctx.pool
        self._kind = kind
        self._ctx = ctx
        self._clock_factor = clock_factor
        self._key = keys.derive_key(Purpose.NAMES_OF_TRIES)
        self._empty_until: OrderedDict[bytes, float] = OrderedDict()
        self._taken = 0

    @property
    def _limit(self) -> RateLimit:
        limit = self._ctx.policy.doors.tries[self._kind]
        return limit.model_copy(update={"seconds": limit.seconds / self._clock_factor})

    async def take(self, name: str, *, with_networks: bool = False) -> None:
        """Take a try from the bucket of `name`. Raises a 429 if it is empty.

        For an address `with_networks` each wider network has a bucket too.
        """
        wait = await (self.wait_of_networks(name) if with_networks else self.wait_seconds(name))
        if wait:
            headers = {"Retry-After": str(int(wait) + 1)}
            raise Refused(TOO_MANY, "please wait a moment and try again", headers=headers)

    async def wait_of_networks(self, address: str) -> float:
        """Take a try from the buckets of an address and its wider networks.

        Return 0, or the seconds to wait if one is empty.
        """
        for network, times in networks_around(address):
            if wait := await self.wait_seconds(network, times):
                return wait
        return 0.0

    async def wait_seconds(self, name: str, times: int = 1) -> float:
        """Take a try from the bucket of `name`. Return 0, or the seconds to wait if it is empty.

        The bucket has the limit so many `times`.
        """
        limit = self._limit
        limit = limit.model_copy(update={"calls": limit.calls * times}) if times > 1 else limit
        digest = self.digest(name)
        known = self._empty_until.get(digest, 0.0) - time.monotonic()
        if known > 0:
            return known
        async with self._pool.acquire() as connection:
            level = await rate_limits.take_try(connection, digest, limit)
            if level.taken:
                await self._forget_some(connection)
                return 0.0
        wait = rate_limits.wait_seconds(level, limit)
        self._note_empty(digest, wait)
        # The bucket may have got a try between the two reads. The next call then finds it.
        return max(wait, 0.001)

    async def give_back(self, name: str) -> None:
        """Put the try back that `wait_seconds` took from the bucket of `name`."""
        async with self._pool.acquire() as connection:
            await rate_limits.give_back_try(connection, self.digest(name), self._limit)

    def digest(self, name: str) -> bytes:
        """Return the keyed digest by which the database knows a name of this kind."""
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

    def __init__(self, ctx: Context, keys: Keys, trusted: Networks) -> None:
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

    async def enter(self, request: Request, reference: str, code: str) -> Entered | None:
        """Open a session for a correct reference and code; return None if either is wrong."""
        return await self.door.enter(reference, code, address_of(request, self._trusted))

    async def code_wait_seconds(self, reference: str) -> float:
        """Count one code for a reference, known or not. Return 0, or the seconds to wait."""
        return await self._codes.wait_seconds(reference)


class FormThrottle:
    """Limits on complaints of the public page.

    Beyond the limits of unconfirmed complaints none is refused: a one-time code then comes before the banks are asked.
    """

    def __init__(self, ctx: Context, keys: Keys, trusted: Networks) -> None:
        self._trusted = trusted
        self._drafts = Throttle(ctx, keys, TryName.FORM_DRAFTS)
        self._guesses = Throttle(ctx, keys, TryName.LINK_GUESSES)
        self._codes = Throttle(ctx, keys, TryName.FORM_CODES)
        self._code_senders = Throttle(ctx, keys, TryName.FORM_CODE_SENDERS)
        self._codes_in_all = Throttle(ctx, keys, TryName.FORM_CODES_IN_ALL)
        self._unconfirmed = Throttle(ctx, keys, TryName.FORM_UNCONFIRMED)
        self._unconfirmed_in_all = Throttle(ctx, keys, TryName.FORM_UNCONFIRMED_IN_ALL)
        self._complaints = Throttle(ctx, keys, TryName.FORM_COMPLAINTS)

    async def count_draft(self, request: Request) -> None:
        """Count a complaint that is begun from an address. Raises a 429."""
        await self._drafts.take(address_of(request, self._trusted), with_networks=True)

    def network_of(self, request: Request) -> bytes:
        """Return the keyed digest of the widest network of an address, by which open drafts are counted."""
        widest, _ = networks_around(address_of(request, self._trusted))[-1]
        return self._drafts.digest(widest)

    async def count_guess(self, request: Request) -> None:
        """Count a code that opens nothing. Raises a 429."""
        await self._guesses.take(address_of(request, self._trusted))

    async def may_ask_unconfirmed(self, request: Request) -> bool:
        """Count a complaint whose banks are asked before a mobile is confirmed; return whether they may be."""
        if await self._unconfirmed.wait_of_networks(address_of(request, self._trusted)):
            return False
        return not await self._unconfirmed_in_all.wait_seconds("all addresses")

    async def code_wait_seconds(self, request: Request, mobile: str) -> float:
        """Count one code to a mobile. Return 0, or the seconds to wait."""
        wait = await self._code_senders.wait_of_networks(address_of(request, self._trusted))
        wait = wait or await self._codes.wait_seconds(mobile)
        return wait or await self._codes_in_all.wait_seconds("all addresses")

    async def may_complain(self, mobile: str) -> bool:
        """Count a complaint of a mobile that is to be confirmed; return whether it may have one more."""
        return not await self._complaints.wait_seconds(mobile)

    async def give_back_complaint(self, mobile: str) -> None:
        """Take back what `may_complain` counted, because the mobile is not confirmed."""
        await self._complaints.give_back(mobile)
