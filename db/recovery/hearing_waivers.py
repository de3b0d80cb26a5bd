"""Waivers of the time to object: each has the document of one account holder."""

from datetime import datetime
from uuid import UUID

from db.pool import Connection
from db.privacy.sealed import SealedDocument
from db.rows import Rows
from schemas.base import FrozenModel, UtcDatetime
from schemas.restoration_enums import Step


class WaiverRow(FrozenModel):
    """A waiver of one visit of the holder's notice, without its document."""

    hold_id: UUID
    contradict_until: UtcDatetime


async def insert_waiver(
    connection: Connection,
    restoration_id: UUID,
    visit_no: int,
    hold_id: UUID,
    document: SealedDocument,
    reason: str,
    by: str,
    at: datetime,
    contradict_until: datetime,
) -> str | None:
    """Write a waiver; return the digest of its document, or None if the holder's waiver is there already.

    The database refuses a waiver of a holder without a notice.
    """
    digest: str | None = await connection.fetchval(
        "INSERT INTO hearing_waiver (restoration_id, visit_no, hold_id, document_digest, person_id,"
        " sealed_document, reason, recorded_by, recorded_at, contradict_until)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT DO NOTHING RETURNING encode(document_digest, 'hex')",
        restoration_id,
        visit_no,
        hold_id,
        document.sealed.digest,
        document.key.person_id,
        document.sealed.sealed,
        reason,
        by,
        at,
        contradict_until,
    )
    return digest


async def of_visit(connection: Connection, restoration_id: UUID, visit_no: int) -> list[WaiverRow]:
    """Return the waivers of one visit of the holder's notice."""
    return await Rows(connection, WaiverRow).many(
        "SELECT hold_id, contradict_until FROM hearing_waiver WHERE restoration_id = $1 AND visit_no = $2"
        " ORDER BY hold_id",
        restoration_id,
        visit_no,
    )


async def is_served(connection: Connection, restoration_id: UUID, visit_no: int, hold_id: UUID) -> bool:
    """Return whether the holder of a hold has the notice of this visit."""
    served: bool = await connection.fetchval(
        "SELECT EXISTS (SELECT FROM due_document WHERE restoration_id = $1 AND step = $2 AND visit_no = $3"
        " AND subject = $4 AND state IN ('issued', 'served'))",
        restoration_id,
        Step.HOLDER_NOTICE.value,
        visit_no,
        str(hold_id),
    )
    return served


async def end_by(connection: Connection, restoration_id: UUID, until: datetime, at: datetime) -> None:
    """Make the open step due at `until`, if it is due later.

    No officer is reminded of it any more, because the time of the reminder may be past.
    """
    await connection.execute(
        "UPDATE restoration_step SET due_at = least(due_at, $2), reminded_at = coalesce(reminded_at, $3)"
        " WHERE restoration_id = $1 AND ended_at IS NULL",
        restoration_id,
        until,
        at,
    )
