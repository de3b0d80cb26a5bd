"""Contact details of an account holder, as the bank or the holder told an officer."""

from uuid import UUID

from activities.context import Context
from activities.holds.hold_transaction import hold_transaction
from activities.notifications.people import Concerned, Holder, notify_people
from db import notifications
from domain.errors.holds import NothingOnHold
from domain.notifications.rules import NotificationEvent
from schemas.enums import EventKind
from schemas.holds import HolderContactTaken, NewHolderContact
from schemas.notifications import MessageFacts
from schemas.tasks import TaskCause


async def take_contact(
    ctx: Context, hold_id: UUID, contact: NewHolderContact, by: str, appeal_address: str = ""
) -> HolderContactTaken:
    """Store contact details that replace the bank's, and notify the holder of the hold.

    Raises `NotFound`. Raises `NotNow` if nothing is on hold any more.
    """
    async with hold_transaction(ctx, hold_id, by) as work:
        if work.hold.state != "held":
            raise NothingOnHold(hold_id)
        phone, email = contact.phone or "", contact.email or ""
        await notifications.put_holder_contact(work.connection, hold_id, phone, email, by, work.now)
        ways = [channel for channel, address in (("phone", phone), ("email", email)) if address]
        await work.log(EventKind.HOLDER_CONTACT_TAKEN, ways=ways)
        holder = Concerned(holder=Holder(ctx, hold_id, link=appeal_address))
        event = NotificationEvent.HOLDER_CONTACT_TAKEN
        written = await notify_people(work.connection, event, holder, MessageFacts(), work.now)
        await work.close_tasks(work.subject, [TaskCause.UNREACHABLE], "the holder can be reached")
    return HolderContactTaken(hold_id=hold_id, reference=work.hold.reference, messages=written)
