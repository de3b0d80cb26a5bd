"""What the law asks of the police after a hold: opened with the case's first hold, reminded of, escalated, done.

The rows hold the clocks, `DutiesWorkflow` keeps them. A duty is done by its paper, or by an officer who says why none
is needed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from temporalio import activity

from activities.hands import Hands
from activities.messaging import tell_officer
from db import cases, duties, events, police, procedures, tasks
from db.events import Event
from db.pool import Connection
from domain.errors import NotFound, NotNow
from schemas.answers import NewTask
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.messages import MessageFacts, MessageKind
from schemas.police import CaseDuty, Duty
from schemas.procedures import Due, Look, ProcedureOrder
from schemas.restoration_enums import DutyKind

ENGINE: Final = "engine"
AFTER_A_HOLD: Final = (DutyKind.MAGISTRATE_REPORT, DutyKind.FOLLOW_UP)
REMIND: Final = "remind"
LAPSE: Final = "lapse"
ESCALATE: Final = "escalate"
LAPSED: Final = "nobody signed it in time: it has lapsed"


def task_note(kind: DutyKind, *, overdue: bool = False) -> str:
    """The note of the desk's task about a duty."""
    return f"overdue: {kind.value}" if overdue else kind.value


# -- opening and ending, inside somebody's transaction -----------------------------------------------------------------


async def open_duties(connection: Connection, hands: Hands, case_no: str, now: datetime) -> int:
    """Open what the law asks for after a hold, once a case; returns how many duties are new.

    The case's row is locked. `now` is when the first hold was taken up.
    """
    opened = [await open_duty(connection, hands, case_no, kind, now) for kind in AFTER_A_HOLD]
    return sum(opened)


async def open_duty(
    connection: Connection,
    hands: Hands,
    case_no: str,
    kind: DutyKind,
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> bool:
    """Open one duty with the clocks of today's policy; false where the case has it. `due_at` where another has set it.

    A report's signature is asked for again with every report. The case's row is locked.
    """
    rule, factor = hands.policy.police.duties[kind], hands.procedure_clock_factor
    due_at = due_at or now + timedelta(seconds=rule.due_seconds / factor)
    opened = await duties.open_duty(
        connection,
        case_no,
        kind,
        now,
        remind_at=due_at - timedelta(seconds=rule.remind_before_seconds / factor),
        due_at=due_at,
        escalate_at=due_at + timedelta(seconds=rule.escalate_after_seconds / factor),
        anew=kind is DutyKind.FIR_SIGNATURE,
    )
    if not opened:
        return False
    await tasks.open_tasks(connection, case_no, [NewTask(kind=TaskKind.DUTY, note=task_note(kind))], now)
    data = {"kind": kind.value, "due_at": due_at.isoformat(), "policy": hands.policy.version}
    await events.append(connection, case_no, now, ENGINE, [Event(EventKind.DUTY_OPENED, data)])
    await procedures.begin(connection, ProcedureKind.DUTIES, case_no, case_no, now)
    await procedures.tell(connection, ProcedureKind.DUTIES, case_no, now)
    return True


async def duty_done(
    connection: Connection,
    hands: Hands,
    case_no: str,
    kind: DutyKind,
    paper_id: UUID | None,
    by: str,
    now: datetime,
    *,
    reason: str = "",
) -> bool:
    """The duty is done, by a paper or for a reason; false where the case has none of the kind that waits.

    The case's row is locked.
    """
    duty = await duties.done(connection, case_no, kind, by, now, paper_id=paper_id, reason=reason)
    if duty is None:
        return False
    for overdue in (False, True):
        note = task_note(kind, overdue=overdue)
        await tasks.close_noted(connection, case_no, [TaskKind.DUTY], note, now, "the duty is done")
    data = {
        "kind": kind.value,
        "paper_id": str(paper_id) if paper_id else None,
        "late": now > duty.due_at,
        "reason": reason,
        "policy": hands.policy.version,
    }
    await events.append(connection, case_no, now, by, [Event(EventKind.DUTY_DONE, data)])
    await procedures.tell(connection, ProcedureKind.DUTIES, case_no, now)
    if not await duties.any_left(connection, case_no):
        await procedures.end(connection, ProcedureKind.DUTIES, case_no, now)
    return True


async def finish_by_hand(hands: Hands, ack_no: str, kind: DutyKind, reason: str, by: str) -> Duty:
    """An officer says why a duty needs no paper of ours. Raises `NotFound` and `NotNow`."""
    now = hands.now()
    async with hands.pool.acquire() as connection, connection.transaction():
        head = await cases.lock(connection, ack_no)
        known = await duties.get(connection, head.case_no, kind)
        if known is None:
            raise NotFound(f"duty {kind.value} of case {head.case_no}")
        if kind is DutyKind.FIR_SIGNATURE:
            raise NotNow("a signature is recorded with its report")
        if not await duty_done(connection, hands, head.case_no, kind, None, by, now, reason=reason):
            raise NotNow(f"the duty was done at {known.done_at:%Y-%m-%dT%H:%M:%SZ}")
        done = await duties.get(connection, head.case_no, kind)
    assert done is not None, "a duty stays"
    return done


# -- the clocks --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DutyHands:
    """The activities of `DutiesWorkflow`."""

    hands: Hands

    @activity.defn
    async def look_at_duties(self, asked: ProcedureOrder) -> Look:
        """What of the case's duties is due by itself, and when; over when none waits any more."""
        async with self.hands.pool.acquire() as connection:
            waiting = [duty for duty in await duties.of_case(connection, asked.case_no) if duty.done_at is None]
        dues = sorted((due for duty in waiting for due in _dues(duty)), key=lambda due: (due.at, due.what))
        return Look(over=not waiting, at=" ".join(duty.kind.value for duty in waiting), dues=tuple(dues))

    @activity.defn
    async def care_for_duty(self, asked: ProcedureOrder) -> None:
        """Do what is due, once however often it is asked: "remind:KIND", "escalate:KIND" or "lapse:KIND"."""
        what, _, name = asked.what.partition(":")
        kind = DutyKind(name)
        async with self.hands.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, asked.case_no)
            duty = await duties.get(connection, asked.case_no, kind)
            # Done, or opened anew with later clocks, since the workflow has looked.
            if duty is None or all(due.what != asked.what or due.at > asked.at for due in _dues(duty)):
                return
            work = _Care(connection, self.hands, asked.case_no, duty, asked.at)
            await {REMIND: work.remind, ESCALATE: work.escalate, LAPSE: work.lapse}[what]()


