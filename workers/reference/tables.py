"""The page of tables: one Mermaid diagram an area, and what the columns mean."""

from collections.abc import Iterator, Sequence
from typing import Final

from db import catalog
from db.catalog import Column, ForeignKey, Rule
from db.pool import Connection
from workers.reference.markdown import code, mermaid, page, table
from workers.reference.table_modules import TABLES, check_complete

_INTRODUCTION: Final = """Every table, by area. A line joins a row to the row that it refers to; a table of another
area stands without its columns. `PK` is a primary key, `FK` a foreign key. Below each diagram stand the rules that
PostgreSQL holds for a row: check constraints and unique indexes. The page on triggers has the others
([triggers.md](triggers.md)). `db/migrations/0001_baseline.sql` and later files make the schema."""
_SHORT_TYPES: Final = {"timestamp with time zone": "timestamptz", "double precision": "float8", "character": "char"}


async def tables_page(connection: Connection) -> str:
    """Return the page of tables. Raises `Incomplete` where a table has no area."""
    columns = await catalog.columns(connection)
    keys = await catalog.foreign_keys(connection)
    rules = await catalog.rules(connection)
    table_names = list(dict.fromkeys(column.table for column in columns))
    known = [name for names in TABLES.values() for name in names]
    check_complete("workers/reference/table_modules.py, tables", known, table_names)
    parts = []
    for area, names in TABLES.items():
        of_area = [column for column in columns if column.table in names]
        parts += [f"## {area}", mermaid(_diagram(names, of_area, keys)), *_meanings(of_area)]
        parts += _rules([rule for rule in rules if rule.table in names])
    return page("Tables", _INTRODUCTION, *parts)


def _diagram(names: Sequence[str], columns: Sequence[Column], keys: Sequence[ForeignKey]) -> Iterator[str]:
    yield "erDiagram"
    for name in names:
        yield f"    {name} {{"
        foreign = {column for key in keys if key.table == name for column in key.columns}
        for column in columns:
            if column.table == name:
                marks = ", ".join(
                    mark for mark, is_so in (("PK", column.is_primary), ("FK", column.name in foreign)) if is_so
                )
                yield f"        {_type(column.type)} {column.name} {marks}".rstrip()
        yield "    }"
    for key in keys:
        if key.table in names:
            single, many = ("|o" if key.optional else "||"), ("o|" if key.unique else "o{")
            yield f'    {key.refers_to} {single}--{many} {key.table} : "{", ".join(key.columns)}"'


def _type(name: str) -> str:
    for long, short in _SHORT_TYPES.items():
        name = name.replace(long, short)
    return name.replace(" ", "_").replace(",", "_")


def _meanings(columns: Sequence[Column]) -> list[str]:
    rows = [[code(f"{column.table}.{column.name}"), column.comment] for column in columns if column.comment]
    return [table(["column", "meaning"], rows)] if rows else []


def _rules(rules: Sequence[Rule]) -> list[str]:
    rows = [[code(f"{rule.table}: {rule.name}"), code(rule.definition)] for rule in rules]
    return [table(["rule", "what it holds"], rows)] if rows else []
