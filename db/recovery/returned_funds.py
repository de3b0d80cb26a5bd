"""Money that banks report as sent back, and the lock for reading their files."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from pydantic import Field

from db.pool import Connection
from db.privacy.body_keys import BodyKey
from db.privacy.person_keys import StoredText, stored_text
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


@dataclass(frozen=True, slots=True)
class SealedLine:
    """A line that could not be read, as it is written."""

    line_no: int
    key: BodyKey
    sealed: bytes = field(repr=False)


async def insert(
    connection: Connection,
    institution: str,
    body_digest: bytes,
    at: datetime,
    rows: Sequence[ReturnedRow],
    sealed: Sequence[SealedLine],
) -> bool:
    """Store every line of a message; false if the same message body is stored already.

    `sealed` has what could not be read.
    """
    told = [row.model_dump(mode="json", exclude={"unreadable"}) for row in rows]
    written = await connection.fetch(
        "INSERT INTO returned_funds (institution, body_digest, received_at, line_no, message_id, created_at, case_no,"
        " hop_no, reference, returned_paise, transfer_paise, settled_on, return_id, reason_code, job_id, remarks,"
        " person_id, sealed_unreadable)"
        " SELECT $1, $2, $3, r.line_no, r.message_id, r.created_at, r.case_no, r.hop_no, r.reference,"
        " r.returned_paise, r.transfer_paise, r.settled_on, r.return_id, r.reason_code, r.job_id, r.remarks,"
        " s.person_id, s.sealed"
        " FROM jsonb_to_recordset($4::jsonb) AS r (line_no integer, message_id text,"
        " created_at timestamptz, case_no text, hop_no integer, reference text, returned_paise bigint,"
        " transfer_paise bigint, settled_on date, return_id text, reason_code text, job_id text, remarks text)"
        " LEFT JOIN unnest($5::integer[], $6::uuid[], $7::bytea[])"
        " AS s (line_no, person_id, sealed) USING (line_no) ON CONFLICT DO NOTHING RETURNING line_no",
        institution,
        body_digest,
        at,
        told,
        [line.line_no for line in sealed],
        [line.key.person_id for line in sealed],
        [line.sealed for line in sealed],
    )
    return bool(written)


def stored_unreadable(row: str) -> str:
    """Return SQL for what could not be read of row `row`, as JSON text, in the form of `StoredText`."""
    use = f"'unreadable ' || encode({row}.body_digest, 'hex') || ' ' || {row}.line_no"
    return stored_text(row, "sealed_unreadable", use)


async def unreadable_of_case(connection: Connection, case_no: str) -> dict[int, StoredText]:
    """Return what could not be read of the lines of a case, by the numbers of the lines."""
    rows = await connection.fetch(
        f"SELECT r.returned_id, {stored_unreadable('r')} AS unreadable FROM returned_funds r"
        " WHERE r.case_no = $1 AND r.sealed_unreadable IS NOT NULL",
        case_no,
    )
    return {row["returned_id"]: StoredText(**row["unreadable"]) for row in rows}


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
