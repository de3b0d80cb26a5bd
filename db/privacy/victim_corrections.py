"""Corrections of the personal data of victims, sealed as the data are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from db import proposals
from db.pool import Connection
from db.privacy.person_keys import StoredPerson, stored
from db.proofs import victim_contact_since
from db.proposals import Kind
from domain.errors.case import ComplaintNotFound
from domain.errors.people import VictimCorrectionNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.privacy.personal_data import CorrectionDecision

MOST_SHOWN: Final = 100


class CorrectionRow(FrozenModel):
    """A correction as it is read, with its sealed values in hexadecimal and the key that opens them."""

    correction_id: int
    ack_no: str
    victim_id: int
    fields: tuple[str, ...]
    before: str
    after: str
    reason: str
    person: StoredPerson
    """the victim as of now"""
    proposed_by: str
    proposed_at: UtcDatetime
    decision: CorrectionDecision | None
    decided_by: str | None
    decided_at: UtcDatetime | None

    def person_before(self) -> StoredPerson:
        """Return the victim with the data of before."""
        return self.person.model_copy(update={"sealed": self.before})

    def person_after(self) -> StoredPerson:
        """Return the victim with the proposed data."""
        return self.person.model_copy(update={"sealed": self.after})


async def lock_victim(connection: Connection, ack_no: str) -> tuple[int, StoredPerson]:
    """Lock and return the victim of a complaint: complaints of several cases may have the same one."""
    row = await connection.fetchrow(
        f"SELECT v.victim_id, {stored('v')} AS person FROM complaint c JOIN victim v USING (victim_id)"
        " WHERE c.ack_no = $1 FOR UPDATE OF v",
        ack_no,
    )
    if row is None:
        raise ComplaintNotFound(ack_no)
    return row["victim_id"], StoredPerson(**row["person"])


async def proposed(connection: Connection, victim_id: int) -> int | None:
    """Return the correction of the victim that is not decided, or None."""
    waiting = await proposals.open_of(connection, Kind.VICTIM_CORRECTION, str(victim_id))
    return waiting.proposal_id if waiting else None


_CORRECTION: Final = f"""
SELECT c.proposal_id AS correction_id, c.ack_no, c.victim_id, c.body -> 'fields' AS fields,
    c.body ->> 'before' AS before, c.body ->> 'after' AS after, c.body ->> 'reason' AS reason, {stored("v")} AS person,
    c.proposed_by, c.proposed_at, CASE c.decision WHEN 'refused' THEN 'rejected' ELSE c.decision END AS decision,
    c.decided_by, c.decided_at
FROM proposal c JOIN victim v ON c.kind = 'victim_correction' AND c.subject = v.victim_id::text
"""


async def get(connection: Connection, ack_no: str, correction_id: int) -> CorrectionRow:
    """Return one correction of a complaint's victim. Raises `NotFound`."""
    row = await connection.fetchrow(f"{_CORRECTION} WHERE c.ack_no = $1 AND c.proposal_id = $2", ack_no, correction_id)
    if row is None:
        raise VictimCorrectionNotFound(ack_no, correction_id)
    return CorrectionRow(**dict(row))


async def of_complaint(connection: Connection, ack_no: str) -> list[CorrectionRow]:
    """Return the corrections of a complaint's victim, the newest first."""
    rows = await connection.fetch(
        f"{_CORRECTION} WHERE v.victim_id = (SELECT victim_id FROM complaint WHERE ack_no = $1)"
        " ORDER BY c.proposal_id DESC LIMIT $2",
        ack_no,
        MOST_SHOWN,
    )
    return [CorrectionRow(**dict(row)) for row in rows]


async def first_told(connection: Connection, ack_no: str) -> StoredPerson | None:
    """Return the victim as the complaint told first, or None if the data were never corrected."""
    row = await connection.fetchrow(
        f"{_CORRECTION} WHERE v.victim_id = (SELECT victim_id FROM complaint WHERE ack_no = $1)"
        " AND c.decision = 'agreed' ORDER BY c.decided_at, c.proposal_id LIMIT 1",
        ack_no,
    )
    return CorrectionRow(**dict(row)).person_before() if row else None


async def contact_corrected_at(connection: Connection, ack_no: str) -> datetime | None:
    """Return when officers corrected the mobile or e-mail of a victim last; None for never."""
    at: datetime | None = await connection.fetchval(f"SELECT {victim_contact_since('$1')}", ack_no)
    return at


async def apply(connection: Connection, correction: CorrectionRow, terms: Sequence[bytes], terms_key: bytes) -> None:
    """Write the data of an agreed correction, with the digests of the search terms."""
    await connection.execute(
        "UPDATE victim SET sealed = $2, terms = $3, terms_key = $4 WHERE victim_id = $1",
        correction.victim_id,
        bytes.fromhex(correction.after),
        list(terms),
        terms_key,
    )
