"""Health of a bank's channel, and calls at once.

Limits of our calls to each bank, with spread times at which a caller without a place tries again. The directory may set
a limit for a bank. The processes that call banks share it, each with an equal part.

A caller without a place comes back through Temporal and our database, whether a place is free by then or not. If a
hundred callers tried again every second, calls to all other banks would slow down. So each caller gets the next time in
a queue. The queue advances at the bank's pace: the duration of its calls, or that of the oldest running call.
"""

import asyncio
import itertools
import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Self

import asyncpg

from adapters.banks.protocol import BankBusy
from db.banks import channels
from db.banks.channels import Key
from db.pool import Pool
from domain.banks import channel_choice
from domain.banks.channel_choice import ChannelBreaker
from domain.policy.model import BreakerRules
from schemas.banks.institutions import Institution
from schemas.enums import ChannelKind, ChannelState

log = logging.getLogger(__name__)

STALE_AFTER_SECONDS: Final = 1.0
"""The copy in memory is read again after this time, so other processes' changes are seen."""


class ChannelHealth:
    """Circuit breakers of all channels. A healthy channel has no row and causes no write.

    A change is written at once. Changes of other processes are read in the background, so no caller waits for them.
    """

    def __init__(self, pool: Pool, rules: BreakerRules) -> None:
        self._pool = pool
        self.rules = rules
        self._unhealthy: dict[Key, ChannelBreaker] = {}
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None

    def of(self, institution: str) -> Mapping[ChannelKind, ChannelBreaker]:
        """Return the unhealthy channels of an institution, as last read."""
        self._read_if_stale()
        return {kind: health for kind in ChannelKind if (health := self._unhealthy.get((institution, kind)))}

    async def refresh(self) -> None:
        """Read the health of all channels now. Raises database errors."""
        async with self._pool.acquire() as connection:
            self._unhealthy = await channels.all_health(connection)
        self._read_at = time.monotonic()

    async def may_take(self, institution: str, channel: ChannelKind) -> bool:
        """Return whether a request may use the channel now.

        A dropped channel whose waiting time has passed is probed: exactly one caller gets True.
        """
        current = self._unhealthy.get((institution, channel), channel_choice.WELL)
        if current.state is ChannelState.CLOSED:
            return True
        won = False

        def take(health: ChannelBreaker, now: datetime) -> ChannelBreaker:
            nonlocal won
            won = channel_choice.usable(health, now)
            return channel_choice.probing(health, now, self.rules) if won and health != channel_choice.WELL else health

        await self._change((institution, channel), take)
        return won

    async def failed(self, institution: str, channel: ChannelKind, *, reached: bool = False) -> None:
        """Record a failed delivery. `reached`: the bank replied, and its reply could not be read."""
        await self._change(
            (institution, channel),
            lambda health, now: channel_choice.failed(health, now, self.rules, reached=reached),
        )

    async def silent(self, institution: str, channel: ChannelKind) -> None:
        """Record that the bank did not answer a delivered request in time."""
        await self._change((institution, channel), lambda health, now: channel_choice.silent(health, now, self.rules))

    async def delivered(self, institution: str, channel: ChannelKind) -> None:
        """Record a successful delivery."""
        key = (institution, channel)
        if key in self._unhealthy:
            await self._change(key, lambda health, _: channel_choice.delivered(health, self.rules))

    async def answered(self, institution: str, channel: ChannelKind) -> None:
        """Record that the bank answered a request that came over this channel."""
        key = (institution, channel)
        if key in self._unhealthy:
            await self._change(key, lambda health, _: channel_choice.answered(health, self.rules))

    async def _change(self, key: Key, change: Callable[[ChannelBreaker, datetime], ChannelBreaker]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            after = await channels.change_health(connection, key, change)
        before = self._unhealthy.get(key, channel_choice.WELL)
        if after.state is not before.state:
            log.warning("channel %s of %s is %s", key[1].value, key[0], after.state.value)
        if after == channel_choice.WELL:
            self._unhealthy.pop(key, None)
        else:
            self._unhealthy[key] = after

    def _read_if_stale(self) -> None:
        stale = self._read_at is None or time.monotonic() - self._read_at > STALE_AFTER_SECONDS
        if stale and self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read_in_background())

    async def _read_in_background(self) -> None:
        try:
            await self.refresh()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # The next read tries again. Until then the last known state is used.
            log.warning("channel health not read: %s", type(error).__name__)
            self._read_at = time.monotonic()
        finally:
            self._reading = None


LEAST_WAIT_SECONDS: Final = 0.2
MOST_WAIT_SECONDS: Final = 15.0
"""the most that is added to the necessary wait; a bank that is fast again must not wait for its own requests"""
LEAST_GAP_SECONDS: Final = 0.02
"""between two callers that come back to one bank: fifty a second at most"""
GAP_AT_DROPPED_BANK_SECONDS: Final = 0.1
"""only the caller that probes a dropped bank gets a place; the others only check"""
AT_ONCE_OF_A_BANK: Final = 4
AT_ONCE_IN_ALL: Final = 32
"""calls of one process for which no queue is needed"""
SLOW_CALL_SECONDS: Final = 0.5
"""a bank whose calls take longer is called by the queue, where it delays no other call"""
SLOW_FOR_SECONDS: Final = 30.0
"""after its last call from this process, a slow bank is tried without the queue again"""
NEWEST_WEIGHT: Final = 0.25
"""weight of the newest call in the average duration of a bank's calls"""


