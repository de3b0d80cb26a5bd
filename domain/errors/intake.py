"""Business errors about complaints that come in, and the ledger."""

from domain.errors import AckNoConflict, IdempotencyConflict


class IdempotencyKeyReused(IdempotencyConflict):
    pass


class LedgerKeyReused(IdempotencyConflict):
    key: str


class AckNoTaken(AckNoConflict):
    ack_no: str


class AckNosExhausted(AckNoConflict):
    attempts: int
