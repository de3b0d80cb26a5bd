"""Officers of a case, and its first information reports."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from db.case.ledger import NOT_PROPOSED
from db.outgoing import OutgoingKind
from db.pool import Connection
from db.privacy.body_keys import FIR_COPY, OpensBody, SealedDocument, opened_document, stored_columns
from db.privacy.person_keys import StoredPerson, stored
from db.rows import Rows
from domain.errors.case import CaseNotFound
from domain.errors.restoration import FirCopyNotFound, FirNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.case.police import CaseOfficer, Fir, NewOfficer
from schemas.restoration_enums import CaseDuty, FirKind

MAX_TRANSFERS: Final = 100
"""transfers of a complaint that a report names, the largest first"""

# -- officers ----------------------------------------------------------------------------------------------------------

_OFFICER = ", ".join(CaseOfficer.model_fields)


async def assign(connection: Connection, case_no: str, new: NewOfficer, by: str, at: datetime) -> CaseOfficer:
    """Write which officer has a duty in the case from now on. The caller has locked the case's row."""
    return await Rows(connection, CaseOfficer).one(
        "INSERT INTO case_officer (case_no, duty, assignment_no, subject, name, rank, police_station, district, phone,"
        " email, assigned_by, assigned_at) SELECT $1, $2, 1 + coalesce(max(assignment_no), 0), $3, $4, $5, $6, $7, $8,"
        f" $9, $10, $11 FROM case_officer WHERE case_no = $1 AND duty = $2 RETURNING {_OFFICER}",
        case_no,
        new.duty.value,
        new.subject,
        new.name,
        new.rank,
        new.police_station,
        new.district,
        new.phone,
        new.email or "",
        by,
        at,
    )


async def officers(connection: Connection, case_no: str) -> tuple[CaseOfficer, ...]:
    """Return every officer ever assigned, by duty, the newest first."""
    rows = await connection.fetch(
        f"SELECT {_OFFICER} FROM case_officer WHERE case_no = $1 ORDER BY duty, assignment_no DESC", case_no
    )
    return tuple(CaseOfficer.model_validate(dict(row)) for row in rows)


async def officer(connection: Connection, case_no: str, duty: CaseDuty) -> CaseOfficer | None:
    """Return the officer who has this duty now, or None."""
    return await Rows(connection, CaseOfficer).first(
        f"SELECT {_OFFICER} FROM case_officer WHERE case_no = $1 AND duty = $2 ORDER BY assignment_no DESC LIMIT 1",
        case_no,
        duty.value,
    )


# -- first information reports -----------------------------------------------------------------------------------------

_FIR = ", ".join(f"f.{name}" for name in Fir.model_fields if name not in {"attempts", "failure", "document_digest"})
_SELECT = f"""
SELECT {_FIR}, encode(f.document_digest, 'hex') AS document_digest, coalesce(o.attempts, 0) AS attempts,
    CASE WHEN f.state = 'requested' THEN o.failure ELSE '' END AS failure
FROM fir f LEFT JOIN outgoing o ON o.kind = '{OutgoingKind.FIR}' AND o.subject = f.fir_id::text
"""


def _fir(row: Any) -> Fir:
    return Fir.model_validate(dict(row))


async def firs(connection: Connection, case_no: str) -> tuple[Fir, ...]:
    """Return every report of the case, the newest first."""
    rows = await connection.fetch(f"{_SELECT} WHERE f.case_no = $1 ORDER BY f.requested_at DESC, f.fir_id", case_no)
    return tuple(_fir(row) for row in rows)


async def live_fir(connection: Connection, case_no: str) -> Fir | None:
    """Return the report that is requested, registered or signed, or None.

    A case has one at most. The caller has locked the case's row.
    """
    row = await connection.fetchrow(
        f"{_SELECT} WHERE f.case_no = $1 AND f.state IN ('requested', 'registered', 'signed')", case_no
    )
    return _fir(row) if row else None


