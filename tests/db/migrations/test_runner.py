"""Migrations: each once, in order, whole or not at all, by phase, and never changed afterwards."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from db.migrate import LOCK_KEY, LockLimits, Migrated, migrate
from db.migration_files import (
    BASELINE,
    MIGRATIONS,
    MigrationChanged,
    MigrationRunning,
    Phase,
    SchemaAhead,
    SchemaTooOld,
)
from tests.db.migrations.database import LOST, connected, exists, fetchval, kill_blocked, locked, recorded, rename

BOTH = [BASELINE, "0002_pre_two.sql"]


def add(files: Path, name: str, text: str = "SELECT 1;") -> str:
    (files / name).write_text(f"-- A test needs it.\n{text}")
    return name


async def test_the_products_migrations_apply_once_and_again(empty_dsn: str) -> None:
    names = sorted(file.name for file in MIGRATIONS.glob("*.sql"))
    assert await migrate(empty_dsn) == Migrated(names, [])
    assert await migrate(empty_dsn) == Migrated([], [])


async def test_only_what_is_missing_is_applied(empty_dsn: str, files: Path) -> None:
    assert await migrate(empty_dsn, files) == Migrated(BOTH, [])
    added = add(files, "0003_post_three.sql", "DROP TABLE one;")
    assert await migrate(empty_dsn, files) == Migrated([added], [])
    assert await recorded(empty_dsn) == [*BOTH, added]


# -- phases ----------------------------------------------------------------------------------------------------


async def test_each_phase_ends_before_the_first_of_the_other(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    pre, post = add(files, "0003_pre_a.sql"), add(files, "0004_post_a.sql")
    next_pre, next_post = add(files, "0005_pre_b.sql"), add(files, "0006_post_b.sql")
    assert await migrate(empty_dsn, files, phase=Phase.POST) == Migrated([], [pre, post, next_pre, next_post])
    assert await migrate(empty_dsn, files, phase=Phase.PRE) == Migrated([pre], [post, next_pre, next_post])
    assert await migrate(empty_dsn, files, phase=Phase.PRE) == Migrated([], [post, next_pre, next_post])
    assert await migrate(empty_dsn, files, phase=Phase.POST) == Migrated([post], [next_pre, next_post])
    assert await migrate(empty_dsn, files) == Migrated([next_pre, next_post], [])
    assert await migrate(empty_dsn, files, phase=Phase.POST) == Migrated([], [])


@pytest.mark.parametrize("phase", Phase)
async def test_an_empty_database_gets_both_phases(empty_dsn: str, files: Path, phase: Phase) -> None:
    post, pre = add(files, "0003_post_a.sql"), add(files, "0004_pre_b.sql")
    assert await migrate(empty_dsn, files, phase=phase) == Migrated([*BOTH, post, pre], [])


# -- refusals --------------------------------------------------------------------------------------------------


async def test_a_changed_file_is_named_and_nothing_is_applied(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    add(files, "0002_pre_two.sql")
    add(files, "0003_pre_three.sql", "CREATE TABLE three ();")
    with pytest.raises(MigrationChanged, match=r"0002_pre_two\.sql .*\[migration_changed\]"):
        await migrate(empty_dsn, files)
    assert not await exists(empty_dsn, "three")


async def test_a_database_from_before_the_baseline_is_refused_and_left_alone(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    await rename(empty_dsn, BASELINE, "0001_foundation.sql")
    with pytest.raises(SchemaTooOld, match=r"0001_foundation\.sql.* No older database is accepted.*\[schema_too_old\]"):
        await migrate(empty_dsn, files)
    assert await recorded(empty_dsn) == ["0001_foundation.sql", "0002_pre_two.sql"]


async def test_a_database_of_another_baseline_is_refused_and_left_alone(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    (files / BASELINE).write_text("CREATE TABLE one (n bigint);")
    add(files, "0003_pre_three.sql", "CREATE TABLE three ();")
    with pytest.raises(SchemaTooOld, match=r"0001_baseline\.sql.* No older database is accepted.*\[schema_too_old\]"):
        await migrate(empty_dsn, files)
    assert not await exists(empty_dsn, "three")


async def test_a_later_pre_is_left_alone_and_a_later_post_is_refused(empty_dsn: str, files: Path) -> None:
    pre = add(files, "0003_pre_three.sql")
    await migrate(empty_dsn, files)
    (files / pre).unlink()
    assert await migrate(empty_dsn, files) == Migrated([], [])
    post = add(files, "0004_post_four.sql")
    await migrate(empty_dsn, files)
    (files / post).unlink()
    with pytest.raises(SchemaAhead, match=r"0004_post_four\.sql.*\[schema_ahead\]"):
        await migrate(empty_dsn, files)


# -- whole or not at all, once ---------------------------------------------------------------------------------


async def test_a_file_that_fails_halfway_leaves_nothing_of_itself(empty_dsn: str, files: Path) -> None:
    three = add(files, "0003_pre_three.sql", "CREATE TABLE three (); INSERT INTO one VALUES (2); SELECT 1/0;")
    four = add(files, "0004_pre_four.sql", "CREATE TABLE four ();")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_dsn, files)
    assert not await exists(empty_dsn, "three")
    assert await fetchval(empty_dsn, "SELECT count(*) FROM one") == 1
    assert await recorded(empty_dsn) == BOTH
    add(files, three, "CREATE TABLE three ();")
    assert await migrate(empty_dsn, files) == Migrated([three, four], [])


async def test_a_crash_between_two_statements_leaves_nothing_of_the_file(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    three = add(files, "0003_pre_three.sql", "CREATE TABLE three ();\nUPDATE one SET m = 3;")
    async with locked(empty_dsn, "LOCK TABLE one") as other:
        patient = LockLimits(seconds=300.0)
        migrating = asyncio.ensure_future(migrate(empty_dsn, files, limits=patient))
        await kill_blocked(empty_dsn)
        with pytest.raises(LOST):
            await migrating
        await other.execute("ROLLBACK")
    assert (await exists(empty_dsn, "three"), await recorded(empty_dsn)) == (False, BOTH)
    assert await migrate(empty_dsn, files) == Migrated([three], [])
    assert await fetchval(empty_dsn, "SELECT m FROM one") == 3


async def test_several_at_once_apply_each_file_once(empty_dsn: str, files: Path) -> None:
    slow = add(files, "0003_pre_slow.sql", "SELECT pg_sleep(0.2); INSERT INTO one VALUES (3);")
    done = await asyncio.gather(*(migrate(empty_dsn, files) for _ in range(4)))
    assert sorted(name for one in done for name in one.applied) == [*BOTH, slow]
    assert await fetchval(empty_dsn, "SELECT count(*) FROM one") == 2


async def test_who_waits_too_long_for_another_migration_is_told(empty_dsn: str, files: Path) -> None:
    async with connected(empty_dsn) as other:
        await other.execute(f"SELECT pg_advisory_lock({LOCK_KEY})")
        with pytest.raises(MigrationRunning, match=r"\[migration_running\]"):
            await migrate(empty_dsn, files, limits=LockLimits(other_seconds=0.1))
    assert await migrate(empty_dsn, files) == Migrated(BOTH, [])
