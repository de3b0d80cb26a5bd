"""Work that follows from money on hold: the account hold, the victim's restoration and the statutory duties.

The ledger writes a `held_hop` row with every posting that puts money on hold. So this work can be late, but not lost.
"""

import secrets
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.case.transaction import ENGINE, CaseTransaction, background_transaction
from activities.context import Context
from activities.recovery.holder_messages import subject_of
from activities.recovery.message_recipients import Concerned, notify_people
from activities.recovery.release_proposals import drop_proposal
from activities.recovery.statutory_duties import open_duties
from activities.recovery.unassigned_holds import ask_about_excluded_hops, ask_about_retained_holds
from db.case import hops, procedure_outbox
from db.case.events import Event
from db.recovery import account_holds, court_orders, exclusions, openings
from db.recovery.account_holds import HeldHop
from db.recovery.claims import Account
from domain.recovery.holds import is_small
from domain.recovery.message_rules import NotificationEvent
from schemas.enums import ProcedureKind
from schemas.events import EventKind
from schemas.notifications import MessageFacts
from schemas.tasks import TaskCause

_LETTERS: Final = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""without the characters that look or sound alike"""
REFERENCE_LENGTH: Final = 10


def new_reference() -> str:
    """Return a random reference for an account holder.

    It cannot be guessed, and it reveals neither case nor account.
    """
    return "".join(secrets.choice(_LETTERS) for _ in range(REFERENCE_LENGTH))


async def open_for_new_holds(ctx: Context, case_no: str, *, wait: bool = True, since: datetime | None = None) -> int:
    """Open account holds, restorations and duties for the case's new holds; return how many hops were new.

    The first hold waits `since` then, and what follows counts as waiting as long. Runs in one transaction; a repeated
    run changes nothing. Without `wait` a case that another transaction has locked is left alone. Raises `NotFound` for
    an unknown case.
    """
    async with background_transaction(ctx, case_no, ENGINE, wait=wait) as work:
        if work is None:
            return 0
        connection = work.connection
        found = await account_holds.new_held_hops(connection, case_no)
        # A hop with nothing on hold any more needs no deadlines, because it was resolved in the meantime.
        if on_hold := [hop for hop in found if hop.held_paise or hop.claimed_paise]:
            opening = _HoldOpening.of(work)
            await opening.holds(on_hold)
            await opening.restorations([hop for hop in on_hold if hop.held_paise])
            if any(hop.held_paise for hop in on_hold):
                await open_duties(work)
            await work.log_all(opening.written)
            await ask_about_retained_holds(connection, case_no, work.now)
        await account_holds.mark_opened(connection, case_no, work.now)
        if since is not None:
            await procedure_outbox.make_as_old(connection, work.case_no, since)
    return len(found)


@dataclass
class _HoldOpening(CaseTransaction):
    """Open what follows from the holds of a case, inside the transaction that takes them up."""

    written: list[Event] = field(default_factory=list)
    """events to be written after everything is opened"""
    hold_of: dict[Account, UUID] = field(default_factory=dict)

    async def holds(self, hops: Sequence[HeldHop]) -> None:
        """Begin or extend the account hold of each account. A hold that grows may exceed the small-value limit."""
        by_account: dict[Account, list[HeldHop]] = defaultdict(list)
        for hop in hops:
            by_account[hop.institution, hop.account_key].append(hop)
        for account, of_account in by_account.items():
            self.hold_of[account] = await self._hold(of_account)

    async def _hold(self, hops: Sequence[HeldHop]) -> UUID:
        connection, version = self.connection, self.ctx.policy.version
        policy = self.ctx.policy.hold.promised(version, self.ctx.procedure_clock_factor)
        first = min(hops, key=lambda hop: (hop.held_at, hop.hop_no))
        at_account = await account_holds.at_account(connection, self.case_no, first.institution, first.account_key)
        claimed_paise = sum(hop.claimed_paise for hop in hops)
        small = is_small(
            at_account.model_copy(update={"held_paise": at_account.held_paise + claimed_paise}),
            policy.small_below_paise,
            self.ctx.policy.hold.other_business_from_paise,
        )
        was_empty = await account_holds.end_if_was_empty(
            connection, self.case_no, first.institution, first.account_key, self.now
        )
        if was_empty is not None:
            self.written.append(Event(EventKind.HOLD_ENDED, {"hold_id": str(was_empty)}))
            # The victims were heard about other money.
            await drop_proposal(self, was_empty, "nothing of what it was about is on hold")
        hold_id, began = await account_holds.begin(
            connection, self.case_no, first, new_reference(), policy, small=small
        )
        # A hold that began earlier becomes due, because it has more money now.
        await procedure_outbox.begin(connection, ProcedureKind.HOLD, str(hold_id), self.case_no, self.now)
        if began:
            data: dict[str, object] = {"hold_id": str(hold_id), "institution": first.institution, "policy": version}
            self.written.append(Event(EventKind.HOLD_BEGAN, data))
            if (order_id := await court_orders.keep_hold(connection, hold_id)) is not None:
                data = {"hold_id": str(hold_id), "court_order_id": order_id, "kept": True}
                self.written.append(Event(EventKind.HOLD_KEPT, data))
        elif await account_holds.has_grown(connection, hold_id):
            await self.close_tasks(subject_of(hold_id), [TaskCause.SMALL_HOLD], "it is no small hold any more")
        return hold_id

    async def restorations(self, held_hops: Sequence[HeldHop]) -> None:
        """Add each hop to its victim's restoration, or open the next round.

        More money on a hop that is in a round joins that round. More money on an excluded hop is a supervisor's
        decision, because the old and new money of one hop cannot be separated. Money of a withdrawn hop is in no round.
        """
        numbers = [hop.hop_no for hop in held_hops]
        withdrawn = await hops.withdrawn(self.connection, self.case_no, numbers)
        in_a_round = await openings.in_a_round(self.connection, self.case_no, numbers)
        of_hold = [(hop.hop_no, self.hold_of[hop.institution, hop.account_key]) for hop in held_hops]
        await openings.stand_on(self.connection, self.case_no, of_hold)
        await openings.divide_again(self.connection, self.case_no, list(in_a_round))
        excluded = await exclusions.of_case(self.connection, self.case_no)
        by_victim: dict[str, list[HeldHop]] = defaultdict(list)
        for hop in held_hops:
            if hop.hop_no not in {*in_a_round, *excluded, *withdrawn}:
                by_victim[hop.ack_no].append(hop)
        for ack_no, of_victim in by_victim.items():
            await self._join(ack_no, of_victim)
        asked_about = {hop.hop_no for hop in held_hops if hop.hop_no in excluded and hop.hop_no not in in_a_round}
        await ask_about_excluded_hops(self, asked_about)
        # Each round of a victim depends on the money on hold in all rounds.
        await procedure_outbox.notify_procedures(self.connection, self.case_no, [ProcedureKind.RESTORATION], self.now)

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
            self.written.append(Event(EventKind.RESTORATION_OPENED, data))
        lines = [(hop.hop_no, self.hold_of[hop.institution, hop.account_key]) for hop in hops]
        await openings.add_lines(connection, opened.restoration_id, self.case_no, lines)
        facts = MessageFacts(occasion=str(opened.restoration_id))
        concerned = Concerned(ack_no=ack_no)
        await notify_people(connection, self.ctx, NotificationEvent.MONEY_HELD, concerned, facts, self.now)
