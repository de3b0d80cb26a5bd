"""The hands of a hold's clocks: its holder is told, its lapse is warned of, and one day it lapses."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from temporalio import activity

from activities.hands import Hands
from activities.messaging import tell_holder
from activities.ordering import plan_order
from db import account_holds, cases, events, hold_clocks, procedures, tasks
from db.account_holds import AccountHold
from db.events import Event
from db.pool import Connection
from domain.hold_clocks import LAPSE, RELEASE_EXCESS, TELL_HOLDER, HoldStands, dues, latest_warning
from schemas.answers import NewTask
from schemas.enums import EventKind, ProcedureKind, TaskKind
from schemas.messages import MessageKind
from schemas.orders import NewOrder, NewOrderLine
from schemas.procedures import Look, ProcedureOrder
from schemas.restoration_enums import OrderKind, OrderReason

ENGINE: Final = "engine"


def note_of(hold_id: UUID) -> str:
    """The note of the desk's tasks about a hold."""
    return f"hold {hold_id}"


@dataclass(frozen=True)
class HoldHands:
    """The activities of `HoldWorkflow`."""

    hands: Hands

    @activity.defn
    async def look_at_hold(self, asked: ProcedureOrder) -> Look:
        """How the hold stands, and what is due about it."""
        hold_id = UUID(asked.subject)
        async with self.hands.pool.acquire() as connection, connection.transaction():
            await cases.hold(connection, asked.case_no)
            hold = await account_holds.get(connection, hold_id)
            if hold.state == "ended":
                await procedures.end(connection, ProcedureKind.HOLD, asked.subject, asked.at)
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
            elif asked.what == LAPSE:
                await self._lapse(connection, hold, asked.at)
            else:
                await self._warn(connection, hold, asked.at)

    # -- steps -----------------------------------------------------------------------------------------------------

    async def _tell_holder(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        """The same day: how much, for which case, by which officer, and how to appeal (Kerala High Court)."""
        await tell_holder(connection, self.hands, hold.hold_id, MessageKind.HOLD, {})
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
        await plan_order(connection, self.hands, _release(hold, OrderReason.EXCESS, lines), at)

    async def _lapse(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        """Ninety days and no order: what no order asks for is let go."""
        free = await hold_clocks.not_ordered(connection, hold.hold_id)
        lines = [NewOrderLine(hop_no=one.hop_no, hold_id=hold.hold_id, amount_paise=one.free_paise) for one in free]
        data = {
            "hold_id": str(hold.hold_id),
            "institution": hold.institution,
            "paise": sum(one.free_paise for one in free),
            "policy": hold.policy.version,
        }
        await events.append(connection, hold.case_no, at, ENGINE, [Event(EventKind.HOLD_LAPSED, data)])
        await plan_order(connection, self.hands, _release(hold, OrderReason.LAPSED, lines), at)
        await tasks.close_noted(
            connection, hold.case_no, [TaskKind.HOLD_LAPSES, TaskKind.MICRO_HOLD], note_of(hold.hold_id), at, "lapsed"
        )
        for restoration_id in await hold_clocks.restorations_of(connection, hold.hold_id):
            await procedures.tell(connection, ProcedureKind.RESTORATION, str(restoration_id), at)

    async def _warn(self, connection: Connection, hold: AccountHold, at: datetime) -> None:
        policy = hold.policy
        days = latest_warning(policy.warn_days, policy.warn_before_seconds, hold.lapses_at, at)
        assert days is not None, "a warning is due"
        await hold_clocks.mark_warned(connection, hold.hold_id, days)
        task = NewTask(kind=TaskKind.HOLD_LAPSES, note=note_of(hold.hold_id))
        await tasks.open_tasks(connection, hold.case_no, [task], at, institution=hold.institution)
        data = {"hold_id": str(hold.hold_id), "institution": hold.institution, "days": days}
        await events.append(connection, hold.case_no, at, ENGINE, [Event(EventKind.HOLD_WARNED, data)])


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


def _release(hold: AccountHold, reason: OrderReason, lines: list[NewOrderLine]) -> NewOrder:
    return NewOrder(
        kind=OrderKind.RELEASE,
        reason=reason,
        case_no=hold.case_no,
        institution=hold.institution,
        ordered_by=ENGINE,
        lines=tuple(lines),
    )
