"""Connections to PostgreSQL: one pool a process, jsonb by orjson."""

from typing import TYPE_CHECKING, Any

import asyncpg
import orjson

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    Connection = asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]
    Pool = asyncpg.Pool[asyncpg.Record]
else:
    Connection = asyncpg.Connection
    Pool = asyncpg.Pool

COMMAND_TIMEOUT_SECONDS = 30.0


def _encode(value: Any) -> str:
    return orjson.dumps(value).decode()


async def set_codecs(connection: Connection) -> None:
    """Read and write json and jsonb as Python values on this connection."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, encoder=_encode, decoder=orjson.loads, schema="pg_catalog")


async def open_pool(dsn: str, *, min_size: int = 2, max_size: int = 20) -> Pool:
    """Open a pool on `dsn`. Raises OSError or asyncpg.PostgresError when the database cannot be reached."""
    return await asyncpg.create_pool(
        dsn,
        min_size=min_size,
        max_size=max_size,
        init=set_codecs,
        command_timeout=COMMAND_TIMEOUT_SECONDS,
        server_settings={"application_name": "goldenhour", "timezone": "UTC", "jit": "off"},
    )
