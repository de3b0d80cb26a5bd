"""Actions of people on a grievance: file, report, decide, escalate, appeal. Each is one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID, uuid4

from activities.case.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.privacy.person_keys import PersonKeys
from activities.recovery import grievance_messages
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from activities.recovery.order_releases import drop_proposal, notify_hold_workflows
from activities.recovery.payer_decisions import confirm_by, propose_release, refuse_decider
from db.case import case_outbox
from db.clock import present_moment
from db.privacy import person_keys
from db.privacy.person_keys import PersonKey
from db.recovery import account_holds, appeals, grievance_views, grievances, release_proposals
from db.recovery.account_holds import AccountHold
from db.recovery.grievance_views import SealedGrievance, use_of_contact, use_of_said, use_of_text
from db.recovery.grievances import GrievanceRow
from domain.errors.recovery import ContactTooNew, GrievanceMovedOn, NothingOnHold
from domain.message_rules import NotificationEvent
from domain.officers.officers import DECIDES
from domain.recovery.grievances import (
    APPEALABLE,
    ENDS_AS,
    GrievanceAtLevel,
    above,
    check_officer,
    check_state,
    due_at,
    filed_at,
    may_be_filed,
)
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.notifications import MessageFacts
from schemas.officers.officers import Acting
from schemas.recovery.grievances import (
    AppealOn,
    GrievanceDecided,
    GrievanceDone,
    GrievanceOfficer,
    GrievanceReason,
    GrievanceReport,
    GrievanceVerb,
    LevelSeen,
    NewGrievance,
    NewGrievanceOfficer,
    WithdrawGrievance,
)
from schemas.recovery.orders import ReleaseProposal
from schemas.restoration_enums import (
    GrievanceDecision,
    GrievanceLevel,
    GrievanceOutcome,
    GrievanceState,
)
from schemas.tasks import NewTask, Subject, TaskCause

HOLDER: Final = "holder"
"""the actor in the case log for an account holder who entered with the one-time code"""
_CAUSES: Final = (TaskCause.GRIEVANCE, TaskCause.GRIEVANCE_UNTOLD)


@dataclass
class Work(CaseTransaction):
    """One transaction on a grievance; `row` is its current state."""

    hold: AccountHold
    row: GrievanceRow

    @property
    def subject(self) -> Subject:
        """Return the subject of the tasks about the grievance."""
        return grievance_messages.subject_of(self.row.grievance_id)

    async def done(self) -> GrievanceDone:
        """Return the current state as the reply."""
        row = self.row
        proposed = await release_proposals.waiting(self.connection, row.hold_id, self.now)
        return GrievanceDone(
            grievance_id=row.grievance_id,
            number=row.number,
            case_ack_no=row.case_no,
            state=row.state,
            level=row.level,
            due_at=await grievances.open_due_at(self.connection, row.grievance_id),
            waits_for=proposed.stage if proposed else None,
            hear_until=proposed.hear_until if proposed else None,
        )

    async def log(self, kind: EventKind, /, **data: object) -> None:
        """Write an event of the case that names the grievance."""
        await super().log(kind, grievance_id=str(self.row.grievance_id), **data)


@asynccontextmanager
async def grievance_transaction(ctx: Context, grievance_id: UUID, actor: str) -> AsyncIterator[Work]:
    """Run one transaction on a grievance, with its case locked. Raises `NotFound`."""
    async with case_transaction(ctx, partial(grievances.case_of, grievance_id=grievance_id), actor) as work:
        row = await grievances.get(work.connection, grievance_id)
        yield Work.of(work, hold=await account_holds.get(work.connection, row.hold_id), row=row)


@asynccontextmanager
async def _action(
    ctx: Context, grievance_id: UUID, verb: GrievanceVerb, seen: LevelSeen | None, by: Acting | str
) -> AsyncIterator[Work]:
    """Run one action in a transaction with the case locked, the actor checked and the level unchanged."""
    async with grievance_transaction(ctx, grievance_id, by if isinstance(by, str) else by.actor) as work:
        if seen is not None and seen.level is not work.row.level:
            raise GrievanceMovedOn(work.row.level)
        current = GrievanceAtLevel(
            state=work.row.state,
            level=work.row.level,
            deciders=await grievances.deciders(work.connection, grievance_id),
        )
        if isinstance(by, str):
            check_state(verb, current)
        else:
            check_officer(verb, by.roles, by.actor, current)
        yield work


# -- filing ------------------------------------------------------------------------------------------------------------


async def file_grievance(ctx: Context, hold_id: UUID, new: NewGrievance, by: str) -> GrievanceDone:
    """Record a holder's grievance. The bank is asked first; after a withdrawal it goes on where it was withdrawn.

    Raises `NotFound`. Raises `NotNow` if nothing is on hold, a grievance is open, or a decided one can be appealed.
    """
    async with case_transaction(ctx, partial(account_holds.case_of, hold_id=hold_id), by) as case:
        connection, now = case.connection, case.now
        hold = await account_holds.get(connection, hold_id)
        if hold.state != "held":
            raise NothingOnHold(hold_id)
        filed_max = ctx.policy.grievance.filed_max
        earlier = await grievances.latest_about(connection, hold_id)
        may_be_filed(earlier, hold.first_held_at, filed_max)
        policy = ctx.policy.grievance.promised(ctx.policy.version, ctx.procedure_clock_factor)
        level, due = filed_at(earlier, hold.first_held_at, policy, now)
        known = await person_keys.of_hold(connection, hold_id)
        sealed = _seal(ctx.persons, known, uuid4(), new)
        row = await grievances.insert(
            connection, hold_id, case.case_no, new.language, sealed, policy, level, due, now, by
        )
        work = Work.of(case, hold=hold, row=row)
        await work.log(
            EventKind.GRIEVANCE_OPENED,
            number=row.number,
            hold_id=str(hold_id),
            institution=hold.institution,
            level=row.level.value,
            due_at=due.isoformat(),
            policy=policy.version,
        )
        await _begin(work, due)
        return await work.done()


async def _begin(work: Work, due: datetime) -> None:
    """Start the grievance's workflow, and ask its level to act by that time."""
    subject = str(work.row.grievance_id)
    await case_outbox.begin(work.connection, ProcedureKind.GRIEVANCE, subject, work.row.case_no, work.now)
    await work.notify(ProcedureKind.GRIEVANCE, work.row.grievance_id)
    await notify_hold_workflows(work, work.hold)
    await _ask_level(work, due)


