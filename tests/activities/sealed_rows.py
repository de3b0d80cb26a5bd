"""Seals what is in clear, and compares it with what was counted before."""

from activities.context import Context
from activities.sealing import seal_all
from db import clear_tables


async def seal_counted(ctx: Context) -> dict[str, int]:
    """Seal everything that is in clear: what the report of retention counts, and nothing else."""
    async with ctx.pool.acquire() as connection:
        counted = await clear_tables.count(connection)
    sealed = await seal_all(ctx.pool, ctx.persons)
    assert sealed == counted
    return sealed
