"""The catalog of the database, and its description."""

from db import connections
from db.pool import Connection
from db.rows import Rows
from schemas.base import FrozenModel


class Column(FrozenModel):
    """One column of a table."""

    table: str
    name: str
    type: str
    is_primary: bool
    comment: str


class ForeignKey(FrozenModel):
    """A reference from one table to another."""

    table: str
    columns: tuple[str, ...]
    refers_to: str
    optional: bool
    """whether a column of it may be null"""
    unique: bool
    """whether at most one row refers to the same row"""


class Trigger(FrozenModel):
    """A trigger of a table and the function that it calls."""

    table: str
    name: str
    definition: str
    function: str


class Rule(FrozenModel):
    """A check constraint or a unique index of a table, as PostgreSQL writes it."""

    table: str
    name: str
    definition: str


class StateCheck(FrozenModel):
    """The values that a check constraint allows in a column."""

    table: str
    column: str
    values: tuple[str, ...]


_COLUMNS = """
SELECT c.relname AS "table", a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type,
       EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p' AND a.attnum = ANY(k.conkey))
           AS is_primary,
       coalesce(col_description(c.oid, a.attnum), '') AS comment
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY c.relname, a.attnum
"""

# PostgreSQL 18 lists NOT NULL as a constraint too (contype n); the diagram leaves them out.
_RULES = """
SELECT c.relname AS "table", k.conname AS name, pg_get_constraintdef(k.oid) AS definition
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND k.contype = 'c'
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
UNION ALL
SELECT c.relname, i.relname, regexp_replace(pg_get_indexdef(i.oid), '^CREATE UNIQUE INDEX .* USING btree ', 'UNIQUE ')
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class c ON c.oid = x.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND x.indisunique AND NOT x.indisprimary
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1, 2
"""

_FOREIGN_KEYS = """
SELECT c.relname AS "table", p.relname AS refers_to,
       ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY u (attnum, n)
             JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.attnum ORDER BY u.n) AS columns,
       EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum = ANY(k.conkey) AND NOT a.attnotnull)
           AS optional,
       EXISTS (SELECT FROM pg_constraint u WHERE u.conrelid = c.oid AND u.contype IN ('p', 'u')
               AND u.conkey <@ k.conkey) AS unique
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
WHERE c.relnamespace = 'public'::regnamespace AND k.contype = 'f' ORDER BY c.relname, k.conname
"""

_TRIGGERS = """
SELECT c.relname AS "table", t.tgname AS name, pg_get_triggerdef(t.oid) AS definition, f.proname AS function
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc f ON f.oid = t.tgfoid
WHERE c.relnamespace = 'public'::regnamespace AND NOT t.tgisinternal ORDER BY c.relname, t.tgname
"""

# A check of the form `column = ANY (ARRAY['a'::text, …])`, which lists the states of a row.
_STATES = r"""
SELECT c.relname AS "table", m[1] AS "column",
       ARRAY(SELECT v[1] FROM regexp_matches(m[2], '''([a-z0-9_]+)''::text', 'g') AS v) AS values
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
CROSS JOIN LATERAL regexp_matches(pg_get_constraintdef(k.oid), '^CHECK \(\((\w+) = ANY \(ARRAY\[([^]]*)\]\)\)\)$') AS m
WHERE c.relnamespace = 'public'::regnamespace AND k.contype = 'c' ORDER BY 1, 2
"""


async def columns(connection: Connection) -> list[Column]:
    """Return every column, by table and in the order of the table."""
    return await Rows(connection, Column).many(_COLUMNS)


async def rules(connection: Connection) -> list[Rule]:
    """Return every check constraint and every unique index that is no primary key, by table and name."""
    return await Rows(connection, Rule).many(_RULES)


async def foreign_keys(connection: Connection) -> list[ForeignKey]:
    """Return every foreign key, by table and name."""
    return await Rows(connection, ForeignKey).many(_FOREIGN_KEYS)


async def triggers(connection: Connection) -> list[Trigger]:
    """Return every trigger, by table and name."""
    return await Rows(connection, Trigger).many(_TRIGGERS)


async def state_checks(connection: Connection) -> list[StateCheck]:
    """Return the values that checks allow, for every column with a closed list of them."""
    return await Rows(connection, StateCheck).many(_STATES)


# Functions stand before the tables, because columns and constraints call them. So their bodies are not checked.
_UNCHECKED = "SET check_function_bodies = off;\n"

_DOMAINS = """
SELECT format(E'CREATE DOMAIN %1$I AS %2$s CONSTRAINT %3$I %4$s;\\nCOMMENT ON DOMAIN %1$I IS %5$L;', t.typname,
              format_type(t.typbasetype, t.typtypmod), k.conname, pg_get_constraintdef(k.oid), obj_description(t.oid))
FROM pg_type t JOIN pg_constraint k ON k.contypid = t.oid
WHERE t.typnamespace = 'public'::regnamespace ORDER BY t.typname
"""

_EVERY_FUNCTION = """
SELECT rtrim(pg_get_functiondef(p.oid), E'\\n') || ';' FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
  AND {takes_row} EXISTS (SELECT FROM pg_type t WHERE t.oid = ANY (p.proargtypes) AND t.typtype = 'c')
ORDER BY p.proname
"""
_FUNCTIONS = _EVERY_FUNCTION.format(takes_row="NOT")
# The type of a table's row is there with the table.
_ROW_FUNCTIONS = _EVERY_FUNCTION.format(takes_row="")

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

_TRIGGER_STATEMENTS = """
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
    *(_DOMAINS, _FUNCTIONS, _SEQUENCES, _TABLES, _ROW_FUNCTIONS, _LATER_CONSTRAINTS, _INDEXES, _TRIGGER_STATEMENTS),
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
