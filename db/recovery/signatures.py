"""Signatures of victims by code under their applications."""

from uuid import UUID

from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.recovery.document_facts import SignatureFacts
from schemas.recovery.restorations import ApplicationSignature
from schemas.restoration_enums import AddressClass


class OpenApplication(FrozenModel):
    """The application of the open step of a restoration, as it is issued in the victim's language."""

    document_id: UUID
    restoration_id: UUID
    visit_no: int
    number: str
    digest: str


async def open_application(connection: Connection, ack_no: str) -> OpenApplication | None:
    """Return the application of a complaint that can be signed now, or None."""
    row = await connection.fetchrow(
        "SELECT d.document_id, r.restoration_id, r.visit_no, d.number, encode(d.digest, 'hex') AS digest"
        " FROM restoration r JOIN complaint c USING (ack_no) JOIN victim v USING (victim_id)"
        " JOIN document d ON d.restoration_id = r.restoration_id AND d.kind = 'restoration_application'"
        "  AND d.revision = r.visit_no AND d.language = v.language"
        " WHERE r.ack_no = $1 AND r.state = 'open' AND r.step = 'application' ORDER BY r.round_no LIMIT 1",
        ack_no,
    )
    return OpenApplication(**dict(row)) if row else None


class NewSignature(FrozenModel):
    """A signature as it is written."""

    ack_no: str
    code_id: UUID
    mobile_end: str
    address_class: AddressClass
    signed_at: UtcDatetime


async def insert(connection: Connection, application: OpenApplication, new: NewSignature) -> None:
    """Write the signature under an application. The database refuses one without its code."""
    await connection.execute(
        "INSERT INTO application_signature (document_id, restoration_id, visit_no, ack_no, digest, code_id, mobile_end,"
        " address_class, signed_at) VALUES ($1, $2, $3, $4, decode($5, 'hex'), $6, $7, $8, $9)",
        application.document_id,
        application.restoration_id,
        application.visit_no,
        new.ack_no,
        application.digest,
        new.code_id,
        new.mobile_end,
        new.address_class.value,
        new.signed_at,
    )


class Signed(FrozenModel):
    """A signed application, and its signature."""

    restoration_id: UUID
    ack_no: str
    case_no: str
    facts: SignatureFacts


async def of_document(connection: Connection, document_id: UUID) -> Signed | None:
    """Return the signature under an application, or None."""
    row = await connection.fetchrow(
        "SELECT s.restoration_id, s.ack_no, c.case_no, s.signed_at, d.number, encode(s.digest, 'hex') AS digest,"
        " s.mobile_end, s.address_class FROM application_signature s JOIN document d USING (document_id)"
        " JOIN complaint c ON c.ack_no = s.ack_no WHERE s.document_id = $1",
        document_id,
    )
    if row is None:
        return None
    facts = SignatureFacts(
        signed_at=row["signed_at"],
        application_number=row["number"],
        application_digest=row["digest"],
        mobile_end=row["mobile_end"],
        address_class=row["address_class"],
    )
    return Signed(restoration_id=row["restoration_id"], ack_no=row["ack_no"], case_no=row["case_no"], facts=facts)


async def of_restoration(connection: Connection, restoration_id: UUID) -> tuple[ApplicationSignature, ...]:
    """Return the signatures by code of a restoration, by visit of the step."""
    rows = await connection.fetch(
        "SELECT s.visit_no, s.signed_at, s.document_id, d.number, encode(s.digest, 'hex') AS digest, s.mobile_end,"
        " s.address_class FROM application_signature s JOIN document d USING (document_id)"
        " WHERE s.restoration_id = $1 ORDER BY s.visit_no",
        restoration_id,
    )
    return tuple(ApplicationSignature(**dict(row)) for row in rows)
