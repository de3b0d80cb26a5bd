"""Carrying a hold request or an order to its bank: over the best channel that works, then over the next."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from activities.banks.concurrency import Turns
from activities.banks.consignments import Parcel
from activities.context import Context
from activities.metrics import METRICS
from activities.secrets import CannotOpen
from adapters.banks.protocol import (
    BankAdapter,
    BankError,
    BankMisconfigured,
    BankNotReached,
    BankRefused,
    BankUnreachable,
    Chaser,
)
from domain.banks import channel_choice
from schemas.banks.exchanges import Exchange
from schemas.enums import CarriageOutcome, ChannelKind

log = logging.getLogger(__name__)

CALLS_AT_ONCE: Final = 16
"""to one bank from one process: a bank that hangs must not take every slot there is"""
AT_ONCE_SECONDS: Final = 0.01
"""the wait before the next channel is tried; none at all would be read as no word on it"""

Adapters = Mapping[ChannelKind, BankAdapter[Any]]


@dataclass(frozen=True)
class Carried:
    """A parcel that a bank has, over which channel, and under which job id."""

    channel: ChannelKind
    job_id: str
    exchanges: tuple[Exchange, ...] = ()
    """what passed on the way, still to be kept: what a failed attempt leaves is kept already"""


@dataclass(frozen=True)
class Carrier:
    """The channels to all banks. One attempt takes one channel; the next attempt may take another."""

    ctx: Context
    adapters: Adapters
    _turns: Turns = field(default_factory=lambda: Turns(CALLS_AT_ONCE))

    async def carry(self, parcel: Parcel, institution: str, *, first: bool) -> Carried:
        """Put `parcel` before the bank over one channel; `first` when no attempt was made before this one.

        Raises `BankError`: `BankRefused` is the bank's word on it, everything else the channel's failure. Where
        another channel can be tried at once, `BankUnreachable.retry_after_seconds` is `AT_ONCE_SECONDS`.
        """
        with self._turns.turn(institution):
            channel = await self._choose(parcel, institution, first=first)
            try:
                carried = await self._over(channel, institution, parcel)
            except BankRefused:
                await self._well(institution, channel)
                raise
            except BankError as error:
                if await self._another_is_there(parcel, institution, channel, error):
                    raise BankUnreachable(
                        institution, f"{channel.value}: {type(error).__name__}", AT_ONCE_SECONDS
                    ) from error
                raise
        await self._well(institution, channel)
        METRICS.carried(channel, CarriageOutcome.DELIVERED)
        return carried

    async def carry_over(self, parcel: Parcel, institution: str, channel: ChannelKind) -> Carried:
        """Put `parcel` before the bank over this very channel, by which it has what the parcel is about.

        Raises `BankError`: `BankMisconfigured` where the channel is gone, or has no message for it.
        """
        if channel not in self._ways(institution, parcel):
            raise BankMisconfigured(institution, f"no {channel.value} for it any more")
        with self._turns.turn(institution):
            try:
                carried = await self._over(channel, institution, parcel)
            except BankRefused:
                await self._well(institution, channel)
                raise
            except BankError as error:
                await self._another_is_there(parcel, institution, channel, error)
                raise
        await self._well(institution, channel)
        METRICS.carried(channel, CarriageOutcome.DELIVERED)
        return carried

    async def chase(
        self, request_id: UUID, institution: str, channel: ChannelKind, references: Sequence[str], asked_at: datetime
    ) -> bool:
        """Ask the bank over `channel` what became of a request, where the channel has a message for that.

        False where it has none, or it cannot be sent: a chaser that is lost costs nothing, the ladder goes on.
        """
        adapter: object = self.adapters.get(channel)
        if not isinstance(adapter, Chaser) or not references:
            return False
        timeout_seconds = self.ctx.policy.delivery.call_timeout_seconds
        try:
            way = await self.ctx.directory.way(institution, channel)
            if way is None:
                return False
            await adapter.send_chaser(way, request_id, references, asked_at=asked_at, timeout_seconds=timeout_seconds)
        except (BankError, CannotOpen) as error:
            log.info("request %s is not chased: %s", request_id, type(error).__name__)
            return False
        return True

    async def hand_over(self, parcel: Parcel, adapter: object, way: object, channel: ChannelKind) -> Carried:
        """Put `parcel` before a bank by this adapter. Raises `BankError`; what passed until then is kept."""
        timeout_seconds = self.ctx.policy.delivery.call_timeout_seconds
        try:
            delivery = await parcel.hand_over(adapter, way, timeout_seconds)
        except BankError as error:
            if error.exchanges:
                async with self.ctx.pool.acquire() as connection:
                    await parcel.keep(connection, error.exchanges)
            raise
        return Carried(channel, delivery.job_id, delivery.exchanges)

    async def next_after_silence(self, parcel: Parcel, institution: str, channel: ChannelKind) -> bool:
        """Note that what `channel` delivered was met with silence; true when another channel has not had its turn.

        One delivery is silent once, however many rungs are climbed over it.
        """
        now = datetime.now(UTC)
        async with self.ctx.pool.acquire() as connection:
            noted = await parcel.note_silence(connection, channel, now)
            turns = await parcel.turns(connection)
        if noted:
            await self.ctx.health.silent(institution, channel)
            METRICS.carried(channel, CarriageOutcome.SILENT)
        ways = [kind for kind in self._ways(institution, parcel) if not turns.get(kind)]
        return channel_choice.choose(ways, self.ctx.health.of(institution), {}, now) is not None

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _choose(self, parcel: Parcel, institution: str, *, first: bool) -> ChannelKind:
        ways = self._ways(institution, parcel)
        if not ways:
            raise BankNotReached(institution, "no channel in the directory")
        turns: Mapping[ChannelKind, int] = {}
        if not first:
            async with self.ctx.pool.acquire() as connection:
                turns = await parcel.turns(connection)
        left = ways
        while chosen := channel_choice.choose(left, self.ctx.health.of(institution), turns, datetime.now(UTC)):
            if await self.ctx.health.may_take(institution, chosen):
                return chosen
            left = [kind for kind in left if kind is not chosen]
        health = self.ctx.health
        if chosen := channel_choice.last_resort(ways, health.of(institution), turns, health.rules):
            return chosen
        raise BankUnreachable(institution, "every channel is dropped", self._until_next_probe(institution, ways))

    def _ways(self, institution: str, parcel: Parcel) -> list[ChannelKind]:
        """The bank's channels that this process can speak and that have a message for the parcel, best first."""
        found = self.ctx.directory.current.get(institution)
        channels = found.channels if found else ()
        return [kind for kind in channels if kind in self.adapters and parcel.fits(self.adapters[kind])]

    def _until_next_probe(self, institution: str, ways: Sequence[ChannelKind]) -> float:
        at = channel_choice.next_probe(ways, self.ctx.health.of(institution))
        wait_seconds = max((at - datetime.now(UTC)).total_seconds(), 0.0) if at else 0.0
        # Never sooner: who comes before the time finds the door shut again.
        return self._turns.after(institution, wait_seconds)

    async def _over(self, channel: ChannelKind, institution: str, parcel: Parcel) -> Carried:
        try:
            way = await self.ctx.directory.way(institution, channel)
        except CannotOpen as error:
            raise BankMisconfigured(institution, "its credentials cannot be opened") from error
        if way is None:
            raise BankMisconfigured(institution, f"no {channel.value} in the directory")
        return await self.hand_over(parcel, self.adapters[channel], way, channel)

    async def _another_is_there(self, parcel: Parcel, institution: str, channel: ChannelKind, error: BankError) -> bool:
        """Write the failure down; whether a channel that has not had its turn can be tried at once."""
        await self.ctx.health.failed(institution, channel)
        METRICS.carried(channel, CarriageOutcome.FAILED)
        async with self.ctx.pool.acquire() as connection:
            await parcel.note(connection, channel, CarriageOutcome.FAILED, datetime.now(UTC), type(error).__name__)
            turns = await parcel.turns(connection)
        untried = [kind for kind in self._ways(institution, parcel) if not turns.get(kind)]
        return channel_choice.choose(untried, self.ctx.health.of(institution), {}, datetime.now(UTC)) is not None

    async def _well(self, institution: str, channel: ChannelKind) -> None:
        await self.ctx.health.delivered(institution, channel)
