"""Counting of stages by day, so that a report over a year adds up days instead of reading its cases."""

from datetime import timedelta

from activities.context import Context
from activities.reporting.stage_figures import Days, targets
from db.reporting import stage_counts
from db.reporting.stage_counts import Ages
from schemas.text import IST


async def count_next(ctx: Context) -> bool:
    """Count the day whose count is the least good, and return whether there was one."""
    now, rules = ctx.now(), ctx.policy.figures
    today = now.astimezone(IST).date()
    ages = Ages(
        fresh=timedelta(seconds=rules.fresh_seconds),
        older=timedelta(seconds=rules.older_seconds),
        recount_days=rules.recount_days,
    )
    async with ctx.pool.acquire() as connection, connection.transaction():
        await stage_counts.add_days(connection, today)
        day = await stage_counts.next_day(connection, today, now, ages)
        if day is None:
            return False
        span = Days(first_day=day, end_day=day + timedelta(days=1), as_of=now).span(targets(ctx))
        await stage_counts.count_day(connection, day, today, span)
    return True
