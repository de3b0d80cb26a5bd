"""Access of account holders without a user account: reference, one-time code, and a session of half an hour.

No reply reveals whether a reference exists. A code goes to the contact that the bank has stated. Without a contact an
officer has a code sent to the bank, which gives it to the holder. No officer sees a code.
"""

from functools import partial
from uuid import UUID

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.proofs import Entered, Proofs
from activities.recovery.grievance_decisions import HOLDER
from activities.recovery.message_outbox import way_to
from activities.recovery.message_recipients import Concerned, Holder, notify_people
from activities.secrets import Keys
from db.proofs import ProofPurpose, Visit
from db.recovery import account_holds, appeal_views
from domain.errors.holds import HolderUnreachable, NothingOnHold
from domain.recovery.message_events import NotificationEvent
from schemas.events import EventKind
from schemas.notifications import MessageFacts, Recipient
from schemas.recovery.appeals import AppealView
from schemas.recovery.holds import AppealCode


class AppealDoor(Proofs):
    """Access of account holders to the appeal page, for one hold each."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        super().__init__(ctx, keys, ProofPurpose.APPEAL)

    async def send_code(self, reference: str) -> None:
        """Send a code to the holder if a hold has this reference and a known contact."""
        ctx = self._ctx
        async with ctx.pool.acquire() as connection:
            hold = await appeal_views.hold_of(connection, reference)
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
            hold = await appeal_views.hold_of(connection, reference)
            return await self.begin_visit(connection, hold.hold_id if hold else "", code, address)

    async def look(self, visit: Visit) -> AppealView:
        """Return what the page shows: the hold, its officer, its deadlines and its grievance."""
        async with (
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await appeal_views.get(connection, UUID(visit.subject), self._ctx.persons.open_stored)
