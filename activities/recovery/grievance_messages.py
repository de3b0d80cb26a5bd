"""Notifications about an appeal to the level that must decide it, and about a missed deadline."""

from datetime import datetime
from uuid import UUID

from activities.context import Context
from activities.recovery.message_recipients import Concerned, notify_people, officer_of_level
from db import tasks
from db.pool import Connection
from db.privacy import victims
from db.recovery import account_holds, grievances
from db.recovery.grievances import GrievanceRow
from domain.message_rules import DUTY_OF_LEVEL, NotificationEvent
from schemas.enums import TaskKind
from schemas.notifications import MessageFacts
from schemas.restoration_enums import CaseDuty, GrievanceLevel
from schemas.tasks import NewTask, Subject, TaskCause, TaskSubject, about


def subject_of(grievance_id: UUID) -> Subject:
    """Return the subject of the tasks about a grievance."""
    return about(TaskSubject.GRIEVANCE, grievance_id)


async def notify_level(
    connection: Connection, ctx: Context, row: GrievanceRow, due_at: datetime, now: datetime
) -> None:
    """Notify the level that must decide the grievance now.

    If it cannot be notified, the supervisor gets a work item.
    """
    facts = MessageFacts(occasion=f"{row.grievance_id}.{row.level.value}", number=row.number, until=due_at)
    if row.level is GrievanceLevel.BANK:
        # Without a mailbox the desk telephones, because its work item about the grievance names the bank.
        bank = Concerned(hold_id=row.hold_id)
        await notify_people(connection, ctx, NotificationEvent.GRIEVANCE_AT_BANK, bank, facts, now)
        return
    subject, cause = subject_of(row.grievance_id), TaskCause.GRIEVANCE_UNTOLD
    if await officer_of_level(connection, row.level, row.case_no) is None:
        hold = await account_holds.get(connection, row.hold_id)
        task = NewTask(kind=TaskKind.SUPERVISE, cause=cause, subject=subject)
        await tasks.open_tasks(connection, row.case_no, [task], now, institution=hold.institution)
        return
    person = await victims.of_hold(connection, row.hold_id)
    with_amount = facts.model_copy(update={"amount_paise": person.held_paise})
    officer = Concerned(case_no=row.case_no, level=row.level)
    await notify_people(connection, ctx, NotificationEvent.GRIEVANCE_AT_OFFICER, officer, with_amount, now)
    await tasks.close_about(connection, row.case_no, subject, [cause], now, "an officer is notified")


async def notify_assigned(connection: Connection, ctx: Context, case_no: str, duty: CaseDuty, now: datetime) -> None:
    """Notify a newly assigned officer of the grievances that wait for this duty."""
    for row in await grievances.open_of_case(connection, case_no):
        if DUTY_OF_LEVEL.get(row.level) is duty:
            due_at = await grievances.open_due_at(connection, row.grievance_id)
            assert due_at is not None, "an open grievance has an open level"
            await notify_level(connection, ctx, row, due_at, now)


async def overdue(connection: Connection, ctx: Context, row: GrievanceRow, due_at: datetime, now: datetime) -> None:
    """Notify of the highest level's missed deadline."""
    facts = MessageFacts(occasion=f"{row.grievance_id}.overdue", number=row.number, until=due_at)
    concerned = Concerned(case_no=row.case_no)
    await notify_people(connection, ctx, NotificationEvent.GRIEVANCE_OVERDUE, concerned, facts, now)
