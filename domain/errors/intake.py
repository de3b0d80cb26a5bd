"""Business errors about complaints that come in, and the ledger."""

from domain.errors import AckNoConflict, IdempotencyConflict


class IdempotencyKeyReused(IdempotencyConflict):
    code = "idempotency_key_reused"


class LedgerKeyReused(IdempotencyConflict):
    code = "ledger_key_reused"
    key: str


class AckNoTaken(AckNoConflict):
    code = "ack_no_taken"
    ack_no: str


class AckNosExhausted(AckNoConflict):
    code = "ack_nos_exhausted"
    attempts: int
