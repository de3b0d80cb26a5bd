"""Migrations: each once, in order, whole or not at all, and never changed afterwards."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from db.migrate import MIGRATIONS, MigrationChanged, migrate, pending
from workers.embedded.postgres import EmbeddedPostgres

_numbers = itertools.count(1)


@pytest.fixture
async def empty_dsn(postgres: EmbeddedPostgres) -> AsyncIterator[str]:
    """A database with nothing in it."""
    name = f"migrate_{next(_numbers)}"
    yield await postgres.create_database(name)
    await postgres.drop_database(name)


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Two small migrations of our own."""
    (tmp_path / "0001_one.sql").write_text("CREATE TABLE one (n integer);\nINSERT INTO one VALUES (1);")
    (tmp_path / "0002_two.sql").write_text("ALTER TABLE one ADD COLUMN m integer;")
    (tmp_path / "notes.sql").write_text("this is no migration")
    return tmp_path


async def fetchval(dsn: str, query: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        found: object = await connection.fetchval(query)
        return found
    finally:
        await connection.close()


async def test_the_products_migrations_apply_once_and_again(empty_dsn: str) -> None:
    names = sorted(file.name for file in MIGRATIONS.glob("*.sql"))
    assert await pending(empty_dsn) == names
    assert await migrate(empty_dsn) == names
    assert await migrate(empty_dsn) == []
    assert await pending(empty_dsn) == []


async def test_only_what_is_missing_is_applied(empty_dsn: str, files: Path) -> None:
    assert await migrate(empty_dsn, files) == ["0001_one.sql", "0002_two.sql"]
    (files / "0003_three.sql").write_text("DROP TABLE one;")
    assert await pending(empty_dsn, files) == ["0003_three.sql"]
    assert await migrate(empty_dsn, files) == ["0003_three.sql"]


async def test_a_changed_file_is_named_and_nothing_is_applied(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    (files / "0001_one.sql").write_text("CREATE TABLE one (n bigint);")
    (files / "0003_three.sql").write_text("CREATE TABLE three ();")
    with pytest.raises(MigrationChanged, match=r"0001_one\.sql"):
        await migrate(empty_dsn, files)
    assert await fetchval(empty_dsn, "SELECT to_regclass('three')") is None


async def test_a_file_that_fails_halfway_leaves_nothing_of_itself(empty_dsn: str, files: Path) -> None:
    (files / "0003_three.sql").write_text("CREATE TABLE three (); INSERT INTO one VALUES (2); SELECT 1/0;")
    (files / "0004_four.sql").write_text("CREATE TABLE four ();")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_dsn, files)
    assert await fetchval(empty_dsn, "SELECT to_regclass('three')") is None
    assert await fetchval(empty_dsn, "SELECT count(*) FROM one") == 1
    assert await pending(empty_dsn, files) == ["0003_three.sql", "0004_four.sql"]
    (files / "0003_three.sql").write_text("CREATE TABLE three ();")
    assert await migrate(empty_dsn, files) == ["0003_three.sql", "0004_four.sql"]


async def test_two_at_once_apply_each_file_once(empty_dsn: str, files: Path) -> None:
    (files / "0003_slow.sql").write_text("SELECT pg_sleep(0.2); INSERT INTO one VALUES (3);")
    done = await asyncio.gather(*(migrate(empty_dsn, files) for _ in range(4)))
    assert sorted(name for names in done for name in names) == ["0001_one.sql", "0002_two.sql", "0003_slow.sql"]
    assert await fetchval(empty_dsn, "SELECT count(*) FROM one") == 2


async def test_a_database_that_is_ahead_of_the_files_is_left_alone(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    (files / "0002_two.sql").unlink()
    assert await migrate(empty_dsn, files) == []
