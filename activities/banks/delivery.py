"""Delivering hold requests, orders and cancellations to banks: over the best channel that works, then the next."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.banks.bank_messages import BankMessage
from activities.banks.concurrency import Turns
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
from db.banks import bank_exchanges, delivery_attempts
from domain.banks import channel_choice
from schemas.banks.exchanges import Exchange
from schemas.enums import ChannelKind, DeliveryOutcome

log = logging.getLogger(__name__)

CALLS_AT_ONCE: Final = 16
"""to one bank from one process: a bank that hangs must not take every slot there is"""
AT_ONCE_SECONDS: Final = 0.01
"""the wait before the next channel is tried; a wait of 0 would be read as no wait given"""

Adapters = Mapping[ChannelKind, BankAdapter[Any]]


@dataclass(frozen=True)
class Delivered:
    """A message that a bank has: over which channel, and under which job id."""

    channel: ChannelKind
    job_id: str
    exchanges: tuple[Exchange, ...] = ()
    """what passed with the bank, still to be kept; those of a failed attempt are kept already"""


@dataclass(frozen=True)
class BankDelivery:
    """The channels to all banks. One attempt takes one channel; the next attempt may take another."""

    ctx: Context
    adapters: Adapters
    _turns: Turns = field(default_factory=lambda: Turns(CALLS_AT_ONCE))

    async def deliver(self, message: BankMessage, institution: str, *, first: bool) -> Delivered:
        """Send `message` to the bank over one channel; `first` when no attempt was made before this one.

        Raises `BankError`. `BankRefused` is the bank's own refusal; every other error is a failure of the channel.
        Where another channel can be tried at once, `BankUnreachable.retry_after_seconds` is `AT_ONCE_SECONDS`.
        """
        with self._turns.turn(institution):
            channel = await self._choose(message, institution, first=first)
            delivered = await self._attempt(message, institution, channel, or_another=True)
        return await self._note_success(institution, delivered)

    async def deliver_over(self, message: BankMessage, institution: str, channel: ChannelKind) -> Delivered:
        """Send `message` over this very channel, which has delivered what the message is about.

        Raises `BankError`: `BankMisconfigured` where the channel is gone, or has no message for it.
        """
        if channel not in self._ways(institution, message):
            raise BankMisconfigured(institution, f"no {channel.value} for it any more")
        with self._turns.turn(institution):
            delivered = await self._attempt(message, institution, channel, or_another=False)
        return await self._note_success(institution, delivered)

    async def chase(
        self, subject_id: UUID, institution: str, channel: ChannelKind, references: Sequence[str], asked_at: datetime
    ) -> bool:
        """Ask the bank over `channel` what became of a request, where the channel has a message for that.

        False where it has none or the message cannot be sent. A reminder that is lost costs nothing: the escalation
        goes on.
        """
        adapter: object = self.adapters.get(channel)
        if not isinstance(adapter, Chaser) or not references:
            return False
        timeout_seconds = self.ctx.policy.delivery.call_timeout_seconds
        try:
            way = await self.ctx.directory.way(institution, channel)
            if way is None:
                return False
            await adapter.send_chaser(way, subject_id, references, asked_at=asked_at, timeout_seconds=timeout_seconds)
        except (BankError, CannotOpen) as error:
            log.info("request %s is not chased: %s", subject_id, type(error).__name__)
            return False
        return True

    async def send(self, message: BankMessage, adapter: object, way: object, channel: ChannelKind) -> Delivered:
        """Send `message` with this adapter. Raises `BankError`, after what passed until then is kept."""
        timeout_seconds = self.ctx.policy.delivery.call_timeout_seconds
        try:
            delivery = await message.send(adapter, way, timeout_seconds)
        except BankError as error:
            if error.exchanges:
                async with self.ctx.pool.acquire() as connection:
                    await bank_exchanges.keep(connection, message.about, message.subject_id, error.exchanges)
            raise
        return Delivered(channel, delivery.job_id, delivery.exchanges)

    async def next_after_silence(self, message: BankMessage, institution: str, channel: ChannelKind | None) -> bool:
        """Note that the last delivery got no response; return whether a channel without an attempt can be tried.

        `channel` made that delivery; None where there was none. One delivery is noted once, at whatever escalation
        levels.
        """
        if channel is None:
            return False
        now = datetime.now(UTC)
        async with self.ctx.pool.acquire() as connection:
            noted = await delivery_attempts.note_silence(connection, message.about, message.subject_id, channel, now)
            attempts = await delivery_attempts.count(connection, message.about, message.subject_id)
        if noted:
            await self.ctx.health.silent(institution, channel)
            METRICS.delivery_attempted(channel, DeliveryOutcome.SILENT)
        return self._has_untried(message, institution, attempts)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _choose(self, message: BankMessage, institution: str, *, first: bool) -> ChannelKind:
        ways = self._ways(institution, message)
        if not ways:
            raise BankNotReached(institution, "no channel in the directory")
        attempts: Mapping[ChannelKind, int] = {}
        if not first:
            async with self.ctx.pool.acquire() as connection:
                attempts = await delivery_attempts.count(connection, message.about, message.subject_id)
        left = ways
        while chosen := channel_choice.choose(left, self.ctx.health.of(institution), attempts, datetime.now(UTC)):
            if await self.ctx.health.may_take(institution, chosen):
                return chosen
            left = [kind for kind in left if kind is not chosen]
        health = self.ctx.health
        if chosen := channel_choice.last_resort(ways, health.of(institution), attempts, health.rules):
            return chosen
        raise BankUnreachable(institution, "every channel is dropped", self._until_next_probe(institution, ways))

    def _ways(self, institution: str, message: BankMessage) -> list[ChannelKind]:
        """Return the bank's channels that this process can use and that have a message for it, best first."""
        found = self.ctx.directory.current.get(institution)
        channels = found.channels if found else ()
        return [kind for kind in channels if kind in self.adapters and message.fits(self.adapters[kind])]

    def _has_untried(self, message: BankMessage, institution: str, attempts: Mapping[ChannelKind, int]) -> bool:
        """Return whether a channel that works has made no attempt yet."""
        untried = [kind for kind in self._ways(institution, message) if not attempts.get(kind)]
        return channel_choice.choose(untried, self.ctx.health.of(institution), {}, datetime.now(UTC)) is not None

    def _until_next_probe(self, institution: str, ways: Sequence[ChannelKind]) -> float:
        at = channel_choice.next_probe(ways, self.ctx.health.of(institution))
        wait_seconds = max((at - datetime.now(UTC)).total_seconds(), 0.0) if at else 0.0
        # Never sooner: an attempt before that time finds the channel still dropped.
        return self._turns.after(institution, wait_seconds)

    async def _attempt(
        self, message: BankMessage, institution: str, channel: ChannelKind, *, or_another: bool
    ) -> Delivered:
        """Make one attempt, and write down a failure; `or_another`: the next attempt may take another channel."""
        try:
            return await self._over(channel, institution, message)
        except BankRefused:
            await self.ctx.health.delivered(institution, channel)
            raise
        except BankError as error:
            has_untried = await self._note_failure(message, institution, channel, error)
            if or_another and has_untried:
                reason = f"{channel.value}: {type(error).__name__}"
                raise BankUnreachable(institution, reason, AT_ONCE_SECONDS) from error
            raise

    async def _over(self, channel: ChannelKind, institution: str, message: BankMessage) -> Delivered:
        try:
            way = await self.ctx.directory.way(institution, channel)
        except CannotOpen as error:
            raise BankMisconfigured(institution, "its credentials cannot be opened") from error
        if way is None:
            raise BankMisconfigured(institution, f"no {channel.value} in the directory")
        return await self.send(message, self.adapters[channel], way, channel)

    async def _note_failure(
        self, message: BankMessage, institution: str, channel: ChannelKind, error: BankError
    ) -> bool:
        """Write the failure down; return whether a channel without an attempt can be tried at once."""
        await self.ctx.health.failed(institution, channel)
        METRICS.delivery_attempted(channel, DeliveryOutcome.FAILED)
        about, subject_id, failure = message.about, message.subject_id, type(error).__name__
        async with self.ctx.pool.acquire() as connection:
            await delivery_attempts.note(
                connection, about, subject_id, channel, DeliveryOutcome.FAILED, datetime.now(UTC), failure
            )
            attempts = await delivery_attempts.count(connection, about, subject_id)
        return self._has_untried(message, institution, attempts)

    async def _note_success(self, institution: str, delivered: Delivered) -> Delivered:
        await self.ctx.health.delivered(institution, delivered.channel)
        METRICS.delivery_attempted(delivered.channel, DeliveryOutcome.DELIVERED)
        return delivered


def try_again(error: BankError, *, least_wait_seconds: float = 0.0) -> ApplicationError:
    """Return the retryable failure of an activity, after the wait that the bank or its dropped channels ask for.

    A wait below `least_wait_seconds` is left to the retry policy, unless another channel can be tried at once.
    """
    wait_seconds = error.retry_after_seconds if isinstance(error, BankUnreachable) else None
    if wait_seconds is not None and AT_ONCE_SECONDS < wait_seconds < least_wait_seconds:
        wait_seconds = None
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        # It is no bug of ours, so the log needs no traceback at every attempt.
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=timedelta(seconds=wait_seconds) if wait_seconds is not None else None,
    )
