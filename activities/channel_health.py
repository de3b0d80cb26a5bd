"""How the channels to the banks do: kept in PostgreSQL for all processes, looked at in memory."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

import asyncpg

from db.banks import channels
from db.banks.channels import Key
from db.pool import Pool
from domain.banks import circuit_breaker
from domain.banks.circuit_breaker import BreakerRules, Health
from schemas.enums import ChannelKind, ChannelState

log = logging.getLogger(__name__)

LOOK_AGAIN_SECONDS: Final = 1.0
"""what another process has learnt of a bank is known here so soon"""


class ChannelHealth:
    """The circuit breakers of all channels. A channel that does well costs nothing: it has no row and no write.

    What is learnt is written at once; what others have learnt is read beside the caller, who never waits for it.
    """

    def __init__(self, pool: Pool, rules: BreakerRules) -> None:
        self._pool = pool
        self.rules = rules
        self._unwell: dict[Key, Health] = {}
        self._read_at: float | None = None
        self._reading: asyncio.Task[None] | None = None

    def of(self, institution: str) -> Mapping[ChannelKind, Health]:
        """The channels of an institution that are not well, as last read."""
        self._look_again()
        return {kind: found for kind in ChannelKind if (found := self._unwell.get((institution, kind)))}

    async def refresh(self) -> None:
        """Read them now. Raises what the database raises."""
        async with self._pool.acquire() as connection:
            self._unwell = await channels.all_health(connection)
        self._read_at = time.monotonic()

    async def may_take(self, institution: str, channel: ChannelKind) -> bool:
        """Whether a request may go over the channel now; of a dropped one that is due, one caller is told so."""
        now = datetime.now(UTC)
        found = self._unwell.get((institution, channel), circuit_breaker.WELL)
        if found.state is ChannelState.CLOSED:
            return True
        won = False

        def take(health: Health) -> Health:
            nonlocal won
            won = circuit_breaker.usable(health, now)
            return (
                circuit_breaker.probing(health, now, self.rules) if won and health != circuit_breaker.WELL else health
            )

        await self._change((institution, channel), take)
        return won

    async def failed(self, institution: str, channel: ChannelKind) -> None:
        """A delivery failed."""
        now = datetime.now(UTC)
        await self._change((institution, channel), lambda health: circuit_breaker.failed(health, now, self.rules))

    async def silent(self, institution: str, channel: ChannelKind) -> None:
        """What was delivered was not answered in time."""
        now = datetime.now(UTC)
        await self._change((institution, channel), lambda health: circuit_breaker.silent(health, now, self.rules))

    async def delivered(self, institution: str, channel: ChannelKind) -> None:
        """A delivery went through."""
        if (institution, channel) in self._unwell:
            await self._change((institution, channel), lambda health: circuit_breaker.delivered(health, self.rules))

    async def answered(self, institution: str, channel: ChannelKind) -> None:
        """The bank has answered what came over the channel."""
        if (institution, channel) in self._unwell:
            await self._change((institution, channel), lambda health: circuit_breaker.answered(health, self.rules))

    async def _change(self, key: Key, change: Callable[[Health], Health]) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            after = await channels.change_health(connection, key, change, datetime.now(UTC))
        before = self._unwell.get(key, circuit_breaker.WELL)
        if after.state is not before.state:
            log.warning("channel %s of %s is %s", key[1].value, key[0], after.state.value)
        if after == circuit_breaker.WELL:
            self._unwell.pop(key, None)
        else:
            self._unwell[key] = after

    def _look_again(self) -> None:
        stale = self._read_at is None or time.monotonic() - self._read_at > LOOK_AGAIN_SECONDS
        if stale and self._reading is None:
            self._reading = asyncio.get_running_loop().create_task(self._read_in_background())

    async def _read_in_background(self) -> None:
        try:
            await self.refresh()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            # The next look tries again; until then what was known is better than nothing.
            log.warning("channels' health not read: %s", type(error).__name__)
            self._read_at = time.monotonic()
        finally:
            self._reading = None
