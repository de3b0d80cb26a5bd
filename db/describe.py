"""The schema of a database as one SQL text, always in the same order, whatever migrations made it."""

from db import connections

# Functions stand before the tables, because columns and constraints call them. So their bodies are not checked.
_UNCHECKED = "SET check_function_bodies = off;\n"

_EVERY_FUNCTION = """
SELECT rtrim(pg_get_functiondef(p.oid), E'\\n') || ';' FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  AND {takes_row} EXISTS (SELECT FROM pg_type t WHERE t.oid = ANY (p.proargtypes) AND t.typtype = 'c')
ORDER BY p.proname
"""
_FUNCTIONS = _EVERY_FUNCTION.format(takes_row="NOT")
# The type of a table's row is there with the table.
_FUNCTIONS_OF_ROWS = _EVERY_FUNCTION.format(takes_row="")

# Independent sequences. Those of identity columns come with their tables.
_SEQUENCES = """
SELECT format('CREATE SEQUENCE %I AS %s MINVALUE %s MAXVALUE %s START %s INCREMENT %s%s;', c.relname,
              format_type(s.seqtypid, NULL), s.seqmin, s.seqmax, s.seqstart, s.seqincrement,
              CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
WHERE c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype IN ('i', 'e'))
ORDER BY c.relname
"""

# Foreign keys come after all tables, and so do constraints that hold for new rows only: a new table validates its own.
# NOT NULL is part of its column.
_TABLES = """
SELECT format(E'CREATE TABLE %I (\\n    %s\\n)%s;', c.relname, array_to_string(
    ARRAY(
        SELECT format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod))
            || CASE WHEN a.attidentity = 'a' THEN ' GENERATED ALWAYS AS IDENTITY' ELSE '' END
            || CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END
            || CASE WHEN a.attgenerated = 's'
                    THEN format(' GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid))
                    ELSE coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '') END
        FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ) || ARRAY(
        SELECT format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
        WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'x') AND k.convalidated
        ORDER BY k.contype DESC, k.conname
    ), E',\\n    '), ' WITH (' || array_to_string(c.reloptions, ', ') || ')')
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname
"""

_LATER_CONSTRAINTS = """
SELECT format('ALTER TABLE %I ADD CONSTRAINT %I %s;', c.relname, k.conname, pg_get_constraintdef(k.oid))
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND (k.contype = 'f' OR NOT k.convalidated)
ORDER BY c.relname, k.conname
"""

# The index of a primary key, UNIQUE or EXCLUDE comes with its constraint.
_INDEXES = """
SELECT pg_get_indexdef(i.indexrelid) || ';' FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE c.relnamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid AND k.contype IN ('p', 'u', 'x'))
ORDER BY c.relname
"""

_TRIGGERS_OF_DESCRIBE = """
SELECT pg_get_triggerdef(t.oid) || ';' FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal ORDER BY c.relname, t.tgname
"""

_COMMENTS = """
SELECT format('COMMENT ON COLUMN %I.%I IS %L;', c.relname, a.attname, d.description)
FROM pg_description d JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid
WHERE c.relnamespace = 'public'::regnamespace ORDER BY c.relname, a.attname
"""

_TABLE_COMMENTS = """
SELECT format('COMMENT ON TABLE %I IS %L;', c.relname, obj_description(c.oid, 'pg_class')) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND obj_description(c.oid, 'pg_class') IS NOT NULL
ORDER BY c.relname
"""

_FUNCTION_COMMENTS = """
SELECT format('COMMENT ON FUNCTION %s IS %L;', p.oid::regprocedure, obj_description(p.oid, 'pg_proc')) FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND obj_description(p.oid, 'pg_proc') IS NOT NULL ORDER BY p.proname
"""

_PARTS = (
    *(_FUNCTIONS, _SEQUENCES, _TABLES, _FUNCTIONS_OF_ROWS, _LATER_CONSTRAINTS, _INDEXES, _TRIGGERS_OF_DESCRIBE),
    *(_COMMENTS, _TABLE_COMMENTS, _FUNCTION_COMMENTS),
)


async def describe(dsn: str) -> str:
    """Return the schema at `dsn`. The text, run on an empty database, makes one with the same description."""
    connection = await connections.connect(dsn, "goldenhour describe")
    try:
        texts = [_UNCHECKED]
        for part in _PARTS:
            texts += [f"{row[0]}\n" for row in await connection.fetch(part)]
        return "\n".join(texts)
    finally:
        await connection.close()
