"""Health of the channels to the banks. PostgreSQL keeps it for all processes, and memory holds a copy."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import asyncpg

from db.banks import channels
from db.banks.channels import Key
from db.pool import Pool
from domain.banks import circuit_breaker
from domain.banks.circuit_breaker import Health
from domain.policy.model import BreakerRules
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
        self._unhealthy: dict[Key, Health] = {}
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None

    def of(self, institution: str) -> Mapping[ChannelKind, Health]:
        """Return the unhealthy channels of an institution, as last read."""
        self._read_if_stale()
        return {kind: found for kind in ChannelKind if (found := self._unhealthy.get((institution, kind)))}

    async def refresh(self) -> None:
        """Read the health of all channels now. Raises database errors."""
        async with self._pool.acquire() as connection:
            self._unhealthy = await channels.all_health(connection)
        self._read_at = time.monotonic()

    async def may_take(self, institution: str, channel: ChannelKind) -> bool:
        """Return whether a request may use the channel now.

        A dropped channel whose waiting time has passed is probed: exactly one caller gets True.
        """
        found = self._unhealthy.get((institution, channel), circuit_breaker.WELL)
        if found.state is ChannelState.CLOSED:
            return True
        won = False

        def take(health: Health, now: datetime) -> Health:
            nonlocal won
            won = circuit_breaker.usable(health, now)
            return (
                circuit_breaker.probing(health, now, self.rules) if won and health != circuit_breaker.WELL else health
            )

        await self._change((institution, channel), take)
        return won

    async def failed(self, institution: str, channel: ChannelKind, *, reached: bool = False) -> None:
        """Record a failed delivery. `reached`: the bank replied, and its reply could not be read."""
        await self._change(
            (institution, channel),
            lambda health, now: circuit_breaker.failed(health, now, self.rules, reached=reached),
        )

    async def silent(self, institution: str, channel: ChannelKind) -> None:
        """Record that the bank did not answer a delivered request in time."""
        await self._change((institution, channel), lambda health, now: circuit_breaker.silent(health, now, self.rules))

    async def delivered(self, institution: str, channel: ChannelKind) -> None:
        """Record a successful delivery."""
        key = (institution, channel)
        if key in self._unhealthy:
            await self._change(key, lambda health, _: circuit_breaker.delivered(health, self.rules))

    async def answered(self, institution: str, channel: ChannelKind) -> None:
        """Record that the bank answered a request that came over this channel."""
        key = (institution, channel)
        if key in self._unhealthy:
            await self._change(key, lambda health, _: circuit_breaker.answered(health, self.rules))

    async def _change(self, key: Key, change: Callable[[Health, datetime], Health]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            after = await channels.change_health(connection, key, change)
        before = self._unhealthy.get(key, circuit_breaker.WELL)
        if after.state is not before.state:
            log.warning("channel %s of %s is %s", key[1].value, key[0], after.state.value)
        if after == circuit_breaker.WELL:
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
