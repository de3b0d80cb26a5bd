"""Hash chain of a case's events, which shows a changed, dropped or swapped event."""

import hashlib
from datetime import UTC, datetime, timedelta

GENESIS = b"\x00" * 32
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def event_body(case_no: str, seq: int, kind: str, at: datetime, actor: str, data_text: str) -> str:
    """Return the text of an event, in six lines, that is hashed after the previous hash.

    `data_text` is the event's data as the database writes jsonb. `at` is counted in microseconds since 1970.
    """
    micros = (at - _EPOCH) // timedelta(microseconds=1)
    return "\n".join((case_no, str(seq), kind, str(micros), actor, data_text))


def event_hash(previous: bytes, case_no: str, seq: int, kind: str, at: datetime, actor: str, data_text: str) -> bytes:
    """Return the SHA-256 of one event. The trigger `case_event_chain` in the database computes the same."""
    return body_hash(previous, event_body(case_no, seq, kind, at, actor, data_text))


def body_hash(previous: bytes, body: str) -> bytes:
    """Return the SHA-256 of an event from its text."""
    return hashlib.sha256(previous + body.encode()).digest()
