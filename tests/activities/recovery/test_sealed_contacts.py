"""Contacts of account holders that officers enter are sealed under the key of the account holder."""

from uuid import UUID

import asyncpg
import pytest

from activities.recovery.hold_transaction import take_contact
from db.pool import Pool
from db.privacy import victims
from schemas.privacy.personal_data import ContactData
from schemas.recovery.holds import NewHolderContact
from tests.activities.hold_world import Holds
from tests.factories import make_context

PHONE, EMAIL = "9876500011", "shop@example.org"
FIRST, LATER = NewHolderContact(phone=PHONE, email=EMAIL), NewHolderContact(phone="9876500022")
TABLES = ("holder_contact", "holder_contact_change")


@pytest.fixture
async def holds(database: Pool) -> Holds:
    """Holds on a database of its own, because a test changes its tables."""
    return Holds(await make_context(database))


async def entered(holds: Holds) -> UUID:
    """A hold whose contact an officer entered twice."""
    _, hold_id = await holds.hold(600)
    for contact in (FIRST, LATER):
        await take_contact(holds.ctx, hold_id, contact, "officer:io")
    return hold_id


async def history(holds: Holds, hold_id: UUID) -> list[ContactData]:
    async with holds.ctx.pool.acquire() as connection:
        case_no = (await victims.of_hold(connection, hold_id)).case_no
        changes = await victims.changes_of_case(connection, case_no)
    return [holds.ctx.persons.open_contact(changes[number]) for number in sorted(changes)]


async def test_m10_no_contact_that_an_officer_enters_is_in_clear(holds: Holds) -> None:
    hold_id = await entered(holds)
    for table in TABLES:
        rows = str(await holds.bench.rows(f"SELECT to_jsonb(t)::text FROM {table} t"))
        assert not [text for text in (PHONE, EMAIL, "9876500022") if text in rows]
    async with holds.ctx.pool.acquire() as connection:
        known = await holds.ctx.persons.holder_of(connection, hold_id)
    assert (known.phone, known.email) == ("9876500022", "")
    assert await history(holds, hold_id) == [ContactData(phone=PHONE, email=EMAIL), ContactData(phone="9876500022")]
    assert await holds.bench.value("SELECT count(*) FROM holder_key WHERE hold_id = $1", hold_id) == 1


async def test_a_contact_in_the_history_does_not_change(holds: Holds, subtests: pytest.Subtests) -> None:
    await entered(holds)
    for change in (
        "DELETE FROM holder_contact_change",
        "UPDATE holder_contact_change SET told_to = 'officer:other'",
        "UPDATE holder_contact_change SET sealed = sealed || '\\x00'",
        "UPDATE holder_contact_change SET person_id = NULL, sealed = NULL",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await holds.bench.pool.execute(change)


async def test_the_database_refuses_a_contact_that_is_not_sealed(holds: Holds) -> None:
    _, hold_id = await holds.hold(600)
    insert = "INSERT INTO holder_contact (hold_id, told_at, told_to) VALUES ($1, now(), 'x')"
    with pytest.raises(asyncpg.NotNullViolationError):
        await holds.bench.pool.execute(insert, hold_id)
