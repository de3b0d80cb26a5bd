"""Sending of messages about work items to officers: SMS, e-mail, and posts to their webhooks.

The text is made when a message is sent, of the items that still wait then. It has no name, no account and no exact sum.
"""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Protocol

from pydantic import SecretStr

from activities.context import Context
from activities.notifications.sending import NO_WAY, Ways
from activities.reporting.task_notices import taker_of
from activities.secrets import CannotOpen
from adapters.banks.push.client import signed_headers
from adapters.messages.sms import SmsError, mobile_of
from adapters.messages.smtp import MailError
from adapters.messages.webhooks import WebhookFailed
from db.pool import Connection
from db.reporting import notice_settings, task_filters, task_messages
from db.reporting.task_messages import DueMessage, LiveItem
from domain.notifications.events import NotificationEvent
from domain.notifications.rules import RULES
from domain.notifications.texts import Written, items_letter, items_short
from domain.reporting.task_acts import OWNERS
from domain.task_notices import rounded_down
from schemas.notifications import MessageFacts, Recipient
from schemas.reporting.task_notices import NewWebhook, NoticeMedium, WaitingItem, WebhookSecret, WorkItemsWaiting
from schemas.text import is_email
from schemas.webhooks import secret_bytes

log = logging.getLogger(__name__)

SEND_LIMIT: Final = 50
SENT_AT_ONCE: Final = 10
(_RULE,) = RULES[NotificationEvent.WORK_ITEMS_WAIT].rules
NO_MOBILE: Final = "the officer has no mobile number"
NO_EMAIL: Final = "the officer has no e-mail address"
NO_WEBHOOK: Final = "the officer has no webhook, or its key opens no more"
SENDER_DIED: Final = "every attempt ended without a result"


class WebhookRoute(Protocol):
    """The route to webhooks: `adapters.messages.webhooks.WebhookPoster`."""

    async def post(self, url: str, body: bytes, headers: dict[str, str], *, timeout_seconds: float) -> None:
        """Post a notice. Raises `WebhookFailed`."""
        ...


class OfficerWebhook(NewWebhook, WebhookSecret):
    """Address and secret of an officer's webhook, as they are sealed."""


class _Unsendable(Exception):
    """The message cannot be sent, also not later."""


class _Failure(NamedTuple):
    """Why an attempt failed, and whether it was the last one."""

    why: str
    final: bool


