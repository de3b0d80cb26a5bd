"""What a test of migrations does with its database beside migrating it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from tests.waiting import until

Connection = asyncpg.Connection

LOST = (asyncpg.AdminShutdownError, asyncpg.ConnectionDoesNotExistError, asyncpg.InterfaceError)
"""what a migration raises when its session is ended"""

_BLOCKED = (
    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND cardinality(pg_blocking_pids(pid)) > 0"
)


@asynccontextmanager
async def connected(dsn: str) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(dsn)
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def locked(dsn: str, statement: str) -> AsyncIterator[Connection]:
    """Keep the locks of a statement while the block runs, or until the test ends the transaction."""
    async with connected(dsn) as connection:
        await connection.execute(f"BEGIN; {statement}")
        yield connection


async def fetchval(dsn: str, query: str, *values: object) -> object:
    async with connected(dsn) as connection:
        found: object = await connection.fetchval(query, *values)
        return found


async def exists(dsn: str, name: str) -> bool:
    """Whether there is a table or index of this name."""
    return bool(await fetchval(dsn, "SELECT to_regclass($1) IS NOT NULL", name))


async def indexes(dsn: str) -> dict[str, bool]:
    """Return the indexes of the table `one`, and whether each is valid."""
    async with connected(dsn) as connection:
        rows = await connection.fetch(
            "SELECT indexrelid::regclass::text AS name, indisvalid FROM pg_index WHERE indrelid = 'one'::regclass"
        )
    return {row["name"]: row["indisvalid"] for row in rows}


async def recorded(dsn: str) -> Sequence[str]:
    """Return the names of the applied migrations."""
    async with connected(dsn) as connection:
        return [row["name"] for row in await connection.fetch("SELECT name FROM schema_migration ORDER BY name")]


async def rename(dsn: str, old: str, new: str) -> None:
    """Give an applied migration another name in the database."""
    async with connected(dsn) as connection:
        await connection.execute("UPDATE schema_migration SET name = $2 WHERE name = $1", old, new)


async def blocked(connection: Connection, count: int = 1) -> list[int]:
    """Wait until so many sessions of this database wait for a lock; return their process ids."""

    async def are_blocked() -> bool:
        return len(await connection.fetch(_BLOCKED)) >= count

    await until(are_blocked)
    return [row["pid"] for row in await connection.fetch(_BLOCKED)]


async def kill_blocked(dsn: str) -> None:
    """Wait until a session waits for a lock, and end that session as a crash of its process would."""
    async with connected(dsn) as connection:
        for pid in await blocked(connection):
            await connection.execute(f"SELECT pg_terminate_backend({pid})")
