"""Sending of the notifications in the outbox, with retries; a message that cannot be sent becomes a work item."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.cases.transaction import ENGINE, case_transaction
from activities.context import Context
from activities.deadlocks import repeated
from activities.notifications.outbox import use_of_message
from activities.outgoing import NO_WAY, SENDER_DIED, Attempt, Kind, NoRouteYet, NoWay, Ways, Write
from adapters.messages.sms import SmsError, SmsUnsendable
from adapters.messages.smtp import MailError, PdfAttachment
from db import complainant_messages, notifications
from db.complainant_messages import ComplainantMessage
from db.notifications import ToSend
from db.outgoing import OutgoingKind
from db.pool import Connection
from domain.errors.documents import DocumentErased
from domain.errors.notifications import MessageExpired, MessageSent
from schemas.enums import Language, TaskKind
from schemas.events import EventKind
from schemas.notifications import Medium, MessageKind, MessageRow, Recipient, SmsIds
from schemas.tasks import NewTask, TaskCause, TaskFacts

log = logging.getLogger(__name__)

SEND_LIMIT: Final = 50
SENT_AT_ONCE: Final = 10
NO_WAY_WAITS: Final = timedelta(days=1)
"""the time after which a message without a configured route is checked again; it goes sooner by `send_by_new_ways`"""
TOO_LATE: Final = "its time is over"


async def send_due(ctx: Context, ways: Ways) -> int:
    """Send all due messages, each by only one process at a time; return how many were sent.

    A failed message is tried again, with doubled waits. After the policy's last attempt the desk gets a work item, and
    the message is not tried again. A code is neither sent nor stored after its time.
    """
    now = ctx.now()
    trying = ctx.policy.messages.trying
    lease_until = now + timedelta(seconds=3 * trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection:
        await notifications.expire(connection, now, TOO_LATE)
        for medium in ways.missing:
            await notifications.no_way(connection, [medium], now, now + NO_WAY_WAITS, NO_WAY[medium])
        media = [medium for medium in Medium if medium not in ways.missing]
        due = await notifications.claim(connection, media, now, lease_until, SEND_LIMIT) if media else []
    limit = asyncio.Semaphore(SENT_AT_ONCE)
    return sum(await asyncio.gather(*(_send(ctx, ways, message, limit) for message in due)))


async def send_by_new_ways(ctx: Context, ways: Ways) -> int:
    """Make due what waits for a route that is configured by now; return the number of messages. For a start."""
    found = 0
    async with ctx.pool.acquire() as connection:
        for medium in Medium:
            if medium not in ways.missing:
                found += await notifications.way_found(connection, medium, ctx.now(), NO_WAY[medium])
    return found


async def _send(ctx: Context, ways: Ways, message: ToSend, limit: asyncio.Semaphore) -> bool:
    async with limit:
        if message.attempts > ctx.policy.messages.trying.attempts:
            await _failed(ctx, message, SENDER_DIED, final=True)
            return False
        try:
            async with asyncio.timeout(ctx.policy.messages.trying.call_timeout_seconds):
                await _transmit(ctx, ways, message)
        except (MailError, SmsError) as error:
            await _failed(ctx, message, str(error), final=not error.retryable)
            return False
        except (notifications.EnclosureMissing, DocumentErased) as error:
            await _failed(ctx, message, str(error), final=True)
            return False
        except TimeoutError:
            await _failed(ctx, message, "no reply in time", final=False)
            return False
        except Exception as error:
            # Every error counts as a failed attempt, so that the desk sees each recipient without a message.
            log.warning("message %s: %s", message.message_id, type(error).__name__)
            await _failed(ctx, message, type(error).__name__, final=False)
            return False
    await _note_sent(ctx, message)
    return True


@repeated()
async def _note_sent(ctx: Context, message: ToSend) -> None:
    """Write that the message is sent. Without that it would be sent again."""
    async with case_transaction(ctx, message.case_no, ENGINE) as work:
        if await notifications.sent(work.connection, message.message_id, work.now):
            await work.log(EventKind.MESSAGE_SENT, **_data(message))
            causes, facts = [TaskCause.MESSAGE_NOT_SENT], _task_facts(message)
            await work.close_tasks(None, causes, "it is sent", facts=facts)


async def _transmit(ctx: Context, ways: Ways, message: ToSend) -> None:
    key, said = str(message.message_id), ctx.persons.open_message(message.message_id, message.text)
    if message.medium is Medium.SMS:
        assert ways.sms is not None, "only messages with a route are claimed"
        ids = sms_ids(ways, message.kind, message.to_whom, message.language)
        await ways.sms.send(said.address, said.body, key, ids)
    else:
        assert ways.mail is not None, "only messages with a route are claimed"
        async with ctx.pool.acquire() as connection:
            pdfs = await notifications.documents_of(connection, message.message_id, ctx.opens)
        attached = [PdfAttachment(name, pdf) for name, pdf in pdfs]
        await ways.mail.send(said.address, said.subject, said.body, f"{key}.message", attachments=attached)


def sms_ids(ways: Ways, kind: MessageKind, to_whom: Recipient, language: Language) -> SmsIds | None:
    """Return the ids of the message's registered text. Raises `SmsUnsendable` if it has none and needs one."""
    if ways.sms_templates is None:
        return None
    ids = ways.sms_templates.ids(kind, to_whom, language)
    if ids is None:
        raise SmsUnsendable("its text is not registered")
    return ids


