"""`db/schema.sql` is what the migrations come to."""

import asyncio
import itertools
import re
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

import db.describe
from db.describe import describe
from workers.embedded.postgres import EmbeddedPostgres, packaged_bin_dir

SCHEMA = Path(db.describe.__file__).with_name("schema.sql")
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
async def migrated_dsn(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[str]:
    """A database that has what migrations make, and nothing of a test."""
    name = f"schema_{next(_numbers)}"
    yield await postgres.create_database(name, template_database)
    await postgres.drop_database(name)


async def test_the_schema_file_is_what_all_migrations_come_to(migrated_dsn: str) -> None:
    assert await describe(migrated_dsn) == SCHEMA.read_text(encoding="utf-8"), f"see {db.describe.__name__}"


async def pg_dump(dsn: str) -> str:
    """Return the schema as PostgreSQL's own tool tells it, without owners and rights."""
    process = await asyncio.create_subprocess_exec(
        *(packaged_bin_dir() / "pg_dump", "--schema-only", "--no-owner", "--no-privileges", dsn),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    # Its guard against hostile names has another key each time.
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", said.decode())


async def test_the_schema_file_makes_the_same_database(postgres: EmbeddedPostgres, migrated_dsn: str) -> None:
    name = f"schema_{next(_numbers)}"
    dsn = await postgres.create_database(name)
    connection = await asyncpg.connect(dsn)
    await connection.execute(SCHEMA.read_text(encoding="utf-8"))
    await connection.close()
    assert await describe(dsn) == SCHEMA.read_text(encoding="utf-8")
    # The tool also tells what `describe` leaves out.
    assert await pg_dump(dsn) == await pg_dump(migrated_dsn)
    await postgres.drop_database(name)
