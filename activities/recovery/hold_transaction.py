"""The unit of work of a hold, its files, the contact of its account holder, and holds as a table."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final
from uuid import UUID

from activities.case.case_tables import moment, table_of
from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.recovery.message_outbox import way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from adapters.messages.sms import mobile_of
from db.case import events, firs
from db.pool import Connection
from db.privacy import person_keys, victims
from db.privacy.victims import HolderContact
from db.recovery import account_holds, grievances, hold_views, release_proposals
from db.recovery.account_holds import AccountHold
from documents.spreadsheet import Table, Value
from domain.errors.recovery import NothingOnHold
from domain.message_rules import NotificationEvent
from domain.recovery.grievances import GrievanceAtLevel
from domain.recovery.holds import HoldAsked, barred
from schemas.events import EventKind
from schemas.identifiers import account_end
from schemas.notifications import MessageFacts, Recipient
from schemas.officers.officers import Acting
from schemas.privacy.personal_data import ContactData
from schemas.recovery.holds import HolderContactTaken, HoldFile, HoldPage, HoldView, NewHolderContact
from schemas.restoration_enums import CaseDuty
from schemas.tasks import Subject, TaskCause, TaskSubject, about


@dataclass
class HoldTransaction(CaseTransaction):
    """One transaction on a locked case and one of its holds."""

    hold: AccountHold

    @property
    def subject(self) -> Subject:
        """Return the subject of the tasks about the hold."""
        return about(TaskSubject.HOLD, self.hold.hold_id)

    async def log(self, kind: EventKind, /, **data: object) -> None:
        """Write one event about the hold into the case's log."""
        await super().log(kind, hold_id=str(self.hold.hold_id), institution=self.hold.institution, **data)


@asynccontextmanager
async def hold_transaction(
    ctx: Context, hold_id: UUID, actor: str, *, case_no: str | None = None
) -> AsyncIterator[HoldTransaction]:
    """Run one transaction on a hold with its case locked. Raises `NotFound`.

    A caller that knows `case_no` saves one query.
    """
    find = partial(account_holds.case_of, hold_id=hold_id)
    async with case_transaction(ctx, case_no or find, actor) as work:
        yield HoldTransaction.of(work, hold=await account_holds.get(work.connection, hold_id))


async def read_hold_file(ctx: Context, hold_id: UUID, reader: Acting) -> HoldFile:
    """Return the file on a hold, with the acts that another officer than the reader has to do. Raises `NotFound`."""
    async with ctx.pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        view = await hold_views.get(connection, hold_id, ctx.now())
        open_appeals = await grievances.open_about(connection, hold_id)
        grievance_id = open_appeals[0] if open_appeals else None
        transfers, more = await hold_views.transfers(connection, hold_id)
        return HoldFile(
            hold=view,
            last_event_seq=await events.last_seq(connection, view.case_ack_no),
            account_end=account_end(await hold_views.account_key(connection, hold_id)),
            grievance_id=grievance_id,
            transfers=transfers,
            more_transfers=more,
            claims=await hold_views.claims(connection, hold_id),
            barred=barred(reader, await _asked(ctx, connection, view, grievance_id)),
        )


async def _asked(ctx: Context, connection: Connection, view: HoldView, grievance_id: UUID | None) -> HoldAsked:
    """Return what the rules of four eyes need to know of a hold."""
    io = await firs.officer(connection, view.case_ack_no, CaseDuty.IO)
    row = await grievances.find(connection, grievance_id) if grievance_id else None
    appeal = None
    if row is not None:
        deciders = await grievances.deciders(connection, row.grievance_id)
        appeal = GrievanceAtLevel(state=row.state, level=row.level, deciders=deciders)
    return HoldAsked(
        investigates=io.subject if io else None,
        tellers=await release_proposals.told_about(connection, view.hold_id),
        waits_for_small=view.small and view.small_hold_decision is None and view.state == "held",
        grievance=appeal,
        proposal=await release_proposals.waiting(connection, view.hold_id, ctx.now()),
    )


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
            await victims.put(work.connection, hold_id, by, work.now, sealed)
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


HOLDS_MAX: Final = 20_000
HOLD_HEADER: Final = (
    *("hold_id", "ack_no", "institution", "reference", "state", "held_paise", "free_paise", "first_held_at"),
    *("lapses_at", "holder_told_at", "retained_by", "small", "small_hold_decision", "ended_at"),
)


async def hold_table(read: Callable[[str | None], Awaitable[HoldPage]]) -> Table:
    """Return the holds of a list that `read` returns page by page."""
    rows: list[tuple[Value, ...]] = []
    page = await read(None)
    rows += map(_hold_row, page.items)
    while page.next is not None and len(rows) < HOLDS_MAX:
        page = await read(page.next)
        rows += map(_hold_row, page.items)
    return table_of("holds", HOLD_HEADER, rows)


def _hold_row(hold: HoldView) -> tuple[Value, ...]:
    retained = hold.retained_by_kind.value if hold.retained_by_kind else None
    decision = hold.small_hold_decision.value if hold.small_hold_decision else None
    return (
        *(str(hold.hold_id), hold.case_ack_no, hold.institution, hold.reference, hold.state),
        *(hold.held_paise, hold.free_paise, moment(hold.first_held_at), moment(hold.lapses_at)),
        *(moment(hold.holder_told_at), retained, int(hold.small), decision, moment(hold.ended_at)),
    )
