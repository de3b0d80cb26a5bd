"""What the law asks of the police after a hold: each duty a row with its own clock."""

from datetime import datetime
from uuid import UUID

from db.pool import Connection
from schemas.police import Duty
from schemas.restoration_enums import DutyKind

_DUTY = ", ".join(Duty.model_fields)


async def open_duty(
    connection: Connection,
    case_no: str,
    kind: DutyKind,
    at: datetime,
    *,
    remind_at: datetime,
    due_at: datetime,
    escalate_at: datetime,
    anew: bool = False,
) -> bool:
    """Open a duty with the clocks it is promised; false where the case has it already.

    With `anew` one that is done is opened again. The case's row is locked.
    """
    done = await connection.fetchval(
        "INSERT INTO duty (case_no, kind, opened_at, remind_at, due_at, escalate_at) VALUES ($1, $2, $3, $4, $5, $6)"
        " ON CONFLICT (case_no, kind) DO UPDATE SET opened_at = $3, remind_at = $4, due_at = $5, escalate_at = $6,"
        " reminded_at = NULL, escalated_at = NULL, done_at = NULL, done_by = NULL, paper_id = NULL, reason = ''"
        " WHERE $7 AND duty.done_at IS NOT NULL RETURNING true",
        case_no,
        kind.value,
        at,
        remind_at,
        due_at,
        escalate_at,
        anew,
    )
    return bool(done)


async def of_case(connection: Connection, case_no: str) -> tuple[Duty, ...]:
    """Every duty of the case, in the order in which they are due."""
    rows = await connection.fetch(f"SELECT {_DUTY} FROM duty WHERE case_no = $1 ORDER BY due_at, kind", case_no)
    return tuple(Duty.model_validate(dict(row)) for row in rows)


async def get(connection: Connection, case_no: str, kind: DutyKind) -> Duty | None:
    """One duty; None where the case has none of the kind."""
    row = await connection.fetchrow(f"SELECT {_DUTY} FROM duty WHERE case_no = $1 AND kind = $2", case_no, kind.value)
    return Duty.model_validate(dict(row)) if row else None


async def reminded(connection: Connection, case_no: str, kind: DutyKind, at: datetime) -> bool:
    """Somebody is reminded; false where that was done before."""
    done = await connection.fetchval(
        "UPDATE duty SET reminded_at = $3 WHERE case_no = $1 AND kind = $2 AND done_at IS NULL AND reminded_at IS NULL"
        " RETURNING true",
        case_no,
        kind.value,
        at,
    )
    return bool(done)


async def escalated(connection: Connection, case_no: str, kind: DutyKind, at: datetime) -> bool:
    """The supervisor knows; false where that was done before."""
    done = await connection.fetchval(
        "UPDATE duty SET escalated_at = $3 WHERE case_no = $1 AND kind = $2 AND done_at IS NULL"
        " AND escalated_at IS NULL RETURNING true",
        case_no,
        kind.value,
        at,
    )
    return bool(done)


async def done(
    connection: Connection, case_no: str, kind: DutyKind, by: str, at: datetime, *, paper_id: UUID | None, reason: str
) -> Duty | None:
    """The duty is done; None where the case has none of the kind that waits."""
    row = await connection.fetchrow(
        "UPDATE duty SET done_at = $4, done_by = $3, paper_id = $5, reason = $6"
        f" WHERE case_no = $1 AND kind = $2 AND done_at IS NULL RETURNING {_DUTY}",
        case_no,
        kind.value,
        by,
        at,
        paper_id,
        reason,
    )
    return Duty.model_validate(dict(row)) if row else None


async def any_left(connection: Connection, case_no: str) -> bool:
    """Whether the case has a duty that waits."""
    left: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM duty WHERE case_no = $1 AND done_at IS NULL)", case_no
    )
    return left