async def _ask_level(work: Work, due: datetime) -> None:
    """Ask the current level to act, by a task and a message to the responsible officer or bank."""
    await ask(work)
    await grievance_messages.notify_level(work.connection, work.ctx, work.row, due, work.now)


# -- actions -----------------------------------------------------------------------------------------------------------


async def report(
    ctx: Context, grievance_id: UUID, bank_report: GrievanceReport, by: Acting | str, *, institution: str | None = None
) -> GrievanceDone:
    """Record the bank's findings about its customer. The investigating officer decides next.

    The same report again changes nothing. The hold must be at `institution`; None means that the desk enters what the
    bank said. Raises `NotFound`, `MayNot`, and `NotNow` after the bank's time is over.
    """
    async with ctx.pool.acquire() as connection:
        await grievances.case_of(connection, grievance_id, institution)
        reported = await grievances.was_reported(connection, grievance_id, bank_report)
    if reported:
        async with grievance_transaction(ctx, grievance_id, HOLDER) as work:
            return await work.done()
    async with _action(ctx, grievance_id, GrievanceVerb.REPORT, None, by) as work:
        await move_up(work, GrievanceOutcome.REPORTED, report=bank_report)
        return await work.done()


async def decide(
    ctx: Context, grievance_id: UUID, decided: GrievanceDecided, by: Acting, *, appeal_address: str = ""
) -> GrievanceDone:
    """Uphold the hold and notify the holder of the next level, or propose to release money and tell the victims.

    Raises `NotFound`, and `MayNot` or `SameEyes` about the officer. Raises `NotNow` at another level or after another
    officer's decision, if a release of the hold waits, and with the figures if the amount is not free.
    """
    async with _action(ctx, grievance_id, GrievanceVerb.DECIDE, decided, by) as work:
        await refuse_decider(work, work.hold.hold_id, by, {DECIDES[work.row.level]})
        if decided.decision is GrievanceDecision.UPHELD:
            await _end_decided(work, decided.decision, decided.reason, work.actor, appeal_address=appeal_address)
            return await work.done()
        proposal = await propose_release(
            work, work.hold, decided.released_paise, decided.reason, grievance_id=grievance_id
        )
        await grievances.give_time(work.connection, grievance_id, confirm_by(work, proposal))
        await work.notify(ProcedureKind.GRIEVANCE, grievance_id)
        return await work.done()


async def end_with_release(
    case: CaseTransaction, hold: AccountHold, proposal: ReleaseProposal, released_paise: int, *, appeal_address: str
) -> None:
    """End the grievance of a release that is ordered now, and notify the holder."""
    assert proposal.grievance_id is not None, "a small hold has no grievance"
    work = Work.of(case, hold=hold, row=await grievances.get(case.connection, proposal.grievance_id))
    decision = GrievanceDecision.RELEASED if proposal.whole else GrievanceDecision.PART_RELEASED
    await _end_decided(
        work,
        decision,
        proposal.reason,
        proposal.proposed_by,
        released_paise=released_paise,
        appeal_address=appeal_address,
    )


