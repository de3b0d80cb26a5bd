"""A victim's own complaint: the access, the page, and two questions on how victims were treated.

Access of victims to their own complaint without a user account: number, one-time code, and a short visit. No reply
reveals whether a number exists. A code goes to the mobile of the complaint by SMS, whatever way its victim chose for
news; without a mobile it goes to the e-mail address. No officer sees a code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.case.transaction import case_transaction
from activities.context import Context
from activities.people.victims import lock_with_key
from activities.proofs import Proofs
from activities.recovery import signatures
from activities.recovery.message_recipients import Concerned, notify_people
from activities.secrets import Keys
from activities.sessions import Entered
from adapters.messages.sms import mobile_of
from db import proofs
from db.case import cases
from db.people import my_case_views, statements
from db.pool import Connection
from db.proofs import ProofPurpose
from db.recovery import document_register, notifications
from documents.composing import compose
from documents.rendering import Document, Imprint, template_version
from domain.errors.people import TreatmentAnswered, TreatmentNotAsked
from domain.message_rules import NotificationEvent
from domain.people.my_case import address_class, has_first_outcome, is_alarming
from schemas.enums import TaskKind
from schemas.notifications import MessageFacts
from schemas.people.my_case import MyCase, NewTreatment, OwnDocument, TreatmentView
from schemas.recovery.document_facts import DocumentFacts, RestorationApplication, SignedApplication, StatusLetter
from schemas.restoration_enums import DocumentKind, RestorationState, Step
from schemas.tasks import NewTask, TaskCause, TaskSubject, about
from schemas.text import IST, is_email

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
        """Send a code to the victim if a complaint has this number and a mobile or an e-mail address."""
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
        """Make a code and send it to the victim, if there is a mobile or an e-mail address."""
        ctx = self._ctx
        async with case_transaction(ctx, ack_no, VISITOR) as work:
            victim = await notifications.victim(work.connection, ack_no)
            person = ctx.persons.open_or_empty(victim.person)
            mobile = mobile_of(person.mobile) or ""
            if not mobile and not is_email(person.email):
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


_FACTS: Final[Mapping[DocumentKind, type[DocumentFacts]]] = {
    DocumentKind.RESTORATION_APPLICATION: RestorationApplication,
    DocumentKind.SIGNED_APPLICATION: SignedApplication,
    DocumentKind.STATUS_LETTER: StatusLetter,
}


async def look(ctx: Context, ack_no: str) -> MyCase:
    """Return what the page shows of a complaint. Raises `NotFound`."""
    now = ctx.now()
    async with (
        ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await my_case_views.complaint(connection, ack_no)
        money = await my_case_views.money(connection, row.case_no, ack_no)
        restoration = await my_case_views.restoration(connection, ack_no)
        own = await my_case_views.documents(connection, ack_no)
        application = None
        if restoration and restoration.state is RestorationState.OPEN and restoration.step is Step.APPLICATION:
            application = next(
                (
                    own_document
                    for own_document in own
                    if _can_be_signed(own_document, restoration.visit_no, row.language)
                ),
                None,
            )
        person = ctx.persons.open_or_empty(row.person)
        mobile = mobile_of(person.mobile) or ""
        return MyCase(
            ack_no=ack_no,
            language=row.language,
            is_marked=row.is_marked,
            is_open=row.is_open,
            received_at=row.received_at,
            as_of=now,
            lost_paise=money.lost_paise,
            transfers=money.transfers,
            more_transfers=money.more_transfers,
            sums=money.sums,
            claims=await my_case_views.claims(connection, ack_no),
            credits=await my_case_views.credits_of(connection, row.case_no, ack_no),
            restoration=restoration,
            application=application,
            signature=await my_case_views.signature(connection, restoration.restoration_id) if restoration else None,
            sign_code_until=await _code_until(connection, ack_no, application, now),
            signs_from=await signatures.signs_from(ctx, connection, ack_no, now),
            mobile_end=mobile[-MOBILE_END_CHARS:],
            has_email=is_email(person.email),
            fir_sign_by=await my_case_views.fir_sign_by(connection, row.case_no, ack_no),
            credit_accounts=await my_case_views.credit_accounts(connection, ack_no),
            documents=own,
            offices=await my_case_views.offices(connection, row.case_no),
            asks_treatment=row.answered_on is None and has_first_outcome(money.sums),
            answered_on=row.answered_on,
        )


async def _code_until(
    connection: Connection, ack_no: str, application: OwnDocument | None, now: datetime
) -> datetime | None:
    """Return until when a code that was sent signs the application; None without one."""
    if application is None:
        return None
    proof = await proofs.newest(connection, ProofPurpose.SIGNATURE, ack_no, application.document_id, now)
    return proof.valid_until if proof else None


def _can_be_signed(document: OwnDocument, visit_no: int, language: str) -> bool:
    is_application = document.kind is DocumentKind.RESTORATION_APPLICATION
    return is_application and (document.revision, document.language) == (visit_no, language)


@dataclass(frozen=True)
class ReadDocument:
    """A document of the victim: its head, its bytes, and its text if today's template writes the same."""

    head: OwnDocument
    pdf: bytes
    text: Document | None


