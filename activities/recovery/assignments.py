"""Assignment of officers by the engine, and what falls due of a case.

The engine assigns officers to cases, and replaces officers who left. One transaction for each case. Holds never wait
for an officer. Documents that name the officer wait until one is assigned.

Due list: attend to the holds and the statutory duties of one case, all in one transaction. A transaction does an action
and writes when the procedure is due next, so that each action is done once.
"""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.case.transaction import ENGINE, CaseTransaction, background_transaction
from activities.context import Context
from activities.recovery.firs import MISSING, write_assignment
from activities.recovery.hold_lifecycle import HoldDeadlines
from activities.recovery.statutory_duties import attend_to_duties
from db import tasks
from db.case import case_outbox
from db.pool import Connection
from db.recovery import due_documents
from db.recovery.due_documents import Attended, DueProcedure
from db.work_items import case_assignments
from db.work_items.case_assignments import Standing
from domain.districts import known_district
from domain.work_items.shifts import ROLE_OF_DUTY, answering_for, choose, rivals
from schemas.case.police import NewOfficer
from schemas.enums import ProcedureKind, TaskKind
from schemas.events import EventKind
from schemas.procedures import RowState
from schemas.restoration_enums import CaseDuty
from schemas.tasks import Candidate, Choice, NewTask, NoOfficer, TaskFacts

_NEW: Final = "new"
"""why an officer is chosen, where no officer had the duty before"""


@dataclass(frozen=True)
class Roster:
    """Officers who may be chosen in one round, and the open cases of each, which grow with every choice."""

    officers: Mapping[CaseDuty, Sequence[Candidate]]
    open_cases: Mapping[CaseDuty, Counter[str]]


async def read_roster(connection: Connection, case_nos: Sequence[str], now: datetime) -> Roster:
    """Return the officers who may be chosen for these cases."""
    wanted = await case_assignments.districts(connection, case_nos)
    officers, open_cases = {}, {}
    for duty, role in ROLE_OF_DUTY.items():
        officers[duty] = answering_for(await case_assignments.candidates(connection, role, now), wanted)
        compared = rivals(officers[duty], wanted)
        open_cases[duty] = Counter(await case_assignments.open_cases(connection, duty, compared))
    return Roster(officers, open_cases)


async def look_for_left(ctx: Context, connection: Connection, now: datetime, limit: int) -> int:
    """Let the cases of officers who left them wait for others; return how many."""
    return await case_assignments.wait_for_others(connection, now, ctx.policy.assignment.leave_days, limit)


@dataclass(frozen=True)
class Assigner:
    """Assigns the officers of a round, case after case."""

    ctx: Context
    roster: Roster

    async def attend(self, case_no: str, *, wait: bool, since: datetime | None = None) -> int:
        """Assign an officer to each duty of a case that no officer has; return 1.

        Where no officer can be chosen a supervisor has a task, and the engine looks again later. Without `wait` a case
        that another transaction has locked is left alone, and 0 returned.
        """
        rules = self.ctx.policy.assignment
        async with background_transaction(self.ctx, case_no, ENGINE, wait=wait) as work:
            if work is None:
                return 0
            at = await case_assignments.standing(work.connection, case_no, work.now, rules.leave_days)
            assert at is not None, "a case has its first complaint"
            holders = {duty: at.holder(duty) for duty in ROLE_OF_DUTY}
            complete = [await self._provide(work, at, duty, holders) for duty in ROLE_OF_DUTY]
            again_after = timedelta(seconds=rules.look_again_seconds / self.ctx.procedure_clock_factor)
            await case_assignments.looked(work.connection, case_no, work.now, None if all(complete) else again_after)
        return 1

    async def _provide(
        self, work: CaseTransaction, at: Standing, duty: CaseDuty, holders: dict[CaseDuty, str | None]
    ) -> bool:
        """Let an officer have the duty; return False if somebody is still to be found. Changes `holders`."""
        left = at.left(duty)
        if holders[duty] is not None and left is None:
            await work.close_tasks(None, [MISSING[duty]], "an officer is assigned")
            return True
        if at.is_over and left is not None:
            await case_assignments.let_go(work.connection, work.case_no, duty)
            return True
        others = {name for other, name in holders.items() if other is not duty and name is not None}
        choice = choose(self.roster.officers[duty], at.district, work.now, self.roster.open_cases[duty], others)
        if isinstance(choice, NoOfficer):
            if at.is_over:
                await work.close_tasks(None, [MISSING[duty]], "the case is over")
            else:
                await self._ask(work, duty, choice)
            return at.is_over
        self.roster.open_cases[duty][choice.officer.officer_id] += 1
        await write_assignment(
            work,
            _new_officer(duty, at.district, choice),
            because=left.value if left else _NEW,
            on_shift=choice.on_shift,
            candidates=choice.candidates,
            **({"open_cases": choice.open_cases} if choice.candidates > 1 else {}),
            policy=self.ctx.policy.version,
        )
        holders[duty] = choice.officer.officer_id
        return True

    async def _ask(self, work: CaseTransaction, duty: CaseDuty, why: NoOfficer) -> None:
        """Open one task for the supervisor, who can assign an officer by hand."""
        task = NewTask(kind=TaskKind.SUPERVISE, cause=MISSING[duty], facts=TaskFacts(no_officer=why))
        await tasks.close_other_facts(work.connection, work.case_no, task, work.now, "the reason is another now")
        if await work.ask(task):
            await work.log(EventKind.OFFICER_NOT_FOUND, duty=duty.value, reason=why.value)


