"""Sealing of personal data, of bodies of messages and of documents that a release before wrote in clear."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final
from uuid import UUID

from activities.person_keys import PersonKeys
from activities.sealing_bodies import BodySealing
from activities.sealing_documents import DocumentSealing
from db import clear_grievances, clear_objections, clear_tables, clear_text, clock, person_keys
from db.clear_tables import (
    ANSWER_LINES,
    CONTACT_CHANGES,
    CONTACTS,
    COURT_ORDERS,
    CREDIT_ACCOUNTS,
    DOCUMENTS,
    EXCHANGES,
    FIR_COPIES,
    FORMS,
    GRIEVANCES,
    HEARINGS,
    LEVELS,
    MESSAGES,
    OBJECTIONS,
    RECEIVED,
    RETURNED,
    STATEMENTS,
    VICTIMS,
    WAIVERS,
    ClearTable,
)
from db.notifications import SealedMessage
from db.person_keys import PersonKey
from db.pool import Connection, Pool
from domain.errors import RuleBroken

BATCH: Final = 100

Report = Callable[[str, int], None]
Seal = Callable[[Connection, Any], Awaitable[Sequence[Any]]]
"""seals a batch of rows behind a key, in the transaction of the connection, and returns their keys"""


class ClearTextNeeded(RuleBroken):
    """Processes of the release before read personal data in clear: apply the `post` migrations first."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


async def seal_all(pool: Pool, persons: PersonKeys, report: Report = lambda what, done: None) -> dict[str, int]:
    """Seal everything that is in clear, in batches of one transaction each; return how many rows by what they are.

    It may end at any moment, and a further call does the rest. A row that another transaction has locked is left.
    Messages need the keys of victims, so victims come first. `report` is called after each batch with what it was and
    the number so far. Raises `ClearTextNeeded`.
    """
    sealing, bodies, documents = _Sealing(persons), BodySealing(persons), DocumentSealing(persons)
    seals: dict[ClearTable, Seal] = {
        VICTIMS: sealing.victims,
        MESSAGES: sealing.messages,
        CONTACTS: sealing.contacts(CONTACTS),
        CONTACT_CHANGES: sealing.contacts(CONTACT_CHANGES),
        CREDIT_ACCOUNTS: sealing.names,
        GRIEVANCES: sealing.grievances,
        LEVELS: sealing.levels,
        OBJECTIONS: sealing.objections,
        HEARINGS: sealing.hearings,
        EXCHANGES: bodies.exchanges,
        RECEIVED: bodies.received,
        STATEMENTS: bodies.statements,
        FORMS: bodies.forms,
        ANSWER_LINES: bodies.lines,
        DOCUMENTS: documents.issued,
        FIR_COPIES: documents.fir_copies,
        COURT_ORDERS: documents.court_orders,
        WAIVERS: documents.waivers,
        RETURNED: documents.returned,
    }
    sealed = dict.fromkeys((table.what for table in seals), 0)
    for table, seal in seals.items():
        sealed[table.what] += await _in_batches(pool, table, seal, report)
    return sealed


async def _in_batches(pool: Pool, table: ClearTable, seal: Seal, report: Report) -> int:
    after, done = table.first, 0
    while True:
        async with pool.acquire() as connection, connection.transaction():
            if not await clear_tables.is_cleared(connection):
                raise ClearTextNeeded
            keys = await seal(connection, after)
            await clear_tables.clear(connection, table, keys)
        if not keys:
            return done
        after = keys[-1]
        done += len(keys)
        report(table.what, done)


