"""Counts of the stages of each day and month, which a report over a long period adds up.

A day is counted from its rows, as a whole, and replaces its earlier count. A month is the sum of its days. It has rows
as soon as it is over.
"""

from datetime import date, datetime, timedelta
from typing import Final

from db.pool import Connection
from db.reporting.stage_times import SUM_NAMES, SUMS, Span, of_period, rows_of
from domain.reporting.figures import BUCKETS_A_DOUBLING, FIRST_SECONDS
from schemas.base import FrozenModel
from schemas.text import IST

BUCKET: Final = (
    f"greatest(0, ceil({BUCKETS_A_DOUBLING} * ln(greatest(seconds, {FIRST_SECONDS}) / {FIRST_SECONDS}) / ln(2)))"
    "::smallint"
)
"""the bucket of a duration (`domain.reporting.figures`)"""

# The days of Indian time from the first case until today.
_ADD_DAYS: Final = """
INSERT INTO stage_day (day)
SELECT day::date FROM generate_series(
    coalesce((SELECT max(day) + 1 FROM stage_day),
        (SELECT (min(opened_at) AT TIME ZONE 'Asia/Kolkata')::date FROM case_file)),
    $1::date, interval '1 day') AS day
ON CONFLICT DO NOTHING
"""

# Today and yesterday come first, then the days that were never counted, then those counted longest ago.
_NEXT_DAY: Final = """
SELECT day FROM stage_day
WHERE day <= $1 AND (counted_at IS NULL OR (day >= $1 - 1 AND counted_at <= $2)
    OR (day < $1 - 1 AND day >= $1 - $4::int AND counted_at <= $3))
ORDER BY day < $1 - 1, counted_at NULLS FIRST, day DESC LIMIT 1 FOR UPDATE SKIP LOCKED
"""

_COUNTED: Final = ", ".join(f"sum({name})::int AS {name}" for name in SUM_NAMES)
_NAMES: Final = ", ".join(SUM_NAMES)
_COUNT_DAY: Final = f"""
WITH {rows_of(of_period(), now=3, targets=4)},
counted AS (
    SELECT g.grouping, g.key, stage, CASE WHEN seconds IS NOT NULL THEN {BUCKET} END AS bucket, {SUMS}
    FROM timed CROSS JOIN LATERAL (VALUES ('total', ''), ('district', district), ('bank', bank), ('channel', channel),
        ('wire', wire), ('hour', hour), ('category', category)) AS g (grouping, key)
    WHERE g.key IS NOT NULL GROUP BY 1, 2, 3, 4
)
INSERT INTO stage_count (grouping, span, starts_on, key, stage, {_NAMES}, buckets, durations)
SELECT grouping, 'day', $8, key, stage, {_COUNTED},
    coalesce(array_agg(bucket ORDER BY bucket) FILTER (WHERE bucket IS NOT NULL), '{{}}'),
    coalesce(array_agg(ended ORDER BY bucket) FILTER (WHERE bucket IS NOT NULL), '{{}}')
FROM counted GROUP BY grouping, key, stage
"""

# Sums and durations are two parts of one list. Joined, they would be searched for each other row by row.
_SUM_MONTH: Final = f"""
WITH days AS MATERIALIZED (
    SELECT * FROM stage_count WHERE span = 'day' AND starts_on >= $1 AND starts_on < $1 + interval '1 month'
),
parts AS (
    SELECT grouping, key, stage, NULL::smallint AS bucket, 0 AS lasted, {_NAMES} FROM days
    UNION ALL
    SELECT d.grouping, d.key, d.stage, u.bucket, sum(u.durations)::int, {", ".join("0" for _ in SUM_NAMES)}
    FROM days d CROSS JOIN LATERAL unnest(d.buckets, d.durations) AS u (bucket, durations) GROUP BY 1, 2, 3, 4
)
INSERT INTO stage_count (grouping, span, starts_on, key, stage, {_NAMES}, buckets, durations)
SELECT grouping, 'month', $1, key, stage, {_COUNTED},
    coalesce(array_agg(bucket ORDER BY bucket) FILTER (WHERE bucket IS NOT NULL), '{{}}'),
    coalesce(array_agg(lasted ORDER BY bucket) FILTER (WHERE bucket IS NOT NULL), '{{}}')
FROM parts GROUP BY grouping, key, stage
"""

_UNCOUNT: Final = "DELETE FROM stage_count WHERE span = $1 AND starts_on = $2"


class Ages(FrozenModel):
    """Ages of counts at which days are counted again."""

    fresh: timedelta
    """of today and yesterday"""
    older: timedelta
    recount_days: int
    """days before today that are counted again"""


def midnight(day: date) -> datetime:
    """Return the beginning of a day of Indian time."""
    return datetime(day.year, day.month, day.day, tzinfo=IST)


async def add_days(connection: Connection, today: date) -> None:
    """Add the days until today that are not there, from the day of the first case on."""
    await connection.execute(_ADD_DAYS, today)


async def next_day(connection: Connection, today: date, now: datetime, ages: Ages) -> date | None:
    """Return the day to count next, and lock it; None if every count is good. Another process skips the day."""
    day: date | None = await connection.fetchval(
        _NEXT_DAY, today, now - ages.fresh, now - ages.older, ages.recount_days
    )
    return day


async def count_day(connection: Connection, day: date, today: date, span: Span) -> None:
    """Replace the counts of a day, and those of its month if the month is over."""
    await connection.execute(_UNCOUNT, "day", day)
    await connection.execute(_COUNT_DAY, *span.values(), day)
    await connection.execute("UPDATE stage_day SET counted_at = $2 WHERE day = $1", day, span.as_of)
    month = day.replace(day=1)
    if month < today.replace(day=1):
        # Two processes may count days of one month. The second one waits, and then sums both.
        await connection.execute("SELECT FROM stage_day WHERE day >= $1 ORDER BY day LIMIT 1 FOR UPDATE", month)
        await connection.execute(_UNCOUNT, "month", month)
        await connection.execute(_SUM_MONTH, month)


async def counted_at(connection: Connection, first_day: date, last_day: date) -> datetime | None:
    """Return when the days of a period were counted, the longest ago; None if one is not counted yet."""
    found: datetime | None = await connection.fetchval(
        "SELECT min(counted_at) FROM stage_day WHERE day >= $1 AND day <= $2"
        " HAVING count(*) = count(counted_at) AND max(day) = $2",
        first_day,
        last_day,
    )
    return found
