"""How an account's holder comes in without an account: reference, one-time code, and a visit of half an hour.

Nothing here says whether a reference is one of ours. A code goes to the contact that the bank has told; where it has
told none, an officer makes one that the bank hands on.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.grievances.decisions import HOLDER
from activities.notifications.outbox import tell_holder
from activities.secrets import SecretBox
from db.cases import cases, events
from db.cases.events import Event
from db.grievances import appeal_codes, appeal_views
from db.grievances.appeal_codes import KEPT_DAYS, Visit
from db.holds import account_holds
from db.pool import Connection
from domain.errors.holds import NothingOnHold
from schemas.enums import EventKind
from schemas.grievances.appeals import AppealView
from schemas.holds import AppealCode
from schemas.notifications import MessageFacts, MessageKind

CODE_DIGITS: Final = 8
TOKEN_BYTES: Final = 24
TOKEN_CHARS: Final = 32
_PURPOSE: Final = "appeal codes"


@dataclass(frozen=True)
class Entered:
    """Somebody was let in: `token` is what the visit goes by, and nothing keeps it."""

    token: str = field(repr=False)
    until: datetime


class AppealDoor:
    """Lets holders of accounts in, one hold each."""

    def __init__(self, ctx: Context, secret_box: SecretBox) -> None:
        self._ctx = ctx
        self._key = secret_box.derive_key(_PURPOSE)

    # -- codes -----------------------------------------------------------------------------------------------------

    async def send_code(self, reference: str) -> None:
        """Send a code to the holder of the account, where a hold has that reference and its contact is known."""
        ctx, now = self._ctx, self._ctx.now()
        async with ctx.pool.acquire() as connection:
            found = await appeal_codes.hold_of(connection, reference)
            if found is None:
                return
            async with connection.transaction():
                await cases.hold(connection, found.case_no)
                valid_until = now + timedelta(seconds=ctx.policy.grievance.code_valid_seconds)
                code, code_id = await self._make(connection, found.hold_id, valid_until, HOLDER, now)
                facts = MessageFacts(occasion=str(code_id), code=code, until=valid_until)
                await tell_holder(connection, ctx, found.hold_id, MessageKind.GRIEVANCE_CODE, facts)
                await appeal_codes.forget(connection, now - timedelta(days=KEPT_DAYS))

    async def make_code(self, hold_id: UUID, by: str, reason: str) -> AppealCode:
        """A code that an officer hands on through the bank, or to a holder who has come in person; shown once.

        Raises `NotFound`, and `NotNow` where nothing is on hold any more.
        """
        ctx, now = self._ctx, self._ctx.now()
        valid_until = now + timedelta(seconds=ctx.policy.grievance.code_by_bank_valid_seconds)
        async with ctx.pool.acquire() as connection, connection.transaction():
            case_no = await account_holds.case_of(connection, hold_id)
            await cases.hold(connection, case_no)
            hold = await account_holds.get(connection, hold_id)
            if hold.state != "held":
                raise NothingOnHold(hold_id)
            code, _ = await self._make(connection, hold_id, valid_until, by, now)
            data = {
                "hold_id": str(hold_id),
                "institution": hold.institution,
                "valid_until": valid_until.isoformat(),
                "reason": reason,
            }
            await events.append(connection, case_no, now, by, [Event(EventKind.APPEAL_CODE_MADE, data)])
        return AppealCode(hold_id=hold_id, reference=hold.reference, code=code, valid_until=valid_until)

    async def _make(
        self, connection: Connection, hold_id: UUID, valid_until: datetime, by: str, now: datetime
    ) -> tuple[str, UUID]:
        code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
        return code, await appeal_codes.make(connection, hold_id, self._digest(code), valid_until, by, now)

    def _digest(self, code: str) -> bytes:
        return hmac.digest(self._key, code.encode(), "sha256")

    # -- visits ----------------------------------------------------------------------------------------------------

    async def enter(self, reference: str, code: str) -> Entered | None:
        """Let somebody in who has both; None for whoever has not, whichever it is that is wrong."""
        now, rules = self._ctx.now(), self._ctx.policy.grievance
        digest = self._digest(code)
        async with self._ctx.pool.acquire() as connection:
            live = await appeal_codes.try_codes(connection, reference, rules.code_tries, now)
            fits = [one for one in live if hmac.compare_digest(one.digest, digest)]
            token = secrets.token_urlsafe(TOKEN_BYTES)
            until = now + timedelta(seconds=rules.visit_seconds)
            if fits and await appeal_codes.use(connection, fits[0].code_id, _of_token(token), until, now):
                return Entered(token, until)
        return None

    async def visit(self, token: str) -> Visit | None:
        """Whose visit it is, and it goes on while it is used; None where it is none, or over."""
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        rules = self._ctx.policy.grievance
        idle, longest = timedelta(seconds=rules.visit_seconds), timedelta(seconds=rules.visit_max_seconds)
        async with self._ctx.pool.acquire() as connection:
            return await appeal_codes.visit(connection, _of_token(token), self._ctx.now(), idle, longest)

    async def leave(self, token: str) -> None:
        """End a visit, for a phone or a computer that others use too."""
        async with self._ctx.pool.acquire() as connection:
            await appeal_codes.leave(connection, _of_token(token), self._ctx.now())

    async def look(self, visit: Visit) -> AppealView:
        """What the holder is shown: the hold, who answers for it, its clocks, and the grievance about it."""
        async with (
            self._ctx.pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            return await appeal_views.get(connection, visit.hold_id)


def _of_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