class _Sealing:
    """The sealing of batches of rows."""

    def __init__(self, persons: PersonKeys) -> None:
        self._persons = persons

    async def victims(self, connection: Connection, after: int) -> list[int]:
        rows = await person_keys.lock_clear(connection, after, BATCH)
        unsealed = [row for row in rows if row.person.sealed is None]
        sealed = [(row.victim_id, self._persons.seal(self._persons.open(row.person))) for row in unsealed]
        await person_keys.seal(connection, sealed, await clock.present_moment(connection))
        return [row.victim_id for row in rows]

    async def messages(self, connection: Connection, after: UUID) -> list[UUID]:
        rows = await clear_text.lock_messages(connection, after, BATCH)
        new: dict[UUID, PersonKey] = {}
        sealed = []
        for row in rows:
            if row.text.sealed_head is None:
                key = row.key or new.get(row.hold_id) if row.hold_id else row.key
                is_new = key is None
                if key is None:
                    assert row.hold_id is not None, "a victim has a key"
                    key = new[row.hold_id] = self._persons.new_key()
                text = self._persons.open_message(row.message_id, row.text)
                head, body = self._persons.seal_message(key, row.message_id, text)
                sealed.append((row.message_id, SealedMessage(key, row.hold_id if is_new else None, head, body)))
        await clear_text.seal_messages(connection, sealed, await clock.present_moment(connection))
        return [row.message_id for row in rows]

    def contacts(self, table: ClearTable) -> Seal:
        async def seal(connection: Connection, after: int | UUID) -> list[int | UUID]:
            rows = await clear_text.lock_contacts(connection, table, after, BATCH)
            now = await clock.present_moment(connection)
            new: dict[UUID, PersonKey] = {}
            for row in rows:
                if row.contact.sealed is None:
                    hold_id, data = row.contact.hold_id, self._persons.open_contact(row.contact)
                    sealed = self._persons.seal_contact(row.key or new.get(hold_id), hold_id, data)
                    new[hold_id] = sealed.key
                    await clear_text.seal_contact(connection, table, row.row_id, hold_id, sealed, now)
            return [row.row_id for row in rows]

        return seal

    async def names(self, connection: Connection, after: int) -> list[int]:
        rows = await clear_text.lock_names(connection, after, BATCH)
        for row in rows:
            account = row.account
            if account.sealed_name is None:
                sealed = self._persons.seal_name(row.victim, account.ack_no, account.account, account.holder_name)
                await clear_text.seal_name(connection, account.account_id, row.victim, sealed)
        return [row.account.account_id for row in rows]

    async def grievances(self, connection: Connection, after: UUID) -> list[UUID]:
        rows = await clear_grievances.lock_grievances(connection, after, BATCH)
        now = await clock.present_moment(connection)
        new: dict[UUID, PersonKey] = {}
        for row in rows:
            if row.text.sealed is None:
                known = row.key or new.get(row.hold_id)
                sealed = self._persons.seal_grievance(known, row.grievance_id, row.text.clear, row.contact.clear)
                new[row.hold_id] = sealed.key
                await clear_grievances.seal_grievance(connection, row.hold_id, sealed, now)
        return [row.grievance_id for row in rows]

    async def levels(self, connection: Connection, after: int) -> list[int]:
        rows = await clear_grievances.lock_levels(connection, after, BATCH)
        now = await clock.present_moment(connection)
        new: dict[UUID, PersonKey] = {}
        for row in rows:
            if row.said.sealed is None:
                known = row.key or new.get(row.hold_id)
                sealed = self._persons.seal_said(known, row.grievance_id, row.level, row.said.clear)
                new[row.hold_id] = sealed.key
                await clear_grievances.seal_said(connection, row.place, row.hold_id, sealed, now)
        return [row.place for row in rows]

    async def objections(self, connection: Connection, after: int) -> list[int]:
        rows = await clear_objections.lock_objections(connection, after, BATCH)
        now = await clock.present_moment(connection)
        new: dict[UUID | None, PersonKey] = {}
        for row in rows:
            if row.text.sealed is None:
                sealed = self._persons.seal_new(row.key or new.get(row.holder), row.text.clear, row.text.use)
                new[row.holder] = sealed.key
                await clear_objections.seal_objection(connection, row.objection_id, row.holder, sealed, now)
        return [row.objection_id for row in rows]

    async def hearings(self, connection: Connection, after: int) -> list[int]:
        rows = await clear_objections.lock_hearings(connection, after, BATCH)
        for row in rows:
            if row.said.sealed is None:
                sealed = self._persons.seal_new(row.key, row.said.clear, row.said.use)
                await clear_objections.seal_hearing(connection, row.hearing_id, sealed)
        return [row.hearing_id for row in rows]
