"""Figures of stages over a period, from rows or from counts by day.

Counts of the stages of each day and month, which a report over a long period adds up. A day is counted from its rows,
as a whole, and replaces its earlier count. A month is the sum of its days. It has rows as soon as it is over.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from asyncpg import Record

from db.pool import Connection
from db.reporting.stage_times import SUM_NAMES, SUMS, Span, of_period, rows_of
from domain.reporting.figures import BUCKETS_A_DOUBLING, FIRST_SECONDS, interval, seconds_of
from schemas.base import FrozenModel
from schemas.enums import TimedStage
from schemas.reporting.figures import StageFigures, StageGroup, StageTarget, TargetShare
from schemas.reporting.scorecards import Percentiles
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
    moment: datetime | None = await connection.fetchval(
        "SELECT min(counted_at) FROM stage_day WHERE day >= $1 AND day <= $2"
        " HAVING count(*) = count(counted_at) AND max(day) = $2",
        first_day,
        last_day,
    )
    return moment


PERCENTILES: Final = (0.5, 0.95, 0.99)

_COLUMNS: Final[Mapping[StageGroup | None, str]] = {
    None: "''",
    StageGroup.DISTRICT: "district",
    StageGroup.TEAM: "district",
    StageGroup.BANK: "bank",
    StageGroup.CHANNEL: "channel",
    StageGroup.WIRE: "wire",
    StageGroup.HOUR: "hour",
    StageGroup.CATEGORY: "category",
}
"""the column of each grouping; that of a team is the district, which a `Labels` turns into teams"""
EVERY_KEY: Final = " "
"""stands in `Labels` for every key; no key is blank, because categories and districts are stripped"""

_EXACT: Final = f"""
SELECT {{about}} AS about, stage, {SUMS},
    percentile_disc($8::float8[]) WITHIN GROUP (ORDER BY seconds) AS percentiles
FROM timed {{labels}} WHERE {{column}} IS NOT NULL GROUP BY 1, 2
"""

_PERCENTILES_OF: Final = ", ".join(
    f"min(bucket) FILTER (WHERE up_to >= ceil(($4::float8[])[{place}] * of_all))" for place in (1, 2, 3)
)
_SUMMED: Final = ", ".join(f"sum({name})::int AS {name}" for name in SUM_NAMES)
# Of each percentile the first bucket up to which so many durations lie: the same rule as that of percentile_disc. A
# year of districts has a million pairs of a bucket and its count. They are added under one number, that of a key and a
# stage with the bucket, because a pair of texts takes twice as long. Labels come after that. A bucket is below 1024.
_ADDED: Final = f"""
WITH months AS MATERIALIZED (
    SELECT DISTINCT starts_on FROM stage_count WHERE grouping = 'total' AND span = 'month' AND starts_on >= $2
        AND (starts_on + interval '1 month')::date <= $3
),
spans AS MATERIALIZED (
    SELECT 'month' AS span, starts_on FROM months UNION ALL
    SELECT 'day', day::date FROM generate_series($2::date, $3::date - 1, interval '1 day') AS day
    WHERE date_trunc('month', day)::date NOT IN (SELECT starts_on FROM months)
),
chosen AS MATERIALIZED (
    SELECT n.* FROM spans CROSS JOIN LATERAL (
        SELECT * FROM stage_count n WHERE n.grouping = $1 AND n.span = spans.span AND n.starts_on = spans.starts_on
            AND n.stage = ANY($5::text[]) {{districts}} OFFSET 0
    ) AS n
),
keys AS MATERIALIZED (
    SELECT key, stage, row_number() OVER ()::int AS no, {_SUMMED} FROM chosen GROUP BY key, stage
),
spread AS (
    SELECT k.no * 1024 + unnest(c.buckets) AS place, unnest(c.durations) AS lasted
    FROM chosen c JOIN keys k USING (key, stage)
),
counted AS (SELECT place / 1024 AS no, place % 1024 AS bucket, sum(lasted) AS lasted FROM spread GROUP BY place),
labelled AS MATERIALIZED (SELECT {{about}} AS about, n.* FROM keys n {{labels}}),
ranked AS (
    SELECT about, stage, bucket, sum(sum(lasted)) OVER (PARTITION BY about, stage ORDER BY bucket) AS up_to,
        sum(sum(lasted)) OVER (PARTITION BY about, stage) AS of_all
    FROM labelled JOIN counted USING (no) GROUP BY 1, 2, 3
),
percentiles AS (SELECT about, stage, ARRAY[{_PERCENTILES_OF}] AS buckets FROM ranked GROUP BY 1, 2),
sums AS (SELECT about, stage, {_SUMMED} FROM labelled GROUP BY 1, 2)
SELECT s.*, coalesce(p.buckets, ARRAY[NULL, NULL, NULL]::smallint[]) AS buckets
FROM sums s LEFT JOIN percentiles p USING (about, stage)
"""

_LABELS: Final = "unnest(${about}::text[], ${key}::text[]) AS l (about, key)"
# Many keys are found by a hash. Teams are few, and some of them have every key.
_WITH_OTHERS: Final = f"LEFT JOIN {_LABELS} ON l.key = {{column}}"
_ALONE: Final = f"JOIN {_LABELS} ON l.key IN ({{column}}, '{EVERY_KEY}')"


class Labels(FrozenModel):
    """Texts of rows, each with the key of a count. A key may have several texts."""

    abouts: tuple[str, ...]
    keys: tuple[str, ...]
    with_others: bool
    """whether keys without a text are one row without a name, instead of none"""

    @classmethod
    def of(cls, pairs: Iterable[tuple[str, str]], *, with_others: bool) -> "Labels":
        """Return the labels of pairs of a row's text and a key."""
        ordered = sorted(set(pairs))
        abouts, keys = tuple(about for about, _ in ordered), tuple(key for _, key in ordered)
        return cls(abouts=abouts, keys=keys, with_others=with_others)


