"""Business errors about reconciliations and lien lists."""

from uuid import UUID

from domain.errors import IdempotencyConflict, NotFound


class ReconciliationNotFound(NotFound):
    number: int


class LienInquiryNotFound(NotFound):
    inquiry_id: UUID


class LienListDiffers(IdempotencyConflict):
    pass


class LienPageDiffers(IdempotencyConflict):
    page: int
