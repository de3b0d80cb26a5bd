"""Carrying a hold request to its bank: over the best channel that works, and over the next when one fails."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from activities.hands import Hands
from activities.metrics import METRICS
from activities.turns import Turns
from activities.vault import CannotOpen
from adapters.banks.protocol import (
    BankAdapter,
    BankError,
    BankMisconfigured,
    BankRefused,
    BankUnreachable,
    Chaser,
    HoldTicket,
)
from db import channels
from domain import routes
from schemas.enums import CarriageOutcome, ChannelKind

log = logging.getLogger(__name__)

CALLS_AT_ONCE: Final = 16
"""to one bank from one process: a bank that hangs must not take every slot there is"""
AT_ONCE_SECONDS: Final = 0.01
"""the wait before the next channel is tried; none at all would be read as no word on it"""

Adapters = Mapping[ChannelKind, BankAdapter[Any]]


@dataclass(frozen=True)
class Carried:
    """A request that a bank has, over which channel, and under which job id."""

    channel: ChannelKind
    job_id: str


@dataclass(frozen=True)
class Carrier:
    """The channels to all banks. One attempt takes one channel; the next attempt may take another."""

    hands: Hands
    adapters: Adapters
    _turns: Turns = field(default_factory=lambda: Turns(CALLS_AT_ONCE))

    async def carry(self, request_id: UUID, institution: str, ticket: HoldTicket, *, first: bool) -> Carried:
        """Put `ticket` before the bank over one channel; `first` when no attempt was made before this one.

        Raises `BankError`: `BankRefused` is the bank's word on the ticket, everything else the channel's failure. Where
        another channel can be tried at once, `BankUnreachable.retry_after_seconds` is `AT_ONCE_SECONDS`.
        """
        with self._turns.turn(institution):
            channel = await self._choose(request_id, institution, first=first)
            try:
                carried = await self._over(channel, institution, ticket)
            except BankRefused:
                await self._well(institution, channel)
                raise
            except BankError as error:
                if await self._another_is_there(request_id, institution, channel, error):
                    raise BankUnreachable(
                        institution, f"{channel.value}: {type(error).__name__}", AT_ONCE_SECONDS
                    ) from error
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
        timeout_seconds = self.hands.policy.delivery.call_timeout_seconds
        try:
            way = await self.hands.directory.way(institution, channel)
            if way is None:
                return False
            await adapter.send_chaser(way, request_id, references, asked_at=asked_at, timeout_seconds=timeout_seconds)
        except (BankError, CannotOpen) as error:
            log.info("request %s is not chased: %s", request_id, type(error).__name__)
            return False
        return True

    async def next_after_silence(self, request_id: UUID, institution: str, channel: ChannelKind) -> bool:
        """Note that what `channel` delivered was met with silence; true when another channel has not had its turn.

        One delivery is silent once, however many rungs are climbed over it.
        """
        now = datetime.now(UTC)
        async with self.hands.pool.acquire() as connection:
            noted = await channels.note_silence(connection, request_id, channel, now)
            turns = await channels.turns(connection, request_id)
        if noted:
            await self.hands.health.silent(institution, channel)
            METRICS.carried(channel, CarriageOutcome.SILENT)
        ways = [kind for kind in self._ways(institution) if not turns.get(kind)]
        return routes.choose(ways, self.hands.health.of(institution), {}, now) is not None

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _choose(self, request_id: UUID, institution: str, *, first: bool) -> ChannelKind:
        ways = self._ways(institution)
        if not ways:
            raise BankMisconfigured(institution, "no channel in the directory")
        turns: Mapping[ChannelKind, int] = {}
        if not first:
            async with self.hands.pool.acquire() as connection:
                turns = await channels.turns(connection, request_id)
        left = ways
        while chosen := routes.choose(left, self.hands.health.of(institution), turns, datetime.now(UTC)):
            if await self.hands.health.may_take(institution, chosen):
                return chosen
            left = [kind for kind in left if kind is not chosen]
        health = self.hands.health
        if chosen := routes.last_resort(ways, health.of(institution), turns, health.rules):
            return chosen
        raise BankUnreachable(institution, "every channel is dropped", self._until_next_probe(institution))

    def _ways(self, institution: str) -> list[ChannelKind]:
        """The bank's channels that this process can speak, best first."""
        found = self.hands.directory.current.get(institution)
        return [kind for kind in found.channels if kind in self.adapters] if found else []

    def _until_next_probe(self, institution: str) -> float:
        at = routes.next_probe(self._ways(institution), self.hands.health.of(institution))
        wait_seconds = max((at - datetime.now(UTC)).total_seconds(), 0.0) if at else 0.0
        # Never sooner: who comes before the time finds the door shut again.
        return self._turns.after(institution, wait_seconds)

    async def _over(self, channel: ChannelKind, institution: str, ticket: HoldTicket) -> Carried:
        try:
            way = await self.hands.directory.way(institution, channel)
        except CannotOpen as error:
            raise BankMisconfigured(institution, "its credentials cannot be opened") from error
        if way is None:
            raise BankMisconfigured(institution, f"no {channel.value} in the directory")
        timeout_seconds = self.hands.policy.delivery.call_timeout_seconds
        delivery = await self.adapters[channel].send_hold_request(way, ticket, timeout_seconds=timeout_seconds)
        return Carried(channel, delivery.job_id)

    async def _another_is_there(
        self, request_id: UUID, institution: str, channel: ChannelKind, error: BankError
    ) -> bool:
        """Write the failure down; whether a channel that has not had its turn can be tried at once."""
        await self.hands.health.failed(institution, channel)
        METRICS.carried(channel, CarriageOutcome.FAILED)
        async with self.hands.pool.acquire() as connection:
            await channels.note_carriage(
                connection, request_id, channel, CarriageOutcome.FAILED, datetime.now(UTC), type(error).__name__
            )
            turns = await channels.turns(connection, request_id)
        untried = [kind for kind in self._ways(institution) if not turns.get(kind)]
        return routes.choose(untried, self.hands.health.of(institution), {}, datetime.now(UTC)) is not None

    async def _well(self, institution: str, channel: ChannelKind) -> None:
        await self.hands.health.delivered(institution, channel)
