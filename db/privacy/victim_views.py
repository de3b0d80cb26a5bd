"""The victim of a complaint with what its complaint says of the person."""

from typing import Final

from db.pool import Connection
from db.privacy.jurisdiction import is_marked
from db.privacy.person_keys import StoredPerson, stored
from db.rows import Rows
from domain.errors.case import ComplaintNotFound
from schemas.base import FrozenModel
from schemas.enums import Language

OTHERS_SHOWN_MAX: Final = 500


class VictimRow(FrozenModel):
    """A victim as it is read, with the sealed data."""

    ack_no: str
    case_no: str
    other_ack_nos: tuple[str, ...]
    person: StoredPerson
    open_correction_id: int | None
    district: str
    district_as_told: str
    language: Language
    woman: bool
    child: bool
    senior: bool
    marked: bool


_VICTIM: Final = f"""
SELECT c.ack_no, c.case_no, {stored("v")} AS person, v.district, v.district_as_told, v.language, v.woman, v.child,
    v.senior, {is_marked("c.case_no")} AS marked,
    ARRAY(SELECT o.ack_no FROM complaint o WHERE o.case_no = c.case_no AND o.ack_no <> c.ack_no
          ORDER BY o.received_at, o.ack_no LIMIT $2) AS other_ack_nos,
    (SELECT r.proposal_id FROM proposal r WHERE r.kind = 'victim_correction' AND r.subject = v.victim_id::text
          AND r.decision IS NULL)
        AS open_correction_id
FROM complaint c JOIN victim v USING (victim_id) WHERE c.ack_no = $1
"""


async def of_complaint(connection: Connection, ack_no: str) -> VictimRow:
    """Return the victim of a complaint. Raises `NotFound`."""
    return await Rows(connection, VictimRow).one(_VICTIM, ack_no, OTHERS_SHOWN_MAX, missing=ComplaintNotFound(ack_no))
