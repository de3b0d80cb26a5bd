"""Sending of messages about work items to officers: SMS, e-mail, and posts to their webhooks.

The text is made when a message is sent, of the items that still wait then. It has no name, no account and no exact sum.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from pydantic import SecretStr

from activities.context import Context
from activities.outgoing import NO_WAY, Attempt, Kind, NotDue, NoWay, Routes, Write
from activities.secrets import CannotOpen
from activities.work_items.task_notices import taker_of
from adapters.banks.push.client import signed_headers
from adapters.messages.sms import mobile_of
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.work_items import notice_settings, task_filters, task_notices
from db.work_items.task_notices import DueMessage, LiveItem
from domain.message_rules import RULES, NotificationEvent
from domain.message_texts import Written, items_letter, items_short
from domain.work_items.task_owners import OWNERS, rounded_down
from schemas.notifications import MessageFacts, NoticeMedium, Recipient, WaitingItem
from schemas.text import is_email
from schemas.webhooks import secret_bytes
from schemas.work_items.task_owners import NewWebhook, WebhookSecret, WorkItemsWaiting

(_RULE,) = RULES[NotificationEvent.WORK_ITEMS_WAIT].rules
NO_MOBILE: Final = "the officer has no mobile number"
NO_EMAIL: Final = "the officer has no e-mail address"
NO_WEBHOOK: Final = "the officer has no webhook, or its key opens no more"


class OfficerWebhook(NewWebhook, WebhookSecret):
    """Address and secret of an officer's webhook, as they are sealed."""


async def _send(attempt: Attempt, message: DueMessage) -> Write:
    """Send a message without what is claimed or closed since; one of which nothing is left is withdrawn."""
    ctx, now = attempt.ctx, attempt.ctx.now()
    for medium in attempt.routes.ways.missing:
        if message.medium == medium.value:
            raise NoWay(NO_WAY[medium])
    async with ctx.pool.acquire() as connection:
        items = await _still_theirs(connection, message, now)
        if not items or message.is_disabled:
            await task_notices.withdraw_messages(connection, message.message_id, now)
            raise NotDue
    async with asyncio.timeout(ctx.policy.messages.trying.call_timeout_seconds):
        await _transmit(ctx, attempt.routes, message, [_stated(item) for item in items], now)
    return lambda connection, at: task_notices.sent(connection, message.message_id, at)


async def _still_theirs(connection: Connection, message: DueMessage, now: datetime) -> list[LiveItem]:
    """Return the items that wait still, and on which the officer can still act."""
    readers = await notice_settings.readers(connection, now, OWNERS, message.officer_id)
    items = await task_notices.live(connection, message, now)
    takers = [taker_of(row) for row in readers]
    return [
        item for item in items for taker in takers if await task_filters.can_act(connection, item.task_id, taker, now)
    ]


async def _transmit(
    ctx: Context, routes: Routes, message: DueMessage, items: Sequence[WaitingItem], now: datetime
) -> None:
    match message.medium:
        case NoticeMedium.SMS:
            await _by_sms(routes, message, items)
        case NoticeMedium.EMAIL:
            await _by_mail(routes, message, items, ctx.policy.notices.listed_max)
        case _:
            await _by_webhook(ctx, routes, message, items, now)


async def _by_sms(routes: Routes, message: DueMessage, items: Sequence[WaitingItem]) -> None:
    assert routes.ways.sms is not None, "a message without a route is given up"
    number, ids = mobile_of(message.mobile), None
    if number is None:
        raise NoWay(NO_MOBILE)
    if routes.ways.sms_templates is not None:
        ids = routes.ways.sms_templates.ids(_RULE.kind, Recipient.OFFICER, message.language)
    text = items_short(message.language, _facts(items), items[0].ack_no, routes.desk_url)
    await routes.ways.sms.send(number, text, str(message.message_id), ids)


async def _by_mail(routes: Routes, message: DueMessage, items: Sequence[WaitingItem], listed_max: int) -> None:
    assert routes.ways.mail is not None, "a message without a route is given up"
    if not is_email(message.email):
        raise NoWay(NO_EMAIL)
    written: Written = items_letter(message.language, _facts(items), items[:listed_max], routes.desk_url)
    await routes.ways.mail.send(message.email, written.subject, written.text, f"{message.message_id}.items")


async def _by_webhook(
    ctx: Context, routes: Routes, message: DueMessage, items: Sequence[WaitingItem], now: datetime
) -> None:
    assert routes.webhooks is not None, "the loop has a route to webhooks"
    webhook = _webhook_of(ctx, message)
    notice = WorkItemsWaiting(
        timestamp=now,
        message_id=message.message_id,
        count=len(items),
        items=tuple(items[: ctx.policy.notices.listed_max]),
        link=routes.desk_url,
    )
    body = notice.model_dump_json().encode()
    headers = signed_headers(str(message.message_id), now, body, (secret_bytes(SecretStr(webhook.secret)),))
    timeout = ctx.policy.messages.trying.call_timeout_seconds
    await routes.webhooks.post(webhook.url, body, headers, timeout_seconds=timeout)


def _webhook_of(ctx: Context, message: DueMessage) -> OfficerWebhook:
    if message.webhook_key is None or message.sealed_webhook is None:
        raise NoWay(NO_WEBHOOK)
    try:
        opened = ctx.persons.open_text(message.webhook_key, message.sealed_webhook, use_of_webhook(message.officer_id))
    except CannotOpen:
        raise NoWay(NO_WEBHOOK) from None
    if not opened:
        raise NoWay(NO_WEBHOOK)
    return OfficerWebhook.model_validate_json(opened)


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


async def _given_up(message: DueMessage, connection: Connection, at: datetime) -> None:
    await task_notices.give_up(connection, message.message_id, at)


TASK_MESSAGES: Final = Kind(OutgoingKind.TASK_MESSAGE, task_notices.due, _send, _given_up, batch=50, at_once=10)
"""of work items: others are told of the items of a message that is given up"""
