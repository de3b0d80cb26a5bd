"""The page about one complaint: all that it shows, and the documents that the victim reads."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from activities.context import Context
from activities.people.my_case_access import MOBILE_END_CHARS
from activities.recovery import signatures
from adapters.messages.sms import mobile_of
from db import proofs
from db.people import my_case_views
from db.pool import Connection
from db.proofs import ProofPurpose
from db.recovery import document_register
from documents.composing import compose
from documents.document import Document, Imprint
from documents.rendering import template_version
from domain.people.my_case import has_first_outcome
from schemas.people.my_case import MyCase, OwnDocument
from schemas.recovery.document_facts import DocumentFacts, RestorationApplication, SignedApplication, StatusLetter
from schemas.restoration_enums import DocumentKind, RestorationState, Step

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
            application = next((one for one in own if _can_be_signed(one, restoration.visit_no, row.language)), None)
        mobile = mobile_of(ctx.persons.open_or_empty(row.person).mobile) or ""
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
        told = await document_register.facts_of(connection, document_id, ctx.opens)
    text = None
    if told is not None and view.template_version == template_version():
        facts = _FACTS[head.kind].model_validate(told)
        text = compose(facts, head.language, Imprint(number=head.number, issued_at=head.issued_at))
    return ReadDocument(head, pdf, text)
