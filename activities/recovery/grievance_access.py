"""Grievances: their deadlines, and the access to an appeal.

Activities of a grievance's workflow: read its state, and do the actions that are due. Each activity may run twice. An
action is due by the clocks of the workflow and of the database. The activity does nothing if it is done or no longer
due.

Access of account holders without a user account: reference, one-time code, and a session of half an hour. No reply
reveals whether a reference exists. A code goes to the contact that the bank has stated. Without a contact an officer
has a code sent to the bank, which gives it to the holder. No officer sees a code.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final, assert_never
from uuid import UUID

from temporalio import activity

from activities.case.transaction import ENGINE, case_transaction, refuse_if_early, time_of_action
from activities.context import Context
from activities.proofs import Proofs
from activities.recovery import grievance_messages
from activities.recovery.grievance_decisions import HOLDER, Work, ask, end, grievance_transaction, move_up
from activities.recovery.message_outbox import way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from activities.secrets import Keys
from activities.sessions import Entered
from db.pool import Connection
from db.proofs import ProofPurpose, Visit
from db.recovery import account_holds, appeals, grievances
from db.recovery.grievances import GrievanceRow
from domain.errors.recovery import HolderUnreachable, NothingOnHold
from domain.message_rules import NotificationEvent
from domain.recovery.grievances import Clocks, dues
from schemas.enums import TaskKind
from schemas.events import EventKind
from schemas.notifications import MessageFacts, Recipient
from schemas.procedures import ActionInput, DueAction, RowState
from schemas.recovery.grievances import AppealView, GrievanceClockAction
from schemas.recovery.holds import AppealCode
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
            actions = await _dues(work.connection, work.row, at)
            due_at = next((due.at for due in actions if due.what == asked.what), None)
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


class AppealDoor(Proofs):
    """Access of account holders to the appeal page, for one hold each."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        super().__init__(ctx, keys, ProofPurpose.APPEAL)

    async def send_code(self, reference: str) -> None:
        """Send a code to the holder if a hold has this reference and a known contact."""
        ctx = self._ctx
        async with ctx.pool.acquire() as connection:
            hold = await appeals.hold_of(connection, reference)
        if hold is None:
            return
        async with case_transaction(ctx, hold.case_no, HOLDER) as work:
            code = await self.make(work.connection, hold.hold_id, work.actor, work.now)
            facts = MessageFacts(occasion=str(code.proof_id), code=code.code, until=code.valid_until)
            holder = Concerned(holder=Holder(ctx, hold.hold_id))
            await notify_people(work.connection, work.ctx, NotificationEvent.CODE_ASKED, holder, facts, work.now)

    async def make_code(self, hold_id: UUID, by: str, reason: str) -> AppealCode:
        """Send a code to the holder's contact, or without one to the bank, which passes it on.

        No officer sees the code. Raises `NotFound`. Raises `NotNow` if nothing is on hold any more, and if neither can
        be written to.
        """
        ctx = self._ctx
        async with case_transaction(ctx, partial(account_holds.case_of, hold_id=hold_id), by) as work:
            hold = await account_holds.get(work.connection, hold_id)
            if hold.state != "held":
                raise NothingOnHold(hold_id)
            way = way_to(await ctx.persons.holder_of(work.connection, hold_id))
            if way is None:
                raise HolderUnreachable(hold_id)
            code = await self.make(
                work.connection,
                hold_id,
                work.actor,
                work.now,
                valid_seconds=ctx.policy.grievance.code_by_bank_valid_seconds,
                through_bank=way is Recipient.BANK,
            )
            facts = MessageFacts(occasion=str(code.proof_id), code=code.code, until=code.valid_until)
            holder = Concerned(holder=Holder(ctx, hold_id))
            await notify_people(work.connection, work.ctx, NotificationEvent.CODE_MADE, holder, facts, work.now)
            await work.log(
                EventKind.APPEAL_CODE_MADE,
                hold_id=str(hold_id),
                institution=hold.institution,
                valid_until=code.valid_until.isoformat(),
                reason=reason,
            )
        return AppealCode(hold_id=hold_id, reference=hold.reference, valid_until=code.valid_until)

    async def enter(self, reference: str, code: str, address: str) -> Entered | None:
        """Open a session for a correct reference and code; return None if either is wrong, without saying which."""
        async with self._ctx.pool.acquire() as connection:
            hold = await appeals.hold_of(connection, reference)
            return await self.begin_visit(connection, hold.hold_id if hold else "", code, address)

    async def look(self, visit: Visit) -> AppealView:
        """Return what the page shows: the hold, its officer, its deadlines and its grievance."""
        async with (
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await appeals.get(connection, UUID(visit.subject), self._ctx.persons.open_stored)