async def fir(connection: Connection, case_no: str, fir_id: UUID) -> Fir:
    """Return one report of the case. Raises `NotFound`."""
    row = await connection.fetchrow(f"{_SELECT} WHERE f.case_no = $1 AND f.fir_id = $2", case_no, fir_id)
    if row is None:
        raise FirNotFound(fir_id)
    return _fir(row)


async def ask_if_large(
    connection: Connection, case_no: str, from_paise: int, sections: Sequence[str], at: datetime
) -> tuple[UUID, int] | None:
    """Request an e-Zero FIR for a case with a loss of `from_paise` or more and no report yet.

    Returns its id and the loss, or None.
    """
    row = await connection.fetchrow(
        "INSERT INTO fir (fir_id, case_no, kind, state, sections, requested_at, requested_by)"
        " SELECT $1, $2, 'e_zero_fir', 'requested', $4, $5, 'engine'"
        " WHERE $3 <= (SELECT -sum(balance_paise) FROM ledger_balance WHERE case_no = $2 AND bucket = 'lost')"
        " AND NOT EXISTS (SELECT FROM fir WHERE case_no = $2) RETURNING fir_id, (SELECT -sum(balance_paise)"
        " FROM ledger_balance WHERE case_no = $2 AND bucket = 'lost')::bigint AS loss_paise",
        uuid4(),
        case_no,
        from_paise,
        list(sections),
        at,
    )
    return (row["fir_id"], row["loss_paise"]) if row else None


async def ask(
    connection: Connection, case_no: str, kind: FirKind, sections: Sequence[str], by: str, at: datetime
) -> Fir:
    """Request a report. The caller has locked the case's row, and the case has no live report."""
    await connection.execute(
        "INSERT INTO fir (fir_id, case_no, kind, state, sections, requested_at, requested_by)"
        " VALUES ($1, $2, $3, 'requested', $4, $5, $6)",
        fir_id := uuid4(),
        case_no,
        kind.value,
        list(sections),
        at,
        by,
    )
    return await fir(connection, case_no, fir_id)


async def registered(
    connection: Connection,
    fir_id: UUID,
    fir_no: str,
    police_station: str,
    registered_at: datetime,
    sign_by: datetime | None,
    *,
    kind: FirKind | None = None,
    sections: Sequence[str] = (),
) -> bool:
    """Write the number of a registered report; false if it is no longer requested.

    An officer may state `kind` and `sections`.
    """
    done = await connection.fetchval(
        "UPDATE fir SET state = 'registered', fir_no = $2, police_station = $3, registered_at = $4, sign_by = $5,"
        " kind = coalesce($6, kind), sections = CASE WHEN cardinality($7::text[]) > 0 THEN $7 ELSE sections END"
        " WHERE fir_id = $1 AND state = 'requested' RETURNING true",
        fir_id,
        fir_no,
        police_station,
        registered_at,
        sign_by,
        kind.value if kind else None,
        list(sections),
    )
    return bool(done)


async def put_copy(connection: Connection, fir_id: UUID, copy: SealedDocument) -> None:
    """Store a copy of the report.

    Notices carry the newest copy, and every earlier copy is kept (`fir_copy`).
    """
    await connection.execute(
        "WITH kept AS (INSERT INTO fir_copy (case_no, digest, fir_id, person_id, sealed)"
        " SELECT case_no, $2, fir_id, $3, $4 FROM fir WHERE fir_id = $1 ON CONFLICT DO NOTHING)"
        " UPDATE fir SET document_digest = $2 WHERE fir_id = $1",
        fir_id,
        copy.sealed.digest,
        copy.key.person_id,
        copy.sealed.sealed,
    )


async def fir_copy(connection: Connection, case_no: str, fir_id: UUID, opens: OpensBody) -> bytes:
    """Return the newest copy of the report, a PDF. Raises `NotFound` if there is none."""
    row = await connection.fetchrow(
        f"SELECT c.digest AS digest_bytes, {stored_columns('c', 'sealed')} FROM fir f"
        " JOIN fir_copy c ON c.case_no = f.case_no AND c.digest = f.document_digest"
        " WHERE f.case_no = $1 AND f.fir_id = $2",
        case_no,
        fir_id,
    )
    if row is None:
        raise FirCopyNotFound(fir_id)
    return opened_document(row, opens, FIR_COPY, fir_id)


