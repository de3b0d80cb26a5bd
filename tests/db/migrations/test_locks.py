"""A migration waits for a lock for a short time only, and indexes are made while others write."""

import asyncio
import logging
from pathlib import Path

import asyncpg
import pytest

from db.migrate import LockLimits, Migrated, migrate
from db.migration_files import OUTSIDE, MigrationLocked
from tests.db.migrations.database import LOST, blocked, connected, exists, indexes, kill_blocked, locked, recorded
from tests.waiting import until

HASTY = LockLimits(seconds=0.05, outside_seconds=0.05, attempts=2, pause_seconds=0.01)
STUBBORN = LockLimits(seconds=0.05, outside_seconds=0.05, attempts=100_000, pause_seconds=0.01)
PATIENT = LockLimits(seconds=300.0, outside_seconds=300.0)


@pytest.fixture
async def filled(empty_dsn: str, files: Path) -> str:
    await migrate(empty_dsn, files)
    return empty_dsn


@pytest.fixture
def altering(files: Path) -> str:
    name = "0003_pre_three.sql"
    (files / name).write_text("-- Three.\nCREATE TABLE three ();\nALTER TABLE one ADD COLUMN k integer;")
    return name


@pytest.fixture
def indexing(files: Path) -> str:
    """A file of two indexes outside a transaction."""
    name = "0003_pre_indexes.sql"
    (files / name).write_text(
        f"{OUTSIDE}\n-- The desk searches by n; and by m.\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS one_n ON one (n);\n"
        "CREATE INDEX CONCURRENTLY IF NOT EXISTS one_m ON one (m) WHERE m::text <> ';';\n"
    )
    return name


async def test_a_lock_that_is_not_free_is_a_named_error_and_nothing_is_applied(
    filled: str, files: Path, altering: str
) -> None:
    async with locked(filled, "LOCK TABLE one"):
        with pytest.raises(MigrationLocked, match=r"0003_pre_three\.sql .* 2 attempts.*\[migration_locked\]"):
            await migrate(filled, files, limits=HASTY)
    assert not await exists(filled, "three")
    assert altering not in await recorded(filled)
    assert await migrate(filled, files) == Migrated([altering], [])


async def test_a_lock_that_becomes_free_between_attempts_is_got(
    filled: str, files: Path, altering: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with locked(filled, "LOCK TABLE one") as other:
        with caplog.at_level(logging.WARNING, logger="db.migrate"):
            migrating = asyncio.ensure_future(migrate(filled, files, limits=STUBBORN))
            await until(lambda: f"{altering} did not get a lock in attempt 2" in caplog.text)
        await other.execute("ROLLBACK")
        assert await migrating == Migrated([altering], [])


async def test_a_deadlock_is_tried_again(filled: str, files: Path) -> None:
    name = "0003_pre_three.sql"
    # A sequence keeps what an undone transaction took of it.
    (files / name).write_text(
        "-- Three.\nCREATE TABLE three ();\nDO $$ BEGIN IF nextval('attempt') = 1 THEN"
        " RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END IF; END $$;"
    )
    async with connected(filled) as setup:
        await setup.execute("CREATE SEQUENCE attempt")
        assert await migrate(filled, files, limits=HASTY) == Migrated([name], [])
        assert await setup.fetchval("SELECT last_value FROM attempt") == 2


# -- outside a transaction -------------------------------------------------------------------------------------


async def test_an_index_is_made_while_others_write(filled: str, files: Path, indexing: str) -> None:
    async with locked(filled, "INSERT INTO one VALUES (7)") as writer, connected(filled) as other:
        migrating = asyncio.ensure_future(migrate(filled, files, limits=PATIENT))
        await blocked(other)
        await other.execute("INSERT INTO one VALUES (8)")
        await writer.execute("COMMIT")
        assert await migrating == Migrated([indexing], [])
    assert await indexes(filled) == {"one_n": True, "one_m": True}


async def test_an_index_that_waits_too_long_is_a_named_error_and_is_made_by_the_next_run(
    filled: str, files: Path, indexing: str
) -> None:
    async with locked(filled, "INSERT INTO one VALUES (7)"):
        with pytest.raises(MigrationLocked, match=indexing):
            await migrate(filled, files, limits=HASTY)
        assert indexing not in await recorded(filled)
    assert await migrate(filled, files) == Migrated([indexing], [])
    assert await indexes(filled) == {"one_n": True, "one_m": True}


async def test_a_crash_between_two_indexes_is_made_good_by_the_next_run(
    filled: str, files: Path, indexing: str
) -> None:
    async with connected(filled) as other:
        await other.execute("CREATE INDEX one_n ON one (n)")
        await other.execute("BEGIN; INSERT INTO one VALUES (7)")
        migrating = asyncio.ensure_future(migrate(filled, files, limits=PATIENT))
        await kill_blocked(filled)
        with pytest.raises(LOST):
            await migrating
        await other.execute("COMMIT")
    assert await indexes(filled) == {"one_n": True, "one_m": False}
    assert indexing not in await recorded(filled)
    assert await migrate(filled, files) == Migrated([indexing], [])
    assert await indexes(filled) == {"one_n": True, "one_m": True}


async def test_a_unique_index_that_finds_a_duplicate_leaves_no_valid_index_and_is_made_later(
    filled: str, files: Path
) -> None:
    name = "0003_pre_unique.sql"
    (files / name).write_text(
        f"{OUTSIDE}\n-- Once.\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one_once ON one (n);"
    )
    async with connected(filled) as other:
        await other.execute("INSERT INTO one VALUES (1)")
        with pytest.raises(asyncpg.UniqueViolationError):
            await migrate(filled, files)
        assert await indexes(filled) == {"one_once": False}
        await other.execute("UPDATE one SET n = 2 WHERE ctid = (SELECT max(ctid) FROM one)")
    assert await migrate(filled, files) == Migrated([name], [])
    assert await indexes(filled) == {"one_once": True}


async def test_several_at_once_make_each_index_once(filled: str, files: Path, indexing: str) -> None:
    done = await asyncio.gather(*(migrate(filled, files) for _ in range(4)))
    assert [name for one in done for name in one.applied] == [indexing]
    assert await indexes(filled) == {"one_n": True, "one_m": True}
