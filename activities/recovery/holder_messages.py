"""Notifications to an account holder about the beginning and the end of a hold, in the caller's transaction."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from activities.case.transaction import ENGINE
from activities.context import Context
from activities.recovery.message_outbox import way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from db import tasks
from db.case import events
from db.case.events import Event
from db.pool import Connection
from db.privacy import holder_contacts
from db.recovery import disputed_holds, firs, free_amounts
from db.recovery.account_holds import AccountHold
from domain.recovery.message_events import NotificationEvent
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.notifications import MessageFacts, Recipient
from schemas.recovery.police import CaseDuty
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about


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
        way = way_to(await self.ctx.persons.holder_or_unreachable(connection, hold_id))
        officer = await firs.officer(connection, self.hold.case_no, CaseDuty.IO)
        await self._notify(NotificationEvent.HOLD_BEGUN, stamp(newest_at), await self._on_hold_paise())
        await free_amounts.mark_holder_told(
            connection, hold_id, newest_at, self.at, told=way is not None, officer=officer is not None
        )
        if way is not None:
            await self._log(way)
            subject, causes = subject_of(hold_id), [TaskCause.HOLDER_NOT_TOLD]
            await tasks.close_about(connection, self.hold.case_no, subject, causes, self.at, "told")

    async def notify_of_officer(self, newest_at: datetime) -> None:
        """Notify the holder again, once an officer is assigned to the case."""
        occasion = f"{stamp(newest_at)}.officer"
        await self._notify(NotificationEvent.HOLD_OFFICER_NAMED, occasion, await self._on_hold_paise())
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

    async def _notify(self, event: NotificationEvent, occasion: str, paise: int) -> None:
        facts = MessageFacts(occasion=occasion, amount_paise=paise)
        concerned = Concerned(holder=Holder(self.ctx, self.hold.hold_id, link=self.link))
        await notify_people(self.connection, self.ctx, event, concerned, facts, self.at)

    async def _on_hold_paise(self) -> int:
        disputed = await disputed_holds.parts(self.connection, self.hold.hold_id)
        person = await holder_contacts.of_hold(self.connection, self.hold.hold_id)
        return person.held_paise + sum(part.free_paise for part in disputed)

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
