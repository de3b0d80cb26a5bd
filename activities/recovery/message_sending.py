"""Kinds of messages to people: to those of a case, and to those who complain on the public page."""

import asyncio
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from activities.case.transaction import ENGINE, lock_case
from activities.context import Context
from activities.outgoing import NO_WAY, Attempt, Kind, NoRouteYet, NoWay, Routes, Ways, Write
from activities.recovery.message_outbox import use_of_message
from adapters.messages.sms import SmsUnsendable
from adapters.messages.smtp import PdfAttachment
from db import tasks
from db.case import cases
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.recovery import complainant_messages, notifications
from db.recovery.complainant_messages import ComplainantMessage
from db.recovery.notifications import ToSend
from domain.errors.recovery import DocumentErased, MessageExpired, MessageSent
from schemas.enums import Language, TaskKind
from schemas.events import EventKind
from schemas.notifications import Medium, MessageKind, MessageRow, Recipient, SmsIds
from schemas.tasks import NewTask, TaskCause, TaskFacts

NO_WAY_WAITS: Final = timedelta(days=1)
"""the time after which a message without a configured route is checked again; it goes sooner by `send_by_new_ways`"""


async def send_by_new_ways(ctx: Context, ways: Ways) -> int:
    """Make due what waits for a route that is configured by now; return the number of messages. For a start."""
    found = 0
    async with ctx.pool.acquire() as connection:
        for medium in Medium:
            if medium not in ways.missing:
                found += await notifications.way_found(connection, ctx.now(), NO_WAY[medium])
    return found


async def _look(ctx: Context, routes: Routes, connection: Connection) -> None:
    """Blank codes whose time is over, and let messages without a route wait."""
    now = ctx.now()
    await notifications.expire(connection, now)
    for medium in routes.ways.missing:
        await notifications.no_way(connection, medium, now, now + NO_WAY_WAITS, NO_WAY[medium])


async def _to_person(attempt: Attempt, message: ToSend) -> Write:
    async with asyncio.timeout(attempt.ctx.policy.messages.trying.call_timeout_seconds):
        try:
            await _transmit(attempt.ctx, attempt.routes.ways, message)
        except (notifications.EnclosureMissing, DocumentErased) as error:
            raise NoWay(str(error)) from error
    return partial(_note_sent, attempt.ctx, message)


async def _note_sent(ctx: Context, message: ToSend, connection: Connection, _at: datetime) -> None:
    """Write that the message is sent. Without that it would be sent again."""
    work = await lock_case(ctx, connection, message.case_no, ENGINE)
    if await notifications.sent(connection, message.message_id, work.now):
        await work.log(EventKind.MESSAGE_SENT, **_data(message))
        causes, facts = [TaskCause.MESSAGE_NOT_SENT], _task_facts(message)
        await work.close_tasks(None, causes, "it is sent", facts=facts)


async def _transmit(ctx: Context, ways: Ways, message: ToSend) -> None:
    if message.medium in ways.missing:
        raise NoRouteYet(NO_WAY[message.medium])
    key, opened = str(message.message_id), ctx.persons.open_message(message.message_id, message.text)
    if ways.sms is not None and message.medium is Medium.SMS:
        ids = sms_ids(ways, message.kind, message.to_whom, message.language)
        await ways.sms.send(opened.address, opened.body, key, ids)
    elif ways.mail is not None:
        async with ctx.pool.acquire() as connection:
            pdfs = await notifications.documents_of(connection, message.message_id, ctx.opens)
        attached = [PdfAttachment(name, pdf) for name, pdf in pdfs]
        await ways.mail.send(opened.address, opened.subject, opened.body, f"{key}.message", attachments=attached)


def sms_ids(ways: Ways, kind: MessageKind, to_whom: Recipient, language: Language) -> SmsIds | None:
    """Return the ids of the message's registered text. Raises `SmsUnsendable` if it has none and needs one."""
    if ways.sms_templates is None:
        return None
    ids = ways.sms_templates.ids(kind, to_whom, language)
    if ids is None:
        raise SmsUnsendable("its text is not registered")
    return ids


async def _given_up(message: ToSend, connection: Connection, _at: datetime) -> None:
    head = await cases.lock(connection, message.case_no)
    cause, facts = TaskCause.MESSAGE_NOT_SENT, _task_facts(message)
    task = NewTask(kind=TaskKind.SUPERVISE, cause=cause, facts=facts)
    await tasks.open_tasks(connection, head.case_no, [task], head.now)


MESSAGES: Final = Kind(
    OutgoingKind.MESSAGE,
    notifications.to_send,
    _to_person,
    _given_up,
    before=_look,
    until=lambda message: message.expires_at,
    batch=50,
    at_once=10,
)
"""of the people of a case; one that is not sent is a work item, so that the desk sees who is not told"""


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
        raise NoWay(notifications.TOO_LATE)
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
