"""Connections to PostgreSQL: one pool per process on a schema that this release knows, jsonb by orjson."""

from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

from db.schema_state import check_schema

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

COMMAND_TIMEOUT_SECONDS = 30.0
CACHED_STATEMENTS = 400
"""prepared statements of a connection, cached for its whole life; a process has fewer"""
ARRAY_TYPES = (
    *("boolean", "smallint", "integer", "bigint", "float8", "text"),
    *("uuid", "bytea", "date", "timestamptz", "jsonb"),
)


def _encode(value: Any) -> str:
    return orjson.dumps(value).decode()


async def set_codecs(connection: Connection) -> None:
    """Set the codecs for json and jsonb on this connection, and load the array types that we use.

    The driver asks the server about each array type when a connection first meets it. That takes about a dozen
    milliseconds, which would otherwise pass while a case is locked.
    """
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_encode, decoder=orjson.loads, schema="pg_catalog")
    await connection.prepare(f"SELECT {', '.join(f'NULL::{name}[]' for name in ARRAY_TYPES)}")


async def ping(connection: Connection) -> None:
    """Wait for the database to reply. Raises as every query does."""
    await connection.execute("SELECT 1")


async def open_pool(dsn: str, *, min_size: int = 2, max_size: int = 20) -> Pool:
    """Open a pool on `dsn`, whose schema this release knows.

    Every process opens its pool here, so none works on a schema that it does not know. Raises `MigrationError` for such
    a schema, and OSError or asyncpg.PostgresError if the database cannot be reached.
    """
    pool = await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        init=set_codecs,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        statement_cache_size=CACHED_STATEMENTS,
        max_cached_statement_lifetime=0,
        server_settings={"application_name": "goldenhour", "timezone": "UTC", "jit": "off"},
    )
    try:
        async with pool.acquire() as connection:
            await check_schema(connection)
    except BaseException:
        await pool.close()
        raise
    return pool
