"""Connections of the pool: what they know before the first query comes."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from db.pool import ARRAY_TYPES, DOMAINS, Pool, _is_no_outage, open_pool
from tests.paths import ROOT

ROOMS = [ROOT / room for room in ("db", "activities", "workers", "api")]
KINDS_IN_DATABASE = """
SELECT DISTINCT e.typname FROM (
    SELECT a.atttypid AS oid FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0
    UNION SELECT unnest(p.proargtypes) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
) AS used JOIN pg_type t USING (oid) JOIN pg_type e ON e.oid = t.typelem WHERE t.typcategory = 'A'
"""
DOMAINS_IN_DATABASE = """
SELECT array_agg(typname::text ORDER BY typname) FROM pg_type
WHERE typtype = 'd' AND typnamespace = 'public'::regnamespace
"""
NAMES = {"int2": "smallint", "int4": "integer", "int8": "bigint", "bool": "boolean"}
"""PostgreSQL's own names of types, which are not in common use"""


@pytest.fixture
async def fresh(database_dsn: str) -> AsyncIterator[Pool]:
    """A pool whose one connection has asked nothing yet."""
    pool = await open_pool(database_dsn, min_size=1, max_size=1)
    yield pool
    await pool.close()


async def test_a_connection_meets_no_array_and_no_domain_later(fresh: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """To ask the server about a type takes a dozen milliseconds, for which a case would be held."""
    asked: list[object] = []
    ask = asyncpg.Connection._introspect_types  # type: ignore[attr-defined]

    async def noting(connection: Any, types: object, timeout: float) -> Any:
        asked.append(types)
        return await ask(connection, types, timeout)

    monkeypatch.setattr(asyncpg.Connection, "_introspect_types", noting)
    one = uuid4()
    row = await fresh.fetchrow("SELECT $1::jsonb[] AS notes, $2::uuid[] AS ids", [{"a": 1}], [one])
    assert row is not None
    assert (row["notes"], row["ids"]) == ([{"a": 1}], [one])
    for name in ARRAY_TYPES:
        assert await fresh.fetchval(f"SELECT $1::{name}[]", []) == []
    for name in DOMAINS:
        assert await fresh.fetchval(f"SELECT $1::{name}", None) is None
    assert asked == []
    await fresh.fetchval("SELECT $1::macaddr[]", [])
    assert len(asked) == 1, "that is what would be seen"


async def test_no_array_and_no_domain_is_used_that_connections_do_not_know(fresh: Pool) -> None:
    in_database = {NAMES.get(row["typname"], row["typname"]) for row in await fresh.fetch(KINDS_IN_DATABASE)}
    text = "".join(path.read_text() for room in ROOMS for path in room.glob("*.py"))
    in_queries = {NAMES.get(name, name) for name in re.findall(r"::(\w+)\[\]", text)}
    in_queries = {"integer" if name == "int" else name for name in in_queries}
    assert in_queries
    assert (in_database | in_queries) - set(ARRAY_TYPES) == set()
    assert await fresh.fetchval(DOMAINS_IN_DATABASE) == sorted(DOMAINS)


@pytest.mark.parametrize(("idle_seconds", "left"), [(0.2, 1), (0, 3)])
async def test_unused_connections_are_closed_down_to_the_least(
    database_dsn: str, idle_seconds: float, left: int
) -> None:
    pool = await open_pool(database_dsn, min_size=1, max_size=3, idle_seconds=idle_seconds)
    try:
        await asyncio.gather(*(pool.fetchval("SELECT pg_sleep(0.3)") for _ in range(3)))
        assert pool.get_size() == 3
        await asyncio.sleep(0.7)
        assert pool.get_size() == left
    finally:
        await pool.close()


def test_b11_an_outage_of_the_database_makes_no_traceback_of_the_pool() -> None:
    texts = {"Failed to restore the pool connection floor; retrying": False, "another": True}
    records = {text: logging.LogRecord("asyncpg.pool", logging.WARNING, "", 1, text, (), None) for text in texts}
    assert {text: _is_no_outage(record) for text, record in records.items()} == texts
