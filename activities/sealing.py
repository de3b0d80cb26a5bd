"""Sealing of personal data that a release before wrote in clear: victims, messages, contacts and names of accounts."""

from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

from activities.person_keys import PersonKeys
from db import clear_text, clock, person_keys
from db.clear_text import CONTACT_TABLES, ClearMessage, ContactTable
from db.notifications import SealedMessage
from db.person_keys import PersonKey
from db.pool import Pool
from domain.errors import RuleBroken

BATCH: Final = 100

Report = Callable[[str, int], None]


class ClearTextNeeded(RuleBroken):
    """Processes of the release before read personal data in clear: apply the `post` migrations first."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


async def seal_all(pool: Pool, persons: PersonKeys, report: Report = lambda what, done: None) -> dict[str, int]:
    """Seal everything that is in clear, in batches of one transaction each; return how many rows by what they are.

    It may end at any moment, and a further call does the rest. A row that another transaction has locked is left. Some
    victims have messages, so victims come first. `report` is called after each batch with what it was and the number
    so far. Raises `ClearTextNeeded`.
    """
    return {
        "victims": await _seal_victims(pool, persons, report),
        "messages": await _seal_messages(pool, persons, report),
        "contacts": sum([await _seal_contacts(pool, persons, table, report) for table in CONTACT_TABLES]),
        "accounts to be credited": await _seal_names(pool, persons, report),
    }


async def _seal_victims(pool: Pool, persons: PersonKeys, report: Report) -> int:
    after = done = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            if not await person_keys.stores_no_clear_text(connection):
                raise ClearTextNeeded
            rows = await person_keys.lock_clear(connection, after, BATCH)
            unsealed = [row for row in rows if row.person.sealed is None]
            sealed = [(row.victim_id, persons.seal(persons.open(row.person))) for row in unsealed]
            await person_keys.seal(connection, sealed, await clock.present_moment(connection))
            await person_keys.clear(connection, [row.victim_id for row in rows])
        if not rows:
            return done
        after = rows[-1].victim_id
        done += len(rows)
        report("victims", done)


async def _seal_messages(pool: Pool, persons: PersonKeys, report: Report) -> int:
    after, done = UUID(int=0), 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            if not await clear_text.is_cleared(connection):
                raise ClearTextNeeded
            rows = await clear_text.lock_messages(connection, after, BATCH)
            now = await clock.present_moment(connection)
            await clear_text.seal_messages(connection, _sealed_messages(persons, rows), now)
            await clear_text.clear_messages(connection, [row.message_id for row in rows])
        if not rows:
            return done
        after = rows[-1].message_id
        done += len(rows)
        report("messages", done)


async def _seal_contacts(pool: Pool, persons: PersonKeys, table: ContactTable, report: Report) -> int:
    after, done = table.first, 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            if not await clear_text.is_cleared(connection):
                raise ClearTextNeeded
            rows = await clear_text.lock_contacts(connection, table, after, BATCH)
            now = await clock.present_moment(connection)
            new: dict[UUID, PersonKey] = {}
            for row in rows:
                if row.contact.sealed is None:
                    hold_id = row.contact.hold_id
                    data = persons.open_contact(row.contact)
                    sealed = persons.seal_contact(row.key or new.get(hold_id), hold_id, data)
                    new[hold_id] = sealed.key
                    await clear_text.seal_contact(connection, table, row.row_id, hold_id, sealed, now)
            await clear_text.clear_contacts(connection, table, [row.row_id for row in rows])
        if not rows:
            return done
        after = rows[-1].row_id
        done += len(rows)
        report("contacts", done)


async def _seal_names(pool: Pool, persons: PersonKeys, report: Report) -> int:
    after = done = 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            if not await clear_text.is_cleared(connection):
                raise ClearTextNeeded
            rows = await clear_text.lock_names(connection, after, BATCH)
            for row in rows:
                account = row.account
                if account.sealed_name is None:
                    sealed = persons.seal_name(row.victim, account.ack_no, account.account, account.holder_name)
                    await clear_text.seal_name(connection, account.account_id, row.victim, sealed)
            await clear_text.clear_names(connection, [row.account.account_id for row in rows])
        if not rows:
            return done
        after = rows[-1].account.account_id
        done += len(rows)
        report("accounts to be credited", done)


def _sealed_messages(persons: PersonKeys, rows: Sequence[ClearMessage]) -> list[tuple[UUID, SealedMessage]]:
    """Seal the messages that are not sealed; those of one account holder under one new key."""
    new: dict[UUID, PersonKey] = {}
    sealed = []
    for row in rows:
        if row.text.sealed_head is not None:
            continue
        key, hold_id = row.key, None
        if key is None:
            assert row.hold_id is not None, "a victim has a key"
            key, hold_id = new.setdefault(row.hold_id, persons.new_key()), row.hold_id
        head, body = persons.seal_message(key, row.message_id, persons.open_message(row.message_id, row.text))
        sealed.append((row.message_id, SealedMessage(key, hold_id, head, body)))
    return sealed
