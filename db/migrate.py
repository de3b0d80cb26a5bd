"""Apply numbered SQL files, each once and in order, under an advisory lock; their checksums are stored."""

import hashlib
from pathlib import Path

import asyncpg

from db.grants import grant

MIGRATIONS = Path(__file__).with_name("migrations")
_LOCK = 7_305_813_377_193_000_001
"""Lock of the migration; two concurrent migrations wait for each other on it. Only its uniqueness matters."""


class MigrationChanged(Exception):
    """The file of an applied migration has changed: write a new migration instead."""


async def migrate(dsn: str, directory: Path = MIGRATIONS, *, application: str | None = None) -> list[str]:
    """Bring the database at `dsn` up to date; return the names of the files applied now.

    The role in `dsn` owns what is created. The role `application`, if it is another one, gets the rights to use it.
    Several processes may call it at once. Raises `MigrationChanged` before it applies anything, and `NoSuchRole`.
    """
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        applied = await _apply_missing(connection, _files(directory))
        if application is not None and application != await connection.fetchval("SELECT current_user"):
            await grant(connection, application)
        return applied
    finally:
        await connection.close()


async def pending(dsn: str, directory: Path = MIGRATIONS) -> list[str]:
    """Return the names of the migrations that are not applied at `dsn`."""
    connection = await asyncpg.connect(dsn)
    try:
        known = await _known(connection)
        return [file.name for file in _files(directory) if file.name not in known]
    finally:
        await connection.close()


def _files(directory: Path) -> list[Path]:
    return sorted(directory.glob("[0-9]*.sql"))


async def _known(connection: "asyncpg.Connection[asyncpg.Record]") -> dict[str, str]:
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return {}
    return {row["name"]: row["sha256"] for row in await connection.fetch("SELECT name, sha256 FROM schema_migration")}


async def _apply_missing(connection: "asyncpg.Connection[asyncpg.Record]", files: list[Path]) -> list[str]:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, sha256 text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    known = await _known(connection)
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    for name, digest in known.items():
        if digests.get(name, digest) != digest:
            raise MigrationChanged(name)
    applied = []
    for file in files:
        if file.name in known:
            continue
        async with connection.transaction():
            await connection.execute(file.read_text(encoding="utf-8"))
            await connection.execute(
                "INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)", file.name, digests[file.name]
            )
        applied.append(file.name)
    return applied
