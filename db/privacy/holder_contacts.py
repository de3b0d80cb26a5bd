"""Contacts of account holders: from their bank, or sealed from an officer."""

from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import Field

from db.pool import Connection
from db.privacy.body_keys import stored_line
from db.privacy.person_keys import PersonKey, SealedText, StoredText, insert_key_of_hold, key_of_hold, wrapped_key
from db.rows import Rows
from domain.errors.recovery import HoldNotFound
from schemas.base import FrozenModel, UtcDatetime


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
