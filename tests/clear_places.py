"""Where the database has a text in clear."""

from collections.abc import Collection
from typing import Final

from db.pool import Pool

_COLUMNS: Final = """
SELECT table_name, array_agg(column_name::text) AS columns
FROM information_schema.columns JOIN pg_tables ON tablename = table_name
WHERE table_schema = 'public' AND schemaname = 'public' AND data_type IN ('bytea', 'text', 'jsonb', 'ARRAY')
GROUP BY table_name ORDER BY table_name
"""


async def places_of(pool: Pool, markers: Collection[str]) -> set[str]:
    """Return every column of the database that has one of the markers in clear, as text or as bytes."""
    sought = [*markers, *(marker.encode().hex() for marker in markers)]
    found = set()
    for table, columns in await pool.fetch(_COLUMNS):
        values = ", ".join(f"('{column}', t.{column}::text)" for column in columns)
        rows = await pool.fetch(
            f"SELECT DISTINCT c.name FROM {table} t CROSS JOIN LATERAL (VALUES {values}) AS c (name, value)"
            " WHERE EXISTS (SELECT FROM unnest($1::text[]) AS m WHERE strpos(c.value, m) > 0)",
            sought,
        )
        found |= {f"{table}.{row['name']}" for row in rows}
    return found
