"""Inquiries to institutions: which liens do you hold for us?"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from asyncpg import Record

from db.pool import Connection
from domain.errors.banks import LienInquiryNotFound
from schemas.base import FrozenModel
from schemas.enums import ListWay
from schemas.gateway.liens import Inquiry, InquiryOutcome

_COLUMNS: Final = "inquiry_id, institution, asked_at, asked_by, due_at, way, put_at, outcome, closed_at"

# A lien newer than the slot waits for the next one, so that a bank is not asked in the middle of its first hold. An
# institution with an open difference is asked too, even with nothing on hold, so that a later list can settle it.
_HAS_LIENS: Final = """
SELECT EXISTS (
    SELECT FROM hop h JOIN ledger_balance b ON b.case_no = h.case_no AND b.hop_no = h.hop_no AND b.bucket = 'held'
    WHERE h.institution = $1 AND b.balance_paise > 0 AND h.opened_at < $2
) OR EXISTS (
    SELECT FROM desk_task WHERE institution = $1 AND case_no IS NULL AND kind = 'reconcile' AND state = 'open'
)
"""


class UnsentInquiry(FrozenModel):
    """An inquiry that is written and not sent yet."""

    inquiry_id: UUID
    institution: str


class Overdue(FrozenModel):
    """An open inquiry without a list, of which the desk or the supervisor is to be told."""

    inquiry_id: UUID
    institution: str
    desk: bool
    supervisor: bool


async def not_looked_at(
    connection: Connection, slots: Mapping[str, datetime], skip: Sequence[str], limit: int
) -> list[str]:
    """Return these institutions not checked in their slot yet, the longest waiting first.

    `slots` has the current slot of each institution. Leaves out those in `skip`.
    """
    rows = await connection.fetch(
        "SELECT t.code FROM unnest($1::text[], $2::timestamptz[]) AS t (code, slot_at)"
        " LEFT JOIN lien_round w ON w.institution = t.code"
        " WHERE (w.slot_at IS NULL OR w.slot_at < t.slot_at) AND t.code <> ALL($3) ORDER BY t.slot_at, t.code LIMIT $4",
        list(slots),
        list(slots.values()),
        list(skip),
        limit,
    )
    return [row["code"] for row in rows]


async def looked_at(connection: Connection, institution: str, slot_at: datetime) -> None:
    """Write that the institution was checked in its slot."""
    await connection.execute(
        "INSERT INTO lien_round (institution, slot_at) VALUES ($1, $2)"
        " ON CONFLICT (institution) DO UPDATE SET slot_at = EXCLUDED.slot_at",
        institution,
        slot_at,
    )


async def has_liens(connection: Connection, institution: str, before: datetime) -> bool:
    """Return whether transfers known before then are on hold there, or a list still differs."""
    exists: bool = await connection.fetchval(_HAS_LIENS, institution, before)
    return exists


async def write(connection: Connection, inquiry: Inquiry, *, supervisor_at: datetime) -> None:
    """Write an inquiry; an open one is closed as unanswered. The institution is locked.

    An inquiry with a known id is not written again.
    """
    code, this = inquiry.institution, inquiry.inquiry_id
    await close_open(connection, code, InquiryOutcome.UNANSWERED, inquiry.asked_at, except_for=this)
    await connection.execute(
        "INSERT INTO lien_inquiry (inquiry_id, institution, asked_at, asked_by, due_at, supervisor_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (inquiry_id) DO NOTHING",
        inquiry.inquiry_id,
        inquiry.institution,
        inquiry.asked_at,
        inquiry.asked_by,
        inquiry.due_at,
        supervisor_at,
    )


async def take_unput(connection: Connection, now: datetime, limit: int) -> list[UnsentInquiry]:
    """Take open inquiries that are not sent yet: first those never tried, then those whose last try is oldest."""
    rows = await connection.fetch(
        "UPDATE lien_inquiry SET tried_at = $1 WHERE inquiry_id IN (SELECT inquiry_id FROM lien_inquiry"
        "  WHERE closed_at IS NULL AND put_at IS NULL ORDER BY tried_at NULLS FIRST, asked_at, inquiry_id LIMIT $2)"
        " RETURNING inquiry_id, institution, asked_at",
        now,
        limit,
    )
    oldest = sorted(rows, key=lambda row: (row["asked_at"], row["inquiry_id"]))
    return [UnsentInquiry(inquiry_id=row["inquiry_id"], institution=row["institution"]) for row in oldest]


async def put(connection: Connection, inquiry_id: UUID, way: ListWay, at: datetime, *, desk_told: bool) -> bool:
    """Write how an inquiry was sent; false if that is written already, or the inquiry is closed."""
    written = await connection.fetchval(
        "UPDATE lien_inquiry SET way = $2, put_at = $3, desk_told_at = CASE WHEN $4 THEN $3 ELSE desk_told_at END"
        " WHERE inquiry_id = $1 AND put_at IS NULL AND closed_at IS NULL RETURNING true",
        inquiry_id,
        way.value,
        at,
        desk_told,
    )
    return written is True


async def overdue(connection: Connection, now: datetime, skip: Sequence[UUID], limit: int) -> list[Overdue]:
    """Return open inquiries of which the desk or supervisor is now to be told, the longest due first.

    Leaves out those in `skip`.
    """
    rows = await connection.fetch(
        "SELECT * FROM (SELECT inquiry_id, institution, due_at, desk_told_at IS NULL AS desk,"
        "   supervisor_at <= $1 AND supervisor_told_at IS NULL AS supervisor"
        " FROM lien_inquiry WHERE closed_at IS NULL AND due_at <= $1) AS due"
        " WHERE (desk OR supervisor) AND inquiry_id <> ALL($2) ORDER BY due_at, inquiry_id LIMIT $3",
        now,
        list(skip),
        limit,
    )
    return [Overdue(**{name: row[name] for name in Overdue.model_fields}) for row in rows]


async def told(connection: Connection, late_inquiry: Overdue, at: datetime) -> bool:
    """Write who was told; false if the inquiry is closed."""
    noted = await connection.fetchval(
        "UPDATE lien_inquiry SET desk_told_at = CASE WHEN $2 THEN $4 ELSE desk_told_at END,"
        " supervisor_told_at = CASE WHEN $3 THEN $4 ELSE supervisor_told_at END"
        " WHERE inquiry_id = $1 AND closed_at IS NULL RETURNING true",
        late_inquiry.inquiry_id,
        late_inquiry.desk,
        late_inquiry.supervisor,
        at,
    )
    return noted is True


async def open_of(connection: Connection, institution: str) -> Inquiry | None:
    """Return the institution's open inquiry, or None."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM lien_inquiry WHERE institution = $1 AND closed_at IS NULL", institution
    )
    return None if row is None else _inquiry(row)


async def get(connection: Connection, institution: str, inquiry_id: UUID) -> Inquiry:
    """Return one inquiry to that institution. Raises `NotFound`, also for another institution's."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM lien_inquiry WHERE inquiry_id = $1 AND institution = $2", inquiry_id, institution
    )
    if row is None:
        raise LienInquiryNotFound(inquiry_id)
    return _inquiry(row)


async def close_open(
    connection: Connection, institution: str, outcome: InquiryOutcome, at: datetime, *, except_for: UUID | None = None
) -> None:
    """Close the institution's open inquiry, except `except_for`."""
    await connection.execute(
        "UPDATE lien_inquiry SET outcome = $2, closed_at = $3"
        " WHERE institution = $1 AND closed_at IS NULL AND inquiry_id IS DISTINCT FROM $4",
        institution,
        outcome.value,
        at,
        except_for,
    )


def _inquiry(row: Record) -> Inquiry:
    return Inquiry(**dict(row))
