"""Delivery of hold requests, orders and cancellations: over the best working channel, then the next one."""

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.banks import received
from activities.banks.channel_health import CallLimits, ConcurrencyLimits
from activities.banks.letters import BankMessage
from activities.context import Context
from activities.metrics import METRICS
from activities.secrets import CannotOpen
from adapters.banks.protocol import (
    BankAdapter,
    BankBusy,
    BankError,
    BankMisconfigured,
    BankNotReached,
    BankProtocolError,
    BankRefused,
    BankUnreachable,
    ReminderSender,
)
from db.banks import bank_exchanges
from domain.banks import channel_choice
from schemas.banks.keys import Exchange
from schemas.enums import ChannelKind, DeliveryOutcome

log = logging.getLogger(__name__)

CALLS_AT_ONCE: Final = 16
"""to one bank from one process: a hanging bank must not take all slots"""
CALL_AT_ONCE_SECONDS: Final = 1.5
"""limit of a call from a batch: the workflow processes no other news of its case until all calls of it have ended"""
CLOCK_STEP_SECONDS: Final = 0.005
"""uvloop's clock counts milliseconds, so a limit may be over a moment before it by this clock"""
AT_ONCE_SECONDS: Final = 0.01
"""the wait before the next channel is tried; a wait of 0 means that no wait is given"""

REMINDER_WAIT: Final = timedelta(minutes=5)
"""the most that a reminder waits for a free place: the letter and the next level must not wait for it any longer"""

Adapters = Mapping[ChannelKind, BankAdapter[Any]]


@dataclass(frozen=True)
class Delivered:
    """A delivered message: its channel and the bank's job id."""

    channel: ChannelKind
    job_id: str
    exchanges: tuple[Exchange, ...] = ()
    """the exchanges still to be kept; those of a failed attempt are kept already"""


