"""The hash chain of a case's events: a changed, dropped or swapped event shows."""

import hashlib
from datetime import UTC, datetime, timedelta

GENESIS = b"\x00" * 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_body(case_no: str, seq: int, kind: str, at: datetime, actor: str, data_text: str) -> str:
    """What is hashed of an event behind the hash of the one before it, in six lines.

    `data_text` is the event's data as the database writes jsonb; `at` is counted in microseconds since 1970.
    """
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return "\n".join((case_no, str(seq), kind, str(micros), actor, data_text))


def event_hash(previous: bytes, case_no: str, seq: int, kind: str, at: datetime, actor: str, data_text: str) -> bytes:
    """SHA-256 of one event; the database's trigger computes the same (db/migrations, `case_event_chain`)."""
    return body_hash(previous, event_body(case_no, seq, kind, at, actor, data_text))


def body_hash(previous: bytes, body: str) -> bytes:
    """SHA-256 of an event of which the body is at hand."""
    return hashlib.sha256(previous + body.encode()).digest()
