"""The hands of a hold's clocks: its holder is told, its lapse is warned of, and one day it lapses."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from temporalio import activity

from activities.hands import Hands
from activities.kept_holds import ask_about_kept
from activities.letting_go import let_free_go, order_release
from activities.messaging import tell_holder, tell_officer, tell_victim
from db import account_holds, cases, events, grievances, hold_clocks, procedures, tasks
from db.account_holds import AccountHold
from db.events import Event
from db.pool import Connection
from domain.hold_clocks import LAPSE, RELEASE_EXCESS, TELL_HOLDER, HoldStands, dues, latest_warning
from schemas.answers import NewTask
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.messages import MessageFacts, MessageKind
from schemas.orders import NewOrderLine
from schemas.police import CaseDuty
from schemas.procedures import Look, ProcedureOrder
from schemas.restoration_enums import OrderReason

ENGINE: Final = "engine"


def note_of(hold_id: UUID) -> str:
    """The note of the desk's tasks about a hold."""
    return f"hold {hold_id}"


@dataclass(frozen=True)
class HoldHands:
    """The activities of `HoldWorkflow`."""

    hands: Hands
    appeal_address: str = ""
    """where a holder can appeal, for the message; "" where no address of ours is known"""

    @activity.defn
    async def look_at_hold(self, asked: ProcedureOrder) -> Look:
        """How the hold stands, and what is due about it; over when nothing is on hold any more."""
        hold_id = UUID(asked.subject)
        async with self.hands.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, asked.case_no)
            if await account_holds.end_if_empty(connection, hold_id, asked.at):
                ended = Event(EventKind.HOLD_ENDED, {"hold_id": str(hold_id)})
                await events.append(connection, asked.case_no, asked.at, ENGINE, [ended])
            hold = await account_holds.get(connection, hold_id)
            if hold.state == "ended":
                await _is_over(connection, hold, asked.at)
                return Look(over=True)
            return Look(over=False, at=hold.state, dues=dues(await _stands(connection, hold)))

    @activity.defn
    async def attend_to_hold(self, asked: ProcedureOrder) -> None:
        """Do what `asked.what` says is due; nothing where it is not due any more."""
        hold_id = UUID(asked.subject)
        async with self.hands.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, asked.case_no)
            hold = await account_holds.get(connection, hold_id)
            if hold.state == "ended":
                return
            still = {due.what for due in dues(await _stands(connection, hold)) if due.at <= asked.at}
            if asked.what not in still:
                return
            if asked.what == TELL_HOLDER:
                await self._tell_holder(connection, hold, asked.at)
            elif asked.what == RELEASE_EXCESS:
                await self._release_excess(connection, hold, asked.at)
            elif LAPSE in still:
                # After an outage of ours nobody is warned of what is past.
                await self._lapse(connection, hold, asked.at)
            else:
                await self._warn(connection, hold, asked.at)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _tell_holder(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        """The same day: how much, for which case, by which officer, and how to appeal (Kerala High Court)."""
        await tell_holder(connection, self.hands, hold.hold_id, MessageKind.HOLD, {}, link=self.appeal_address)
        await hold_clocks.mark_holder_told(connection, hold.hold_id, at)
        data: dict[str, object] = {"hold_id": str(hold.hold_id), "institution": hold.institution}
        await events.append(connection, hold.case_no, at, ENGINE, [Event(EventKind.HOLDER_TOLD, data)])
        if hold.micro:
            task = NewTask(kind=TaskKind.MICRO_HOLD, note=note_of(hold.hold_id))
            await tasks.open_tasks(connection, hold.case_no, [task], at, institution=hold.institution)

    async def _release_excess(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        lines = [
            NewOrderLine(hop_no=one.hop_no, hold_id=hold.hold_id, amount_paise=one.excess_paise, excess=True)
            for one in await hold_clocks.excess(connection, hold.hold_id)
        ]
        await order_release(connection, self.hands, hold, OrderReason.EXCESS, lines, ENGINE, at)

    async def _lapse(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        """Ninety days and no order: what no order asks for is let go."""
        paise = await let_free_go(connection, self.hands, hold, OrderReason.LAPSED, ENGINE, at)
        data = {
            "hold_id": str(hold.hold_id),
            "institution": hold.institution,
            "paise": paise,
            "policy": hold.policy.version,
        }
        await events.append(connection, hold.case_no, at, ENGINE, [Event(EventKind.HOLD_LAPSED, data)])
        await close_tasks(connection, hold, at, "lapsed")

    async def _warn(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        """The officer and the victims are told, and the desk: without an order the money goes back to the holder."""
        policy = hold.policy
        days = latest_warning(policy.warn_days, policy.warn_before_seconds, hold.lapses_at, at)
        assert days is not None, "a warning is due"
        await hold_clocks.mark_warned(connection, hold.hold_id, days)
        task = NewTask(kind=TaskKind.HOLD_LAPSES, note=note_of(hold.hold_id))
        await tasks.open_tasks(connection, hold.case_no, [task], at, institution=hold.institution)
        data = {"hold_id": str(hold.hold_id), "institution": hold.institution, "days": days}
        await events.append(connection, hold.case_no, at, ENGINE, [Event(EventKind.HOLD_WARNED, data)])
        await self._tell_of_lapse(connection, hold, days)

    async def _tell_of_lapse(self, connection: Connection, hold: AccountHold, days: int) -> None:
        by_victim: Counter[str] = Counter()
        for one in await hold_clocks.not_ordered(connection, hold.hold_id):
            by_victim[one.ack_no] += one.free_paise
        occasion = f"{hold.hold_id}.{days}.{hold.first_held_at:%Y%m%dT%H%M%S}"
        for ack_no, paise in by_victim.items():
            facts = MessageFacts(occasion=occasion, amount_paise=paise, days=days)
            await tell_victim(connection, self.hands, ack_no, MessageKind.LAPSE_WARNING, facts)
        facts = MessageFacts(occasion=occasion, amount_paise=by_victim.total(), days=days)
        await tell_officer(connection, self.hands, hold.case_no, CaseDuty.IO, MessageKind.LAPSE_WARNING, facts)


async def close_tasks(connection: Connection, hold: AccountHold, at: datetime, why: str) -> None:
    """What the desk was asked about the hold needs nobody any more."""
    kinds = [TaskKind.HOLD_LAPSES, TaskKind.MICRO_HOLD]
    await tasks.close_noted(connection, hold.case_no, kinds, note_of(hold.hold_id), at, why)


async def _is_over(connection: Connection, hold: AccountHold, at: datetime) -> None:
    await close_tasks(connection, hold, at, "nothing is on hold any more")
    await ask_about_kept(connection, hold.case_no, at)
    for grievance_id in await grievances.open_about(connection, hold.hold_id):
        await procedures.tell(connection, ProcedureKind.GRIEVANCE, str(grievance_id), at)
    await procedures.end(connection, ProcedureKind.HOLD, str(hold.hold_id), at)


async def _stands(connection: Connection, hold: AccountHold) -> HoldStands:
    return HoldStands(
        policy=hold.policy,
        first_held_at=hold.first_held_at,
        lapses_at=hold.lapses_at,
        told=hold.holder_told_at is not None,
        warned_days=hold.warned_days,
        kept=hold.kept_by is not None,
        free_paise=sum(one.free_paise for one in await hold_clocks.not_ordered(connection, hold.hold_id)),
        excess_paise=sum(one.excess_paise for one in await hold_clocks.excess(connection, hold.hold_id)),
    )
