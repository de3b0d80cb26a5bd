"""Money that banks report as sent back, and the lock for reading their files."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, Final

from pydantic import Field

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime

WATCH_LOCK: Final = 7_305_813_377_193_000_020
"""lock of the process that takes banks' files; only its uniqueness matters"""


class ReturnedRow(FrozenModel):
    """One transaction of a pacs.004 as stored. `returned_paise` is None where it was unreadable."""

    line_no: int
    message_id: str
    created_at: UtcDatetime | None = None
    case_no: str | None = None
    hop_no: int | None = None
    reference: str = ""
    returned_paise: int | None = None
    transfer_paise: int | None = None
    settled_on: date | None = None
    return_id: str = ""
    reason_code: str = ""
    job_id: str | None = None
    remarks: str = Field(default="", repr=False)
    unreadable: dict[str, Any] | None = Field(default=None, repr=False)


async def insert(
    connection: Connection, institution: str, body_digest: bytes, at: datetime, rows: Sequence[ReturnedRow]
) -> bool:
    """Store every line of a message; false if the same message body is stored already."""
    told = [row.model_dump(mode="json") for row in rows]
    written = await connection.fetch(
        "INSERT INTO returned_funds (institution, body_digest, received_at, line_no, message_id, created_at, case_no,"
        " hop_no, reference, returned_paise, transfer_paise, settled_on, return_id, reason_code, job_id, remarks,"
        " unreadable)"
        " SELECT $1, $2, $3, r.line_no, r.message_id, r.created_at, r.case_no, r.hop_no, r.reference,"
        " r.returned_paise, r.transfer_paise, r.settled_on, r.return_id, r.reason_code, r.job_id, r.remarks,"
        " r.unreadable FROM jsonb_to_recordset($4::jsonb) AS r (line_no integer, message_id text,"
        " created_at timestamptz, case_no text, hop_no integer, reference text, returned_paise bigint,"
        " transfer_paise bigint, settled_on date, return_id text, reason_code text, job_id text, remarks text,"
        " unreadable jsonb) ON CONFLICT DO NOTHING RETURNING line_no",
        institution,
        body_digest,
        at,
        told,
    )
    return bool(written)


async def cases_by_number(connection: Connection, institution: str, ack_nos: Sequence[str]) -> dict[str, str]:
    """Return the case of each acknowledgement number in which the institution has a part."""
    rows = await connection.fetch(
        "SELECT c.ack_no, c.case_no FROM complaint c WHERE c.ack_no = ANY($2)"
        " AND (EXISTS (SELECT FROM hop h WHERE h.case_no = c.case_no AND h.institution = $1)"
        " OR EXISTS (SELECT FROM hold_request r WHERE r.case_no = c.case_no AND r.institution = $1))",
        institution,
        list(ack_nos),
    )
    return {row["ack_no"]: row["case_no"] for row in rows}


async def hops_in_cases(
    connection: Connection, institution: str, case_nos: Sequence[str], reference_keys: Sequence[str]
) -> dict[tuple[str, str], int]:
    """Return the institution's hop in each of these cases with each of these references, the first of several."""
    rows = await connection.fetch(
        "SELECT case_no, reference_key, min(hop_no) AS hop_no FROM hop"
        " WHERE case_no = ANY($2) AND institution = $1 AND reference_key = ANY($3) GROUP BY case_no, reference_key",
        institution,
        list(case_nos),
        list(reference_keys),
    )
    return {(row["case_no"], row["reference_key"]): row["hop_no"] for row in rows}


class RegisteredTransfer(FrozenModel):
    """The hop under which a transfer is registered, and the amount of the whole transfer."""

    case_no: str
    hop_no: int
    amount_paise: int


async def hops_by_transfer(
    connection: Connection, institution: str, transfer_keys: Sequence[str]
) -> dict[str, RegisteredTransfer]:
    """Return the case and hop under which each of these transfers to the institution is registered."""
    rows = await connection.fetch(
        "SELECT t.transfer_key, t.case_no, t.hop_no, h.amount_paise FROM disputed_transfer t"
        " JOIN hop h USING (case_no, hop_no)"
        " WHERE t.transfer_key = ANY($2) AND h.institution = $1",
        institution,
        list(transfer_keys),
    )
    return {row.pop("transfer_key"): RegisteredTransfer(**row) for row in map(dict, rows)}