def _new_officer(duty: CaseDuty, district: str, chosen: Choice) -> NewOfficer:
    known, officer = known_district(district), chosen.officer
    return NewOfficer(
        duty=duty,
        subject=officer.officer_id,
        name=officer.name,
        rank=officer.rank,
        police_station=officer.station,
        district=known.english if known else district,
        phone=officer.mobile,
        email=officer.email or None,
    )


log = logging.getLogger(__name__)

PASSES_MAX: Final = 5
"""one action may change another procedure of its case; what is left after so many passes comes in the next round"""
STILL_DUE_AGAIN: Final = timedelta(minutes=1)
"""pause before an action that is still due although it was done"""


@dataclass(frozen=True)
class DueList:
    """Attends to holds and duties, case after case."""

    ctx: Context
    appeal_address: str = ""
    """the address for appeals in messages to account holders; "" if none is configured"""

    async def attend(self, case_no: str, *, wait: bool, since: datetime | None = None) -> int:
        """Do everything that is due of a case's holds and duties; return how many of them were attended to.

        The first of it waits `since` then, and what follows from it counts as waiting as long. Without `wait` a case
        that another transaction has locked is left alone, and 0 returned. A procedure that fails costs no other
        procedure of the case. Raises its error after the others are done.
        """
        done, failed = 0, dict[str, Exception]()
        async with background_transaction(self.ctx, case_no, ENGINE, wait=wait) as work:
            if work is None:
                return 0
            for _ in range(PASSES_MAX):
                dues = await due_documents.dues_of_case(work.connection, work.case_no, work.now)
                if not (left := [due for due in dues if due.workflow_id not in failed]):
                    break
                done += await self._attend_to(work, left, failed)
            if since is not None:
                await case_outbox.make_as_old(work.connection, work.case_no, since)
        if failed:
            raise next(iter(failed.values()))
        return done

    async def _attend_to(
        self, work: CaseTransaction, procedures: list[DueProcedure], failed: dict[str, Exception]
    ) -> int:
        """Attend to each procedure, and write when it is due next; add those that fail to `failed`."""
        attended, news_ids = list[Attended](), list[int]()
        for procedure in procedures:
            try:
                async with work.connection.transaction():
                    state = await self._act(work, procedure)
            except Exception as error:
                log.warning("due list: %s of case %s failed: %s", procedure.kind, work.case_no, type(error).__name__)
                failed[procedure.workflow_id] = error
                continue
            attended.append(Attended(workflow_id=procedure.workflow_id, due_at=_next_at(state, work.now)))
            news_ids += procedure.news_ids
        await due_documents.mark_attended(work.connection, attended, work.now)
        if news_ids:
            await case_outbox.mark_notified(work.connection, news_ids, work.now)
        return len(attended)

    async def _act(self, work: CaseTransaction, procedure: DueProcedure) -> RowState:
        if procedure.kind is ProcedureKind.HOLD:
            return await HoldDeadlines(self.ctx, self.appeal_address).attend(work, UUID(procedure.subject))
        assert procedure.kind is ProcedureKind.DUTIES, "the other procedures have workflows"
        return await attend_to_duties(work)


def _next_at(state: RowState, now: datetime) -> datetime | None:
    if state.over or not state.dues:
        return None
    due_at = state.dues[0].at
    return due_at if due_at > now else now + STILL_DUE_AGAIN