@dataclass(frozen=True)
class BankDelivery:
    """The channels to all banks. One attempt uses one channel, and the next attempt may use another."""

    ctx: Context
    adapters: Adapters
    _limits: ConcurrencyLimits = field(default_factory=lambda: ConcurrencyLimits(CALLS_AT_ONCE))

    async def deliver(self, message: BankMessage, institution: str, *, first: bool = False) -> Delivered:
        """Send `message` to the bank over one channel; `first` when no attempt was made before this one.

        Raises `BankError`. `BankRefused` is the bank's own refusal; every other error is a failure of the channel.
        Where another channel can be tried at once, `BankUnreachable.retry_after_seconds` is `AT_ONCE_SECONDS`.
        """
        with self._place(institution):
            channel = await self._choose(message, institution, first=first)
            delivered = await self._attempt(message, institution, channel, or_another=True)
        return await self._note_success(institution, delivered)

    async def deliver_at_once(self, message: BankMessage, institution: str) -> Delivered | None:
        """Send a new `message` over the bank's best channel, within a short limit; None to send it by the queue.

        A bank with an unhealthy channel is left to the queue, and so is one whose calls are slow or at their limit, or
        whose best channel this process cannot use. A call that reaches the limit counts as no failure. Raises
        `BankError` as `deliver` does.
        """
        ways = self._ways(institution, message)
        bank = self.ctx.directory.current.get(institution)
        if bank is None or not bank.channels:
            raise BankNotReached(institution, "no channel in the directory")
        if not ways or ways[0] is not bank.channels[0]:
            return None
        if self.ctx.health.of(institution) or not self._limits.may_call_at_once(
            institution, self._call_limits(institution)
        ):
            return None
        channel = channel_choice.choose(ways, {}, {}, self.ctx.now())
        assert channel is not None, "a bank without an unhealthy channel has a usable one"
        clock = asyncio.get_running_loop().time
        limit = clock() + CALL_AT_ONCE_SECONDS - CLOCK_STEP_SECONDS
        with self._place(institution):
            try:
                delivered = await self._over(channel, institution, message, CALL_AT_ONCE_SECONDS)
            except BankRefused:
                raise
            except BankError as error:
                if isinstance(error, BankUnreachable) and clock() >= limit:
                    return None
                await self._note_failure(message, institution, channel, error)
                raise
        return await self._note_success(institution, delivered)

    async def deliver_over(self, message: BankMessage, institution: str, channel: ChannelKind) -> Delivered:
        """Send `message` over this channel, which delivered the hold request or order before.

        Raises `BankError`: `BankMisconfigured` if the channel is gone or cannot send the message.
        """
        if channel not in self._ways(institution, message):
            raise BankMisconfigured(institution, f"no {channel.value} for it any more")
        with self._place(institution):
            delivered = await self._attempt(message, institution, channel, or_another=False)
        return await self._note_success(institution, delivered)

    async def send_once(self, message: BankMessage, institution: str) -> Delivered:
        """Send `message` over the best channel that can carry it and works. Raises `BankError` and `CannotOpen`.

        The caller counts its attempts. The health of the channel is recorded.
        """
        ways, health = self._ways(institution, message), self.ctx.health
        if not ways:
            raise BankNotReached(institution, "no channel in the directory")
        channel = channel_choice.choose(ways, health.of(institution), {}, self.ctx.now())
        if channel is None or not await health.may_take(institution, channel):
            raise BankUnreachable(institution, "every channel is dropped")
        with self._place(institution):
            try:
                delivered = await self._over(channel, institution, message)
            except BankRefused:
                await health.delivered(institution, channel)
                raise
            except BankError as error:
                await health.failed(institution, channel, reached=isinstance(error, BankProtocolError))
                raise
        await health.delivered(institution, channel)
        return delivered

    async def remind(
        self, subject_id: UUID, institution: str, channel: ChannelKind, references: Sequence[str], asked_at: datetime
    ) -> bool:
        """Ask the bank for the state of a request over `channel`, if the channel has a message for that.

        Returns False if it has none or the message cannot be sent. A lost reminder does no harm, because the escalation
        continues. Raises a retryable `ApplicationError` while all places of the bank are taken.
        """
        adapter: object = self.adapters.get(channel)
        if not isinstance(adapter, ReminderSender) or not references:
            return False
        timeout_seconds = self.ctx.policy.delivery.call_timeout_seconds
        try:
            way = await self.ctx.directory.way(institution, channel)
            if way is None:
                return False
            with self._place(institution):
                await adapter.send_reminder(
                    way, subject_id, references, asked_at=asked_at, timeout_seconds=timeout_seconds
                )
        except BankBusy as error:
            if not _has_waited_for_place():
                raise try_again(error) from error
            log.info("no reminder for request %s: the bank had no free place", subject_id)
            return False
        except (BankError, CannotOpen) as error:
            log.info("no reminder for request %s: %s", subject_id, type(error).__name__)
            return False
        return True

    async def send(
        self, message: BankMessage, adapter: object, way: object, channel: ChannelKind, limit_seconds: float = math.inf
    ) -> Delivered:
        """Send `message` with this adapter. Raises `BankError`, after the exchanges up to then are kept."""
        timeout_seconds = min(self.ctx.policy.delivery.call_timeout_seconds, limit_seconds)
        try:
            delivery = await message.send(adapter, way, timeout_seconds)
        except BankError as error:
            if error.exchanges:
                async with self.ctx.pool.acquire() as connection:
                    await received.keep(self.ctx, connection, message.about, message.subject_id, error.exchanges)
            raise
        return Delivered(channel, delivery.job_id, delivery.exchanges)

    async def next_after_no_response(self, message: BankMessage, institution: str, channel: ChannelKind | None) -> bool:
        """Record that the last delivery got no response; return whether a channel without an attempt can be tried.

        `channel` made that delivery; None if there was none. One delivery is recorded once, at all escalation levels.
        """
        if channel is None:
            return False
        now = self.ctx.now()
        async with self.ctx.pool.acquire() as connection:
            noted = await bank_exchanges.note_no_response(connection, message.about, message.subject_id, channel, now)
            attempts = await bank_exchanges.count(connection, message.about, message.subject_id)
        if noted:
            await self.ctx.health.silent(institution, channel)
            METRICS.delivery_attempted(channel, DeliveryOutcome.SILENT)
        return self._has_untried(message, institution, attempts)

    # -- limits ----------------------------------------------------------------------------------------------------

    def _place(self, institution: str) -> AbstractContextManager[None]:
        return self._limits.place(institution, self._call_limits(institution))

    def _call_limits(self, institution: str) -> CallLimits:
        return CallLimits.part_of(self.ctx.directory.current.get(institution), self.ctx.bank_callers)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _choose(self, message: BankMessage, institution: str, *, first: bool) -> ChannelKind:
        ways = self._ways(institution, message)
        if not ways:
            raise BankNotReached(institution, "no channel in the directory")
        attempts: Mapping[ChannelKind, int] = {}
        if not first:
            async with self.ctx.pool.acquire() as connection:
                attempts = await bank_exchanges.count(connection, message.about, message.subject_id)
        candidates = ways
        while chosen := channel_choice.choose(candidates, self.ctx.health.of(institution), attempts, self.ctx.now()):
            if await self.ctx.health.may_take(institution, chosen):
                return chosen
            candidates = [kind for kind in candidates if kind is not chosen]
        health = self.ctx.health
        if chosen := channel_choice.last_resort(ways, health.of(institution), attempts, health.rules):
            return chosen
        raise BankUnreachable(institution, "every channel is dropped", self._until_next_probe(institution, ways))

    def _ways(self, institution: str, message: BankMessage) -> list[ChannelKind]:
        """Return the bank's channels that this process can use for the message, best first."""
        bank = self.ctx.directory.current.get(institution)
        channels = bank.channels if bank else ()
        return [kind for kind in channels if kind in self.adapters and message.fits(self.adapters[kind])]

    def _has_untried(self, message: BankMessage, institution: str, attempts: Mapping[ChannelKind, int]) -> bool:
        """Return whether a channel that works has made no attempt yet."""
        untried = [kind for kind in self._ways(institution, message) if not attempts.get(kind)]
        return channel_choice.choose(untried, self.ctx.health.of(institution), {}, self.ctx.now()) is not None

    def _until_next_probe(self, institution: str, ways: Sequence[ChannelKind]) -> float:
        at = channel_choice.next_probe(ways, self.ctx.health.of(institution))
        wait_seconds = max((at - self.ctx.now()).total_seconds(), 0.0) if at else 0.0
        # Not sooner, because an attempt before that time finds the channel still dropped.
        return self._limits.after(institution, wait_seconds)

    async def _attempt(
        self, message: BankMessage, institution: str, channel: ChannelKind, *, or_another: bool
    ) -> Delivered:
        """Make one attempt and record a failure. `or_another`: the next attempt may use another channel."""
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

    async def _over(
        self, channel: ChannelKind, institution: str, message: BankMessage, limit_seconds: float = math.inf
    ) -> Delivered:
        try:
            way = await self.ctx.directory.way(institution, channel)
        except CannotOpen as error:
            raise BankMisconfigured(institution, "its credentials cannot be opened") from error
        if way is None:
            raise BankMisconfigured(institution, f"no {channel.value} in the directory")
        return await self.send(message, self.adapters[channel], way, channel, limit_seconds)

    async def _note_failure(
        self, message: BankMessage, institution: str, channel: ChannelKind, error: BankError
    ) -> bool:
        """Record the failure; return whether a channel without an attempt can be tried at once."""
        await self.ctx.health.failed(institution, channel, reached=isinstance(error, BankProtocolError))
        METRICS.delivery_attempted(channel, DeliveryOutcome.FAILED)
        about, subject_id, failure = message.about, message.subject_id, type(error).__name__
        async with self.ctx.pool.acquire() as connection:
            await bank_exchanges.note(
                connection, about, subject_id, channel, DeliveryOutcome.FAILED, self.ctx.now(), failure
            )
            attempts = await bank_exchanges.count(connection, about, subject_id)
        return self._has_untried(message, institution, attempts)

    async def _note_success(self, institution: str, delivered: Delivered) -> Delivered:
        await self.ctx.health.delivered(institution, delivered.channel)
        METRICS.delivery_attempted(delivered.channel, DeliveryOutcome.DELIVERED)
        return delivered


def _has_waited_for_place() -> bool:
    """Return whether the attempts of this activity have gone on for the longest wait of a reminder."""
    if not activity.in_activity():
        return False
    info = activity.info()
    return info.current_attempt_scheduled_time - info.scheduled_time >= REMINDER_WAIT


def try_again(error: BankError, *, least_wait_seconds: float = 0.0) -> ApplicationError:
    """Return a retryable error for the activity, with the wait that the bank or its dropped channels ask for.

    A wait below `least_wait_seconds` is left to the retry policy, unless another channel can be tried at once.
    """
    wait_seconds = error.retry_after_seconds if isinstance(error, BankUnreachable) else None
    if wait_seconds is not None and AT_ONCE_SECONDS < wait_seconds < least_wait_seconds:
        wait_seconds = None
    return ApplicationError(
        str(error),
        type=type(error).__name__,
        # The error is no bug of ours, so the log needs no traceback at every attempt.
        category=ApplicationErrorCategory.BENIGN,
        next_retry_delay=timedelta(seconds=wait_seconds) if wait_seconds is not None else None,
    )
