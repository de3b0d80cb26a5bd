"""Writes past the triggers of tables."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from db.pool import Pool
from tests.kept_database import IS_UNDONE


@asynccontextmanager
async def without_triggers(pool: Pool, *tables: str, trigger: str = "USER") -> AsyncIterator[None]:
    """Disable all of our triggers, or one, on these tables of a database that belongs to the test."""
    await _turn(pool, tables, f"DISABLE TRIGGER {trigger}")
    try:
        yield
    finally:
        await _turn(pool, tables, f"ENABLE TRIGGER {trigger}")


async def _turn(pool: Pool, tables: tuple[str, ...], change: str) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(IS_UNDONE)
        for table in tables:
            await connection.execute(f"ALTER TABLE {table} {change}")
