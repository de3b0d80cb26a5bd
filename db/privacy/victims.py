"""Victims and holders: who they are, and how they are reached."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import Field

from db.pool import Connection
from db.privacy.body_keys import stored_line
from db.privacy.jurisdiction import is_marked
from db.privacy.person_keys import (
    PersonKey,
    SealedText,
    StoredPerson,
    StoredText,
    insert_key_of_hold,
    key,
    key_of_hold,
    stored,
    wrapped_key,
)
from db.rows import Rows
from domain.errors.case import ComplaintNotFound
from domain.errors.recovery import HoldNotFound
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import Language
from schemas.privacy.personal_data import Known, Reach, ReachWay

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


class StoredReach(FrozenModel):
    """How a victim can be reached, with the sealed person who complained for the victim."""

    reach_no: int
    way: ReachWay | None
    from_hour: int | None
    to_hour: int | None
    is_quiet: Known
    wants_woman_officer: Known
    key: PersonKey | None
    sealed: str | None
    told_at: UtcDatetime

    @property
    def reach(self) -> Reach:
        """Return the part that is not sealed."""
        return Reach.model_validate(self.model_dump(include={*Reach.model_fields}))


_NEWEST: Final = f"""
SELECT r.reach_no, r.way, r.from_hour, r.to_hour, r.is_quiet, r.wants_woman_officer,
    {key("r.person_id")} AS key, encode(r.sealed, 'hex') AS sealed, r.told_at
FROM complaint_reach r WHERE r.ack_no = $1 ORDER BY r.reach_no DESC LIMIT 1
"""


async def newest(connection: Connection, ack_no: str) -> StoredReach | None:
    """Return the newest statement of a complaint, or None if it makes none."""
    return await Rows(connection, StoredReach).first(_NEWEST, ack_no)


async def add(
    connection: Connection,
    ack_no: str,
    reach_no: int,
    reach: Reach,
    person_id: UUID | None,
    sealed: bytes | None,
    at: datetime,
    by: str,
) -> None:
    """Write how a victim can be reached, beside what was told before."""
    await connection.execute(
        "INSERT INTO complaint_reach (ack_no, reach_no, way, from_hour, to_hour, is_quiet, wants_woman_officer,"
        " person_id, sealed, told_at, told_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        ack_no,
        reach_no,
        reach.way,
        reach.from_hour,
        reach.to_hour,
        reach.is_quiet,
        reach.wants_woman_officer,
        person_id,
        sealed,
        at,
        by,
    )


class StoredContact(PersonKey):
    """A contact that an officer entered, as it is read."""

    hold_id: UUID
    sealed: str


def stored_contact(row: str) -> str:
    """Return SQL for row `row` of table `holder_contact` or its history, in the form of `StoredContact`."""
    return (
        f"jsonb_build_object('hold_id', {row}.hold_id, 'person_id', {row}.person_id, 'wrapped',"
        f" {wrapped_key(row)}, 'sealed', encode({row}.sealed, 'hex'))"
    )


STATED_MAX: Final = 50
"""latest lines of a bank in which its customer's contact is looked for"""


class HolderContact(FrozenModel):
    """Contact data of an account holder, from the bank or an officer; and the bank. Holds personal data."""

    case_no: str
    reference: str
    institution: str
    bank: str
    """name of the bank"""
    account: str
    phone: str = ""
    email: str = ""
    bank_email: str
    first_held_at: UtcDatetime
    held_paise: int
    key: PersonKey | None
    """the key of the account holder, if there is one"""
    entered: StoredContact | None
    """the contact that an officer entered; `PersonKeys.holder_of` opens it"""
    stated: tuple[StoredText, ...] = Field(repr=False)
    """the latest lines of the bank with a hold on the account, the newest first; empty beside an entered contact"""
    entered_at: UtcDatetime | None
    opens: bool = True
    """False if this process cannot open the key"""


