"""Test events to banks' webhooks that banks have asked for in their inbox. The row is the outbox."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db.pool import Connection
from schemas.banks.test_calls import BankTestCall, BankTestOutcome

KEPT: Final = timedelta(days=30)
FORGOTTEN_MAX: Final = 500

_ROW: Final = f"SELECT {', '.join(BankTestCall.model_fields)} FROM bank_test_call"


async def ask(connection: Connection, call_id: UUID, institution: str, at: datetime) -> None:
    """Write that a bank asks for a test event."""
    await connection.execute(
        "INSERT INTO bank_test_call (call_id, institution, asked_at, next_attempt_at) VALUES ($1, $2, $3, $3)",
        call_id,
        institution,
        at,
    )


CLAIM: Final = f"""
UPDATE bank_test_call c SET next_attempt_at = $2 FROM (
    SELECT call_id FROM bank_test_call WHERE next_attempt_at <= $1
    ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
) AS due WHERE c.call_id = due.call_id RETURNING {", ".join(f"c.{name}" for name in BankTestCall.model_fields)}
"""


async def claim(connection: Connection, now: datetime, lease_until: datetime, limit: int) -> Sequence[BankTestCall]:
    """Claim the calls that are due; others leave them until `lease_until`."""
    return [BankTestCall(**dict(row)) for row in await connection.fetch(CLAIM, now, lease_until, limit)]


async def done(
    connection: Connection, call_id: UUID, outcome: BankTestOutcome, took_seconds: float, detail: str, at: datetime
) -> None:
    """Write what became of a call."""
    await connection.execute(
        "UPDATE bank_test_call SET outcome = $2, took_seconds = $3, detail = $4, done_at = $5, next_attempt_at = NULL"
        " WHERE call_id = $1",
        call_id,
        outcome.value,
        took_seconds,
        detail,
        at,
    )


async def newest(connection: Connection, institution: str, limit: int) -> list[BankTestCall]:
    """Return the newest calls of a bank, the newest first."""
    rows = await connection.fetch(
        f"{_ROW} WHERE institution = $1 ORDER BY asked_at DESC, call_id LIMIT $2", institution, limit
    )
    return [BankTestCall(**dict(row)) for row in rows]


FORGET: Final = """
DELETE FROM bank_test_call WHERE call_id IN (
    SELECT call_id FROM bank_test_call WHERE asked_at < $1 ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED)
RETURNING call_id
"""


async def forget(connection: Connection, asked_before: datetime) -> int:
    """Delete calls that banks asked for long ago; return how many."""
    return len(await connection.fetch(FORGET, asked_before, FORGOTTEN_MAX))
