"""Business errors about reconciliations and lien lists."""

from uuid import UUID

from domain.errors import IdempotencyConflict, NotFound


class ReconciliationNotFound(NotFound):
    code = "reconciliation_not_found"
    number: int


class LienInquiryNotFound(NotFound):
    code = "lien_inquiry_not_found"
    inquiry_id: UUID


class LienListDiffers(IdempotencyConflict):
    code = "lien_list_differs"


class LienPageDiffers(IdempotencyConflict):
    code = "lien_page_differs"
    page: int
