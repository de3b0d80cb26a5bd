"""What the database itself refuses about owners of work items."""

import asyncpg
import pytest

from db.pool import Pool
from tests.each import each

CASE_AND_ITEMS = """
INSERT INTO officer (officer_id, name, created_at, created_by, changed_at, changed_by)
SELECT who, 'A', now(), 'x', now(), 'x' FROM unnest(ARRAY['a', 'b']) AS who;
ALTER TABLE desk_task DROP CONSTRAINT desk_task_case_no_fkey;
INSERT INTO desk_task (case_no, kind, state, opened_at, closed_at, subject_kind, subject_id, cause)
SELECT '1', 'phone_bank', state, now(), CASE state WHEN 'closed' THEN now() END, 'case', '1', state
FROM unnest(ARRAY['open', 'closed']) AS state;
"""
HAS = "INSERT INTO task_owner (task_id, version, owner, since, lease_ends_at) VALUES ({0}, 1, {1}, now(), {2})"
LATER = "now() + interval '1 hour'"
OF_OPEN = "(SELECT task_id FROM desk_task WHERE state = 'open')"
OF_CLOSED = "(SELECT task_id FROM desk_task WHERE state = 'closed')"
OWNED, OF_ANOTHER = (HAS.format(OF_OPEN, who, LATER) for who in ("'a'", "'b'"))


@each(
    ("statement", "refused_by"),
    [
        (HAS.format(OF_CLOSED, "'a'", LATER), "task_owner_of_open_item"),
        (HAS.format(OF_OPEN, "'stranger'", LATER), "task_owner_owner_fkey"),
        (HAS.format(OF_OPEN, "'a'", "NULL"), "task_owner_has_a_lease"),
        (HAS.format(OF_OPEN, "'a'", "now()"), "task_owner_lease_ends_later"),
        (f"{OWNED}; {OF_ANOTHER}", "task_owner_pkey"),
        (f"{OWNED}; UPDATE task_owner SET owner = 'b'", "task_owner_version"),
        (f"{OWNED}; UPDATE task_owner SET owner = 'b', version = 3", "task_owner_version"),
        (f"{OWNED}; UPDATE task_owner SET version = 0", "task_owner_version"),
        (f"{OWNED}; UPDATE task_owner SET snoozed_until = {LATER}, version = 2", "task_owner_is_awake"),
        (f"{OWNED}; UPDATE task_owner SET alarmed_at = now()", "task_owner_ends_the_alarm"),
        (
            "INSERT INTO task_filter VALUES ('a', 21, 'x', '{}', now())",
            "task_filter_place_check",
        ),
    ],
)
async def test_the_database_refuses(database: Pool, statement: str, refused_by: str) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(CASE_AND_ITEMS)
        with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
            await connection.execute(statement)
    assert refused.value.constraint_name == refused_by


async def test_an_owner_is_followed_by_the_next_version_and_a_lease_grows_without_one(database: Pool) -> None:
    async with database.acquire() as connection, connection.transaction():
        await connection.execute(CASE_AND_ITEMS)
        await connection.execute(OWNED)
        await connection.execute("UPDATE task_owner SET lease_ends_at = lease_ends_at + interval '1 hour'")
        await connection.execute("UPDATE task_owner SET owner = 'b', version = 2")
        assert await connection.fetchval("SELECT owner FROM task_owner") == "b"
