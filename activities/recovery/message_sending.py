"""Sending of messages, and what holders and victims are notified of."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from activities.case.transaction import ENGINE, lock_case
from activities.context import Context
from activities.outgoing import NO_WAY, Attempt, Kind, NoRouteYet, NoWay, Routes, Ways, Write
from activities.recovery.message_outbox import open_message, use_of_message, way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from adapters.messages.sms import SmsUnsendable
from adapters.messages.smtp import PdfAttachment
from db import tasks
from db.case import cases, events, firs
from db.case.events import Event
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy.victims import HolderContact
from db.recovery import (
    bank_orders,
    complainant_messages,
    free_amounts,
    hold_views,
    notifications,
    openings,
    restorations,
)
from db.recovery.account_holds import AccountHold
from db.recovery.bank_orders import OrderRow
from db.recovery.complainant_messages import ComplainantMessage
from db.recovery.notifications import ToSend
from db.recovery.restorations import Line, RestorationRow
from domain.errors.recovery import DocumentErased, MessageExpired, MessageSent
from domain.message_rules import NotificationEvent
from domain.recovery.procedure import ACTS
from schemas.enums import Language, TaskKind
from schemas.events import EventKind
from schemas.identifiers import account_end
from schemas.notifications import (
    REFERENCE_MAX_CHARS,
    Medium,
    MessageFacts,
    MessageKind,
    MessageRow,
    Recipient,
    SmsIds,
    masked_account,
)
from schemas.recovery.document_facts import ApplicationFacts, DocumentHead
from schemas.recovery.officer_steps import PayerDecision
from schemas.recovery.orders import Beneficiary
from schemas.restoration_enums import CaseDuty, RestorationState, Step
from schemas.tasks import NewTask, Subject, TaskCause, TaskFacts, TaskSubject, about

NO_WAY_WAITS: Final = timedelta(days=1)
"""the time after which a message without a configured route is checked again; it goes sooner by `send_by_new_ways`"""


async def send_by_new_ways(ctx: Context, ways: Ways) -> int:
    """Make due what waits for a route that is configured by now; return the number of messages. For a start."""
    made_due = 0
    async with ctx.pool.acquire() as connection:
        for medium in Medium:
            if medium not in ways.missing:
                made_due += await notifications.way_found(connection, ctx.now(), NO_WAY[medium])
    return made_due


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
    key, opened = str(message.message_id), open_message(ctx.persons, message.message_id, message.text)
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
            message = await notifications.get(connection, message_id)
            raise MessageSent(message_id) if message.sent_at else MessageExpired(message_id)
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


@dataclass(frozen=True)
class HolderMessages:
    """Notifications to one holder about one hold. The caller has locked the case."""

    connection: Connection
    ctx: Context
    hold: AccountHold
    at: datetime
    link: str
    """the page on which a holder can appeal"""

    async def notify_of_hold(self, newest_at: datetime) -> None:
        """Notify the holder of the hold on the same day (Kerala High Court).

        The message has the amount, the case, the officer and the way to appeal.
        """
        hold_id, connection = self.hold.hold_id, self.connection
        officer = await firs.officer(connection, self.hold.case_no, CaseDuty.IO)
        way = await self._notify_of_amount(NotificationEvent.HOLD_BEGUN, stamp(newest_at))
        await free_amounts.mark_holder_told(
            connection, hold_id, newest_at, self.at, notified=way is not None, officer=officer is not None
        )
        if way is not None:
            await self._log(way)
            subject, causes = subject_of(hold_id), [TaskCause.HOLDER_NOT_TOLD]
            await tasks.close_about(connection, self.hold.case_no, subject, causes, self.at, "told")

    async def notify_of_officer(self, newest_at: datetime) -> None:
        """Notify the holder again, once an officer is assigned to the case."""
        await self._notify_of_amount(NotificationEvent.HOLD_OFFICER_NAMED, f"{stamp(newest_at)}.officer")
        await free_amounts.mark_officer_told(self.connection, self.hold.hold_id)

    async def notify_of_release(self) -> None:
        """Notify the holder that the bank has released money under an order."""
        hold_id = self.hold.hold_id
        released_paise = await free_amounts.released_paise(self.connection, hold_id)
        more_paise = released_paise - self.hold.released_told_paise
        if more_paise > 0:
            await self._notify(NotificationEvent.HOLD_RELEASED, f"{released_paise}", more_paise)
            await free_amounts.mark_released_told(self.connection, hold_id, released_paise)

    async def ask_supervisor(self, newest_at: datetime) -> None:
        """Ask a supervisor to inform the holder, because no contact was known in time."""
        subject = subject_of(self.hold.hold_id)
        task = NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.HOLDER_NOT_TOLD, subject=subject)
        institution = self.hold.institution
        await tasks.open_tasks(self.connection, self.hold.case_no, [task], self.at, institution=institution)
        await free_amounts.mark_late(self.connection, self.hold.hold_id, newest_at)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _notify(
        self, event: NotificationEvent, occasion: str, paise: int, contact: HolderContact | None = None
    ) -> None:
        facts = MessageFacts(occasion=occasion, amount_paise=paise)
        concerned = Concerned(holder=Holder(self.ctx, self.hold.hold_id, contact, link=self.link))
        await notify_people(self.connection, self.ctx, event, concerned, facts, self.at)

    async def _notify_of_amount(self, event: NotificationEvent, occasion: str) -> Recipient | None:
        """Notify the holder of the amount on hold; return through whom, or None if a person must do it."""
        contact = await self.ctx.persons.holder_or_unreachable(self.connection, self.hold.hold_id)
        disputed = await hold_views.parts(self.connection, self.hold.hold_id)
        paise = contact.held_paise + sum(part.free_paise for part in disputed)
        await self._notify(event, occasion, paise, contact)
        return way_to(contact)

    async def _log(self, way: Recipient) -> None:
        data: dict[str, object] = {
            "hold_id": str(self.hold.hold_id),
            "institution": self.hold.institution,
            "through": way.value,
        }
        await events.append(self.connection, self.hold.case_no, self.at, ENGINE, [Event(EventKind.HOLDER_TOLD, data)])


def subject_of(hold_id: UUID) -> Subject:
    """Return the subject of the tasks about a hold."""
    return about(TaskSubject.HOLD, hold_id)


def stamp(moment: datetime) -> str:
    """Return a time as a part of the occasion of a message to a holder."""
    return f"{moment:%Y%m%dT%H%M%S.%f}"


NOT_TOLD: Final = "-"
"""shown where the bank has given no reference of a credit, and where no account is known"""


async def step_opened(
    connection: Connection, ctx: Context, row: RestorationRow, lines: Sequence[Line], now: datetime
) -> None:
    """Notify of a step that concerns the credit."""
    if row.step is Step.CREDIT:
        accounts = await bank_orders.credited_accounts(connection, row.restoration_id)
        facts = MessageFacts(
            occasion=_occasion(row),
            amount_paise=sum(line.due_paise or 0 for line in lines),
            to_account=_masked(accounts),
        )
        await notify_people(connection, ctx, NotificationEvent.RETURN_APPROVED, _concerned(row), facts, now)


async def application_issued(
    connection: Connection, ctx: Context, row: RestorationRow, document: DocumentHead, due_at: datetime, now: datetime
) -> None:
    """Notify the victim that the application is ready, and enclose it."""
    lines = await restorations.lines(connection, row.restoration_id)
    paise = sum(line.free_paise for line in lines)
    facts = MessageFacts(occasion=_occasion(row), amount_paise=paise, until=due_at)
    concerned = Concerned(case_no=row.case_no, ack_no=row.ack_no, documents=[document])
    await notify_people(connection, ctx, NotificationEvent.APPLICATION_ISSUED, concerned, facts, now)


async def application_signed(
    connection: Connection,
    ctx: Context,
    row: RestorationRow,
    document: DocumentHead,
    signed: ApplicationFacts,
    now: datetime,
) -> None:
    """Notify the victim that the application is signed by a code, and enclose it with the record of the signature."""
    to = signed.beneficiary
    facts = MessageFacts(
        occasion=_occasion(row),
        amount_paise=sum(account.amount_paise for account in signed.accounts),
        to_account=masked_account(account_end(to.account), to.institution_name),
    )
    concerned = Concerned(case_no=row.case_no, ack_no=row.ack_no, documents=[document])
    await notify_people(connection, ctx, NotificationEvent.APPLICATION_SIGNED, concerned, facts, now)


async def noticed(
    connection: Connection,
    ctx: Context,
    row: RestorationRow,
    hold_id: UUID,
    until: datetime,
    documents: Sequence[DocumentHead],
    link: str,
    now: datetime,
) -> None:
    """Notify of a notice to a holder, and of the time to object, which the notice starts."""
    lines = await restorations.lines(connection, row.restoration_id)
    facts = MessageFacts(occasion=_occasion(row), amount_paise=sum(line.free_paise for line in lines), until=until)
    of_hold_paise = sum(line.free_paise for line in lines if line.hold_id == hold_id)
    holder = Holder(ctx, hold_id, link=link, amount_paise=of_hold_paise)
    concerned = Concerned(ack_no=row.ack_no, holder=holder, documents=documents)
    await notify_people(connection, ctx, NotificationEvent.NOTICE_GIVEN, concerned, facts, now)


async def hearing_waived(
    connection: Connection,
    ctx: Context,
    row: RestorationRow,
    lines: Sequence[Line],
    hold_id: UUID,
    until: datetime,
    link: str,
    now: datetime,
) -> None:
    """Notify a holder that a waiver of the time to object is recorded, and until when to contradict it."""
    paise = sum(line.free_paise for line in lines if line.hold_id == hold_id)
    facts = MessageFacts(occasion=f"{_occasion(row)}.waived", until=until)
    holder = Holder(ctx, hold_id, link=link, amount_paise=paise)
    await notify_people(connection, ctx, NotificationEvent.HEARING_WAIVED, Concerned(holder=holder), facts, now)


async def due_soon(connection: Connection, ctx: Context, row: RestorationRow, due_at: datetime, now: datetime) -> None:
    """Remind of the open step, if people of ours or the victim must act.

    The victim is not reminded of an application that is not issued yet.
    """
    if duty := ACTS.get(row.step):
        facts = MessageFacts(occasion=f"{_occasion(row)}.due", until=due_at, step=row.step)
        of_victim = row.step is Step.APPLICATION and await openings.has_application(connection, row.restoration_id)
        event = NotificationEvent.APPLICATION_DUE if of_victim else NotificationEvent.STEP_DUE
        await notify_people(connection, ctx, event, _concerned(row, duty), facts, now)


async def overdue(connection: Connection, ctx: Context, row: RestorationRow, due_at: datetime, now: datetime) -> None:
    """Notify of a step that was not done in time."""
    facts = MessageFacts(occasion=f"{_occasion(row)}.overdue", until=due_at, step=row.step)
    await notify_people(connection, ctx, NotificationEvent.STEP_OVERDUE, _concerned(row), facts, now)


async def somebody_acts(connection: Connection, row: RestorationRow) -> bool:
    """Return whether the officer who must act, or the victim, can be reminded of the open step."""
    duty = ACTS.get(row.step)
    if duty is None or row.step is Step.APPLICATION:
        return True
    return await firs.officer(connection, row.case_no, duty) is not None


async def credited(
    connection: Connection,
    ctx: Context,
    order: OrderRow,
    ack_no: str,
    accounts: Sequence[Beneficiary],
    paise: int,
    reference: str,
    occasion: str,
    now: datetime,
) -> None:
    """Notify the victim at once of a credit that a bank states: account, bank, and reference if given."""
    room = REFERENCE_MAX_CHARS - len(order.institution) - 2
    named = f"{reference[:room] or NOT_TOLD}, {order.institution}"
    facts = MessageFacts(
        occasion=f"{order.order_id}.{occasion}",
        amount_paise=paise,
        reference=named,
        to_account=_masked(accounts),
    )
    await notify_people(connection, ctx, NotificationEvent.CREDITED, Concerned(ack_no=ack_no), facts, now)


async def closed(
    connection: Connection,
    ctx: Context,
    row: RestorationRow,
    lines: Sequence[Line],
    state: RestorationState,
    restored_paise: int,
    now: datetime,
) -> None:
    """Notify the victim of the end of the restoration, whichever it is."""
    held_paise = sum(line.held_paise for line in lines)
    facts = MessageFacts(occasion=str(row.restoration_id))
    match state:
        case RestorationState.REFUSED:
            event, more = NotificationEvent.RESTORATION_REFUSED, {"amount_paise": held_paise}
        case RestorationState.CANCELLED if held_paise:
            event, more = NotificationEvent.RESTORATION_CANCELLED, {"amount_paise": held_paise}
        case RestorationState.CANCELLED:
            # This is not a refusal: no money is on hold any more.
            event, more = NotificationEvent.NOTHING_HELD, {}
        case _:
            event, more = NotificationEvent.RESTORATION_DONE, {"restored_paise": restored_paise}
    await notify_people(connection, ctx, event, _concerned(row), facts.model_copy(update=more), now)


async def cancelled_in_part(
    connection: Connection, ctx: Context, row: RestorationRow, occasion: str, paise: int, now: datetime
) -> None:
    """Notify the victim of the amount whose return is cancelled after another part was restored."""
    facts = MessageFacts(occasion=f"{row.restoration_id}.{occasion}", amount_paise=paise)
    await notify_people(connection, ctx, NotificationEvent.RESTORATION_CANCELLED, _concerned(row), facts, now)


async def refused_in_part(
    connection: Connection,
    ctx: Context,
    row: RestorationRow,
    occasion: str,
    paise: int,
    restored_paise: int,
    now: datetime,
) -> None:
    """Notify the victim of the amount that is refused, beside the amount restored."""
    event = NotificationEvent.REST_REFUSED if restored_paise else NotificationEvent.MONEY_REFUSED
    facts = MessageFacts(
        occasion=f"{row.restoration_id}.{occasion}", amount_paise=paise, restored_paise=restored_paise or None
    )
    await notify_people(connection, ctx, event, _concerned(row), facts, now)


async def payer_decided(
    connection: Connection, ctx: Context, decision: PayerDecision, told_paise: Mapping[str, int], now: datetime
) -> None:
    """Notify the victims who do not get the money of a transfer; `told_paise` has its amount by their complaints."""
    facts = MessageFacts(occasion=f"payer.{decision.decision_id}")
    await notify_people(connection, ctx, NotificationEvent.PAYER_DECIDED, Concerned(shares=told_paise), facts, now)


def _concerned(row: RestorationRow, duty: CaseDuty | None = None) -> Concerned:
    return Concerned(case_no=row.case_no, ack_no=row.ack_no, duty=duty)


def _masked(accounts: Sequence[Beneficiary]) -> str:
    """Return how a message names the accounts to be credited."""
    if not accounts:
        return NOT_TOLD
    return masked_account(account_end(accounts[0].holder), accounts[0].institution, len(accounts) - 1)


def _occasion(row: RestorationRow) -> str:
    return f"{row.restoration_id}.{row.step.value}.{row.visit_no}"
