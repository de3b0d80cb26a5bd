"""Contact details of an account holder, as the bank or the holder told an officer."""

from uuid import UUID

from activities.context import Context
from activities.recovery.hold_transaction import HoldTransaction, hold_transaction
from activities.recovery.message_outbox import way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from adapters.messages.sms import mobile_of
from db.privacy import holder_contacts, person_keys
from db.privacy.holder_contacts import HolderContact
from domain.errors.holds import NothingOnHold
from domain.recovery.message_events import NotificationEvent
from schemas.events import EventKind
from schemas.notifications import MessageFacts, Recipient
from schemas.privacy.personal_data import ContactData
from schemas.recovery.holds import HolderContactTaken, NewHolderContact
from schemas.tasks import TaskCause


async def take_contact(
    ctx: Context, hold_id: UUID, contact: NewHolderContact, by: str, appeal_address: str = ""
) -> HolderContactTaken:
    """Store contact details that replace the known ones, and notify the holder of the hold.

    The known contact and the bank are told before, so that no one takes the holder's place unseen. Raises
    `NotFound`. Raises `NotNow` if nothing is on hold any more.
    """
    async with hold_transaction(ctx, hold_id, by) as work:
        if work.hold.state != "held":
            raise NothingOnHold(hold_id)
        phone, email = contact.phone or "", contact.email or ""
        known = await ctx.persons.holder_of(work.connection, hold_id)
        await _tell_before(work, known, phone, email)
        # The same contact keeps the time at which it was entered.
        if known.entered is None or (known.phone, known.email) != (phone, email):
            # The messages before may have made the key.
            key = await person_keys.of_hold(work.connection, hold_id)
            sealed = ctx.persons.seal_contact(key, hold_id, ContactData(phone=phone, email=email))
            await holder_contacts.put(work.connection, hold_id, by, work.now, sealed)
        ways = [channel for channel, address in (("phone", phone), ("email", email)) if address]
        await work.log(EventKind.HOLDER_CONTACT_TAKEN, ways=ways)
        holder = Concerned(holder=Holder(ctx, hold_id, link=appeal_address))
        event = NotificationEvent.HOLDER_CONTACT_TAKEN
        written = await notify_people(work.connection, work.ctx, event, holder, MessageFacts(), work.now)
        await work.close_tasks(work.subject, [TaskCause.UNREACHABLE], "the holder can be reached")
    return HolderContactTaken(hold_id=hold_id, reference=work.hold.reference, messages=written)


async def _tell_before(work: HoldTransaction, known: HolderContact, phone: str, email: str) -> None:
    """Tell the known contact and the bank that another contact takes its place. The same contact is no news."""
    if (mobile_of(known.phone), known.email) == (mobile_of(phone), email):
        return
    facts = MessageFacts(occasion=f"{work.now:%Y%m%dT%H%M%S.%f}")
    people = Concerned(holder=Holder(work.ctx, work.hold.hold_id), hold_id=work.hold.hold_id)
    if way_to(known) is Recipient.HOLDER:
        event = NotificationEvent.HOLDER_CONTACT_REPLACED
        await notify_people(work.connection, work.ctx, event, people, facts, work.now)
    await notify_people(work.connection, work.ctx, NotificationEvent.HOLDER_CONTACT_ENTERED, people, facts, work.now)
