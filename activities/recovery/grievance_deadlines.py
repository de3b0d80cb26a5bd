"""Activities of a grievance's workflow: read its state, and do the actions that are due.

Each activity may run twice. An action is due by the clocks of the workflow and of the database. The activity does
nothing if it is done or no longer due.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, assert_never
from uuid import UUID

from temporalio import activity

from activities.case.transaction import ENGINE
from activities.context import Context
from activities.recovery import grievance_messages
from activities.recovery.due_actions import refuse_if_early, time_of_action
from activities.recovery.grievance_decisions import Work, ask, end, grievance_transaction, move_up
from db.pool import Connection
from db.recovery import grievances
from db.recovery.grievances import GrievanceRow
from domain.recovery.grievances import Clocks, dues
from schemas.case.procedures import ActionInput, DueAction, RowState
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.recovery.grievances import GrievanceClockAction
from schemas.restoration_enums import GrievanceOutcome, GrievanceState

NOTHING_LEFT: Final = "nothing is on hold any more"


@dataclass(frozen=True)
class GrievanceActivities:
    """The activities of `GrievanceWorkflow`."""

    ctx: Context

    @activity.defn(name="read_grievance_state")
    async def read_grievance_state(self, asked: ActionInput) -> RowState:
        """Read the level of the grievance, and when each action falls due."""
        async with (
            self.ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            row = await grievances.find(connection, UUID(asked.subject))
            if row is None or row.state is not GrievanceState.OPEN:
                return RowState(over=True)
            return RowState(over=False, at=row.level.value, dues=await _dues(connection, row, asked.at))

    @activity.defn(name="move_grievance")
    async def move_grievance(self, asked: ActionInput) -> None:
        """Do the due action: move the grievance up, notify the supervisor, or end it because nothing is on hold."""
        async with grievance_transaction(self.ctx, UUID(asked.subject), ENGINE) as work:
            if work.row.state is not GrievanceState.OPEN:
                return
            at = time_of_action(asked, work.now)
            found = await _dues(work.connection, work.row, at)
            due_at = next((due.at for due in found if due.what == asked.what), None)
            if due_at is None:
                return
            refuse_if_early(asked, due_at, work.now)
            if due_at <= at:
                await _run(work, GrievanceClockAction(asked.what))


async def _dues(connection: Connection, row: GrievanceRow, at: datetime) -> tuple[DueAction, ...]:
    levels = await grievances.levels_of(connection, row.grievance_id)
    level = next(level for level in levels if level.ended_at is None)
    clocks = Clocks(
        level=level.level,
        due_at=level.due_at,
        overdue_told=level.overdue_at is not None,
        on_hold=await grievances.is_on_hold(connection, row.hold_id),
    )
    return dues(clocks, at)


async def _run(work: Work, action: GrievanceClockAction) -> None:
    match action:
        case GrievanceClockAction.ESCALATE:
            await move_up(work, GrievanceOutcome.ESCALATED)
        case GrievanceClockAction.OVERDUE:
            await grievances.note_overdue(work.connection, work.row.grievance_id, work.now)
            await work.log(EventKind.GRIEVANCE_OVERDUE, level=work.row.level.value)
            await ask(work, TaskKind.SUPERVISE)
            due_at = await grievances.open_due_at(work.connection, work.row.grievance_id)
            assert due_at is not None, "only an open level can be overdue"
            await grievance_messages.overdue(work.connection, work.ctx, work.row, due_at, work.now)
        case GrievanceClockAction.OVERTAKE:
            outcome = GrievanceOutcome.OVERTAKEN
            await grievances.end_level(work.connection, work.row.grievance_id, outcome, work.now, work.actor)
            await end(work, GrievanceState.OVERTAKEN, reason=NOTHING_LEFT)
        case other:
            assert_never(other)