async def document(ctx: Context, ack_no: str, document_id: UUID) -> ReadDocument | None:
    """Return a document of a complaint that the victim may read, or None.

    The text is composed again from the facts of the document. If the template has changed since, it could differ from
    the PDF, and is left out.
    """
    async with ctx.pool.acquire() as connection:
        head = await my_case_views.document(connection, ack_no, document_id)
        if head is None:
            return None
        view, pdf = await document_register.read(connection, document_id, ctx.opens)
        facts_stored = await document_register.facts_of(connection, document_id, ctx.opens)
    text = None
    if facts_stored is not None and view.template_version == template_version():
        facts = _FACTS[head.kind].model_validate(facts_stored)
        text = compose(facts, head.language, Imprint(number=head.number, issued_at=head.issued_at))
    return ReadDocument(head, pdf, text)


VICTIM: Final = "victim"


async def answer(ctx: Context, ack_no: str, treatment: NewTreatment) -> None:
    """Take the answers of a victim, once. They are in no log, because officers of the case read it.

    Raises `NotFound`, `TreatmentNotAsked`, `TreatmentAnswered` and `CannotOpen`.
    """
    async with case_transaction(ctx, ack_no, VICTIM) as work:
        connection, on = work.connection, work.now.astimezone(IST).date()
        if await statements.has_answered(connection, ack_no):
            raise TreatmentAnswered(ack_no)
        if not has_first_outcome(await cases.buckets(connection, work.case_no, ack_no)):
            raise TreatmentNotAsked(ack_no)
        alarms = is_alarming(treatment)
        sealed = None
        if treatment.text:
            _, victim = await lock_with_key(work, ack_no)
            sealed = ctx.persons.seal_text(victim, treatment.text, _use(ack_no))
        await statements.insert_answer(connection, on, ack_no, treatment)
        await statements.insert_report(connection, ack_no, on, sealed, is_alarming=alarms)
        if alarms:
            subject = about(TaskSubject.COMPLAINT, ack_no)
            await work.ask(NewTask(kind=TaskKind.SUPERVISE, cause=TaskCause.TREATMENT_REPORTED, subject=subject))


async def read(ctx: Context, ack_no: str) -> TreatmentView:
    """Return what the victim of a complaint wrote. Raises `NotFound` and `CannotOpen`."""
    async with ctx.pool.acquire() as connection:
        row = await statements.report(connection, ack_no)
    text = ctx.persons.open_text(row.key, row.sealed_text, _use(ack_no)) if row.sealed_text else ""
    return TreatmentView(ack_no=ack_no, answered_on=row.answered_on, is_alarming=row.is_alarming, text=text)


def _use(ack_no: str) -> str:
    return f"treatment of {ack_no}"
