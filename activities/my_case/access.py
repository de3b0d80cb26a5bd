"""Access of victims to their own complaint without a user account: number, one-time code, and a short visit.

No reply reveals whether a number exists. A code goes to the mobile of the complaint. No officer sees a code.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final
from uuid import UUID

from activities.cases.transaction import case_transaction
from activities.context import Context
from activities.notifications.people import Concerned, notify_people
from activities.restoration import signatures
from activities.secrets import Keys, Purpose
from adapters.messages.sms import mobile_of
from db import notifications
from db.my_case import codes
from db.my_case.codes import LiveCode, Visit
from db.pool import Connection
from domain.my_case import address_class
from domain.notifications.events import NotificationEvent
from schemas.my_case import CodePurpose
from schemas.notifications import MessageFacts

CASE_PATH: Final = "/case"
"""the page on which a victim reads the own complaint"""
CODE_DIGITS: Final = 8
TOKEN_BYTES: Final = 24
TOKEN_CHARS: Final = 32
ADDRESS_CHARS: Final = 16
"""of the digest of an address; the address itself is not stored"""
MOBILE_END_CHARS: Final = 2
VISITOR: Final = "victim"
"""the actor in the case log for a victim on the page"""


def my_case_page(public_url: str | None) -> str:
    """Return the address of the page for messages; empty without a public address."""
    return f"{public_url}{CASE_PATH}" if public_url else ""


@dataclass(frozen=True)
class Entered:
    """A new visit. `token` identifies it; the engine stores only its hash."""

    token: str = field(repr=False)
    until: datetime


class MyCaseDoor:
    """Access of victims to the page about their own complaint."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        self._ctx = ctx
        self._keys = keys

    @cached_property
    def _key(self) -> bytes:
        # The intake process knows the paths of the page and has no such key.
        return self._keys.derive_key(Purpose.MY_CASE_CODES)

    # -- visits ----------------------------------------------------------------------------------------------------

    async def send_code(self, number: str) -> None:
        """Send a code to the victim if a complaint has this number and a mobile."""
        async with self._ctx.pool.acquire() as connection:
            ack_no = await codes.complaint_of(connection, number)
        if ack_no is not None:
            await self._send(ack_no, CodePurpose.ENTER, None)

    async def enter(self, number: str, code: str, address: str) -> Entered | None:
        """Begin a visit for a right number and code; return None if either is wrong, without saying which.

        Tries are counted by code and `address`, so that a stranger cannot use up those of the victim.
        """
        now, rules = self._ctx.now(), self._ctx.policy.my_case
        async with self._ctx.pool.acquire() as connection:
            ack_no = await codes.complaint_of(connection, number) or ""
            found = await self._matching(connection, ack_no, CodePurpose.ENTER, None, code, address, now)
            token = secrets.token_urlsafe(TOKEN_BYTES)
            until = now + timedelta(seconds=rules.visit_seconds)
            if found and await codes.enter(connection, found.code_id, _of_token(token), until, now):
                return Entered(token, until)
        return None

    async def visit(self, token: str) -> Visit | None:
        """Return the visit of a token and prolong it; None if the token is unknown or the visit is over."""
        if len(token) != TOKEN_CHARS or not token.isascii():
            return None
        rules = self._ctx.policy.my_case
        idle, longest = timedelta(seconds=rules.visit_seconds), timedelta(seconds=rules.visit_max_seconds)
        async with self._ctx.pool.acquire() as connection:
            return await codes.visit(connection, _of_token(token), self._ctx.now(), idle, longest)

    async def leave(self, token: str) -> None:
        """End a visit, which protects the victim on a shared phone or computer."""
        async with self._ctx.pool.acquire() as connection:
            await codes.leave(connection, _of_token(token), self._ctx.now())

    # -- signatures ------------------------------------------------------------------------------------------------

    async def send_signature_code(self, ack_no: str) -> None:
        """Send a code that signs the application which can be signed now.

        Raises as `activities.restoration.signatures.to_sign`.
        """
        async with self._ctx.pool.acquire() as connection:
            application = await signatures.to_sign(self._ctx, connection, ack_no, self._ctx.now())
        await self._send(ack_no, CodePurpose.SIGN, application.document_id)

    async def sign(self, ack_no: str, document_id: UUID, code: str, address: str) -> bool:
        """Sign an application; return whether the code was right. Raises as `send_signature_code`."""
        async with self._ctx.pool.acquire() as connection:
            now = self._ctx.now()
            found = await self._matching(connection, ack_no, CodePurpose.SIGN, document_id, code, address, now)
        if found is None:
            return False
        kind = address_class(address)
        return await signatures.sign(self._ctx, ack_no, document_id, found.code_id, found.mobile_end, kind)

    # -- codes -----------------------------------------------------------------------------------------------------

    async def _send(self, ack_no: str, purpose: CodePurpose, document_id: UUID | None) -> None:
        """Make a code and send it to the victim's mobile. Without a mobile nothing is sent, and nothing is said."""
        ctx = self._ctx
        async with case_transaction(ctx, ack_no, VISITOR) as work:
            victim = await notifications.victim(work.connection, ack_no)
            mobile = mobile_of(ctx.persons.open_or_empty(victim.person).mobile)
            if mobile is None:
                return
            code = f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"
            valid_until = work.now + timedelta(seconds=ctx.policy.my_case.code_valid_seconds)
            code_id = await codes.make(
                work.connection,
                ack_no,
                purpose,
                self._digest(ack_no, purpose, document_id, code),
                mobile[-MOBILE_END_CHARS:],
                work.now,
                valid_until,
                document_id=document_id,
            )
            signs = purpose is CodePurpose.SIGN
            event = NotificationEvent.SIGNATURE_CODE_ASKED if signs else NotificationEvent.MY_CASE_CODE_ASKED
            facts = MessageFacts(occasion=str(code_id), code=code, until=valid_until)
            await notify_people(work.connection, ctx, event, Concerned(ack_no=ack_no), facts, work.now)

    async def _matching(
        self,
        connection: Connection,
        ack_no: str,
        purpose: CodePurpose,
        document_id: UUID | None,
        code: str,
        address: str,
        now: datetime,
    ) -> LiveCode | None:
        rules = self._ctx.policy.my_case
        live = await codes.try_codes(
            connection,
            ack_no,
            purpose,
            document_id,
            self._name_of(address),
            rules.code_tries,
            rules.code_tries_in_all,
            now,
        )
        digest = self._digest(ack_no, purpose, document_id, code)
        return next((one for one in live if hmac.compare_digest(one.digest, digest)), None)

    def _digest(self, ack_no: str, purpose: CodePurpose, document_id: UUID | None, code: str) -> bytes:
        return hmac.digest(self._key, f"{purpose.value} {ack_no} {document_id} {code}".encode(), "sha256")

    def _name_of(self, address: str) -> str:
        return hmac.digest(self._key, f"address {address}".encode(), "sha256").hex()[:ADDRESS_CHARS]


def _of_token(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
