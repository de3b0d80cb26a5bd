"""People of banks: what two transactions at once leave."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest

from db.banks import bank_people
from db.clock import present_moment
from db.pool import Connection, Pool

HASH = "the hash of a password"
SOON_SECONDS = 0.5


@pytest.fixture
async def person_id(database: Pool) -> UUID:
    """A person of HDFC who has a password."""
    person_id = uuid4()
    async with database.acquire() as connection:
        await connection.execute(
            "INSERT INTO institution (code, name, kind, answer_class, updated_at)"
            " VALUES ('HDFC', 'HDFC Bank', 'bank', 'api', now())"
        )
        now = await present_moment(connection)
        await bank_people.add(connection, person_id, "HDFC", "asha@hdfc.example", "Asha", "Officer", now)
        await connection.execute("UPDATE bank_person SET password_hash = $1", HASH)
    return person_id


async def test_a_person_who_signs_in_twice_at_once_is_signed_in_twice(database: Pool, person_id: UUID) -> None:
    async def sign_in() -> bool:
        async with database.acquire() as connection, connection.transaction():
            is_kept = await bank_people.keep_login(connection, person_id, HASH)
            await asyncio.sleep(SOON_SECONDS)
            await bank_people.signed_in(connection, person_id, datetime.now(UTC))
            return is_kept

    assert all(await asyncio.gather(sign_in(), sign_in()))


async def test_a_person_who_is_being_added_ends_with_the_others(database: Pool, person_id: UUID) -> None:
    async def end_all(connection: Connection) -> None:
        async with connection.transaction():
            await bank_people.end_all(connection, "HDFC", now)

    async with database.acquire() as first, database.acquire() as second:
        now = await present_moment(second)
        async with first.transaction():
            await bank_people.add(first, uuid4(), "HDFC", "bela@hdfc.example", "Bela", "Officer", now)
            ending = asyncio.create_task(end_all(second))
            done, _ = await asyncio.wait({ending}, timeout=SOON_SECONDS)
            assert not done, "it waits for the person"
        await ending
        people = await bank_people.people_of(first, "HDFC", now)
    assert [one.state for one in people] == ["ended", "ended"]
