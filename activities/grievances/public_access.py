"""Access of account holders without a user account: reference, one-time code, and a session of half an hour.

No reply reveals whether a reference exists. A code goes to the contact that the bank has stated. Without a contact an
officer has a code sent to the bank, which gives it to the holder. No officer sees a code.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from activities.cases.transaction import CaseTransaction, case_transaction
from activities.context import Context
from activities.grievances.decisions import HOLDER
from activities.notifications.outbox import way_to
from activities.notifications.people import Concerned, Holder, notify_people
from activities.secrets import Keys, Purpose
from db import holder_contacts
from db.grievances import appeal_codes, appeal_views
from db.grievances.appeal_codes import KEPT_DAYS, Visit
from db.holds import account_holds
from domain.errors.holds import HolderUnreachable, NothingOnHold
from domain.notifications.events import NotificationEvent
from schemas.events import EventKind
from schemas.grievances.appeals import AppealView
from schemas.holds import AppealCode
from schemas.notifications import MessageFacts, Recipient

CODE_DIGITS: Final = 8
TOKEN_BYTES: Final = 24
TOKEN_CHARS: Final = 32
ADDRESS_CHARS: Final = 16
"""of the digest of an address; the address itself is not stored"""


@dataclass(frozen=True)
class Entered:
    """A new session. `token` identifies it; the engine stores only its hash."""

    token: str = field(repr=False)
    until: datetime


class AppealDoor:
    """Access of account holders to the appeal page, for one hold each."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._key = keys.derive_key(Purpose.APPEAL_CODES)

    # -- codes -----------------------------------------------------------------------------------------------------

    async def send_code(self, reference: str) -> None:
        """Send a code to the holder if a hold has this reference and a known contact."""
        ctx = self._ctx
        async with ctx.pool.acquire() as connection:
            found = await appeal_codes.hold_of(connection, reference)
        if found is None:
            return
        async with case_transaction(ctx, found.case_no, HOLDER) as work:
            valid_until = work.now + timedelta(seconds=ctx.policy.grievance.code_valid_seconds)
            code, code_id = await self._make(work, found.hold_id, valid_until)
            facts = MessageFacts(occasion=str(code_id), code=code, until=valid_until)
            holder = Concerned(holder=Holder(ctx, found.hold_id))
            await notify_people(work.connection, work.ctx, NotificationEvent.CODE_ASKED, holder, facts, work.now)
            await appeal_codes.forget(work.connection, work.now - timedelta(days=KEPT_DAYS))

    async def make_code(self, hold_id: UUID, by: str, reason: str) -> AppealCode:
        """Send a code to the holder's contact, or without one to the bank, which passes it on.

        No officer sees the code. Raises `NotFound`. Raises `NotNow` if nothing is on hold any more, and if neither can
        be written to.
        """
        ctx = self._ctx
        async with case_transaction(ctx, partial(account_holds.case_of, hold_id=hold_id), by) as work:
            valid_until = work.now + timedelta(seconds=ctx.policy.grievance.code_by_bank_valid_seconds)
            hold = await account_holds.get(work.connection, hold_id)
            if hold.state != "held":
                raise NothingOnHold(hold_id)
            way = way_to(await ctx.persons.holder_of(work.connection, hold_id))
            if way is None:
                raise HolderUnreachable(hold_id)
            code, code_id = await self._make(work, hold_id, valid_until, through_bank=way is Recipient.BANK)
            facts = MessageFacts(occasion=str(code_id), code=code, until=valid_until)
            holder = Concerned(holder=Holder(ctx, hold_id))
            await notify_people(work.connection, work.ctx, NotificationEvent.CODE_MADE, holder, facts, work.now)
            await work.log(
                EventKind.APPEAL_CODE_MADE,
                hold_id=str(hold_id),
                institution=hold.institution,
                valid_until=valid_until.isoformat(),
                reason=reason,
            )
        return AppealCode(hold_id=hold_id, reference=hold.reference, valid_until=valid_until)

    async def _make(
        self, work: CaseTransaction, hold_id: UUID, valid_until: datetime, *, through_bank: bool = False
    ) -> tuple[str, UUID]:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        digest = self._digest(code)
        since = await holder_contacts.entered_at(work.connection, hold_id)
        code_id = await appeal_codes.make(
            work.connection,
            hold_id,
            digest,
            valid_until,
            work.actor,
            work.now,
            contact_since=since,
            through_bank=through_bank,
        )
        return code, code_id

    def _digest(self, code: str) -> bytes:
        return hmac.digest(self._key, code.encode(), "sha256")

    def _name_of(self, address: str) -> str:
        return hmac.digest(self._key, f"address {address}".encode(), "sha256").hex()[:ADDRESS_CHARS]

    # -- sessions --------------------------------------------------------------------------------------------------

    async def enter(self, reference: str, code: str, address: str) -> Entered | None:
        """Open a session for a correct reference and code; return None if either is wrong, without saying which.

        Tries are counted by code and `address`, so that a stranger cannot use up those of the holder.
        """
        now, rules = self._ctx.now(), self._ctx.policy.grievance
        digest = self._digest(code)
        async with self._ctx.pool.acquire() as connection:
            live = await appeal_codes.try_codes(
                connection, reference, self._name_of(address), rules.code_tries, rules.code_tries_in_all, now
            )
            matching = [one for one in live if hmac.compare_digest(one.digest, digest)]
            token = secrets.token_urlsafe(TOKEN_BYTES)
            until = now + timedelta(seconds=rules.visit_seconds)
            if matching and await appeal_codes.use(connection, matching[0].code_id, _of_token(token), until, now):
                return Entered(token, until)
        return None

    async def visit(self, token: str) -> Visit | None:
        """Return the session of a token and prolong it; None if the token is unknown or the session is over."""
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        rules = self._ctx.policy.grievance
        idle, longest = timedelta(seconds=rules.visit_seconds), timedelta(seconds=rules.visit_max_seconds)
        async with self._ctx.pool.acquire() as connection:
            return await appeal_codes.visit(connection, _of_token(token), self._ctx.now(), idle, longest)

    async def leave(self, token: str) -> None:
        """End a session, which protects the holder on a shared phone or computer."""
        async with self._ctx.pool.acquire() as connection:
            await appeal_codes.leave(connection, _of_token(token), self._ctx.now())

    async def look(self, visit: Visit) -> AppealView:
        """Return what the page shows: the hold, its officer, its deadlines and its grievance."""
        async with (
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await appeal_views.get(connection, visit.hold_id, self._ctx.persons.open_stored)


def _of_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
