"""Test events to banks' webhooks that banks have asked for in their inbox."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from db import outgoing
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.rows import Rows
from schemas.banks.keys import BankTestCall, BankTestOutcome

KEPT: Final = timedelta(days=30)
FORGOTTEN_MAX: Final = 500

_ROW: Final = f"SELECT {', '.join(BankTestCall.model_fields)} FROM bank_test_call"


async def ask(connection: Connection, call_id: UUID, institution: str, at: datetime) -> None:
    """Write that a bank asks for a test event."""
    await connection.execute(
        "INSERT INTO bank_test_call (call_id, institution, asked_at) VALUES ($1, $2, $3)", call_id, institution, at
    )
    await outgoing.queue(connection, OutgoingKind.BANK_TEST_CALL, call_id, at)


async def done(
    connection: Connection, call_id: UUID, outcome: BankTestOutcome, took_seconds: float, detail: str, at: datetime
) -> None:
    """Write what became of a call."""
    await connection.execute(
        "UPDATE bank_test_call SET outcome = $2, took_seconds = $3, detail = $4, done_at = $5 WHERE call_id = $1",
        call_id,
        outcome.value,
        took_seconds,
        detail,
        at,
    )


async def newest(connection: Connection, institution: str, limit: int) -> list[BankTestCall]:
    """Return the newest calls of a bank, the newest first."""
    return await Rows(connection, BankTestCall).many(
        f"{_ROW} WHERE institution = $1 ORDER BY asked_at DESC, call_id LIMIT $2", institution, limit
    )


async def forget(connection: Connection, asked_before: datetime) -> int:
    """Delete calls that banks asked for long ago; return how many."""
    rows = await connection.fetch(
        "DELETE FROM bank_test_call WHERE call_id IN (SELECT call_id FROM bank_test_call WHERE asked_at < $1"
        " ORDER BY asked_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING call_id",
        asked_before,
        FORGOTTEN_MAX,
    )
    await outgoing.forget(connection, OutgoingKind.BANK_TEST_CALL, [row["call_id"] for row in rows])
    return len(rows)
