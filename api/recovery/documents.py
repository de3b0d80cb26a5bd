"""Documents of a case: the register, the PDF files, and the issue of a document."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response

from activities.recovery.document_issuing import appeal_address, approve_attachment, issue_for_officer, preview, text_of
from api.officers.auth import acting, may, refuse_unless
from api.officers.jurisdiction import check_read
from api.officers.reads import ReadReason, note_case
from api.officers.tokens import Officer
from api.params import LIMIT_DEFAULT, PDF, SHOWN_BESIDE, AckNo, After, Limit
from api.problems import (
    DOCUMENT_DIFFERS,
    DOCUMENT_INCOMPLETE,
    FOUR_EYES,
    IN_THE_DESCRIPTION,
    LIMIT_EXCEEDED,
    NOT_FOUND,
    NOT_NOW,
    Refused,
    Violation,
    says,
)
from api.roles import Action
from api.services import TheServices
from db.recovery import document_register
from domain.recovery.documents import SEIZURES, DocumentDiffers, DocumentIncomplete
from schemas.base import Storable, WithReason
from schemas.identifiers import ACK_NO_PATTERN
from schemas.recovery.document_facts import AttachmentApproval, DocumentAsk, DocumentPage, IssuedDocument
from schemas.recovery.due_documents import DocumentPreview, DocumentText
from schemas.restoration_enums import DocumentKind

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
    found = await text_of(services.ctx, ack_no, asked, appeal_address=address)
    await note_case(request, services, officer, ack_no, reason or "", outside=outside)
    return found


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
        missing = [Violation(one.field, f"{one.law}: {one.why}") for one in lacks.missing]
        fields = ", ".join(one.field for one in lacks.missing)
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