def _dues(duty: Duty) -> list[Due]:
    if duty.done_at is not None:
        return []
    dues = []
    if duty.reminded_at is None:
        dues.append(Due(what=f"{REMIND}:{duty.kind.value}", at=duty.remind_at))
    if duty.kind is DutyKind.FIR_SIGNATURE:
        # With the time its report lapses, and the duty with it: there is nothing left to escalate.
        dues.append(Due(what=f"{LAPSE}:{duty.kind.value}", at=duty.due_at))
    elif duty.escalated_at is None:
        dues.append(Due(what=f"{ESCALATE}:{duty.kind.value}", at=duty.escalate_at))
    return dues


@dataclass(frozen=True)
class _Care:
    """What is done about one duty, inside a transaction that holds its case."""

    connection: Connection
    hands: Hands
    case_no: str
    duty: Duty
    at: datetime

    async def remind(self) -> None:
        """Who investigates is told that it is due soon."""
        if await duties.reminded(self.connection, self.case_no, self.duty.kind, self.at):
            await self._tell(CaseDuty.IO, "remind")

    async def escalate(self) -> None:
        """Who supervises is told that it is overdue."""
        kind = self.duty.kind
        if not await duties.escalated(self.connection, self.case_no, kind, self.at):
            return
        await self._overdue()
        await self._tell(CaseDuty.SUPERVISING, "escalate")

    async def lapse(self) -> None:
        """The report is none any more; the supervisor decides whether another is asked for."""
        if not await duties.escalated(self.connection, self.case_no, self.duty.kind, self.at):
            return
        fir_id = await police.lapse(self.connection, self.case_no)
        if fir_id is not None:
            data = {"fir_id": str(fir_id), "sign_by": self.duty.due_at.isoformat()}
            await self._log(EventKind.FIR_LAPSED, data)
        await self._overdue()
        await self._tell(CaseDuty.SUPERVISING, "escalate")
        await duties.done(self.connection, self.case_no, self.duty.kind, ENGINE, self.at, paper_id=None, reason=LAPSED)
        note = task_note(self.duty.kind)
        await tasks.close_noted(self.connection, self.case_no, [TaskKind.DUTY], note, self.at, LAPSED)
        await police.tell_procedures(self.connection, self.case_no, [ProcedureKind.RESTORATION], self.at)
        if not await duties.any_left(self.connection, self.case_no):
            await procedures.end(self.connection, ProcedureKind.DUTIES, self.case_no, self.at)

    async def _overdue(self) -> None:
        task = NewTask(kind=TaskKind.DUTY, note=task_note(self.duty.kind, overdue=True))
        await tasks.open_tasks(self.connection, self.case_no, [task], self.at)
        await self._log(EventKind.DUTY_OVERDUE, {"kind": self.duty.kind.value, "due_at": self.duty.due_at.isoformat()})

    async def _tell(self, duty: CaseDuty, occasion: str) -> None:
        facts = MessageFacts(
            occasion=f"{self.duty.kind.value}.{occasion}.{self.duty.opened_at:%Y%m%dT%H%M%S}",
            until=self.duty.due_at,
            duty=self.duty.kind.value,
        )
        await tell_officer(self.connection, self.hands, self.case_no, duty, MessageKind.DUTY_DUE, facts)

    async def _log(self, kind: EventKind, data: Mapping[str, object]) -> None:
        await events.append(self.connection, self.case_no, self.at, ENGINE, [Event(kind, dict(data))])
