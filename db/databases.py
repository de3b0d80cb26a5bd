"""Roles and databases of a PostgreSQL server. Its superuser creates them."""

import re
from typing import Final

from db.pool import Connection

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


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
