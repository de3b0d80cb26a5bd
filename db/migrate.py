"""Apply the migrations of this release in their order, each once, while at most one process migrates a database."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Final, NamedTuple

import asyncpg

from db import connections
from db.grants import grant
from db.migration_files import (
    MIGRATIONS,
    MigrationFile,
    MigrationLocked,
    MigrationRunning,
    Phase,
    index_made,
    read_files,
    split_statements,
)
from db.pool import Connection
from db.schema_state import applied, refuse_unknown

log = logging.getLogger(__name__)

LOCK_KEY: Final = 7_305_813_377_193_000_001
"""the advisory lock of the one process that migrates; only its uniqueness matters"""
_LOCK_POLL_SECONDS: Final = 0.1
_LOCK_TIMEOUT: Final = "SELECT set_config('lock_timeout', $1, $2)"
_RECORDED: Final = "INSERT INTO schema_migration (name, sha256) VALUES ($1, $2)"
_INVALID: Final = """
SELECT quote_ident(c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = $1 AND NOT i.indisvalid
"""


@dataclass(frozen=True)
class LockLimits:
    """Limits on how long a migration waits for locks."""

    seconds: float = 5.0
    """wait of one attempt; for so long a lock that is waited for stops all later users of its table"""
    outside_seconds: float = 600.0
    """the same outside a transaction; reads and writes of the table go on meanwhile"""
    attempts: int = 5
    pause_seconds: float = 2.0
    """time between attempts, in which the users of the table go on"""
    other_seconds: float = 900.0
    """wait for another process that migrates"""


class Migrated(NamedTuple):
    """The names of the migrations that a run applied, and of those that it left."""

    applied: list[str]
    left: list[str]


async def migrate(
    dsn: str,
    directory: Path = MIGRATIONS,
    *,
    phase: Phase | None = None,
    application: str | None = None,
    limits: LockLimits | None = None,
) -> Migrated:
    """Apply the missing migrations to the database at `dsn`, those of one phase or all.

    A phase ends before the first missing migration of the other phase. An empty database gets all, because no process
    works on it. The role in `dsn` owns what is created. The role `application`, if it is another one, gets the rights
    to use it. Several processes may call it at once. Raises `MigrationError`, `NoSuchRole`
    and `TemporaryTablesAllowed`.
    """
    limits = limits or LockLimits()
    files = read_files(directory)
    connection = await connections.connect(dsn, "goldenhour migrate", connections.OF_A_MIGRATION)
    try:
        await _be_alone(connection, limits)
        known = await applied(connection)
        refuse_unknown(known, files)
        missing = [file for file in files if file.name not in known]
        due = missing if phase is None or not known else list(takewhile(lambda file: file.phase is phase, missing))
        await _apply_all(connection, due, limits)
        if application is not None and application != await connection.fetchval("SELECT current_user"):
            await grant(connection, application)
        return Migrated([file.name for file in due], [file.name for file in missing[len(due) :]])
    finally:
        await connection.close()


async def _be_alone(connection: Connection, limits: LockLimits) -> None:
    """Take the lock of the one process that migrates. Raises `MigrationRunning`.

    A statement that waits for the lock holds a snapshot, and an index that is made concurrently waits for all
    snapshots. So this process asks again and again, and holds nothing meanwhile.
    """
    for _ in range(max(1, round(limits.other_seconds / _LOCK_POLL_SECONDS))):
        if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY):
            return
        await asyncio.sleep(_LOCK_POLL_SECONDS)
    raise MigrationRunning


async def _apply_all(connection: Connection, files: Sequence[MigrationFile], limits: LockLimits) -> None:
    await connection.execute(
        "CREATE TABLE IF NOT EXISTS schema_migration (name text PRIMARY KEY, sha256 text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT clock_timestamp())"
    )
    for file in files:
        await _with_attempts(connection, file, limits)


async def _with_attempts(connection: Connection, file: MigrationFile, limits: LockLimits) -> None:
    """Apply a file, again if a lock was not free. Raises `MigrationLocked`."""
    for attempt in range(1, limits.attempts + 1):
        try:
            if file.is_outside:
                await _apply_outside(connection, file, limits.outside_seconds)
            else:
                await _apply(connection, file, limits.seconds)
            return
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError):
            log.warning("%s did not get a lock in attempt %d of %d", file.name, attempt, limits.attempts)
        if attempt < limits.attempts:
            await asyncio.sleep(limits.pause_seconds)
    raise MigrationLocked(file.name, limits.attempts)


async def _apply(connection: Connection, file: MigrationFile, lock_seconds: float) -> None:
    """Apply and record a file in one transaction."""
    async with connection.transaction():
        await connection.execute(_LOCK_TIMEOUT, _milliseconds(lock_seconds), True)
        await connection.execute(file.text)
        await connection.execute(_RECORDED, file.name, file.sha256)


async def _apply_outside(connection: Connection, file: MigrationFile, lock_seconds: float) -> None:
    """Apply each statement of a file in a transaction of its own, then record the file.

    After a crash the file begins again. A statement that is done then does nothing, and an index that a failed
    statement left invalid is made again.
    """
    await connection.execute(_LOCK_TIMEOUT, _milliseconds(lock_seconds), False)
    for statement in split_statements(file.text):
        if name := index_made(statement):
            for (invalid,) in await connection.fetch(_INVALID, name):
                await connection.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {invalid}")
        await connection.execute(statement)
    await connection.execute(_RECORDED, file.name, file.sha256)
    await connection.execute("RESET lock_timeout")


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
