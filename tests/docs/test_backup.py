"""The backup and the restore that docs/guides/operator.md describes, with PostgreSQL's own tools."""

import asyncio
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from db.catalog import describe
from db.migrate import migrate
from db.pool import Pool, open_pool
from workers.embedded.postgres import APPLICATION, OWNER, EmbeddedPostgres, packaged_bin_dir

RESTORED = "restored_goldenhour"


async def run(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's programs; fail with what it says."""
    process = await asyncio.create_subprocess_exec(
        packaged_bin_dir() / program, *arguments, stderr=asyncio.subprocess.PIPE
    )
    _, said = await process.communicate()
    assert process.returncode == 0, said.decode()


@pytest.fixture
async def dumped(database: Pool, database_dsn: str, tmp_path: Path) -> Path:
    await database.execute(
        "INSERT INTO institution (code, name, kind, answer_class, updated_at)"
        " VALUES ('SBIN', 'State Bank of India', 'bank', 'api', now())"
    )
    file = tmp_path / "goldenhour.dump"
    await run("pg_dump", "--format=custom", f"--file={file}", database_dsn)
    return file


async def test_a_backup_comes_back_whole(dumped: Path, database_dsn: str, postgres: EmbeddedPostgres) -> None:
    restored = await postgres.create_database(RESTORED)
    await run("pg_restore", "--exit-on-error", "--no-owner", f"--role={OWNER}", f"--dbname={restored}", str(dumped))
    assert await migrate(restored, application=APPLICATION) == ([], [])
    assert await describe(restored) == await describe(database_dsn)
    as_application = postgres.dsn_for(urlsplit(restored).path.removeprefix("/"), APPLICATION)
    pool = await open_pool(as_application, min_size=1, max_size=1)
    assert await pool.fetchval("SELECT name FROM institution") == "State Bank of India"
    await pool.close()
    await postgres.drop_database(RESTORED)
