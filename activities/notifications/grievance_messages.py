"""Notifications to the level that must decide an appeal: the bank's desk, or officers of case, district and State."""

from datetime import datetime
from typing import Final
from uuid import UUID

from activities.notifications.outbox import tell_assigned, tell_at, tell_bank_of_appeal, tell_officer
from db import notifications
from db.cases import tasks
from db.grievances import grievance_officers, grievances
from db.grievances.grievances import GrievanceRow
from db.holds import account_holds
from db.police import firs
from db.pool import Connection
from schemas.enums import TaskKind
from schemas.notifications import MessageFacts, MessageKind, Recipient
from schemas.police import CaseDuty
from schemas.restoration_enums import GrievanceLevel
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about

_OF_THE_CASE: Final = {GrievanceLevel.IO: CaseDuty.IO, GrievanceLevel.DY_SP: CaseDuty.SUPERVISING}
"""the duty that decides at a level, if an officer was assigned"""


def subject_of(grievance_id: UUID) -> Subject:
    """Return the subject of the tasks about a grievance."""
    return about(TaskSubject.GRIEVANCE, grievance_id)


async def your_turn(connection: Connection, row: GrievanceRow, due_at: datetime, now: datetime) -> None:
    """Notify the level that must decide the grievance now.

    If it cannot be notified, the supervisor gets a work item.
    """
    kind, hold = MessageKind.GRIEVANCE_TURN, await account_holds.get(connection, row.hold_id)
    person = await notifications.holder(connection, row.hold_id)
    occasion = f"{row.grievance_id}.{row.level.value}"
    facts = MessageFacts(occasion=occasion, number=row.number, until=due_at, amount_paise=person.held_paise)
    if row.level is GrievanceLevel.BANK:
        # Without a mailbox the desk telephones, because its work item about the grievance names the bank.
        await tell_bank_of_appeal(connection, row.hold_id, kind, facts, now)
        return
    subject, cause = subject_of(row.grievance_id), TaskCause.GRIEVANCE_UNTOLD
    duty = _OF_THE_CASE.get(row.level)
    officer = await firs.officer(connection, row.case_no, duty) if duty else None
    if officer is not None:
        named = facts.model_copy(update={"occasion": f"{occasion}.{officer.assignment_no}"})
        await tell_assigned(connection, row.case_no, officer, kind, named, now)
    elif (post := await grievance_officers.of_case(connection, row.level, row.case_no)) is not None:
        named = facts.model_copy(update={"occasion": f"{occasion}.{post.written_at:%Y%m%dT%H%M%S}"})
        await tell_at(connection, row.case_no, Recipient.OFFICER, post.phone, post.email, kind, named, now)
    else:
        task = NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject)
        await tasks.open_tasks(connection, row.case_no, [task], now, institution=hold.institution)
        return
    await tasks.close_about(connection, row.case_no, subject, [cause], now, "an officer is notified")


async def turns_of_assigned(connection: Connection, case_no: str, duty: CaseDuty, now: datetime) -> None:
    """Notify a newly assigned officer of the grievances that wait for this duty."""
    for row in await grievances.open_of_case(connection, case_no):
        if _OF_THE_CASE.get(row.level) is duty:
            due_at = await grievances.open_due_at(connection, row.grievance_id)
            assert due_at is not None, "an open grievance has an open level"
            await your_turn(connection, row, due_at, now)


async def overdue(connection: Connection, row: GrievanceRow, due_at: datetime, now: datetime) -> None:
    """Notify the supervising officer that the highest level has missed its deadline."""
    facts = MessageFacts(occasion=f"{row.grievance_id}.overdue", number=row.number, until=due_at)
    kind = MessageKind.GRIEVANCE_OVERDUE
    await tell_officer(connection, row.case_no, CaseDuty.SUPERVISING, kind, facts, now)
