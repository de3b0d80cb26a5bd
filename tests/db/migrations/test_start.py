"""A process works only on a schema that its release knows."""

import ast
from pathlib import Path

import asyncpg
import pytest

from db.migrate import migrate
from db.migration_files import (
    BASELINE,
    MigrationChanged,
    MigrationError,
    Phase,
    SchemaAhead,
    SchemaBehind,
    SchemaTooOld,
)
from db.pool import open_pool
from db.schema_state import check_schema
from tests.db.migrations.database import connected, fetchval, rename
from tests.paths import ROOT
from tests.style.rules import ROOMS
from workers.verifying import verify

OPENERS = {"asyncpg.connect", "asyncpg.create_pool", "connections.connect"}
KNOWN_OPENERS = {
    "db/connections.py": "it opens connections for the others",
    "db/pool.py": "it checks the schema",
    "activities/evidence/nightly.py": "the pool of its process has checked the schema",
    "workers/verifying.py": "it checks the schema in its snapshot",
    "benchmarks/browser.py": "it writes a large case as the superuser, into the database of its own stack",
    "benchmarks/cost.py": "it reads the server's statistics",
    "benchmarks/million/__init__.py": "it fills a database of its own",
    "benchmarks/peers/engine.py": "it makes and reads the peers' own databases",
    "benchmarks/peers/flow.py": "a peer's process, which has tables of its own",
    "db/migrate.py": "it changes the schema",
    "db/catalog.py": "it prints the schema",
    "workers/embedded/postgres.py": "it makes roles and databases",
    "workers/reference/pages.py": "it reads the catalogue of a database made for it",
}


def add(files: Path, name: str) -> str:
    (files / name).write_text("-- A test needs it.\nSELECT 1;")
    return name


async def refused(dsn: str, files: Path) -> MigrationError | None:
    async with connected(dsn) as connection:
        try:
            await check_schema(connection, files)
        except MigrationError as error:
            return error
    return None


async def test_an_empty_database_lacks_everything_that_is_needed(empty_dsn: str, files: Path) -> None:
    add(files, "0003_post_three.sql")
    error = await refused(empty_dsn, files)
    assert isinstance(error, SchemaBehind)
    assert str(error) == (
        "the database lacks 0001_baseline.sql, 0002_pre_two.sql, and this release needs that:"
        " run `goldenhour migrate` [schema_behind]"
    )


async def test_every_pre_is_needed_and_every_post_before_it(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    assert await refused(empty_dsn, files) is None
    post, pre = add(files, "0003_post_a.sql"), add(files, "0004_pre_b.sql")
    lacking = await refused(empty_dsn, files)
    assert isinstance(lacking, SchemaBehind)
    assert f"lacks {post}, {pre}" in str(lacking)
    await migrate(empty_dsn, files, phase=Phase.POST)
    lacking = await refused(empty_dsn, files)
    assert f"lacks {pre}," in str(lacking)
    await migrate(empty_dsn, files, phase=Phase.PRE)
    assert await refused(empty_dsn, files) is None


async def test_a_post_after_the_newest_pre_may_wait(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    add(files, "0003_post_a.sql")
    add(files, "0004_post_b.sql")
    assert await refused(empty_dsn, files) is None


async def test_a_later_pre_is_allowed_and_a_later_post_is_not(empty_dsn: str, files: Path) -> None:
    pre = add(files, "0003_pre_a.sql")
    await migrate(empty_dsn, files)
    (files / pre).unlink()
    assert await refused(empty_dsn, files) is None
    add(files, pre)
    post = add(files, "0004_post_a.sql")
    await migrate(empty_dsn, files)
    (files / pre).unlink()
    (files / post).unlink()
    error = await refused(empty_dsn, files)
    assert isinstance(error, SchemaAhead)
    assert f"has {post} of a later release" in str(error)


async def test_a_file_that_changed_after_it_was_applied_is_refused(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    (files / "0002_pre_two.sql").write_text("-- Counts otherwise.\nSELECT 2;")
    error = await refused(empty_dsn, files)
    assert isinstance(error, MigrationChanged)
    assert "0002_pre_two.sql" in str(error)


async def test_a_database_from_before_the_baseline_is_refused(empty_dsn: str, files: Path) -> None:
    await migrate(empty_dsn, files)
    await rename(empty_dsn, BASELINE, "0001_foundation.sql")
    error = await refused(empty_dsn, files)
    assert isinstance(error, SchemaTooOld)
    assert "No older database is accepted" in str(error)


# -- where it is checked ---------------------------------------------------------------------------------------


async def test_no_pool_is_opened_and_nothing_is_verified_on_an_unknown_schema(empty_dsn: str) -> None:
    with pytest.raises(SchemaBehind):
        await open_pool(empty_dsn)
    with pytest.raises(SchemaBehind):
        await verify(empty_dsn)
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    assert await fetchval(empty_dsn, others) == 0


async def test_a_pool_is_opened_beside_a_pre_of_a_later_release(database_dsn: str) -> None:
    async with connected(database_dsn) as owner:
        await owner.execute("INSERT INTO schema_migration (name, sha256) VALUES ('9001_pre_later.sql', '')")
        await (await open_pool(database_dsn, min_size=1)).close()
        await owner.execute("INSERT INTO schema_migration (name, sha256) VALUES ('9002_post_later.sql', '')")
    with pytest.raises(SchemaAhead):
        await open_pool(database_dsn, min_size=1)


async def test_a_role_without_rights_is_told_by_the_database(empty_dsn: str) -> None:
    await migrate(empty_dsn)
    async with connected(empty_dsn) as owner:
        await owner.execute("REVOKE ALL ON schema_migration FROM CURRENT_USER")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await open_pool(empty_dsn, min_size=1)


def test_every_way_to_a_database_is_known() -> None:
    found = set()
    for room in ROOMS:
        for file in (ROOT / room).rglob("*.py"):
            text = file.read_text()
            # To parse every file takes seconds.
            nodes = ast.walk(ast.parse(text)) if any(opener in text for opener in OPENERS) else ()
            if {ast.unparse(node) for node in nodes if isinstance(node, ast.Attribute)} & OPENERS:
                found.add(str(file.relative_to(ROOT)))
    assert found == set(KNOWN_OPENERS)
