"""Banks' answers: the updates as posted, their lines, and their discrepancies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from db.pool import Connection
from schemas.base import FrozenModel
from schemas.identifiers import reference_key
from schemas.tracing.answers import Discrepancy, Judgement, KnownLines

BOUND_LINE: Final = (
    "jsonb_build_object('line_no', line_no, 'kind', kind, 'disposition', disposition, 'hop_nos', hop_nos,"
    " 'status_code', status_code, 'amount_paise', amount_paise, 'claim_paise', claim_paise,"
    " 'applied_paise', applied_paise, 'remarks', remarks, 'raw', raw)::text || E'\\n'"
)
"""SQL of a line of an answer, with its disposition, as the case log binds it. The text must never change, because the
logs hold digests of it."""


class Given(FrozenModel):
    """The last reply to a body, and how often the body had been judged again by then."""

    reply: dict[str, int]
    said_again: int


async def reply_given(connection: Connection, institution: str, body_digest: bytes) -> Given | None:
    """Return the last reply to this body; None for a new body."""
    row = await connection.fetchrow(
        "SELECT reply, said_again FROM status_update WHERE institution = $1 AND body_digest = $2"
        " ORDER BY said_again DESC LIMIT 1",
        institution,
        body_digest,
    )
    return Given(**dict(row)) if row else None


async def known_lines(connection: Connection, case_no: str, institution: str, keys: Sequence[str]) -> KnownLines:
    """Return which of these lines this institution has sent before."""
    rows = await connection.fetch(
        "SELECT natural_key, bool_and(disposition = 'discrepancy' AND hop_nos = '{}') AS stray FROM answer"
        " WHERE case_no = $1 AND institution = $2 AND natural_key = ANY($3) AND disposition <> 'duplicate'"
        " GROUP BY natural_key",
        case_no,
        institution,
        list(keys),
    )
    return KnownLines(
        taken=frozenset(row["natural_key"] for row in rows if not row["stray"]),
        stray=frozenset(row["natural_key"] for row in rows if row["stray"]),
    )


async def insert_update(
    connection: Connection,
    institution: str,
    case_no: str,
    job_id: str,
    body_digest: bytes,
    said_again: int,
    at: datetime,
    reply: dict[str, Any],
) -> int:
    """Write an update as received, with its reply; return its id.

    The same body may be written again with a higher `said_again`.
    """
    update_id: int = await connection.fetchval(
        "INSERT INTO status_update (institution, case_no, job_id, body_digest, said_again, received_at, reply)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING update_id",
        institution,
        case_no,
        job_id,
        body_digest,
        said_again,
        at,
        reply,
    )
    return update_id


async def insert_lines(
    connection: Connection,
    update_id: int,
    case_no: str,
    institution: str,
    judgements: Sequence[Judgement],
    at: datetime,
) -> tuple[list[int], bytes]:
    """Write every line with its disposition; return the answer ids and the bound texts, in order.

    The texts are `BOUND_LINE` of all lines, joined.
    """
    rows = [
        {
            "update_id": update_id,
            "line_no": line_no,
            "case_no": case_no,
            "institution": institution,
            "natural_key": judged.claim.natural_key,
            "hop_nos": list(judged.hop_nos),
            "kind": judged.claim.kind.value,
            "disposition": judged.disposition.value,
            "status_code": judged.claim.status_code,
            "amount_paise": judged.claim.amount_paise,
            "claim_paise": judged.claim.claim_paise,
            "within_paise": judged.claim.within_paise,
            "applied_paise": judged.applied_paise,
            "remarks": judged.claim.remarks,
            "reference_key": reference_key(judged.claim.reference),
            "root_reference_key": judged.claim.root_reference_key,
            "balance_paise": judged.claim.balance_paise,
            "balance_is_free": judged.claim.balance_is_free,
            "flags": [flag.model_dump() for flag in judged.claim.flags],
            "raw": judged.claim.raw,
            "occurred_at": judged.claim.occurred_at.isoformat() if judged.claim.occurred_at else None,
        }
        for line_no, judged in enumerate(judgements, start=1)
    ]
    written = await connection.fetch(
        "INSERT INTO answer (update_id, line_no, case_no, institution, natural_key, hop_nos, kind, disposition,"
        " status_code, amount_paise, claim_paise, applied_paise, remarks, flags, raw, occurred_at, received_at,"
        " reference_key, root_reference_key, balance_paise, balance_is_free, within_paise)"
        " SELECT r.update_id, r.line_no, r.case_no, r.institution, r.natural_key, r.hop_nos, r.kind, r.disposition,"
        " r.status_code, r.amount_paise, r.claim_paise, r.applied_paise, r.remarks, r.flags, r.raw,"
        " r.occurred_at, $2, r.reference_key, r.root_reference_key, r.balance_paise, r.balance_is_free,"
        " r.within_paise"
        " FROM jsonb_populate_recordset(NULL::answer, $1::jsonb) AS r ORDER BY r.line_no"
        f" RETURNING answer_id, {BOUND_LINE} AS bound_line",
        rows,
        at,
    )
    return [row["answer_id"] for row in written], "".join(row["bound_line"] for row in written).encode()


async def insert_discrepancies(
    connection: Connection,
    case_no: str,
    institution: str,
    discrepancies: Sequence[Discrepancy],
    answer_ids: Sequence[int | None],
    at: datetime,
) -> None:
    """Write the discrepancies, each with the answer line that caused it, if there is one."""
    await connection.executemany(
        "INSERT INTO discrepancy (case_no, hop_no, answer_id, institution, kind, claimed_paise, applied_paise,"
        " opened_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        [
            (
                case_no,
                found.hop_no,
                answer_ids[found.claim_index],
                institution,
                found.kind.value,
                found.claimed_paise,
                found.applied_paise,
                at,
            )
            for found in discrepancies
        ],
    )
