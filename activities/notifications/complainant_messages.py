"""Sending of short messages to people who complain on the public page, with retries."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from activities.context import Context
from activities.notifications.outbox import use_of_message
from activities.notifications.sending import NO_WAY, TOO_LATE, Ways, sms_ids
from adapters.messages.sms import SmsError
from db import complainant_messages
from db.complainant_messages import DueMessage
from schemas.notifications import Medium, Recipient

log = logging.getLogger(__name__)

SEND_LIMIT: Final = 50


async def tell_complainants(ctx: Context, ways: Ways) -> int:
    """Send the messages that are due, each by only one process at a time; return how many were sent.

    A code is neither sent nor stored after its time. A message that is not sent is no work item: the page says what to
    do without it.
    """
    now = ctx.now()
    lease_until = now + timedelta(seconds=3 * ctx.policy.messages.trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection:
        await complainant_messages.expire(connection, now, TOO_LATE)
        due = await complainant_messages.claim(connection, now, lease_until, SEND_LIMIT)
    return sum(await asyncio.gather(*(_send(ctx, ways, message) for message in due)))


async def _send(ctx: Context, ways: Ways, message: DueMessage) -> bool:
    trying = ctx.policy.messages.trying
    failure, may_retry = "", True
    try:
        async with asyncio.timeout(trying.call_timeout_seconds):
            failure = await _transmit(ctx, ways, message)
    except SmsError as error:
        failure, may_retry = str(error), error.retryable
    except TimeoutError:
        failure = "no reply in time"
    except Exception as error:
        log.warning("message %s: %s", message.message_id, type(error).__name__)
        failure = type(error).__name__
    async with ctx.pool.acquire() as connection:
        if not failure:
            await complainant_messages.sent(connection, message.message_id, ctx.now())
            return True
        again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(message.attempts))
        is_over = not may_retry or message.attempts >= trying.attempts or again_at >= message.valid_until
        await complainant_messages.failed(connection, message.message_id, failure, None if is_over else again_at)
    return False


async def _transmit(ctx: Context, ways: Ways, message: DueMessage) -> str:
    """Send one message, and return why it cannot be sent; empty if it is. Raises `SmsError` and `CannotOpen`."""
    number, _, text = ctx.persons.open_text(message.key, message.sealed, use_of_message(message.message_id)).partition(
        "\n"
    )
    if ways.sms is None:
        return NO_WAY[Medium.SMS]
    if not text:
        return "its key is destroyed"
    ids = sms_ids(ways, message.kind, Recipient.COMPLAINANT, message.language)
    await ways.sms.send(number, text, str(message.message_id), ids)
    return ""
