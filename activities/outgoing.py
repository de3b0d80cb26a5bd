"""Sender of what goes out: each kind is tried with waits, and given up after the policy's last attempt.

A kind is one entry of `workers.loops.outbound.KINDS`. Its content is made from its subject when it is sent.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Generic, Protocol, TypeVar

from activities.context import Context
from activities.notifications.sending import Ways
from adapters.banks.protocol import BankWire, Delivery, HoldTicket
from adapters.messages.sms import SmsError
from adapters.messages.smtp import MailError
from db import outgoing
from db.outgoing import Claimed, OutgoingEnd, OutgoingKind
from db.pool import Connection

Row = TypeVar("Row")
Write = Callable[[Connection, datetime], Awaitable[None]]
"""writes beside the mark, in its transaction"""


class NoWay(Exception):
    """There is no route for it, or no address to send it to."""

    retryable: ClassVar[bool] = False


class NotDue(Exception):
    """There is nothing to send any more, because its subject has changed meanwhile."""


class EventSender(Protocol):
    """Sends hold requests to webhooks: `adapters.banks.push.client.PushAdapter`."""

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send one event. Raises `BankError`."""
        ...


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes over which things go out."""

    ways: Ways
    bank_events: EventSender | None = None
    """the route to webhooks of banks, for test events"""
    first_sign_in_address: str = ""
    """the address at which people of banks set their first password"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt to send something."""

    ctx: Context
    routes: Routes
    is_last: bool
    """whether it is given up if it fails"""


@dataclass(frozen=True, slots=True)
class Kind(Generic[Row]):
    """Kind of what goes out."""

    name: OutgoingKind
    read: Callable[[Connection, str], Awaitable[Row | None]]
    """returns the subject; None if there is nothing to send any more"""
    send: Callable[[Attempt, Row], Awaitable[Write | None]]
    """sends it, and returns what is written with the mark; raises `MailError`, `SmsError`, `NoWay` and `NotDue`"""
    given_up: Callable[[Row, Connection, datetime], Awaitable[None]] | None = None
    """writes what follows when it is given up"""
    at_once: int = 20
    call_seconds: float | None = None
    """limit of one call; None: that of the policy for messages"""


async def send_due(ctx: Context, routes: Routes, kind: Kind[Row]) -> int:
    """Send what is due of a kind, each by only one process at a time; return how much was sent.

    Raises the first unexpected error, after the others are sent. What it was about is tried again after its lease.
    """
    now = ctx.now()
    lease = timedelta(seconds=3 * (kind.call_seconds or ctx.policy.messages.trying.call_timeout_seconds))
    # A subject changes in a transaction that writes here too, so it is read as it stands for this claim.
    async with ctx.pool.acquire() as connection, connection.transaction():
        claimed = await outgoing.claim(connection, kind.name, now, now + lease, kind.at_once)
        due = [(one, await kind.read(connection, one.subject)) for one in claimed]
    # At once, because one that hangs must not hold up the others beyond their lease.
    done = await asyncio.gather(*(_send(ctx, routes, kind, *one) for one in due), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return sum(result is True for result in done)


async def _send(ctx: Context, routes: Routes, kind: Kind[Row], claimed: Claimed, row: Row | None) -> bool:
    """Send one thing and mark it; return whether it was sent."""
    if row is None:
        await _end(ctx, claimed, OutgoingEnd.OVER)
        return False
    trying = ctx.policy.messages.trying
    is_last = claimed.attempts >= trying.attempts
    try:
        write = await kind.send(Attempt(ctx, routes, is_last), row)
    except NotDue:
        await _end(ctx, claimed, OutgoingEnd.OVER)
    except (MailError, SmsError, NoWay) as error:
        failure = type(error).__name__
        if error.retryable and not is_last:
            again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(claimed.attempts))
            async with ctx.pool.acquire() as connection:
                await outgoing.put_off(connection, claimed, again_at, failure)
        else:
            follows = partial(kind.given_up, row) if kind.given_up else None
            await _end(ctx, claimed, OutgoingEnd.GIVEN_UP, follows, failure)
    else:
        await _end(ctx, claimed, OutgoingEnd.SENT, write)
        return True
    return False


async def _end(
    ctx: Context, claimed: Claimed, outcome: OutgoingEnd, write: Write | None = None, failure: str = ""
) -> None:
    """Write an end, and what goes with it. An end that is written already stays."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        if await outgoing.end(connection, claimed, outcome, now, failure) and write is not None:
            await write(connection, now)