async def _failed(ctx: Context, message: ToSend, failure: str, *, final: bool) -> None:
    trying = ctx.policy.messages.trying
    again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(message.attempts))
    in_time = message.expires_at is None or again_at < message.expires_at
    if not final and in_time and message.attempts < trying.attempts:
        async with ctx.pool.acquire() as connection:
            await notifications.failed(connection, message.message_id, failure, again_at)
        return
    async with case_transaction(ctx, message.case_no, ENGINE) as work:
        await notifications.failed(work.connection, message.message_id, failure, None)
        facts = _task_facts(message)
        await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.MESSAGE_NOT_SENT, facts=facts))


async def send_again(ctx: Context, message_id: UUID) -> MessageRow:
    """Have a message sent at once that has failed or waits.

    Raises `NotFound`, and `NotNow` if it is sent or its time is over.
    """
    async with ctx.pool.acquire() as connection:
        await notifications.get(connection, message_id)
        if not await notifications.try_again(connection, message_id, ctx.now()):
            found = await notifications.get(connection, message_id)
            raise MessageSent(message_id) if found.sent_at else MessageExpired(message_id)
        return await notifications.get(connection, message_id)


def _task_facts(message: ToSend) -> TaskFacts:
    return TaskFacts(message=message.kind.value, to_whom=message.to_whom.value, medium=message.medium.value)


def _data(message: ToSend) -> dict[str, object]:
    return {
        "message_id": str(message.message_id),
        "kind": message.kind.value,
        "to_whom": message.to_whom.value,
        "medium": message.medium.value,
        "language": message.language.value,
    }


# -- people who complain on the public page ----------------------------------------------------------------------------


async def _to_complainant(attempt: Attempt, message: ComplainantMessage) -> Write:
    """Send a short message. A code is neither sent nor stored after its time."""
    ctx, sms = attempt.ctx, attempt.routes.ways.sms
    if message.valid_until <= ctx.now():
        raise NoWay(TOO_LATE)
    if sms is None:
        raise NoRouteYet(NO_WAY[Medium.SMS])
    opened = ctx.persons.open_text(message.key, message.sealed, use_of_message(message.message_id))
    number, _, text = opened.partition("\n")
    if not text:
        raise NoWay("its key is destroyed")
    ids = sms_ids(attempt.routes.ways, message.kind, Recipient.COMPLAINANT, message.language)
    async with asyncio.timeout(ctx.policy.messages.trying.call_timeout_seconds):
        await sms.send(number, text, str(message.message_id), ids)
    return lambda connection, at: complainant_messages.sent(connection, message.message_id, at)


async def _complainant_given_up(message: ComplainantMessage, connection: Connection, _at: datetime) -> None:
    await complainant_messages.blank(connection, message.message_id)


COMPLAINANT_MESSAGES: Final = Kind(
    OutgoingKind.COMPLAINANT_MESSAGE,
    complainant_messages.due,
    _to_complainant,
    _complainant_given_up,
    until=lambda message: message.valid_until,
    batch=50,
    at_once=50,
)
"""of their codes and links; one that is not sent is no work item, because the page says what to do without it"""
