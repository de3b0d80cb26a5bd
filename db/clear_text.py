"""Clear text of messages, contacts and names, which a release before wrote."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from db.holder_contacts import StoredContact, stored_contact
from db.notifications import SealedMessage, StoredMessage, stored_message
from db.person_keys import PersonKey, SealedText, insert_key_of_hold, key, key_of_hold
from db.pool import Connection
from db.restoration.credit_accounts import STORED_ACCOUNT, StoredCreditAccount
from schemas.base import FrozenModel


class ClearMessage(FrozenModel):
    """A message in clear, and the person whose key is to seal it."""

    message_id: UUID
    text: StoredMessage
    hold_id: UUID | None
    """the hold whose account holder it names; None for a victim"""
    key: PersonKey | None
    """None for an account holder without a key"""


_PERSON: Final = "split_part(m.natural_key, '|', 2)"
_SUBJECT: Final = "split_part(m.natural_key, '|', 3)"
_UUID: Final = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"
# The natural key of a message names its recipient and its subject: a complaint or a hold. A letter to an office names
# another subject, and stays in clear.
_LOCK: Final = f"""
SELECT m.message_id, {stored_message("m")} AS text, a.hold_id, CASE
    WHEN m.person_id IS NOT NULL THEN {key("m.person_id")} WHEN a.hold_id IS NOT NULL THEN {key_of_hold("a.hold_id")}
    ELSE {key("v.person_id")} END AS key
FROM message m
LEFT JOIN complaint c ON {_PERSON} = 'victim' AND c.ack_no = {_SUBJECT}
LEFT JOIN victim v USING (victim_id)
LEFT JOIN account_hold a ON {_PERSON} IN ('holder', 'bank')
    AND a.hold_id = CASE WHEN {_SUBJECT} ~ {_UUID} THEN {_SUBJECT}::uuid END
WHERE m.message_id > $1 AND m.to_whom IN ('victim', 'holder', 'bank') AND CASE WHEN m.person_id IS NOT NULL
    THEN m.address <> '…' ELSE a.hold_id IS NOT NULL OR EXISTS (
        SELECT FROM person_key k WHERE k.person_id = v.person_id AND k.wrapped IS NOT NULL) END
ORDER BY m.message_id LIMIT $2 FOR UPDATE OF m SKIP LOCKED
"""


async def lock_messages(connection: Connection, after: UUID, limit: int) -> list[ClearMessage]:
    """Lock and return some messages in clear behind the id `after`; a row that is locked is left out.

    While two releases ran, rows were written in clear and sealed at once. Those of an erased victim stay as they are.
    """
    return [ClearMessage(**dict(row)) for row in await connection.fetch(_LOCK, after, limit)]


_SEAL: Final = f"""
WITH {insert_key_of_hold("$2", "$3", "$4", "$7")}
UPDATE message SET person_id = $2, sealed_head = $5, sealed_body = $6 WHERE message_id = $1
"""


async def seal_messages(connection: Connection, sealed: Sequence[tuple[UUID, SealedMessage]], at: datetime) -> None:
    """Write what is sealed of messages whose rows the transaction has locked; the database clears their text."""
    await connection.executemany(
        _SEAL,
        [
            (message_id, one.key.person_id, bytes.fromhex(one.key.wrapped or ""), one.hold_id, one.head, one.body, at)
            for message_id, one in sealed
        ],
    )


async def clear_messages(connection: Connection, message_ids: Sequence[UUID]) -> None:
    """Have the database clear the text of messages that are sealed."""
    await connection.execute(
        "UPDATE message SET address = address WHERE message_id = ANY($1) AND sealed_head IS NOT NULL",
        list(message_ids),
    )


@dataclass(frozen=True)
class ContactTable:
    """A table with contacts of account holders."""

    name: str
    key: str
    """its primary key"""
    first: int | UUID
    """a value of the key below every row"""


CONTACT_TABLES: Final = (
    ContactTable("holder_contact", "hold_id", UUID(int=0)),
    ContactTable("holder_contact_change", "change_id", 0),
)


class ClearContact(FrozenModel):
    """A contact in clear, and the key of its account holder, if there is one."""

    row_id: int | UUID
    contact: StoredContact
    key: PersonKey | None


async def lock_contacts(
    connection: Connection, table: ContactTable, after: int | UUID, limit: int
) -> list[ClearContact]:
    """Lock and return some contacts in clear behind the key `after`; a row that is locked is left out."""
    rows = await connection.fetch(
        f"SELECT t.{table.key} AS row_id, {stored_contact('t')} AS contact, {key_of_hold('t.hold_id')} AS key"
        f" FROM {table.name} t WHERE t.{table.key} > $1"
        " AND (t.sealed IS NULL OR t.phone NOT IN ('', '…') OR t.email NOT IN ('', '…'))"
        f" ORDER BY t.{table.key} LIMIT $2 FOR UPDATE SKIP LOCKED",
        after,
        limit,
    )
    return [ClearContact(**dict(row)) for row in rows]


async def seal_contact(
    connection: Connection, table: ContactTable, row_id: int | UUID, hold_id: UUID, sealed: SealedText, at: datetime
) -> None:
    """Write a sealed contact into a row that the transaction has locked; the database clears its text."""
    await connection.execute(
        f"WITH {insert_key_of_hold('$2', '$3', '$4', '$6')}"
        f" UPDATE {table.name} SET person_id = $2, sealed = $5 WHERE {table.key} = $1",
        row_id,
        sealed.key.person_id,
        bytes.fromhex(sealed.key.wrapped or ""),
        hold_id if sealed.is_new_key else None,
        sealed.sealed,
        at,
    )


async def clear_contacts(connection: Connection, table: ContactTable, row_ids: Sequence[int | UUID]) -> None:
    """Have the database clear the text of contacts that are sealed."""
    await connection.execute(
        f"UPDATE {table.name} SET phone = phone WHERE {table.key} = ANY($1) AND sealed IS NOT NULL", list(row_ids)
    )


class ClearName(FrozenModel):
    """An account to be credited whose holder's name is in clear, and the key of the victim."""

    account: StoredCreditAccount
    victim: PersonKey