_STATED: Final = f"""
SELECT coalesce(jsonb_agg(l.line ORDER BY l.answer_id DESC), '[]') FROM (
    SELECT w.answer_id, {stored_line("w")} AS line FROM answer w
    WHERE w.case_no = a.case_no AND w.institution = a.institution AND w.kind = 'held' AND EXISTS (
        SELECT FROM hop h WHERE h.case_no = w.case_no AND h.hop_no = ANY(w.hop_nos) AND h.account_key = a.account_key)
        -- What an officer entered is not the bank's word about its customer.
        AND NOT EXISTS (SELECT FROM telephone_answer t WHERE t.update_id = w.update_id)
    ORDER BY w.answer_id DESC LIMIT {STATED_MAX}
) AS l
"""


async def of_hold(connection: Connection, hold_id: UUID) -> HolderContact:
    """Return the contact of the account holder under a hold, unopened. Raises `NotFound`.

    An officer's entry comes first. Otherwise the newest line of the bank about the account counts.
    """
    return await Rows(connection, HolderContact).one(
        "SELECT a.case_no, a.reference, a.institution, i.name AS bank, i.desk_email AS bank_email, a.first_held_at,"
        f" {key_of_hold('a.hold_id')} AS key, c.told_at AS entered_at,"
        f" CASE WHEN c.hold_id IS NOT NULL THEN {stored_contact('c')} END AS entered,"
        " (SELECT coalesce(sum(b.balance_paise), 0) FROM hop h JOIN ledger_balance b ON b.case_no = h.case_no"
        "  AND b.hop_no = h.hop_no AND b.bucket = 'held' WHERE h.case_no = a.case_no AND h.institution = a.institution"
        "  AND h.account_key = a.account_key)::bigint AS held_paise,"
        " (SELECT h.payee_holder FROM hop h WHERE h.case_no = a.case_no AND h.institution = a.institution"
        "  AND h.account_key = a.account_key ORDER BY h.hop_no LIMIT 1) AS account,"
        f" CASE WHEN c.hold_id IS NULL THEN ({_STATED}) ELSE '[]' END AS stated"
        " FROM account_hold a JOIN institution i ON i.code = a.institution LEFT JOIN holder_contact c USING (hold_id)"
        " WHERE a.hold_id = $1",
        hold_id,
        missing=HoldNotFound(hold_id),
    )


_PUT: Final = f"""
WITH {insert_key_of_hold("$4", "$5", "$6", "$2")}
INSERT INTO holder_contact (hold_id, told_at, told_to, person_id, sealed) VALUES ($1, $2, $3, $4, $7)
ON CONFLICT (hold_id) DO UPDATE SET told_at = $2, told_to = $3, person_id = $4, sealed = $7
"""


async def put(connection: Connection, hold_id: UUID, by: str, at: datetime, sealed: SealedText) -> None:
    """Store the contact of the account holder in place of the known one; a new key is written with it."""
    await connection.execute(
        _PUT,
        hold_id,
        at,
        by,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        hold_id if sealed.is_new_key else None,
        sealed.sealed,
    )


async def entered_at(connection: Connection, hold_id: UUID) -> datetime | None:
    """Return when an officer entered the contact of the account holder; None if the bank gave it."""
    since: datetime | None = await connection.fetchval("SELECT told_at FROM holder_contact WHERE hold_id = $1", hold_id)
    return since


async def of_case(connection: Connection, case_no: str) -> dict[UUID, StoredContact]:
    """Return the contacts that officers entered for the holds of a case, by hold."""
    rows = await connection.fetch(
        f"SELECT c.hold_id, {stored_contact('c')} AS contact FROM holder_contact c JOIN account_hold a USING (hold_id)"
        " WHERE a.case_no = $1",
        case_no,
    )
    return {row["hold_id"]: StoredContact(**row["contact"]) for row in rows}


async def changes_of_case(connection: Connection, case_no: str) -> dict[int, StoredContact]:
    """Return every contact that officers have entered for the holds of a case, by its number."""
    rows = await connection.fetch(
        f"SELECT c.change_id, {stored_contact('c')} AS contact FROM holder_contact_change c"
        " JOIN account_hold a USING (hold_id) WHERE a.case_no = $1",
        case_no,
    )
    return {row["change_id"]: StoredContact(**row["contact"]) for row in rows}