async def refused(connection: Connection, fir_id: UUID, refusal: str) -> bool:
    """Write that the register refuses the report; false if it is no longer requested."""
    done = await connection.fetchval(
        "UPDATE fir SET state = 'refused', refusal = $2 WHERE fir_id = $1 AND state = 'requested' RETURNING true",
        fir_id,
        refusal,
    )
    return bool(done)


async def cancel(connection: Connection, fir_id: UUID) -> None:
    """Cancel the request to the register."""
    await connection.execute("UPDATE fir SET state = 'cancelled' WHERE fir_id = $1 AND state = 'requested'", fir_id)


async def signed(connection: Connection, fir_id: UUID, at: datetime) -> None:
    """Write that the complainant has signed the report."""
    await connection.execute(
        "UPDATE fir SET state = 'signed', signed_at = $2 WHERE fir_id = $1 AND state IN ('registered', 'lapsed')",
        fir_id,
        at,
    )


async def lapse(connection: Connection, case_no: str) -> UUID | None:
    """Mark the case's unsigned e-Zero FIR as lapsed; return its id or None."""
    fir_id: UUID | None = await connection.fetchval(
        "UPDATE fir SET state = 'lapsed' WHERE case_no = $1 AND state = 'registered' AND kind = 'e_zero_fir'"
        " RETURNING fir_id",
        case_no,
    )
    return fir_id


# -- requests to the register ------------------------------------------------------------------------------------------


class ToRegister(FrozenModel):
    """A report to request from the register now."""

    fir_id: UUID
    case_no: str
    kind: FirKind
    sections: tuple[str, ...]


async def to_register(connection: Connection, fir_ids: Sequence[str]) -> dict[str, ToRegister]:
    """Return the reports that are requested still."""
    rows = await connection.fetch(
        "SELECT fir_id, case_no, kind, sections FROM fir WHERE fir_id = ANY($1) AND state = 'requested'", fir_ids
    )
    return {str(row["fir_id"]): ToRegister(**dict(row)) for row in rows}


class LostBy(FrozenModel):
    """A transfer of the victim, as a report names it."""

    reference: str
    amount_paise: int
    at: UtcDatetime
    to_institution: str


class ReportFacts(FrozenModel):
    """The facts of a report, with the sealed data of who complained."""

    category: str
    received_at: UtcDatetime
    complainant: StoredPerson
    district: str
    loss_paise: int
    transfers: tuple[LostBy, ...]


async def report_facts(connection: Connection, case_no: str) -> ReportFacts:
    """Return the case's first complaint and the loss of all its victims. Raises `NotFound`."""
    head = await connection.fetchrow(
        f"SELECT c.category, c.received_at, {stored('v')} AS complainant, v.district, (SELECT -sum(balance_paise)"
        " FROM ledger_balance WHERE case_no = $1 AND bucket = 'lost')::bigint AS loss_paise"
        " FROM complaint c JOIN victim v USING (victim_id) WHERE c.case_no = $1"
        " ORDER BY c.received_at, c.ack_no LIMIT 1",
        case_no,
    )
    if head is None:
        raise CaseNotFound(case_no)
    rows = await connection.fetch(
        "SELECT reference, disputed_paise AS amount_paise, transferred_at AS at,"
        " coalesce(institution, payee_institution_as_told) AS to_institution FROM hop h"
        f" WHERE case_no = $1 AND parent_hop_no IS NULL AND {NOT_PROPOSED}"
        " ORDER BY disputed_paise DESC, hop_no LIMIT $2",
        case_no,
        MAX_TRANSFERS,
    )
    return ReportFacts(**dict(head), transfers=tuple(LostBy(**dict(row)) for row in rows))


# -- notifications ----------------------------------------------------------------------------------------------------
