"""For benchmarks: real plans, totals of the server, and filling by COPY.

Plans that PostgreSQL really uses, of statements and of those inside functions, for a benchmark. The module
`auto_explain` of the server sends each plan to the session as a notice, with its rows and pages.

Filling of tables by COPY for a benchmark: no trigger, no foreign key and few indexes work meanwhile. The connection is
the superuser's, in a database that holds nothing of value.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final, NamedTuple

from db.pool import Connection

_SETTINGS: Final = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
    # The plans are kept, and parameters may be personal data.
    "auto_explain.log_parameter_max_length": "0",
}


async def show_plans(connection: Connection, database: str) -> None:
    """Let later sessions of a database get the plan of each statement; the connection is the superuser's."""
    for name, value in _SETTINGS.items():
        await connection.execute(f"ALTER DATABASE {database} SET {name} = '{value}'")


async def hide_plans(connection: Connection, database: str) -> None:
    """Let later sessions of a database get no plans."""
    for name in _SETTINGS:
        await connection.execute(f"ALTER DATABASE {database} RESET {name}")


class ServerFigures(NamedTuple):
    """Totals of one database since its statistics began. The log is that of the whole server."""

    commits: int
    """sessions report it about a second late"""
    statements: int
    """without BEGIN, COMMIT and other utility statements"""
    wal_bytes: int


_TOTALS: Final = """
SELECT
    (SELECT xact_commit FROM pg_stat_database WHERE datname = $1) AS commits,
    (SELECT coalesce(sum(s.calls), 0)::bigint FROM pg_stat_statements(false) AS s
        JOIN pg_database d ON d.oid = s.dbid WHERE d.datname = $1) AS statements,
    pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS wal_bytes
"""


async def server_figures(connection: Connection, database: str) -> ServerFigures:
    """Return the totals of a database now. The connection is the superuser's, in the superuser's own database."""
    row = await connection.fetchrow(_TOTALS, database)
    assert row is not None, "a SELECT without FROM returns one row"
    return ServerFigures(row["commits"], row["statements"], row["wal_bytes"])


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

# The transfers stand below the first one, in layers of the same size, each below one of the layer before.
_HOPS: Final = """
INSERT INTO hop (case_no, hop_no, parent_hop_no, layer, source, state, institution, payer_institution_as_told,
    payer_holder, payee_institution_as_told, payee_holder, account_key, reference, reference_key, mode, amount_paise,
    disputed_paise, transferred_at, opened_at, ack_no)
SELECT f.case_no, n + 1, CASE WHEN n <= $3 THEN 1 ELSE n + 1 - $3 END, 2 + (n - 1) / $3, 'answer', 'closed',
    ($4::text[])[1 + n % cardinality($4::text[])], f.payee_institution_as_told, f.payee_holder, 'Bank ' || n % 40,
    to_char(n, 'FM6000000000'), to_char(n, 'FM6000000000'), to_char(n, 'FM500000000000'),
    to_char(n, 'FM500000000000'), 'imps', 50000 + n % 211, 50000 + n % 211, f.transferred_at + n * interval '1 second',
    f.opened_at, f.ack_no
FROM hop f CROSS JOIN generate_series(1, $2::integer) AS n WHERE f.case_no = $1 AND f.hop_no = 1
"""
_BALANCES: Final = """
INSERT INTO ledger_balance (case_no, hop_no, bucket, balance_paise)
SELECT case_no, hop_no, (ARRAY['held', 'withdrawn', 'spent'])[1 + hop_no % 3], amount_paise FROM hop
WHERE case_no = $1 AND hop_no > 1
"""
_LOST: Final = """
UPDATE ledger_balance SET balance_paise =
    -(SELECT sum(balance_paise) FROM ledger_balance WHERE case_no = $1 AND bucket NOT IN ('lost', 'proposed'))
WHERE case_no = $1 AND bucket = 'lost'
"""
_HOLDS: Final = """
INSERT INTO account_hold (hold_id, case_no, institution, account_key, reference, state, first_held_at, lapses_at,
    policy)
SELECT gen_random_uuid(), h.case_no, h.institution, h.account_key, to_char(h.hop_no, 'FM"H"000000000'), 'held',
    h.opened_at, h.opened_at + interval '90 days', '{}'
FROM hop h JOIN ledger_balance b USING (case_no, hop_no) WHERE h.case_no = $1 AND h.hop_no > 1 AND b.bucket = 'held'
"""


async def newest_case(connection: Connection) -> str:
    """Return the number of the case that was opened last."""
    case_no: str = await connection.fetchval(
        "SELECT case_no FROM case_file ORDER BY opened_at DESC, case_no DESC LIMIT 1"
    )
    return case_no


async def add_transfers(connection: Connection, case_no: str, count: int, layers: int, banks: Sequence[str]) -> None:
    """Give a case of one transfer this many more in layers, with money on each, and holds.

    The log of the case does not say so.
    """
    await connection.execute("SET session_replication_role = replica")
    async with connection.transaction():
        await connection.execute(_HOPS, case_no, count, max(-(-count // layers), 1), list(banks))
        for statement in (_BALANCES, _LOST, _HOLDS):
            await connection.execute(statement, case_no)
        await connection.execute("UPDATE case_file SET last_hop_no = $2 WHERE case_no = $1", case_no, count + 1)
    await analyze(connection, ("hop", "ledger_balance", "account_hold"))


async def count_change(connection: Connection, case_no: str) -> None:
    """Let a case have another number of changes, so that nothing that was made from it before is good."""
    await connection.execute("UPDATE case_file SET event_seq = event_seq + 1 WHERE case_no = $1", case_no)


async def prepare(connection: Connection, maintenance_memory: str) -> None:
    """Let the session write without triggers and foreign keys, and build indexes in this much memory."""
    await connection.execute("SET session_replication_role = replica")
    await connection.execute("SELECT set_config('maintenance_work_mem', $1, false)", maintenance_memory)


async def drop_indexes(connection: Connection, tables: Sequence[str]) -> list[str]:
    """Drop the indexes of these tables that no constraint needs; return the statements that make them again."""
    indexes = await connection.fetch(_INDEXES, list(tables))
    for index in indexes:
        await connection.execute(f"DROP INDEX {index['name']}")
    return [index["made_by"] for index in indexes]


async def empty(connection: Connection, tables: Sequence[str]) -> None:
    """Empty these tables, so that rows that the same transaction copies need no later work of VACUUM."""
    await connection.execute(f"TRUNCATE {', '.join(tables)} CASCADE")


async def fill_pages(connection: Connection, tables: Sequence[str]) -> dict[str, str]:
    """Leave no room for updates in the pages of these tables; return what the tables had as `fillfactor`.

    The pages of settled cases are full, because their updates have used the room.
    """
    rows = await connection.fetch(_FILL_FACTORS, list(tables))
    for row in rows:
        await connection.execute(f"ALTER TABLE {row['relname']} RESET (fillfactor)")
    return {row["relname"]: row["option_value"] for row in rows}


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
