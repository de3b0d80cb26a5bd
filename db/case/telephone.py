"""Calls: those to return, and answers by telephone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from db.pool import Connection
from db.privacy.person_keys import StoredText, stored_text
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.answers import Booked
from schemas.enums import ClaimKind


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
    calls: dict[str, list[int]] = {}
    for row in await connection.fetch(DUE, times.due_before, times.missed_before, list(skip), limit):
        calls.setdefault(row["case_no"], []).append(row["call_back_id"])
    return list(calls.items())


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
    exists: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM call_back WHERE request_id = $1 AND ended_at IS NULL AND missed_at IS NULL"
        " AND due_at > $2)",
        request_id,
        at,
    )
    return exists


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


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """A telephone answer as it is written."""

    telephone_answer_id: UUID
    case_no: str
    request_id: UUID
    institution: str
    update_id: int | None
    told_at: datetime
    number_is_known: bool
    calls_back_at: datetime | None
    entered_by: str
    entered_at: datetime
    person_id: UUID
    sealed_speaker: bytes = field(repr=False)
    idempotency_key: str
    body_digest: bytes
    reply: dict[str, Any]


class TelephoneAnswerRow(FrozenModel):
    """A telephone answer as it is read."""

    telephone_answer_id: UUID
    request_id: UUID
    institution: str
    update_id: int | None
    told_at: UtcDatetime
    number_is_known: bool
    calls_back_at: UtcDatetime | None
    entered_by: str
    entered_at: UtcDatetime
    speaker: StoredText


class Entered(FrozenModel):
    """An entry of an officer under an idempotency key, and the reply to it."""

    body_digest: bytes
    reply: dict[str, Any]
    speaker: StoredText


class RequestHop(FrozenModel):
    """A hop that a hold request asked about at some time."""

    hop_no: int
    reference: str
    account: str
    transferred_at: UtcDatetime
    live: bool


def use_of_speaker(telephone_answer_id: UUID) -> str:
    """Return what the name and number of who spoke are bound to."""
    return f"speaker of {telephone_answer_id}"


_SPEAKER: Final = stored_text("t", "sealed_speaker", "'speaker of ' || t.telephone_answer_id")
_ROW: Final = (
    "SELECT t.telephone_answer_id, t.request_id, t.institution, t.update_id, t.told_at, t.number_is_known,"
    f" t.calls_back_at, t.entered_by, t.entered_at, {_SPEAKER} AS speaker FROM telephone_answer t"
)


async def entered(connection: Connection, case_no: str, officer: str, idempotency_key: str) -> Entered | None:
    """Return what this officer entered in the case under this key before, or None. The caller has locked the case."""
    row = await connection.fetchrow(
        f"SELECT t.body_digest, t.reply, {_SPEAKER} AS speaker FROM telephone_answer t"
        " WHERE t.case_no = $1 AND t.entered_by = $2 AND t.idempotency_key = $3",
        case_no,
        officer,
        idempotency_key,
    )
    return Entered(**dict(row)) if row else None


async def insert_answer(connection: Connection, new: NewRow) -> None:
    """Write a telephone answer."""
    await connection.execute(
        "INSERT INTO telephone_answer (telephone_answer_id, case_no, request_id, institution, update_id, told_at,"
        " number_is_known, calls_back_at, entered_by, entered_at, person_id, sealed_speaker, idempotency_key,"
        " body_digest, reply) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        new.telephone_answer_id,
        new.case_no,
        new.request_id,
        new.institution,
        new.update_id,
        new.told_at,
        new.number_is_known,
        new.calls_back_at,
        new.entered_by,
        new.entered_at,
        new.person_id,
        new.sealed_speaker,
        new.idempotency_key,
        new.body_digest,
        new.reply,
    )


async def of_case(connection: Connection, case_no: str, limit: int) -> list[TelephoneAnswerRow]:
    """Return the telephone answers of a case, the newest first."""
    rows = await connection.fetch(
        f"{_ROW} WHERE t.case_no = $1 ORDER BY t.entered_at DESC, t.telephone_answer_id LIMIT $2", case_no, limit
    )
    return [TelephoneAnswerRow(**dict(row)) for row in rows]


async def speakers_of_case(connection: Connection, case_no: str) -> dict[UUID, StoredText]:
    """Return who spoke in each telephone answer of a case."""
    rows = await connection.fetch(
        f"SELECT t.telephone_answer_id, {_SPEAKER} AS speaker FROM telephone_answer t WHERE t.case_no = $1", case_no
    )
    return {row["telephone_answer_id"]: StoredText(**row["speaker"]) for row in rows}


async def hops_of(connection: Connection, request_id: UUID) -> list[RequestHop]:
    """Return the hops that a request asked about, in order."""
    rows = await connection.fetch(
        "SELECT h.hop_no, h.reference, h.payee_holder AS account, h.transferred_at, q.live FROM request_hop q"
        " JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no WHERE q.request_id = $1 ORDER BY h.hop_no",
        request_id,
    )
    return [RequestHop(**dict(row)) for row in rows]


async def discrepancies_of(connection: Connection, update_id: int) -> list[int]:
    """Return the discrepancies that the lines of an answer opened, in order."""
    rows = await connection.fetch(
        "SELECT d.discrepancy_id FROM answer a JOIN discrepancy d USING (answer_id) WHERE a.update_id = $1 ORDER BY 1",
        update_id,
    )
    return [row["discrepancy_id"] for row in rows]


_GONE_OR_MOVED: Final = """
SELECT coalesce(sum(one.paise), 0)::bigint FROM (
    SELECT sum(e.amount_paise) AS paise
    FROM telephone_answer t JOIN ledger_transaction l ON l.idempotency_key = 'answer|' || t.update_id
    JOIN ledger_entry e USING (transaction_id)
    -- What moved is in play at the hop below.
    WHERE t.case_no = $1 AND e.bucket IN ('in_play', 'withdrawn', 'spent', 'untraced', 'refused')
    GROUP BY t.update_id, e.hop_no, e.bucket HAVING sum(e.amount_paise) > 0
) AS one
"""


async def gone_or_moved_paise(connection: Connection, case_no: str) -> int:
    """Return the money of a case of which telephone answers said that it is gone or has moved on."""
    paise: int = await connection.fetchval(_GONE_OR_MOVED, case_no)
    return paise


# -- what it booked ----------------------------------------------------------------------------------------------------

_BOOKED: Final = """
SELECT b.hop_no, CASE b.bucket WHEN 'withdrawn' THEN 'withdrawn' WHEN 'spent' THEN 'spent' ELSE 'held' END AS kind,
    sum(b.balance_paise)::bigint AS paise