@dataclass(frozen=True, slots=True)
class CallLimits:
    """One process's part of the limits that the directory sets for a bank; None for no limit of its own."""

    at_once: int | None = None
    a_second: float | None = None

    @classmethod
    def part_of(cls, bank: Institution | None, processes: int) -> Self:
        """Return the part of one of so many processes. At least one call is allowed at a time."""
        if bank is None:
            return cls()
        at_once = max(bank.calls_at_once // processes, 1) if bank.calls_at_once else None
        return cls(at_once, bank.calls_a_second / processes if bank.calls_a_second else None)


NO_LIMITS: Final = CallLimits()


@dataclass
class _Queue:
    """A queue of callers without a place, as the times at which they come back."""

    given_until: float = 0.0

    def next(self, now: float, least_seconds: float, gap_seconds: float) -> float:
        """Return the next time as seconds from now: at least `least_seconds`, and `gap_seconds` after the last one."""
        place = max(now + least_seconds, self.given_until) + max(gap_seconds, LEAST_GAP_SECONDS)
        if place - now > least_seconds + MOST_WAIT_SECONDS:
            # The queue has its greatest length. Further callers are spread over its second half.
            return least_seconds + MOST_WAIT_SECONDS * random.uniform(0.5, 1.0)  # noqa: S311 - no secret
        self.given_until = place
        return place - now


@dataclass
class _Bank:
    """One bank: start times of its running calls by number, their average duration, and its queues."""

    under_way: dict[int, float] = field(default_factory=dict)
    paid_until: float = -math.inf
    """when the calls so far are over at the bank's rate"""
    call_seconds: float = 0.0
    last_ended: float = -math.inf
    busy: _Queue = field(default_factory=_Queue)
    dropped: _Queue = field(default_factory=_Queue)


class ConcurrencyLimits:
    """The concurrency limits of all banks in one process."""

    def __init__(self, calls_at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        """Set the limit for each bank. `clock` returns seconds."""
        self._calls_at_once = calls_at_once
        self._clock = clock
        self._banks: dict[str, _Bank] = {}
        self._numbers = itertools.count()

    @contextmanager
    def place(self, institution: str, limits: CallLimits = NO_LIMITS) -> Iterator[None]:
        """Take one of the bank's places while the block runs.

        Raises `BankBusy` when all are taken, or the bank's rate allows no call now, because waiting would occupy a
        worker's slot.
        """
        bank = self._banks.setdefault(institution, _Bank())
        at_once = self._places(limits)
        if len(bank.under_way) >= at_once:
            gap_seconds = self._place_every_seconds(bank, at_once)
            raise BankBusy(
                institution, retry_after_seconds=bank.busy.next(self._clock(), LEAST_WAIT_SECONDS, gap_seconds)
            )
        if limits.a_second is not None:
            self._pay(institution, bank, limits.a_second)
        number = next(self._numbers)
        bank.under_way[number] = self._clock()
        try:
            yield
        finally:
            bank.last_ended = self._clock()
            took = bank.last_ended - bank.under_way.pop(number)
            bank.call_seconds += NEWEST_WEIGHT * (took - bank.call_seconds)

    def may_call_at_once(self, institution: str, limits: CallLimits = NO_LIMITS) -> bool:
        """Return whether the bank may be called without the queue: few calls run, and its last ones were fast.

        A bank at a limit of the directory may not.
        """
        if sum(len(bank.under_way) for bank in self._banks.values()) >= AT_ONCE_IN_ALL:
            return False
        bank = self._banks.get(institution)
        if bank is None:
            return True
        now = self._clock()
        slow = bank.call_seconds > SLOW_CALL_SECONDS and now - bank.last_ended < SLOW_FOR_SECONDS
        too_soon = limits.a_second is not None and _wait_seconds(bank, now, limits.a_second) > 0
        return len(bank.under_way) < min(AT_ONCE_OF_A_BANK, self._places(limits)) and not slow and not too_soon

    def after(self, institution: str, seconds: float) -> float:
        """Return the seconds to wait for a bank that is not tried before `seconds` are over."""
        bank = self._banks.setdefault(institution, _Bank())
        return bank.dropped.next(self._clock(), max(seconds, LEAST_WAIT_SECONDS), GAP_AT_DROPPED_BANK_SECONDS)

    def _places(self, limits: CallLimits) -> int:
        return self._calls_at_once if limits.at_once is None else min(self._calls_at_once, limits.at_once)

    def _pay(self, institution: str, bank: _Bank, a_second: float) -> None:
        """Count a call against the bank's rate. Raises `BankBusy` if the rate allows none now."""
        now = self._clock()
        wait_seconds = _wait_seconds(bank, now, a_second)
        if wait_seconds > 0:
            least_seconds = max(wait_seconds, LEAST_WAIT_SECONDS)
            raise BankBusy(institution, retry_after_seconds=bank.busy.next(now, least_seconds, 1 / a_second))
        bank.paid_until = max(bank.paid_until, now) + 1 / a_second

    def _place_every_seconds(self, bank: _Bank, at_once: int) -> float:
        """Return the seconds after which the bank usually has a free place."""
        oldest = next(iter(bank.under_way.values()))
        return max(bank.call_seconds, self._clock() - oldest) / at_once


def _wait_seconds(bank: _Bank, now: float, a_second: float) -> float:
    """Return the seconds until the bank's rate allows a call. The calls of one second may come together."""
    together_seconds = max(1.0, 1 / a_second)
    return max(bank.paid_until, now) + 1 / a_second - now - together_seconds
