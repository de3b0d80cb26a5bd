"""What the application's role may do in tables that another role owns.

It reads, adds, and changes what its work changes. Where every change is refused (`refuse_change`), it lacks the right
to one too: a trigger can be dropped, but only by the owner.
"""

from typing import Final

import asyncpg

from db.pool import Connection

_REFUSES: Final = "refuse_change"
"""the trigger function of what is only ever added to"""
_MIGRATIONS: Final = "schema_migration"

# A trigger that looks at some columns or rows only leaves the right to it. Bits of `tgtype`: 8 delete, 16 update.
_TABLES: Final = """
SELECT c.relname AS name, coalesce(bit_or(t.tgtype) & 16 > 0, false) AS never_updated,
    coalesce(bit_or(t.tgtype) & 8 > 0, false) AS never_deleted
FROM pg_class c LEFT JOIN pg_trigger t ON t.tgrelid = c.oid AND t.tgfoid = to_regproc($1) AND t.tgqual IS NULL
    AND cardinality(t.tgattr::int2[]) = 0
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relowner = current_user::regrole
GROUP BY c.relname ORDER BY c.relname
"""

_OWN: Final = """
SELECT count(*) > 0 FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND pg_has_role(c.relowner, 'MEMBER')
"""


class NoSuchRole(Exception):
    """The role that the application connects as is not there: make it first (docs/how-to/operations.md)."""


async def grant(connection: Connection, role: str) -> None:
    """Give `role` what it needs, and take from it what it needs no more. Whoever owns the tables calls it.

    Tables that come later can be used at once; what is append-only among them is taken care of by the next call.
    Raises `NoSuchRole`.
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


def _rights(table: asyncpg.Record, role: str) -> str:
    verbs = ["SELECT"]
    if table["name"] != _MIGRATIONS:
        verbs.append("INSERT")
        verbs += [] if table["never_updated"] else ["UPDATE"]
        verbs += [] if table["never_deleted"] else ["DELETE"]
    return f'REVOKE ALL ON "{table["name"]}" FROM {role}; GRANT {", ".join(verbs)} ON "{table["name"]}" TO {role}'


async def owns_tables(connection: Connection) -> bool:
    """Whether who is connected owns the tables, or can become who does: a trigger holds nobody who can drop it."""
    owns: bool = await connection.fetchval(_OWN)
    return owns
