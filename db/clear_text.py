"""Clear text of messages, contacts and names, which a release before wrote."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from db.clear_tables import CREDIT_ACCOUNTS, MESSAGES, ClearTable
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


_LOCK: Final = f"""
SELECT m.message_id, {stored_message("m")} AS text, a.hold_id, CASE
    WHEN m.person_id IS NOT NULL THEN {key("m.person_id")} WHEN a.hold_id IS NOT NULL THEN {key_of_hold("a.hold_id")}
    ELSE {key("v.person_id")} END AS key
{MESSAGES.locked}
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


class ClearContact(FrozenModel):
    """A contact in clear, and the key of its account holder, if there is one."""

    row_id: int | UUID
    contact: StoredContact
    key: PersonKey | None


async def lock_contacts(connection: Connection, table: ClearTable, after: int | UUID, limit: int) -> list[ClearContact]:
    """Lock and return some contacts in clear behind the key `after`; a row that is locked is left out."""
    rows = await connection.fetch(
        f"SELECT t.{table.key} AS row_id, {stored_contact('t')} AS contact, {key_of_hold('t.hold_id')} AS key"
        f" {table.locked}",
        after,
        limit,
    )
    return [ClearContact(**dict(row)) for row in rows]


async def seal_contact(
    connection: Connection, table: ClearTable, row_id: int | UUID, hold_id: UUID, sealed: SealedText, at: datetime
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


class ClearName(FrozenModel):
    """An account to be credited whose holder's name is in clear, and the key of the victim."""

    account: StoredCreditAccount
    victim: PersonKey


async def lock_names(connection: Connection, after: int, limit: int) -> list[ClearName]:
    """Lock and return some accounts to be credited behind the number `after`; a row that is locked is left out.

    Those of an erased victim stay as they are.
    """
    rows = await connection.fetch(
        f"SELECT {STORED_ACCOUNT}, {key('v.person_id')} AS victim {CREDIT_ACCOUNTS.locked}",
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
