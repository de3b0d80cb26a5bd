"""`db.catalog` tells the whole schema."""

import asyncio
import re

import asyncpg

from db.catalog import describe
from workers.embedded.postgres import EmbeddedPostgres, packaged_bin_dir


async def pg_dump(dsn: str) -> str:
    """Return the schema as PostgreSQL's own tool tells it, without owners and rights."""
    process = await asyncio.create_subprocess_exec(
        *(packaged_bin_dir() / "pg_dump", "--schema-only", "--no-owner", "--no-privileges", dsn),
        stdout=asyncio.subprocess.PIPE,
    )
    text, _ = await process.communicate()
    assert process.returncode == 0
    # Its guard against hostile names has another key each time.
    return re.sub(r"(?m)^\\(un)?restrict .*$", "", text.decode())


async def test_the_described_schema_makes_the_same_database(postgres: EmbeddedPostgres, template_database: str) -> None:
    migrated_dsn = await postgres.create_database("schema_migrated", template_database)
    described = await describe(migrated_dsn)
    dsn = await postgres.create_database("schema_described")
    connection = await asyncpg.connect(dsn)
    await connection.execute(described)
    await connection.close()
    assert await describe(dsn) == described
    # The tool also tells what `describe` leaves out.
    assert await pg_dump(dsn) == await pg_dump(migrated_dsn)
    for name in ("schema_described", "schema_migrated"):
        await postgres.drop_database(name)