async def _end_decided(
    work: Work,
    decision: GrievanceDecision,
    reason: str,
    by: str,
    *,
    released_paise: int | None = None,
    appeal_address: str,
) -> None:
    """End the level and the grievance as the officer `by` decided, and notify the holder."""
    connection, grievance_id = work.connection, work.row.grievance_id
    await grievances.end_level(
        connection,
        grievance_id,
        GrievanceOutcome.DECIDED,
        work.now,
        by,
        finding=reason,
        decision=decision,
        released_paise=released_paise,
    )
    await end(work, ENDS_AS[decision], reason=reason, released_paise=released_paise)
    facts = MessageFacts(
        occasion=f"{grievance_id}.{work.row.level.value}",
        number=work.row.number,
        decision=decision.value,
        amount_paise=released_paise,
        next_level=above(work.row.level) if work.row.state in APPEALABLE else None,
    )
    besides = await grievance_views.contact_of(connection, grievance_id, work.ctx.persons.open_stored)
    holder = Concerned(holder=Holder(work.ctx, work.hold.hold_id, link=appeal_address, besides=besides))
    await notify_people(connection, work.ctx, NotificationEvent.GRIEVANCE_DECIDED, holder, facts, work.now)


async def escalate(ctx: Context, grievance_id: UUID, why: GrievanceReason, by: Acting) -> GrievanceDone:
    """Move a grievance up early at a supervisor's request. Raises as `decide`."""
    async with _action(ctx, grievance_id, GrievanceVerb.ESCALATE, why, by) as work:
        await move_up(work, GrievanceOutcome.ESCALATED, finding=why.reason)
        return await work.done()


async def appeal_on(ctx: Context, grievance_id: UUID, more: AppealOn, by: Acting | str) -> GrievanceDone:
    """Record the holder's appeal to the next level. Raises as `decide`, and `NotNow` above the highest level."""
    async with _action(ctx, grievance_id, GrievanceVerb.APPEAL_ON, more, by) as work:
        if work.hold.state != "held":
            raise NothingOnHold(work.hold.hold_id)
        decided = work.row.level
        await _open_above(work, more.text, work.actor)
        await work.log(
            EventKind.GRIEVANCE_MOVED,
            ended=decided.value,
            outcome="appealed",
            level=work.row.level.value,
            due_at=due_at(work.row.policy, work.row.level, work.now).isoformat(),
        )
        await _begin(work, due_at(work.row.policy, work.row.level, work.now))
        return await work.done()


async def withdraw(
    ctx: Context,
    grievance_id: UUID,
    withdrawal: WithdrawGrievance | None,
    by: Acting | str,
    *,
    contact_since: datetime | None = None,
) -> GrievanceDone:
    """Withdraw a grievance for its holder, and notify the holder.

    On the appeal page (`withdrawal` is None) the level does not matter. `contact_since` is when an officer entered the
    contact that the holder's code went to. Raises as `decide`, and `ContactTooNew` if that was a short time ago.
    """
    async with _action(ctx, grievance_id, GrievanceVerb.WITHDRAW, withdrawal, by) as work:
        _refuse_new_contact(work, contact_since)
        outcome, reason = GrievanceOutcome.WITHDRAWN, withdrawal.reason if withdrawal else ""
        await grievances.end_level(work.connection, grievance_id, outcome, work.now, work.actor, finding=reason)
        await end(work, GrievanceState.WITHDRAWN, reason=reason)
        facts = MessageFacts(
            occasion=f"{grievance_id}.{work.row.level.value}.withdrawn",
            number=work.row.number,
            decision="withdrawn_on_page" if work.actor == HOLDER else "withdrawn",
        )
        besides = await grievance_views.contact_of(work.connection, grievance_id, ctx.persons.open_stored)
        holder = Concerned(holder=Holder(ctx, work.hold.hold_id, besides=besides))
        await notify_people(work.connection, work.ctx, NotificationEvent.GRIEVANCE_WITHDRAWN, holder, facts, work.now)
        return await work.done()


def _refuse_new_contact(work: Work, contact_since: datetime | None) -> None:
    """Raise `ContactTooNew` if an officer entered the contact so late that the earlier one may not have read it."""
    seconds = work.ctx.policy.grievance.contact_settles_seconds / work.ctx.procedure_clock_factor
    if contact_since is not None and work.now < (until := contact_since + timedelta(seconds=seconds)):
        raise ContactTooNew(until)


