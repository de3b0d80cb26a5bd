"""Roles and databases of a server, and whether the database can store anything now."""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import asyncpg

from db.pool import Connection

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")

EMBEDDED_CLUSTER: Final = "goldenhour-embedded"
"""`cluster_name` of a server that `workers.embedded` started; no session and no URL can set it"""


async def is_embedded(connection: Connection) -> bool:
    """Return whether the server is one that `workers.embedded` started."""
    name: str = await connection.fetchval("SHOW cluster_name")
    return name == EMBEDDED_CLUSTER


async def ensure_role(connection: Connection, name: str, rights: str, password: str) -> None:
    """Create a role with these rights, unless it exists. The password has no quotation mark."""
    if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name):
        await connection.execute(f"CREATE ROLE {_checked(name)} {rights} PASSWORD '{password}'")


async def ensure_database(connection: Connection, name: str, owner: str) -> None:
    """Create a database, unless it exists."""
    if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
        await connection.execute(f"CREATE DATABASE {_checked(name)} OWNER {_checked(owner)}")


async def ensure_statement_statistics(connection: Connection) -> None:
    """Create the view of the statements of every database, unless it exists. Only the superuser can read it."""
    await connection.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")


async def copy_database(connection: Connection, name: str, owner: str, template: str) -> None:
    """Create a database as a copy of `template`, which must have no connections."""
    await connection.execute(
        f"CREATE DATABASE {_checked(name)} OWNER {_checked(owner)} TEMPLATE {_checked(template)} STRATEGY FILE_COPY"
    )
    # PostgreSQL copies the tables' rights, and not those of the database (`db.grants`).
    await connection.execute(f"REVOKE TEMPORARY ON DATABASE {_checked(name)} FROM PUBLIC")


async def drop_database(connection: Connection, name: str) -> None:
    """Remove a database and end its connections; the database may be missing."""
    await connection.execute(f"DROP DATABASE IF EXISTS {_checked(name)} WITH (FORCE)")


def _checked(name: str) -> str:
    """Return the name if it needs no quotes in SQL. Raises ValueError for another one."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"not a database name: {name!r}")
    return name


class Storage(StrEnum):
    """State of the database's storage."""

    OK = "ok"
    FULL = "full"
    READ_ONLY = "read_only"


_SPILL: Final = """
SELECT count(*) FROM (SELECT g FROM generate_series(1, 1000) AS g ORDER BY repeat('x', 1000), g) AS spilled
"""
"""Sorts a megabyte in the smallest memory, so that the server writes it to a temporary file and deletes the file. A
full disk refuses it. No table, no index and no write-ahead log grows by it."""


async def storage_state(connection: Connection) -> Storage:
    """Return whether the server accepts writes and its disk has room. Raises as every query does."""
    async with connection.transaction():
        read_only = await connection.fetchval(
            "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"
        )
    if read_only:
        return Storage.READ_ONLY
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL work_mem = '64kB'")
            await connection.execute(_SPILL)
    except asyncpg.DiskFullError:
        return Storage.FULL
    return Storage.OK


# The counters are those of the server for its own cleaning. A server may be told to keep none.
_WRITTEN: Final = """
SELECT CASE WHEN current_setting('track_counts')::boolean THEN pg_stat_get_db_tuples_inserted(d.oid)
    + pg_stat_get_db_tuples_updated(d.oid) + pg_stat_get_db_tuples_deleted(d.oid)
    - (SELECT coalesce(sum(pg_stat_get_tuples_inserted(t) + pg_stat_get_tuples_updated(t)
        + pg_stat_get_tuples_deleted(t)), 0)::bigint FROM unnest($1::text[]) AS name, to_regclass(name) AS t) END
FROM pg_database d WHERE d.datname = current_database()
"""


async def rows_written(connection: Connection, without: Sequence[str] = ()) -> int | None:
    """Return how many rows were written to this database so far, without some tables; None if none are counted.

    A row is counted when its transaction has ended, or up to ten seconds later. Outside a transaction only: inside one,
    the server says the same number again.
    """
    written: int | None = await connection.fetchval(_WRITTEN, list(without))
    return written
