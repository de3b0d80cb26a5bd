"""Contact details of an account holder, as the bank or the holder told an officer."""

from uuid import UUID

from activities.context import Context
from activities.notifications.people import Concerned, Holder, notify_people
from db import notifications
from db.cases import cases, events, tasks
from db.cases.events import Event
from db.holds import account_holds
from domain.errors.holds import NothingOnHold
from domain.notifications.rules import NotificationEvent
from schemas.enums import EventKind
from schemas.holds import HolderContactTaken, NewHolderContact
from schemas.notifications import MessageFacts
from schemas.tasks import TaskCause, TaskSubject, about


async def take_contact(
    ctx: Context, hold_id: UUID, contact: NewHolderContact, by: str, appeal_address: str = ""
) -> HolderContactTaken:
    """Store contact details that replace the bank's, and notify the holder of the hold.

    Raises `NotFound`. Raises `NotNow` if nothing is on hold any more.
    """
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        case_no = await account_holds.case_of(connection, hold_id)
        await cases.hold(connection, case_no)
        hold = await account_holds.get(connection, hold_id)
        if hold.state != "held":
            raise NothingOnHold(hold_id)
        await notifications.put_holder_contact(connection, hold_id, contact.phone or "", contact.email or "", by, now)
        data = {
            "hold_id": str(hold_id),
            "institution": hold.institution,
            "ways": [channel for channel, address in (("phone", contact.phone), ("email", contact.email)) if address],
        }
        await events.append(connection, case_no, now, by, [Event(EventKind.HOLDER_CONTACT_TAKEN, data)])
        holder = Concerned(holder=Holder(ctx, hold_id, link=appeal_address))
        event = NotificationEvent.HOLDER_CONTACT_TAKEN
        written = await notify_people(connection, event, holder, MessageFacts(), now)
        subject, causes = about(TaskSubject.HOLD, hold_id), [TaskCause.UNREACHABLE]
        await tasks.close_about(connection, case_no, subject, causes, now, "the holder can be reached")
    return HolderContactTaken(hold_id=hold_id, reference=hold.reference, messages=written)
