"""Calls that banks promised about hold requests, and what became of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime


class CallBack(FrozenModel):
    """A promised call that has not ended."""

    call_back_id: int
    request_id: UUID
    due_at: UtcDatetime
    missed_at: UtcDatetime | None
    """when the desk was asked to telephone"""


@dataclass(frozen=True, slots=True)
class DueTimes:
    """Since when a promised call must be due for the desk, and missed for the supervisor."""

    due_before: datetime
    missed_before: datetime


DueCallBacks = list[tuple[str, list[int]]]
"""promised calls to act on, by case"""

_IS_DUE: Final = "ended_at IS NULL AND due_at < {due} AND (missed_at IS NULL OR missed_at < {missed})"
DUE: Final = (
    f"SELECT case_no, call_back_id FROM call_back WHERE {_IS_DUE.format(due='$1', missed='$2')}"
    " AND case_no <> ALL($3::text[]) ORDER BY due_at, call_back_id LIMIT $4"
)


async def due(connection: Connection, times: DueTimes, skip: Sequence[str], limit: int) -> DueCallBacks:
    """Return promised calls to act on, the longest due first; skips the cases in `skip`."""
    found: dict[str, list[int]] = {}
    for row in await connection.fetch(DUE, times.due_before, times.missed_before, list(skip), limit):
        found.setdefault(row["case_no"], []).append(row["call_back_id"])
    return list(found.items())


async def still_due(
    connection: Connection, case_no: str, call_back_ids: Sequence[int], times: DueTimes
) -> list[CallBack]:
    """Return which of these promised calls are still to be acted on. The caller has locked the case."""
    rows = await connection.fetch(
        "SELECT call_back_id, request_id, due_at, missed_at FROM call_back"
        f" WHERE case_no = $3 AND call_back_id = ANY($4) AND {_IS_DUE.format(due='$1', missed='$2')}"
        " ORDER BY call_back_id",
        times.due_before,
        times.missed_before,
        case_no,
        list(call_back_ids),
    )
    return [CallBack(**dict(row)) for row in rows]


async def insert(
    connection: Connection, case_no: str, request_id: UUID, telephone_answer_id: UUID, due_at: datetime
) -> None:
    """Write a promised call. The caller has ended the one before about the same request."""
    await connection.execute(
        "INSERT INTO call_back (case_no, request_id, telephone_answer_id, due_at) VALUES ($1, $2, $3, $4)",
        case_no,
        request_id,
        telephone_answer_id,
        due_at,
    )


async def waits(connection: Connection, request_id: UUID, at: datetime) -> bool:
    """Return whether the bank has promised to call about this request, and the time has not come."""
    found: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM call_back WHERE request_id = $1 AND ended_at IS NULL AND missed_at IS NULL"
        " AND due_at > $2)",
        request_id,
        at,
    )
    return found


async def mark_missed(connection: Connection, call_back_id: int, at: datetime) -> None:
    """Write that the bank did not call, and the desk is asked to telephone."""
    await connection.execute("UPDATE call_back SET missed_at = $2 WHERE call_back_id = $1", call_back_id, at)


async def end(connection: Connection, call_back_id: int, ended_as: str, at: datetime) -> None:
    """Write what became of a promised call."""
    await connection.execute(
        "UPDATE call_back SET ended_at = $3, ended_as = $2 WHERE call_back_id = $1", call_back_id, ended_as, at
    )


async def end_of_request(connection: Connection, request_id: UUID, ended_as: str, at: datetime) -> None:
    """Write what became of the promised call about a request, if one waits."""
    await connection.execute(
        "UPDATE call_back SET ended_at = $3, ended_as = $2 WHERE request_id = $1 AND ended_at IS NULL",
        request_id,
        ended_as,
        at,
    )
