"""Connections to PostgreSQL: one pool per process on a schema that this release knows, jsonb by orjson."""

import logging
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import orjson

from db.connections import OF_A_PROCESS, ConnectionLimits, connection_settings
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
BY_INDEX = {"enable_seqscan": "off", "plan_cache_mode": "force_generic_plan"}
SESSION_NAME = "goldenhour command"
"""name of the sessions of a command; a process of the engine names its keys (`db.privacy.body_keys`)"""
QUERIES_MAX = 10_000_000
"""queries after which a connection is replaced"""
ARRAY_TYPES = (
    *("boolean", "smallint", "integer", "bigint", "float8", "text"),
    *("uuid", "bytea", "date", "timestamptz", "jsonb"),
)
DOMAINS = ("sealed_value", "sealed_under_secret_key")


def _encode(value: Any) -> str:
    return orjson.dumps(value).decode()


async def set_codecs(connection: Connection) -> None:
    """Set the codecs for json and jsonb on this connection, and load the array types and domains that we use.

    The driver asks the server about each of these types when a connection first meets it. That takes about a dozen
    milliseconds, which would otherwise pass while a case is locked. Of a domain it asks only for a parameter.
    """
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_encode, decoder=orjson.loads, schema="pg_catalog")
    types = [*(f"NULL::{name}[]" for name in ARRAY_TYPES), *(f"${n}::{name}" for n, name in enumerate(DOMAINS, 1))]
    with suppress(asyncpg.UndefinedObjectError):  # A schema without the domains is refused in `open_pool`.
        await connection.prepare(f"SELECT {', '.join(types)}")


async def ping(connection: Connection) -> None:
    """Wait for the database to reply. Raises as every query does."""
    await connection.execute("SELECT 1")


_with_session_state: Final[set[int]] = set()
"""process ids of the server's backends whose connection has a setting or an advisory lock of its session"""


def note_session_state(connection: Connection) -> None:
    """Note that the connection gets a setting or an advisory lock of its session; the pool then clears both."""
    _with_session_state.add(connection.get_server_pid())


async def _reset(connection: Connection) -> None:
    """Clear what a user of the connection noted for its session.

    asyncpg itself ends transactions. Nothing else is left: cursors are those of a transaction, and a listener is
    removed by its owner. So most connections go back without a statement.
    """
    pid = connection.get_server_pid()
    if pid in _with_session_state:
        await connection.execute(connection.get_reset_query())
        _with_session_state.discard(pid)


def _is_no_outage(record: logging.LogRecord) -> bool:
    """Return False for the pool's own message with a traceback about each try while PostgreSQL is away."""
    return "connection floor" not in record.getMessage()


async def open_pool(
    dsn: str,
    *,
    min_size: int = 2,
    max_size: int = 20,
    idle_seconds: float = 0,
    only_single_cases: bool = False,
    limits: ConnectionLimits = OF_A_PROCESS,
    session_name: str = SESSION_NAME,
) -> Pool:
    """Open a pool on `dsn`, whose schema this release knows.

    A connection that is unused for `idle_seconds` is closed, down to `min_size`; with 0 none is. The first statements
    of a new connection take tens of milliseconds. A process that works on `only_single_cases` plans its statements by
    indexes. A plan that was made and kept while a table was almost empty would else read the whole table later.

    Every process opens its pool here, so none works on a schema that it does not know. Raises `MigrationError` for such
    a schema, and OSError or asyncpg.PostgresError if the database cannot be reached.
    """
    logging.getLogger("asyncpg.pool").addFilter(_is_no_outage)
    pool = await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        init=set_codecs,
        reset=_reset,
        max_queries=QUERIES_MAX,
        max_inactive_connection_lifetime=idle_seconds,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        statement_cache_size=CACHED_STATEMENTS,
        max_cached_statement_lifetime=0,
        server_settings=connection_settings(session_name, limits)
        | {"timezone": "UTC", "jit": "off"}
        | (BY_INDEX if only_single_cases else {}),
    )
    try:
        async with pool.acquire() as connection:
            await check_schema(connection)
    except BaseException:
        await pool.close()
        raise
    return pool
