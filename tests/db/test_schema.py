"""`db/schema.sql` is what the migrations come to."""

import itertools
from pathlib import Path

import asyncpg

import db.describe
from db.describe import describe
from workers.embedded.postgres import EmbeddedPostgres

SCHEMA = Path(db.describe.__file__).with_name("schema.sql")
_numbers = itertools.count(1)


async def test_the_schema_file_is_what_all_migrations_come_to(database_dsn: str) -> None:
    assert await describe(database_dsn) == SCHEMA.read_text(encoding="utf-8"), f"see {db.describe.__name__}"


async def test_the_schema_file_makes_the_same_database(postgres: EmbeddedPostgres) -> None:
    name = f"schema_{next(_numbers)}"
    dsn = await postgres.create_database(name)
    connection = await asyncpg.connect(dsn)
    await connection.execute(SCHEMA.read_text(encoding="utf-8"))
    await connection.close()
    assert await describe(dsn) == SCHEMA.read_text(encoding="utf-8")
    await postgres.drop_database(name)
