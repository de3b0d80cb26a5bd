"""Writes past the triggers of tables, for rows that a release before wrote."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.pool import Pool


@asynccontextmanager
async def without_triggers(pool: Pool, *tables: str) -> AsyncIterator[None]:
    """Disable our triggers on these tables of a database that belongs to the test."""
    for table in tables:
        await pool.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    yield
    for table in tables:
        await pool.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
