"""Sender of what goes out: each kind is tried with waits, and given up after the policy's last attempt.

A kind is one entry of `workers.loops.outbound.KINDS`. Its content is made from its subject when it is sent. Every error
counts as a failed attempt, and so does a process that ended, so that what follows from giving up always follows.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Final, Generic, Protocol, TypeVar

from activities.context import Context
from activities.isolation import repeated
from adapters.banks.protocol import BankWire, Delivery, HoldTicket
from adapters.messages.smtp import PdfAttachment
from adapters.police.cctns import FirRegister
from db import outgoing
from db.outgoing import Claimed, OutgoingEnd, OutgoingKind
from db.pool import Connection
from domain.message_texts import SmsTemplates
from domain.policy.restoration import RetryRules
from schemas.notifications import Medium, SmsIds

log = logging.getLogger(__name__)

SENDER_DIED: Final = "every attempt ended without a result"
NO_REPLY: Final = "no reply in time"
NO_WAY: Final = {
    Medium.SMS: "no SMS gateway is configured: GOLDENHOUR_SMS_URL",
    Medium.EMAIL: "no mail route is configured: GOLDENHOUR_SMTP_URL",
}

Row = TypeVar("Row")
Write = Callable[[Connection, datetime], Awaitable[None]]
"""writes beside the mark that something is sent, in its transaction; it bears to be done twice"""


class NoWay(Exception):
    """There is no route for it, or no address to send it to."""

    retryable: ClassVar[bool] = False


class NoRouteYet(NoWay):
    """Its route is not configured yet."""

    retryable = True


class NotDue(Exception):
    """There is nothing to send any more, because its subject has changed meanwhile."""


class MailRoute(Protocol):
    """The route for letters: `adapters.messages.smtp.Mailer`."""

    async def send(
        self, to: str, subject: str, body_text: str, message_id: str, *, attachments: Sequence[PdfAttachment] = ()
    ) -> None:
        """Send one letter. Raises `MailError`."""
        ...


class SmsRoute(Protocol):
    """The route for short messages: `adapters.messages.sms.SmsGateway`."""

    async def send(self, to: str, body_text: str, key: str, ids: SmsIds | None = None) -> str:
        """Send one short message. Raises `SmsError`."""
        ...


@dataclass(frozen=True)
class Ways:
    """The routes of messages; None where a route is not configured."""

    mail: MailRoute | None = None
    sms: SmsRoute | None = None
    sms_templates: SmsTemplates | None = None
    """the registered texts of short messages; None for a gateway that asks for none"""

    @property
    def missing(self) -> list[Medium]:
        """Return the media without a route."""
        ways = {Medium.EMAIL: self.mail, Medium.SMS: self.sms}
        return [medium for medium, way in ways.items() if way is None]


class EventSender(Protocol):
    """Sends hold requests to webhooks: `adapters.banks.push.client.PushAdapter`."""

    async def send_hold_request(self, bank: BankWire, ticket: HoldTicket, *, timeout_seconds: float) -> Delivery:
        """Send one event. Raises `BankError`."""
        ...


class WebhookRoute(Protocol):
    """Posts notices to webhooks of officers: `adapters.messages.webhooks.WebhookPoster`."""

    async def post(self, url: str, body: bytes, headers: dict[str, str], *, timeout_seconds: float) -> None:
        """Post a notice. Raises `WebhookFailed`."""
        ...


@dataclass(frozen=True, slots=True)
class Routes:
    """The routes over which things go out."""

    ways: Ways
    bank_events: EventSender | None = None
    """the route to webhooks of banks, for test events"""
    first_sign_in_address: str = ""
    """the address at which people of banks set their first password"""
    webhooks: WebhookRoute | None = None
    """the route to webhooks of officers"""
    desk_url: str = ""
    """the address at which officers find their work items"""
    appeal_address: str = ""
    """the address at which an account holder files a grievance, for documents"""
    register: FirRegister | None = None
    """the register of reports to the police; None where none is configured"""


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
    read: Callable[[Connection, Sequence[str]], Awaitable[Mapping[str, Row]]]
    """returns the subjects by their keys, without those of which there is nothing to send any more"""
    send: Callable[[Attempt, Row], Awaitable[Write | None]]
    """sends it, and returns what is written with the mark; raises `NoWay`, `NotDue`, and errors with `retryable`"""
    given_up: Callable[[Row, Connection, datetime], Awaitable[None]] | None = None
    """writes what follows when it is given up"""
    before: Callable[[Context, Routes, Connection], Awaitable[None]] | None = None
    """writes what is due beside the sending, before each claim"""
    until: Callable[[Row], datetime | None] = lambda _: None
    """returns the time from which there is no other attempt; None: the policy alone ends them"""
    batch: int = 20
    """number of those that are claimed at a time"""
    at_once: int = 20
    """number of those that are sent at the same time"""
    call_seconds: float | None = None
    """limit of one call; None: that of the policy"""
    lease_calls: int = 3
    """the number of calls after which another process may try what is claimed"""
    trying: Callable[[Context], RetryRules] = lambda ctx: ctx.policy.messages.trying
    """returns the policy of its attempts"""
    opened_before: Callable[[Context], datetime | None] = lambda _: None
    """For a kind whose subjects are cases: returns when a case with money in play must have been opened, so that
    younger ones wait behind the golden hour. None: no subject waits."""
    is_endless: bool = False
    """whether it is tried further after the last attempt of the policy; `given_up` is done all the same"""


async def send_due(ctx: Context, routes: Routes, kind: Kind[Row]) -> int:
    """Send what is due of a kind, each by only one process at a time; return how much was sent.

    Raises the first error of the database, after the others are sent. What it was about is tried again after its lease.
    """
    now = ctx.now()
    lease = timedelta(seconds=kind.lease_calls * (kind.call_seconds or kind.trying(ctx).call_timeout_seconds))
    # A subject changes in a transaction that writes here too, so it is read as it stands for this claim.
    async with ctx.pool.acquire() as connection, connection.transaction():
        if kind.before is not None:
            await kind.before(ctx, routes, connection)
        claimed = await outgoing.claim(connection, kind.name, now, now + lease, kind.batch, kind.opened_before(ctx))
        rows = await kind.read(connection, [claim.subject for claim in claimed]) if claimed else {}
    limit = asyncio.Semaphore(kind.at_once)

    async def send(claim: Claimed) -> bool:
        async with limit:
            return await _send(ctx, routes, kind, claim, rows.get(claim.subject))

    # At once, because one that hangs must not hold up the others beyond their lease.
    done = await asyncio.gather(*map(send, claimed), return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return sum(result is True for result in done)


async def _send(ctx: Context, routes: Routes, kind: Kind[Row], claimed: Claimed, row: Row | None) -> bool:
    """Send one thing and mark it; return whether it was sent."""
    if row is None:
        await _end(ctx, claimed, OutgoingEnd.OVER)
        return False
    limit = kind.trying(ctx).attempts
    try:
        if claimed.attempts > limit and not kind.is_endless:
            raise NoWay(SENDER_DIED)
        write = await kind.send(Attempt(ctx, routes, claimed.attempts >= limit), row)
    except NotDue:
        await _end(ctx, claimed, OutgoingEnd.OVER)
    except Exception as error:
        await _failed(ctx, kind, claimed, row, error)
    else:
        await _mark_sent(ctx, claimed, write)
        return True
    return False


async def _failed(ctx: Context, kind: Kind[Row], claimed: Claimed, row: Row, error: Exception) -> None:
    """Put off what could not be sent, or give it up."""
    trying = kind.trying(ctx)
    failure = NO_REPLY if isinstance(error, TimeoutError) else type(error).__name__
    if hasattr(error, "retryable"):
        failure = str(error) or failure
    else:
        log.warning("%s %d: %s", kind.name, claimed.outgoing_id, failure)
    wait_seconds = max(trying.wait_seconds(claimed.attempts), getattr(error, "retry_after_seconds", None) or 0.0)
    again_at, until = ctx.now() + timedelta(seconds=wait_seconds), kind.until(row)
    is_last = claimed.attempts >= trying.attempts or (until is not None and again_at >= until)
    follows = partial(kind.given_up, row) if kind.given_up else None
    if kind.is_endless or (getattr(error, "retryable", True) and not is_last):
        async with ctx.pool.acquire() as connection:
            await outgoing.put_off(connection, claimed, again_at, failure)
        if is_last and follows is not None:
            async with ctx.pool.acquire() as connection, connection.transaction():
                await follows(connection, ctx.now())
    else:
        await _end(ctx, claimed, OutgoingEnd.GIVEN_UP, follows, failure)


@repeated()
async def _end(
    ctx: Context, claimed: Claimed, outcome: OutgoingEnd, follows: Write | None = None, failure: str = ""
) -> None:
    """Write an end, and what follows from it. An end that is written already stays."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        if await outgoing.end(connection, claimed, outcome, now, failure) and follows is not None:
            await follows(connection, now)


@repeated()
async def _mark_sent(ctx: Context, claimed: Claimed, write: Write | None) -> None:
    """Write that something is sent: first in its own row, which may need the lock of a case."""
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        if write is not None:
            await write(connection, now)
        await outgoing.end(connection, claimed, OutgoingEnd.SENT, now)