async def lock_names(connection: Connection, after: int, limit: int) -> list[ClearName]:
    """Lock and return some accounts to be credited behind the number `after`; a row that is locked is left out.

    Those of an erased victim stay as they are.
    """
    rows = await connection.fetch(
        f"SELECT {STORED_ACCOUNT}, {key('v.person_id')} AS victim FROM credit_account c"
        " JOIN complaint o USING (ack_no) JOIN victim v USING (victim_id)"
        " JOIN person_key w ON w.person_id = v.person_id"
        " WHERE c.account_id > $1 AND w.wrapped IS NOT NULL AND (c.sealed_name IS NULL OR c.holder_name <> '…')"
        " ORDER BY c.account_id LIMIT $2 FOR UPDATE OF c SKIP LOCKED",
        after,
        limit,
    )
    found = [dict(row) for row in rows]
    return [ClearName(victim=PersonKey(**row.pop("victim")), account=StoredCreditAccount(**row)) for row in found]


async def seal_name(connection: Connection, account_id: int, victim: PersonKey, sealed: bytes) -> None:
    """Write the sealed name of an account whose row the transaction has locked; the database clears its text."""
    await connection.execute(
        "UPDATE credit_account SET person_id = $2, sealed_name = $3 WHERE account_id = $1",
        account_id,
        victim.person_id,
        sealed,
    )


async def clear_names(connection: Connection, account_ids: Sequence[int]) -> None:
    """Have the database clear the names that are sealed."""
    await connection.execute(
        "UPDATE credit_account SET holder_name = holder_name WHERE account_id = ANY($1) AND sealed_name IS NOT NULL",
        list(account_ids),
    )


_CLEARED_BY: Final = {
    "message": "message_sealed",
    "holder_contact": "holder_contact_sealed",
    "holder_contact_change": "holder_contact_sealed",
    "credit_account": "credit_account_sealed",
    "grievance": "grievance_sealed",
    "grievance_level": "grievance_level_sealed",
    "objection": "objection_sealed",
    "release_hearing": "release_hearing_sealed",
}
"""the trigger that clears the text of each table"""


async def is_cleared(connection: Connection) -> bool:
    """Return whether the database clears the text beside what is sealed."""
    found: bool = await connection.fetchval(
        "SELECT NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS t (on_table, name) WHERE NOT EXISTS ("
        " SELECT FROM pg_trigger g WHERE g.tgrelid = t.on_table::regclass AND g.tgname = t.name))",
        list(_CLEARED_BY),
        list(_CLEARED_BY.values()),
    )
    return found