FROM ledger_balance b WHERE b.case_no = $1 AND b.balance_paise > 0
    AND b.bucket IN ('held', 'restored', 'released', 'withdrawn', 'spent')
GROUP BY 1, 2
UNION ALL
SELECT h.hop_no, 'moved', h.disputed_paise FROM hop h WHERE h.case_no = $1 AND h.source = 'answer'
"""


async def booked(connection: Connection, case_no: str) -> dict[int, dict[ClaimKind, int]]:
    """Return the money of each hop of which a bank has said where it is, by kind."""
    money: dict[int, dict[ClaimKind, int]] = {}
    for row in await connection.fetch(_BOOKED, case_no):
        money.setdefault(row["hop_no"], {})[ClaimKind(row["kind"])] = row["paise"]
    return money


async def note_booked(connection: Connection, case_no: str, money: Sequence[Booked]) -> None:
    """Write that a telephone answer has booked this money."""
    await connection.executemany(
        "INSERT INTO telephone_booking (case_no, hop_no, kind, booked_paise) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (case_no, hop_no, kind)"
        " DO UPDATE SET booked_paise = telephone_booking.booked_paise + excluded.booked_paise",
        [(case_no, amount.hop_no, amount.kind.value, amount.paise) for amount in money],
    )


async def confirm(connection: Connection, case_no: str, money: Sequence[Booked]) -> None:
    """Write that the bank itself has stated this money, which telephone answers had booked."""
    await connection.executemany(
        "UPDATE telephone_booking SET confirmed_paise = confirmed_paise + $4"
        " WHERE case_no = $1 AND hop_no = $2 AND kind = $3",
        [(case_no, amount.hop_no, amount.kind.value, amount.paise) for amount in money],
    )
