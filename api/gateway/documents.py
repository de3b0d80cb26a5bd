"""Documents that were issued to a bank: the list and the PDF files (docs/reference/documents.md)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from api.gateway.auth import COUNTED, RATE_LIMITED, TheBank, take
from api.params import PAGE_DEFAULT, PDF, Cursor, PageLimit
from api.problems import IN_THE_DESCRIPTION, says
from api.services import TheServices
from db.recovery import document_register
from domain.policy.callers import LimitName
from schemas.identifiers import ACK_NO_PATTERN
from schemas.recovery.due_documents import BankDocumentPage

documents_router = APIRouter(prefix="/api/v1/bank/documents", tags=["bank"], responses=IN_THE_DESCRIPTION)

OfCase = Annotated[
    str | None,
    Query(
        alias="case",
        pattern=ACK_NO_PATTERN.pattern,
        description="Only documents of the case with this acknowledgement number.",
    ),
]
DocumentId = Annotated[UUID, Path(description="`document_id` of the document.")]


@documents_router.get("", name="read_bank_documents", responses={**says(RATE_LIMITED), 200: COUNTED})
async def read_documents(
    response: Response,
    services: TheServices,
    bank: TheBank,
    ack_no: OfCase = None,
    limit: PageLimit = PAGE_DEFAULT,
    cursor: Cursor = None,
) -> BankDocumentPage:
    """List the documents that were issued to the bank, the newest first. `digest` is the SHA-256 of the PDF."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        return await document_register.page_of_bank(connection, bank.code, ack_no, cursor, limit)


@documents_router.get(
    "/{document_id}",
    name="read_bank_document",
    response_class=Response,
    responses={**says(RATE_LIMITED), 200: {**COUNTED, "content": {PDF: {}}}},
)
async def read_document_for_bank(
    response: Response, services: TheServices, bank: TheBank, document_id: DocumentId
) -> Response:
    """Return the PDF of one document, byte for byte as issued."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        pdf = await document_register.read_of_bank(connection, bank.code, document_id, services.ctx.opens)
    return Response(pdf, headers=dict(response.headers), media_type=PDF)


@documents_router.get(
    "/{document_id}/fir",
    name="read_bank_document_fir",
    response_class=Response,
    responses={**says(RATE_LIMITED), 200: {**COUNTED, "content": {PDF: {}}}},
)
async def read_fir(response: Response, services: TheServices, bank: TheBank, document_id: DocumentId) -> Response:
    """Return the copy of the FIR that belongs to the document. The document states its SHA-256."""
    await take(services.ctx, bank.code, LimitName.FEED_READS, response)
    async with services.ctx.pool.acquire() as connection:
        document = await document_register.fir_of_bank(connection, bank.code, document_id, services.ctx.opens)
    return Response(document, headers=dict(response.headers), media_type=PDF)
