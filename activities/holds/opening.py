"""What follows from money on hold: the clocks of the hold, of the victim's restoration and of the police's duties.

The ledger writes `held_hop` with every posting that puts money on hold; nothing here can be forgotten, only late.
"""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.notifications.holder_messages import subject_of
from activities.notifications.outbox import tell_victim
from activities.orders.unassigned_holds import ask_about_kept, ask_about_left_out
from activities.police.statutory_duties import open_duties
from db.cases import cases, events, tasks
from db.cases.events import Event
from db.holds import account_holds
from db.holds.account_holds import HeldHop
from db.outbox import procedure_outbox
from db.police import firs
from db.pool import Connection
from db.restoration import court_orders, exclusions, openings
from db.restoration.allocations import Account
from domain.holds.excess import is_small
from schemas.enums import EventKind, ProcedureKind
from schemas.notifications import MessageKind
from schemas.tasks import TaskCause

ENGINE: Final = "engine"
_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""without the pairs that are mistaken for each other on paper and on the phone"""
REFERENCE_LENGTH: Final = 10


def new_reference() -> str:
    """A reference for an account holder: nobody can guess another's, and it says nothing of case or account."""
    return "".join(secrets.choice(_LETTERS) for _ in range(REFERENCE_LENGTH))


async def take_up(ctx: Context, case_no: str) -> int:
    """Begin what follows from the case's holds that nothing has followed from yet; returns how many hops.

    One transaction; to run it twice is to run it once. Raises `NotFound` for a case that is none.
    """
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        await cases.hold(connection, case_no)
        found = await account_holds.to_take_up(connection, case_no)
        # What is not on hold any more needs no clock: it was settled otherwise in the meantime.
        if on_hold := [hop for hop in found if hop.held_paise or hop.claimed_paise]:
            work = _TakingUp(connection, ctx, case_no, now)
            await work.holds(on_hold)
            await work.restorations([hop for hop in on_hold if hop.held_paise])
            if any(hop.held_paise for hop in on_hold):
                await open_duties(connection, ctx, case_no, now)
            await events.append(connection, case_no, now, ENGINE, work.log)
            await ask_about_kept(connection, case_no, now)
        await account_holds.mark_taken_up(connection, case_no, now)
    return len(found)


@dataclass
class _TakingUp:
    """What follows from holds of a case, in the transaction that takes them up: a step an account or a complaint."""

    connection: Connection
    ctx: Context
    case_no: str
    now: datetime
    log: list[Event] = field(default_factory=list)
    hold_of: dict[Account, UUID] = field(default_factory=dict)

    async def holds(self, hops: Sequence[HeldHop]) -> None:
        """The clocks of each account's hold begin; one that grows may be small no more."""
        by_account: dict[Account, list[HeldHop]] = defaultdict(list)
        for hop in hops:
            by_account[hop.institution, hop.account_key].append(hop)
        for account, of_account in by_account.items():
            self.hold_of[account] = await self._hold(of_account)

    async def _hold(self, hops: Sequence[HeldHop]) -> UUID:
        connection, version = self.connection, self.ctx.policy.version
        promised = self.ctx.policy.hold.promised(version, self.ctx.procedure_clock_factor)
        first = min(hops, key=lambda hop: (hop.held_at, hop.hop_no))
        there = await account_holds.at_account(connection, self.case_no, first.institution, first.account_key)
        claimed_paise = sum(hop.claimed_paise for hop in hops)
        micro = is_small(
            there.model_copy(update={"held_paise": there.held_paise + claimed_paise}),
            promised.micro_below_paise,
            self.ctx.policy.hold.micro_business_from_paise,
        )
        was_empty = await account_holds.end_if_was_empty(
            connection, self.case_no, first.institution, first.account_key, self.now
        )
        if was_empty is not None:
            self.log.append(Event(EventKind.HOLD_ENDED, {"hold_id": str(was_empty)}))
        hold_id, began = await account_holds.begin(
            connection, self.case_no, first, new_reference(), promised, micro=micro
        )
        if began:
            await procedure_outbox.begin(connection, ProcedureKind.HOLD, str(hold_id), self.case_no, self.now)
            data: dict[str, object] = {"hold_id": str(hold_id), "institution": first.institution, "policy": version}
            self.log.append(Event(EventKind.HOLD_BEGAN, data))
            if (order_id := await court_orders.keep_hold(connection, hold_id)) is not None:
                data = {"hold_id": str(hold_id), "court_order_id": order_id, "kept": True}
                self.log.append(Event(EventKind.HOLD_KEPT, data))
        elif await account_holds.has_grown(connection, hold_id):
            subject, causes = subject_of(hold_id), [TaskCause.SMALL_HOLD]
            await tasks.close_about(connection, self.case_no, subject, causes, self.now, "it is no small hold any more")
        # One that begins anew too: its workflow of before may be on its way out.
        await procedure_outbox.tell(connection, ProcedureKind.HOLD, str(hold_id), self.now)
        return hold_id

    async def restorations(self, hops: Sequence[HeldHop]) -> None:
        """Each hop joins its victim's restoration, or the next round begins; more of one that is in a round goes on.

        More of what was left out is a person's question: what is on hold of a hop cannot be told apart.
        """
        numbers = [hop.hop_no for hop in hops]
        in_a_round = await openings.in_a_round(self.connection, self.case_no, numbers)
        of_hold = [(hop.hop_no, self.hold_of[hop.institution, hop.account_key]) for hop in hops]
        await openings.stand_on(self.connection, self.case_no, of_hold)
        await openings.divide_again(self.connection, self.case_no, list(in_a_round))
        out = await exclusions.of_case(self.connection, self.case_no)
        by_victim: dict[str, list[HeldHop]] = defaultdict(list)
        for hop in hops:
            if hop.hop_no not in in_a_round and hop.hop_no not in out:
                by_victim[hop.ack_no].append(hop)
        for ack_no, of_victim in by_victim.items():
            await self._join(ack_no, of_victim)
        asked_about = {hop.hop_no for hop in hops if hop.hop_no in out and hop.hop_no not in in_a_round}
        await ask_about_left_out(self.connection, self.case_no, asked_about, self.now)
        # Each round of a victim goes by what is on hold in all of them.
        await firs.tell_procedures(self.connection, self.case_no, [ProcedureKind.RESTORATION], self.now)

    async def _join(self, ack_no: str, hops: Sequence[HeldHop]) -> None:
        connection, version = self.connection, self.ctx.policy.version
        opened = await openings.joinable(connection, ack_no)
        if opened is None:
            policy = self.ctx.policy.restoration.promised(version, self.ctx.procedure_clock_factor)
            held_at = min(hop.held_at for hop in hops)
            opened = await openings.open_round(connection, self.case_no, ack_no, policy, held_at, self.now)
            subject = str(opened.restoration_id)
            await procedure_outbox.begin(connection, ProcedureKind.RESTORATION, subject, self.case_no, self.now)
            data = {
                "restoration_id": subject,
                "ack_no": ack_no,
                "round_no": opened.round_no,
                "policy": version,
            }
            self.log.append(Event(EventKind.RESTORATION_OPENED, data))
        lines = [(hop.hop_no, self.hold_of[hop.institution, hop.account_key]) for hop in hops]
        await openings.add_lines(connection, opened.restoration_id, self.case_no, lines)
        facts = {"occasion": str(opened.restoration_id)}
        await tell_victim(connection, self.ctx, ack_no, MessageKind.MONEY_HELD, facts)
