"""Filling of tables by COPY for a benchmark: no trigger, no foreign key and few indexes work meanwhile.

The connection is the superuser's, in a database that holds nothing of value.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

from db.pool import Connection

_INDEXES: Final = """
SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS made_by FROM pg_index i
WHERE i.indrelid IN (SELECT t::regclass FROM unnest($1::text[]) AS t)
    AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
ORDER BY 1
"""
_NUMBERS: Final = """
SELECT a.attrelid::regclass::text AS table, a.attname AS column
FROM pg_attribute a
WHERE a.attrelid IN (SELECT t::regclass FROM unnest($1::text[]) AS t) AND a.attidentity <> '' ORDER BY 1
"""

_FILL_FACTORS: Final = """
SELECT c.relname, o.option_value FROM pg_class c CROSS JOIN LATERAL pg_options_to_table(c.reloptions) AS o
WHERE c.oid IN (SELECT t::regclass FROM unnest($1::text[]) AS t) AND o.option_name = 'fillfactor' ORDER BY 1
"""


async def prepare(connection: Connection, maintenance_memory: str) -> None:
    """Let the session write without triggers and foreign keys, and build indexes in this much memory."""
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SELECT set_config('maintenance_work_mem', $1, false)", maintenance_memory)


async def drop_indexes(connection: Connection, tables: Sequence[str]) -> list[str]:
    """Drop the indexes of these tables that no constraint needs; return the statements that make them again."""
    found = await connection.fetch(_INDEXES, list(tables))
    for index in found:
        await connection.execute(f"DROP INDEX {index['name']}")
    return [index["made_by"] for index in found]


async def empty(connection: Connection, tables: Sequence[str]) -> None:
    """Empty these tables, so that rows that the same transaction copies need no later work of VACUUM."""
    await connection.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


async def fill_pages(connection: Connection, tables: Sequence[str]) -> dict[str, str]:
    """Leave no room for updates in the pages of these tables; return what the tables had as `fillfactor`.

    The pages of settled cases are full, because their updates have used the room.
    """
    found = await connection.fetch(_FILL_FACTORS, list(tables))
    for row in found:
        await connection.execute(f"ALTER TABLE {row['relname']} RESET (fillfactor)")
    return {row["relname"]: row["option_value"] for row in found}


async def reserve(connection: Connection, factors: Mapping[str, str]) -> None:
    """Give these tables their `fillfactor` again."""
    for table, factor in factors.items():
        await connection.execute(f"ALTER TABLE {table} SET (fillfactor = {factor})")


async def copy(connection: Connection, table: str, columns: Sequence[str], rows: AsyncIterator[bytes]) -> None:
    """Copy rows in PostgreSQL's text format into a table that this transaction has emptied."""
    await connection.copy_to_table(table, source=rows, columns=columns, freeze=True)


async def count_on(connection: Connection, tables: Sequence[str]) -> None:
    """Let the numbers that these tables assign begin after the largest that they have."""
    for row in await connection.fetch(_NUMBERS, list(tables)):
        table, column = row["table"], row["column"]
        await connection.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), coalesce(max({column}), 1)) FROM {table}"
        )


async def make_index(connection: Connection, made_by: str) -> None:
    """Make an index again."""
    await connection.execute(made_by)


async def analyze(connection: Connection, tables: Sequence[str]) -> None:
    """Collect the planner's statistics of these tables."""
    await connection.execute(f"ANALYZE {', '.join(tables)}")


async def let_analyze(connection: Connection, tables: Sequence[str], role: str) -> None:
    """Let a role that does not own these tables collect their statistics; call as their owner."""
    await connection.execute(f"GRANT MAINTAIN ON {', '.join(tables)} TO {role}")


async def vacuum(connection: Connection, tables: Sequence[str]) -> None:
    """Remove what earlier runs wrote into these tables and rolled back."""
    await connection.execute(f"VACUUM {', '.join(tables)}")


async def database_bytes(connection: Connection) -> int:
    """Return the size of the connection's database on disk."""
    size: int = await connection.fetchval("SELECT pg_database_size(current_database())")
    return size


async def sizes(connection: Connection, tables: Sequence[str]) -> dict[str, tuple[int, int, int]]:
    """Return by table its rows as ANALYZE counted them, its bytes, and those of its indexes."""
    rows = await connection.fetch(
        "SELECT c.relname, greatest(c.reltuples, 0)::bigint AS rows, pg_table_size(c.oid) AS own,"
        " pg_indexes_size(c.oid) AS indexes FROM pg_class c"
        " WHERE c.oid IN (SELECT t::regclass FROM unnest($1::text[]) AS t) ORDER BY 1",
        list(tables),
    )
    return {row["relname"]: (row["rows"], row["own"], row["indexes"]) for row in rows}
