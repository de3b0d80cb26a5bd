"""Contacts of account holders that officers enter are sealed under the key of the account holder."""

from uuid import UUID

import asyncpg
import pytest

from activities.holds.holder_contacts import take_contact
from db import holder_contacts
from db.pool import Pool
from schemas.holds import NewHolderContact
from schemas.personal_data import ContactData
from tests.activities.hold_world import Holds
from tests.activities.sealed_rows import seal_counted
from tests.factories import make_context
from tests.triggers import without_triggers

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
        case_no = (await holder_contacts.of_hold(connection, hold_id)).case_no
        changes = await holder_contacts.changes_of_case(connection, case_no)
    return [holds.ctx.persons.open_contact(changes[number]) for number in sorted(changes)]


async def as_before(holds: Holds, *, both: bool) -> None:
    """Put the contacts into the form in which the release before, or `both` releases, wrote them."""
    rest = "" if both else ", person_id = NULL, sealed = NULL"
    async with without_triggers(holds.ctx.pool, *TABLES):
        for table in TABLES:
            await holds.ctx.pool.execute(f"UPDATE {table} SET phone = '{PHONE}', email = '{EMAIL}'{rest}")


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


@pytest.mark.parametrize("both", [False, True])
async def test_contacts_of_the_release_before_are_read_and_then_sealed(holds: Holds, *, both: bool) -> None:
    hold_id = await entered(holds)
    before = await history(holds, hold_id) if both else [ContactData(phone=PHONE, email=EMAIL)] * 2
    await as_before(holds, both=both)
    assert await history(holds, hold_id) == before
    assert (await seal_counted(holds.ctx))["contacts"] == 3
    assert await history(holds, hold_id) == before
    for table in TABLES:
        assert PHONE not in str(await holds.bench.rows(f"SELECT to_jsonb(t)::text FROM {table} t"))
    assert (await seal_counted(holds.ctx))["contacts"] == 0
    assert len(await history(holds, hold_id)) == 2, "that a contact is sealed is no change of it"


async def test_what_the_release_before_changes_counts_and_not_what_was_sealed(holds: Holds) -> None:
    hold_id = await entered(holds)
    await holds.bench.pool.execute("ALTER TABLE holder_contact DISABLE TRIGGER holder_contact_sealed")
    await holds.bench.pool.execute("ALTER TABLE holder_contact_change DISABLE TRIGGER holder_contact_sealed")
    await holds.bench.pool.execute(
        "UPDATE holder_contact SET phone = '9111111111', email = '', told_at = now() WHERE hold_id = $1", hold_id
    )
    async with holds.ctx.pool.acquire() as connection:
        assert (await holds.ctx.persons.holder_of(connection, hold_id)).phone == "9111111111"
    assert (await history(holds, hold_id))[-1] == ContactData(phone="9111111111")


async def test_a_contact_in_the_history_does_not_change(holds: Holds, subtests: pytest.Subtests) -> None:
    await entered(holds)
    for change in (
        "DELETE FROM holder_contact_change",
        "UPDATE holder_contact_change SET told_to = 'officer:other'",
        "UPDATE holder_contact_change SET sealed = '\\x00'",
        "UPDATE holder_contact_change SET person_id = NULL, sealed = NULL",
    ):
        with subtests.test(change=change), pytest.raises(asyncpg.RestrictViolationError):
            await holds.bench.pool.execute(change)


async def test_the_database_refuses_a_contact_in_clear(holds: Holds) -> None:
    _, hold_id = await holds.hold(600)
    insert = "INSERT INTO holder_contact (hold_id, phone, email, told_at, told_to) VALUES ($1, '9', '', now(), 'x')"
    with pytest.raises(asyncpg.CheckViolationError, match="sealed"):
        await holds.bench.pool.execute(insert, hold_id)
