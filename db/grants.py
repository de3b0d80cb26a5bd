"""Rights of the application's role in tables that another role owns.

The role reads, inserts, and changes only what its work changes. It has no right to change a table, or some columns of
it, where the trigger `refuse_change` refuses every change of them. The owner of a table could drop that trigger; the
role is not the owner.
"""

from typing import Final

import asyncpg

from db.pool import Connection

_REFUSES: Final = "refuse_change"
"""the trigger function of append-only tables"""
_OWNERS: Final = frozenset({"schema_migration", "clock_setting"})
"""tables that only the owner writes"""

# A trigger limited to some rows leaves the right; one limited to some columns leaves it on the other columns. Bits of
# `tgtype`: 8 delete, 16 update.
_TABLES: Final = """
SELECT c.relname AS name, coalesce(bit_or(t.tgtype) & 16 > 0, false) AS never_updated,
    coalesce(bit_or(t.tgtype) & 8 > 0, false) AS never_deleted,
    (SELECT string_agg(quote_ident(a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
     WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND kept.columns IS NOT NULL
       AND a.attnum <> ALL (kept.columns)) AS updated_columns
FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgfoid = to_regproc($1) AND t.tgqual IS NULL
    AND cardinality(t.tgattr::int2[]) = 0
CROSS JOIN LATERAL (
    SELECT array_agg(attnum) AS columns FROM pg_trigger u CROSS JOIN LATERAL unnest(u.tgattr::int2[]) AS attnum
    WHERE u.tgrelid = c.oid AND u.tgfoid = to_regproc($1) AND u.tgqual IS NULL AND u.tgtype & 16 > 0
) AS kept
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner = current_user::regrole
GROUP BY c.oid, c.relname, kept.columns ORDER BY c.relname
"""

_OWN: Final = """
SELECT count(*) > 0 FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'MEMBER')
"""


class TemporaryTablesAllowed(Exception):
    """The application's role may make temporary tables in this database, and these would hide those that triggers read.

    Another role that it is a member of gives it the right: end that membership.
    """


class NoSuchRole(Exception):
    """The role that the application connects as does not exist: create it first (docs/how-to/operations.md)."""


async def grant(connection: Connection, role: str) -> None:
    """Grant `role` the rights it needs and revoke those it no longer needs. The tables' owner calls it.

    Tables created later can be used at once. The next call makes those of them that are append-only so. Raises
    `NoSuchRole` and `TemporaryTablesAllowed`.
    """
    name = await connection.fetchval("SELECT quote_ident(rolname) FROM pg_roles WHERE rolname = $1", role)
    if name is None:
        raise NoSuchRole(role)
    tables = await connection.fetch(_TABLES, _REFUSES)
    async with connection.transaction():
        await connection.execute(
            f"GRANT USAGE ON SCHEMA public TO {name};"
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {name};"
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {name}"
        )
        for sequence in await connection.fetch(
            "SELECT quote_ident(relname) AS name FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'S' AND relowner = current_user::regrole"
        ):
            await connection.execute(f"GRANT USAGE ON SEQUENCE {sequence['name']} TO {name}")
        await connection.execute(";".join(_rights(table, name) for table in tables))
        # PostgreSQL finds a temporary table before ours of the same name, also for our triggers.
        database = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC, {name}")
        if await connection.fetchval("SELECT has_database_privilege($1::text, current_database(), 'TEMPORARY')", role):
            raise TemporaryTablesAllowed(role)


def _rights(table: asyncpg.Record, role: str) -> str:
    verbs = ["SELECT"]
    if table["name"] not in _OWNERS:
        verbs.append("INSERT")
        if not table["never_updated"]:
            columns = table["updated_columns"]
            verbs.append(f"UPDATE ({columns})" if columns else "UPDATE")
        verbs += [] if table["never_deleted"] else ["DELETE"]
    return f'REVOKE ALL ON "{table["name"]}" FROM {role}; GRANT {", ".join(verbs)} ON "{table["name"]}" TO {role}'


async def owns_tables(connection: Connection) -> bool:
    """Return whether the connected role owns the tables or is a member of their owner.

    Such a role can drop the triggers that keep tables append-only.
    """
    owns: bool = await connection.fetchval(_OWN)
    return owns
