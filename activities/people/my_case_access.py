"""Access of victims to their own complaint without a user account: number, one-time code, and a short visit.

No reply reveals whether a number exists. A code goes to the mobile of the complaint. No officer sees a code.
"""

from typing import Final
from uuid import UUID

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.proofs import Entered, Proofs
from activities.recovery import signatures
from activities.recovery.message_recipients import Concerned, notify_people
from activities.secrets import Keys
from adapters.messages.sms import mobile_of
from db.people import my_case_views
from db.proofs import ProofPurpose
from db.recovery import notifications
from domain.people.my_case import address_class
from domain.recovery.message_events import NotificationEvent
from schemas.notifications import MessageFacts

CASE_PATH: Final = "/case"
"""the page on which a victim reads the own complaint"""
MOBILE_END_CHARS: Final = 2
VISITOR: Final = "victim"
"""the actor in the case log for a victim on the page"""


def my_case_page(public_url: str | None) -> str:
    """Return the address of the page for messages; empty without a public address."""
    return f"{public_url}{CASE_PATH}" if public_url else ""


class MyCaseDoor(Proofs):
    """Access of victims to the page about their own complaint."""

    def __init__(self, ctx: Context, keys: Keys) -> None:
        super().__init__(ctx, keys, ProofPurpose.MY_CASE)
        self._signatures = Proofs(ctx, keys, ProofPurpose.SIGNATURE)

    # -- visits ----------------------------------------------------------------------------------------------------

    async def send_code(self, number: str) -> None:
        """Send a code to the victim if a complaint has this number and a mobile."""
        async with self._ctx.pool.acquire() as connection:
            ack_no = await my_case_views.complaint_of(connection, number)
        if ack_no is not None:
            await self._send(self, ack_no, NotificationEvent.MY_CASE_CODE_ASKED)

    async def enter(self, number: str, code: str, address: str) -> Entered | None:
        """Begin a visit for a right number and code; return None if either is wrong, without saying which."""
        async with self._ctx.pool.acquire() as connection:
            ack_no = await my_case_views.complaint_of(connection, number) or ""
            return await self.begin_visit(connection, ack_no, code, address)

    # -- signatures ------------------------------------------------------------------------------------------------

    async def send_signature_code(self, ack_no: str) -> None:
        """Send a code that signs the application which can be signed now.

        Raises as `activities.recovery.signatures.to_sign`.
        """
        async with self._ctx.pool.acquire() as connection:
            application = await signatures.to_sign(self._ctx, connection, ack_no, self._ctx.now())
        event = NotificationEvent.SIGNATURE_CODE_ASKED
        await self._send(self._signatures, ack_no, event, application.document_id)

    async def sign(self, ack_no: str, document_id: UUID, code: str, address: str) -> bool:
        """Sign an application; return whether the code was right. Raises as `send_signature_code`."""
        async with self._ctx.pool.acquire() as connection:
            proof = await self._signatures.find(connection, ack_no, code, address, document_id)
        return proof is not None and await signatures.sign(
            self._ctx, ack_no, document_id, proof.proof_id, proof.contact_end, address_class(address)
        )

    async def _send(
        self, codes: Proofs, ack_no: str, event: NotificationEvent, document_id: UUID | None = None
    ) -> None:
        """Make a code and send it to the victim's mobile. Without a mobile nothing is sent, and nothing is said."""
        ctx = self._ctx
        async with case_transaction(ctx, ack_no, VISITOR) as work:
            victim = await notifications.victim(work.connection, ack_no)
            mobile = mobile_of(ctx.persons.open_or_empty(victim.person).mobile)
            if mobile is None:
                return
            code = await codes.make(
                work.connection,
                ack_no,
                work.actor,
                work.now,
                document_id=document_id,
                contact_end=mobile[-MOBILE_END_CHARS:],
            )
            facts = MessageFacts(occasion=str(code.proof_id), code=code.code, until=code.valid_until)
            await notify_people(work.connection, ctx, event, Concerned(ack_no=ack_no), facts, work.now)