# -- shared by people's actions and due actions ------------------------------------------------------------------------


async def ask(work: Work, kind: TaskKind = TaskKind.GRIEVANCE) -> None:
    """Open a task about the grievance."""
    task = NewTask(kind=kind, cause=TaskCause.GRIEVANCE, subject=work.subject)
    await work.ask(task, institution=work.hold.institution)


async def move_up(
    work: Work, outcome: GrievanceOutcome, *, finding: str = "", report: GrievanceReport | None = None
) -> None:
    """End the current level and open the next one."""
    left = work.row.level
    await grievances.end_level(
        work.connection,
        work.row.grievance_id,
        outcome,
        work.now,
        work.actor,
        finding=report.finding if report else finding,
        kyc=report.kyc if report else None,
    )
    await work.close_tasks(work.subject, _CAUSES, f"{left.value}: {outcome.value}")
    left_level = f"the grievance left the level {left.value}"
    await drop_proposal(work, work.hold.hold_id, left_level, grievance_id=work.row.grievance_id)
    await _open_above(work)
    await work.log(
        EventKind.GRIEVANCE_MOVED,
        ended=left.value,
        outcome=outcome.value,
        kyc=report.kyc.value if report else None,
        level=work.row.level.value,
        due_at=due_at(work.row.policy, work.row.level, work.now).isoformat(),
    )
    await _ask_level(work, due_at(work.row.policy, work.row.level, work.now))
    await work.notify(ProcedureKind.GRIEVANCE, work.row.grievance_id)


def _seal(persons: PersonKeys, key: PersonKey | None, grievance_id: UUID, new: NewGrievance) -> SealedGrievance:
    """Seal what an account holder says; under a new key if there is none. Raises `CannotOpen`."""
    of_holder = key or persons.new_key()
    contact = persons.seal_text(of_holder, new.contact, use_of_contact(grievance_id)) if new.contact else None
    text = persons.seal_text(of_holder, new.text, use_of_text(grievance_id))
    return SealedGrievance(grievance_id, of_holder, key is None, text, contact)


async def _open_above(work: Work, statement: str = "", by: str | None = None) -> None:
    level = above(work.row.level)
    assert level is not None, "the rules allow no appeal above the highest level"
    due = due_at(work.row.policy, level, work.now)
    grievance_id, sealed = work.row.grievance_id, None
    if statement:
        known = await person_keys.of_hold(work.connection, work.hold.hold_id)
        sealed = work.ctx.persons.seal_new(known, statement, use_of_said(grievance_id, level))
    await grievances.move(work.connection, grievance_id, level, work.now, due, by, sealed)
    work.row = work.row.model_copy(update={"level": level, "state": GrievanceState.OPEN})


async def end(work: Work, state: GrievanceState, *, reason: str = "", released_paise: int | None = None) -> None:
    """End the grievance and its workflow."""
    row = work.row
    await drop_proposal(work, work.hold.hold_id, f"the grievance is {state.value}", grievance_id=row.grievance_id)
    await grievances.end(
        work.connection, row.grievance_id, state, work.now, work.actor, reason=reason, released_paise=released_paise
    )
    work.row = row.model_copy(update={"state": state})
    await work.log(
        EventKind.GRIEVANCE_ENDED,
        level=row.level.value,
        state=state.value,
        released_paise=released_paise,
        reason=reason,
        policy=row.policy.version,
    )
    await work.close_tasks(work.subject, _CAUSES, state.value)
    await case_outbox.end(work.connection, ProcedureKind.GRIEVANCE, str(row.grievance_id), work.now)
    await work.notify(ProcedureKind.GRIEVANCE, work.row.grievance_id)
    await notify_hold_workflows(work, work.hold)


async def name_officer(ctx: Context, new: NewGrievanceOfficer, by: str) -> GrievanceOfficer:
    """Record who decides at a level and place, and notify them of every grievance that waits for them."""
    async with ctx.pool.acquire() as connection, connection.transaction():
        named = await appeals.put(connection, new, by, await present_moment(connection))
        waiting = await appeals.waiting_for(connection, named.level, named.district)
    for grievance_id in waiting:
        await _notify_level(ctx, grievance_id, named.level, by)
    return named


async def _notify_level(ctx: Context, grievance_id: UUID, level: GrievanceLevel, by: str) -> None:
    async with grievance_transaction(ctx, grievance_id, by) as work:
        due_at = await grievances.open_due_at(work.connection, grievance_id)
        if work.row.state is GrievanceState.OPEN and work.row.level is level and due_at is not None:
            await grievance_messages.notify_level(work.connection, work.ctx, work.row, due_at, work.now)
