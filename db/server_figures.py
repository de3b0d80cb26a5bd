"""Running totals of the PostgreSQL server, read by its superuser, for benchmarks."""

from typing import Final, NamedTuple

from db.pool import Connection


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
