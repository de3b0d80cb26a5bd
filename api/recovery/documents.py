"""Documents and orders of a case."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from activities.recovery import bank_replies
from activities.recovery.cancellations import record_attestation
from activities.recovery.confirmations import NotItsLine, record_statement
from activities.recovery.document_issuing import appeal_address, approve_attachment, issue_for_officer, preview, text_of
from activities.recovery.orders import cancel_order
from api.officers.auth import acting, may, may_also, refuse_unless
from api.officers.jurisdiction import check_read, within_of
from api.officers.reads import ReadReason, note_case
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, PDF, SHOWN_BESIDE, AckNo, AckNoFilter, After, BankFilter, Limit
from api.problems import (
    DOCUMENT_DIFFERS,
    DOCUMENT_INCOMPLETE,
    FOUR_EYES,
    IN_THE_DESCRIPTION,
    INVALID,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    NOT_NOW,
    Refused,
    Violation,
    says,
)
from api.roles import Action
from api.services import TheServices
from db.recovery import document_register, order_views
from domain.recovery.documents import SEIZURES, DocumentDiffers, DocumentIncomplete
from schemas.base import Storable, WithReason
from schemas.identifiers import ACK_NO_PATTERN
from schemas.recovery.document_facts import AttachmentApproval, DocumentAsk, DocumentPage, IssuedDocument
from schemas.recovery.due_documents import DocumentPreview, DocumentText
from schemas.recovery.orders import (
    CancellationAttestationTaken,
    CancellationAttested,
    OrderConfirmation,
    OrderDecision,
    OrderDone,
    OrderPage,
    OrderView,
    RecordedStatement,
    RecordedStatementTaken,
)
from schemas.restoration_enums import DocumentKind, OrderState

documents_router = APIRouter(prefix="/api/v1", tags=["documents"], responses=IN_THE_DESCRIPTION)

_ETAG: Final = {"description": "The SHA-256 of the bytes, as in the register.", "schema": {"type": "string"}}
_PDF_RESPONSE: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {PDF: {"schema": {"type": "string", "format": "binary"}}}, "headers": {"ETag": _ETAG}},
    304: {"description": "The caller already has these bytes."},
}

Reader = Annotated[Officer, may(Action.READ_DOCUMENTS)]
CaseNumber = Annotated[
    str, Query(alias="case", pattern=ACK_NO_PATTERN.pattern, description="Any acknowledgement number of the case.")
]

About = Annotated[
    str, Query(max_length=100, description="The subject of the document, the same as at its issue."), Storable
]


@documents_router.get("/documents", responses=says(NOT_FOUND))
async def list_documents(
    services: TheServices, officer: Reader, ack_no: CaseNumber, after: After = None, limit: Limit = LIMIT_DEFAULT
) -> DocumentPage:
    """List the documents of a case, the newest first."""
    async with services.ctx.pool.acquire() as connection:
        return await document_register.page(connection, ack_no, after, limit)


@documents_router.get("/documents/{document_id}", response_class=Response, responses=_PDF_RESPONSE)
async def read_document(
    services: TheServices, officer: Reader, document_id: UUID, if_none_match: Annotated[str | None, Header()] = None
) -> Response:
    """Return the PDF of the document, byte for byte as issued."""
    async with services.ctx.pool.acquire() as connection:
        document, pdf = await document_register.read(connection, document_id, services.ctx.opens)
    headers = {"ETag": f'"{document.digest}"', "Cache-Control": "private, no-cache", **SHOWN_BESIDE}
    if if_none_match is not None and f'"{document.digest}"' in if_none_match:
        return Response(status_code=304, headers=headers)
    name = f"{document.number.replace('/', '-')}.{document.language.value}.pdf"
    headers["Content-Disposition"] = f'inline; filename="{name}"'
    return Response(pdf, media_type=PDF, headers=headers)


@documents_router.get("/cases/{ack_no}/documents/{kind}/lacking", responses=says(NOT_FOUND))
async def preview_document(
    services: TheServices, officer: Reader, ack_no: AckNo, kind: DocumentKind, subject: About = ""
) -> DocumentPreview:
    """Return whether a document could be issued now, and its missing fields. Nothing is issued."""
    return await preview(services.ctx, ack_no, kind, subject)


@documents_router.post("/cases/{ack_no}/documents/preview", responses=says(NOT_FOUND))
async def preview_document_text(
    request: Request,
    services: TheServices,
    officer: Annotated[Officer, may(Action.ISSUE_DOCUMENT)],
    ack_no: AckNo,
    asked: DocumentAsk,
    reason: ReadReason = None,
) -> DocumentText:
    """Return what a document would say if it were issued now, or its missing fields. Nothing is issued.

    The text names persons, so the rules of reading hold beside those of the issue.
    """
    refuse_unless(officer, Action.READ_DOCUMENTS)
    if asked.kind in SEIZURES:
        refuse_unless(officer, Action.ISSUE_SEIZURE)
    outside = await check_read(services, officer, Action.READ_DOCUMENTS, ("ack_no", ack_no), reason or "")
    address = appeal_address(services.public_url)
    document_text = await text_of(services.ctx, ack_no, asked, appeal_address=address)
    await note_case(request, services, officer, ack_no, reason or "", outside=outside)
    return document_text


@documents_router.post(
    "/cases/{ack_no}/documents",
    status_code=201,
    responses={
        **says(DOCUMENT_INCOMPLETE, DOCUMENT_DIFFERS, LIMIT_EXCEEDED),
        200: {"description": "The document was issued before. This is that document.", "model": IssuedDocument},
    },
)
async def issue_document(
    services: TheServices,
    officer: Annotated[Officer, may(Action.ISSUE_DOCUMENT)],
    ack_no: AckNo,
    asked: DocumentAsk,
    response: Response,
) -> IssuedDocument:
    """Issue a document. A document without the fields that its law requires is refused, with all missing fields.

    Only the investigating officer or a superior issues a seizure (`notice_106`, `notice_107`).
    """
    if asked.kind in SEIZURES:
        refuse_unless(officer, Action.ISSUE_SEIZURE)
    address = appeal_address(services.public_url)
    try:
        document = await issue_for_officer(services.ctx, ack_no, asked, officer.actor, appeal_address=address)
    except DocumentIncomplete as lacks:
        missing = [Violation(item.field, f"{item.law}: {item.why}") for item in lacks.missing]
        fields = ", ".join(item.field for item in lacks.missing)
        raise Refused(DOCUMENT_INCOMPLETE, f"these fields are missing: {fields}", violations=missing) from None
    except DocumentDiffers as differs:
        others = [Violation(f"particulars.{name}", "it was issued with another value") for name in differs.fields]
        raise Refused(DOCUMENT_DIFFERS, str(differs), violations=others) from None
    response.status_code = 200 if document.repeated else 201
    response.headers["Location"] = f"/api/v1/documents/{document.document_id}"
    return document


@documents_router.post("/holds/{account_hold_id}/approve-attachment", responses=says(NOT_NOW, FOUR_EYES))
async def approve_attachment_of_hold(
    services: TheServices,
    officer: Annotated[Officer, may(Action.APPROVE_ATTACHMENT)],
    account_hold_id: UUID,
    approved: WithReason,
) -> AttachmentApproval:
    """Record that the Superintendent or Commissioner approves asking a court to attach the hold (BNSS 107)."""
    return await approve_attachment(services.ctx, account_hold_id, approved.reason, acting(officer))


orders_router = APIRouter(prefix="/api/v1/orders", tags=["orders"], responses=IN_THE_DESCRIPTION)

ReaderOfOrders = Annotated[Officer, may(Action.READ_ORDERS)]


@orders_router.get("")
async def list_orders(
    services: TheServices,
    officer: ReaderOfOrders,
    state: Annotated[OrderState | None, Query()] = None,
    overdue: Annotated[bool | None, Query(description="Whether the order is past its deadline and still open.")] = None,
    institution: BankFilter = None,
    ack_no: AckNoFilter = None,
    after: After = None,
    limit: Limit = LIMIT_DEFAULT,
) -> OrderPage:
    """List orders to banks, the earliest deadline first."""
    within = await within_of(services, officer, Action.READ_ORDERS, ack_no)
    async with services.ctx.pool.acquire() as connection:
        return await order_views.page(
            connection,
            services.ctx.now(),
            after,
            limit,
            state=state,
            overdue=overdue,
            institution=institution,
            ack_no=ack_no,
            within=within,
        )


@orders_router.get("/{order_id}")
async def read_order(services: TheServices, officer: ReaderOfOrders, order_id: UUID) -> OrderView:
    """Return one order: its lines, delivery attempts, the bank's statements, and its escalation levels."""
    async with (
        services.ctx.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        return await order_views.get(connection, order_id, services.ctx.now())


@orders_router.post("/{order_id}/send-again", name="send_order_again", responses=says(NOT_NOW, NOT_FOUND))
async def send_again(
    services: TheServices, officer: Annotated[Officer, may(Action.SEND_ORDER)], order_id: UUID, why: OrderDecision
) -> OrderDone:
    """Send an order to the bank again, after the cause of the failure is removed."""
    state = await bank_replies.send_again(services.ctx, order_id, why.reason, officer.actor)
    return OrderDone(order_id=order_id, state=state)


@orders_router.post("/{order_id}/cancel", name="cancel_order", responses=says(NOT_NOW, NOT_FOUND))
async def cancel(
    services: TheServices, officer: Annotated[Officer, may(Action.CANCEL_ORDER)], order_id: UUID, why: OrderDecision
) -> OrderDone:
    """Cancel an order, except for the part that the bank has already carried out."""
    await cancel_order(services.ctx, order_id, why.reason, officer.actor)
    return OrderDone(order_id=order_id, state=OrderState.CANCELLED)


@orders_router.post(
    "/{order_id}/cancellation-told",
    name="attest_cancellation_of_order",
    responses=says(NOT_NOW, FOUR_EYES, NOT_FOUND),
)
async def attest_cancellation(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CANCEL_ORDER)],
    order_id: UUID,
    attested: CancellationAttested,
) -> CancellationAttestationTaken:
    """Attest that the bank was notified of a cancellation. Replacement orders that wait for it are then sent.

    For an order to restore money a second officer attests it too.
    """
    at, waits = await record_attestation(services.ctx, order_id, attested.note, officer.actor)
    return CancellationAttestationTaken(order_id=order_id, acknowledged_at=at, waits_for_second=waits)


@orders_router.post("/{order_id}/confirm", name="write_down_confirmation", responses=says(NOT_FOUND))
async def confirm(
    services: TheServices,
    officer: Annotated[Officer, may(Action.CONFIRM_ORDER)],
    order_id: UUID,
    written: RecordedStatement,
) -> RecordedStatementTaken:
    """Record a bank's statement under an order, made by telephone or letter.

    The statement is booked after a second officer, who may take money out of `held`, has recorded the same.
    """
    statement = OrderConfirmation(lines=written.lines)
    supervises = await may_also(services, officer, Action.TAKE_FROM_HELD)
    try:
        return await record_statement(
            services.ctx, order_id, statement, written.note, officer.actor, supervises=supervises
        )
    except NotItsLine as error:
        raise not_its_line(error) from None


def not_its_line(error: NotItsLine) -> Refused:
    """Return the refusal of a statement on a line that the order does not have."""
    violation = Violation(f"lines[{error.index}].line_no", "is no line of this order", error.line_no)
    return Refused(INVALID, violations=[violation])