async def send_task_messages(ctx: Context, ways: Ways, webhooks: WebhookRoute, desk_url: str) -> int:
    """Send all due messages about work items, each by only one process at a time; return how many were sent.

    What is claimed or closed since is left out, and a message of which nothing is left is withdrawn. A message over a
    medium without a route is given up: then others are told of its items.
    """
    now, trying = ctx.now(), ctx.policy.messages.trying
    lease_until = now + timedelta(seconds=3 * trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection:
        for medium in ways.missing:
            await task_messages.give_up(connection, NoticeMedium(medium.value), now, NO_WAY[medium])
        missing = {NoticeMedium(medium.value) for medium in ways.missing}
        media = [medium for medium in NoticeMedium if medium not in missing]
        due = await task_messages.claim(connection, media, now, lease_until, SEND_LIMIT)
    limit = asyncio.Semaphore(SENT_AT_ONCE)
    sender = _Sender(ctx, ways, webhooks, desk_url, limit)
    return sum(await asyncio.gather(*(sender.send(message) for message in due)))


class _Sender:
    """Sends messages of one round."""

    def __init__(
        self, ctx: Context, ways: Ways, webhooks: WebhookRoute, desk_url: str, limit: asyncio.Semaphore
    ) -> None:
        self._ctx = ctx
        self._ways = ways
        self._webhooks = webhooks
        self._desk_url = desk_url
        self._limit = limit

    async def send(self, message: DueMessage) -> bool:
        """Send one message; return whether it was sent."""
        async with self._limit:
            now = self._ctx.now()
            async with self._ctx.pool.acquire() as connection:
                items = await self._still_theirs(connection, message, now)
                if not items or message.is_disabled:
                    await task_messages.withdraw(connection, message.message_id, now)
                    return False
            failure = await self._attempt(message, items, now)
            if failure is not None:
                await self._failed(message, failure)
                return False
            async with self._ctx.pool.acquire() as connection:
                await task_messages.sent(connection, message.message_id, self._ctx.now())
            return True

    async def _still_theirs(self, connection: Connection, message: DueMessage, now: datetime) -> list[LiveItem]:
        """Return the items that wait still, and on which the officer can still act."""
        readers = await notice_settings.readers(connection, now, OWNERS, message.officer_id)
        items = await task_messages.live(connection, message, now)
        takers = [taker_of(row) for row in readers]
        return [
            item
            for item in items
            for taker in takers
            if await task_filters.can_act(connection, item.task_id, taker, now)
        ]

    async def _attempt(self, message: DueMessage, items: Sequence[LiveItem], now: datetime) -> _Failure | None:
        """Try once; return why it failed, or None. Every error counts, so that others are told at last."""
        trying = self._ctx.policy.messages.trying
        if message.attempts > trying.attempts:
            return _Failure(SENDER_DIED, final=True)
        try:
            async with asyncio.timeout(trying.call_timeout_seconds):
                await self._transmit(message, items, now)
        except (MailError, SmsError, WebhookFailed) as error:
            return _Failure(str(error), final=not error.retryable)
        except _Unsendable as error:
            return _Failure(str(error), final=True)
        except TimeoutError:
            return _Failure("no reply in time", final=False)
        except Exception as error:
            log.warning("message %s: %s", message.message_id, type(error).__name__)
            return _Failure(type(error).__name__, final=False)
        return None

    async def _transmit(self, message: DueMessage, items: Sequence[LiveItem], now: datetime) -> None:
        told = [_stated(item) for item in items]
        match message.medium:
            case NoticeMedium.SMS:
                await self._by_sms(message, told)
            case NoticeMedium.EMAIL:
                await self._by_mail(message, told)
            case _:
                await self._by_webhook(message, told, now)

    async def _by_sms(self, message: DueMessage, items: Sequence[WaitingItem]) -> None:
        assert self._ways.sms is not None, "only messages with a route are claimed"
        number, ids = mobile_of(message.mobile), None
        if number is None:
            raise _Unsendable(NO_MOBILE)
        if self._ways.sms_templates is not None:
            ids = self._ways.sms_templates.ids(_RULE.kind, Recipient.OFFICER, message.language)
        text = items_short(message.language, _facts(items), items[0].ack_no, self._desk_url)
        await self._ways.sms.send(number, text, str(message.message_id), ids)

    async def _by_mail(self, message: DueMessage, items: Sequence[WaitingItem]) -> None:
        assert self._ways.mail is not None, "only messages with a route are claimed"
        if not is_email(message.email):
            raise _Unsendable(NO_EMAIL)
        listed = items[: self._ctx.policy.notices.listed_max]
        written: Written = items_letter(message.language, _facts(items), listed, self._desk_url)
        await self._ways.mail.send(message.email, written.subject, written.text, f"{message.message_id}.items")

    async def _by_webhook(self, message: DueMessage, items: Sequence[WaitingItem], now: datetime) -> None:
        webhook = self._webhook_of(message)
        told = WorkItemsWaiting(
            timestamp=now,
            message_id=message.message_id,
            count=len(items),
            items=tuple(items[: self._ctx.policy.notices.listed_max]),
            link=self._desk_url,
        )
        body = told.model_dump_json().encode()
        headers = signed_headers(str(message.message_id), now, body, (secret_bytes(SecretStr(webhook.secret)),))
        timeout = self._ctx.policy.messages.trying.call_timeout_seconds
        await self._webhooks.post(webhook.url, body, headers, timeout_seconds=timeout)

    def _webhook_of(self, message: DueMessage) -> OfficerWebhook:
        if message.webhook_key is None or message.sealed_webhook is None:
            raise _Unsendable(NO_WEBHOOK)
        try:
            opened = self._ctx.persons.open_text(
                message.webhook_key, message.sealed_webhook, use_of_webhook(message.officer_id)
            )
        except CannotOpen:
            raise _Unsendable(NO_WEBHOOK) from None
        if not opened:
            raise _Unsendable(NO_WEBHOOK)
        return OfficerWebhook.model_validate_json(opened)

    async def _failed(self, message: DueMessage, failure: _Failure) -> None:
        trying = self._ctx.policy.messages.trying
        again_at = self._ctx.now() + timedelta(seconds=trying.wait_seconds(message.attempts))
        is_over = failure.final or message.attempts >= trying.attempts
        async with self._ctx.pool.acquire() as connection:
            await task_messages.failed(connection, message.message_id, failure.why, None if is_over else again_at)


def use_of_webhook(officer_id: str) -> str:
    """Return what the webhook of an officer is sealed for."""
    return f"webhook of {officer_id}"


def _stated(item: LiveItem) -> WaitingItem:
    return WaitingItem(
        task_id=item.task_id,
        kind=item.kind,
        reason=item.reason,
        ack_no=item.ack_no,
        at_least_paise=0 if item.is_marked else rounded_down(item.in_play_paise),
        opened_at=item.opened_at,
        deadline_at=item.deadline_at,
    )


def _facts(items: Sequence[WaitingItem]) -> MessageFacts:
    first = items[0]
    return MessageFacts(items=len(items), task=first.kind, amount_paise=first.at_least_paise)