class Asked(FrozenModel):
    """Which figures are asked for."""

    by: StageGroup | None = None
    districts: tuple[str, ...] | None = None
    """keys of districts; None for every district"""
    labels: Labels | None = None
    """None if each key is the text of its row"""
    stages: tuple[TimedStage, ...] = tuple(TimedStage)


async def exact(connection: Connection, span: Span, asked: Asked) -> list[Record]:
    """Return the rows of a period, read from the cases."""
    values: list[object] = [*span.values(), list(PERCENTILES)]
    district = _add(values, asked.districts)
    column = _COLUMNS[asked.by]
    about, labels = _labelled(values, asked, column)
    statement = f"WITH {rows_of(of_period(asked.stages, district), now=3, targets=4)}" + _EXACT.format(
        about=about, labels=labels, column=column
    )
    return list(await connection.fetch(statement, *values))


async def added(connection: Connection, first_day: date, end_day: date, asked: Asked) -> list[Record]:
    """Return the rows of a period, added up from the counts of its days and months.

    Confined to districts, the figures are known by district and team alone.
    """
    by_district = asked.districts is not None or asked.by is StageGroup.TEAM
    grouping = StageGroup.DISTRICT.value if by_district else asked.by.value if asked.by else "total"
    values: list[object] = [grouping, first_day, end_day, list(PERCENTILES), list(asked.stages)]
    district = _add(values, asked.districts)
    column = "''" if asked.by is None else "n.key"
    about, labels = _labelled(values, asked, column)
    districts = "" if district is None else f"AND n.key = ANY(${district}::text[])"
    statement = _ADDED.format(about=about, labels=labels, districts=districts)
    return list(await connection.fetch(statement, *values))


def figures(
    rows: Iterable[Record], targets: Collection[StageTarget], small_below: int, names: Mapping[str, str]
) -> tuple[StageFigures, ...]:
    """Return rows as figures, by key and in the order of the stages."""
    legal = {target.stage for target in targets if target.legal_seconds is not None}
    places = {stage: place for place, stage in enumerate(TimedStage)}
    all_figures = [
        StageFigures(
            stage=stage,
            about=row["about"],
            name=names.get(row["about"], ""),
            began=row["began"],
            ended=row["ended"],
            waiting=row["waiting"],
            seconds=_percentiles(row),
            policy=_share(row, "policy", small_below),
            legal=_share(row, "legal", small_below) if stage in legal else None,
        )
        for row in rows
        for stage in (TimedStage(row["stage"]),)
    ]
    return tuple(sorted(all_figures, key=lambda item: (item.about, places[item.stage])))


async def bank_names(connection: Connection, codes: Sequence[str]) -> dict[str, str]:
    """Return the names of banks, by code."""
    rows = await connection.fetch("SELECT code, name FROM institution WHERE code = ANY($1)", list(codes))
    return {row["code"]: row["name"] for row in rows}


def _add(values: list[object], districts: Sequence[str] | None) -> int | None:
    if districts is None:
        return None
    values.append(list(districts))
    return len(values)


def _labelled(values: list[object], asked: Asked, column: str) -> tuple[str, str]:
    """Return the expression of a row's text, and the join of the labels."""
    if asked.labels is None:
        return column, ""
    values += [list(asked.labels.abouts), list(asked.labels.keys)]
    join = _WITH_OTHERS if asked.labels.with_others else _ALONE
    return "coalesce(l.about, '')", join.format(about=len(values) - 1, key=len(values), column=column)


def _percentiles(row: Record) -> Percentiles:
    if not row["ended"]:
        return Percentiles()
    if "percentiles" in row:
        p50, p95, p99 = row["percentiles"]
    else:
        p50, p95, p99 = (seconds_of(bucket) for bucket in row["buckets"])
    return Percentiles(count=row["ended"], p50_seconds=p50, p95_seconds=p95, p99_seconds=p99)


def _share(row: Record, name: str, small_below: int) -> TargetShare:
    within, late_now = row[f"in_{name}"], row[f"past_{name}"]
    judged = row["ended"] + late_now
    bounds = interval(within, judged)
    low, high = bounds or (None, None)
    return TargetShare(
        within=within,
        judged=judged,
        late_now=late_now,
        share=within / judged if judged else None,
        low=low,
        high=high,
        is_small=judged < small_below,
    )
