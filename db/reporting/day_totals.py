"""Totals of the whole database: counts, money and turnaround times, for `demo`, reports and benchmarks."""

from datetime import datetime

from db.pool import Connection
from db.reporting.stage_times import TIME_TOLD
from domain.case.ledger import CONTRA_BUCKETS
from schemas.base import FrozenModel
from schemas.enums import AnswerClass, Bucket, ChannelKind

PERCENTILES = (0.5, 0.95, 0.99)


class DayFigures(FrozenModel):
    """Counts and amounts of everything now; money in paise."""

    at: datetime
    complaints: int
    joined: int
    cases: int
    settled: int
    hops: int
    waiting_hops: int
    """hops for which no request is sent yet"""
    layers: int
    """the deepest layer"""
    requests: int
    answers: int
    dispositions: dict[str, int]
    discrepancies: int
    tasks_open: int
    tasks_closed: int
    buckets_paise: dict[Bucket, int]
    in_play_by_class_paise: dict[AnswerClass, int]
    undelivered: int
    """requests that have not reached their bank yet"""
    holds_to_open: int
    """held hops whose account hold is not opened yet"""
    unanswered_by_class: dict[AnswerClass, int]
    """requests that a bank has received and not answered in full"""


class Spread(FrozenModel):
    """Percentiles of a duration, in seconds."""

    count: int
    p50_seconds: float
    p95_seconds: float
    p99_seconds: float


class ChannelFigures(FrozenModel):
    """Results of requests over one channel: the last one that delivered each request."""

    carried: int
    answered: int
    """at least in part"""
    p50_seconds: float | None
    """from delivery to the first answer; None without an answer"""


_COUNTS = """
SELECT now() AS at,
    (SELECT count(*) FROM complaint) AS complaints,
    (SELECT count(*) FROM complaint WHERE joined) AS joined,
    (SELECT count(*) FROM case_file) AS cases,
    (SELECT count(*) FROM case_file WHERE state = 'settled') AS settled,
    (SELECT count(*) FROM hop) AS hops,
    (SELECT count(*) FROM hop WHERE state = 'open') AS waiting_hops,
    (SELECT coalesce(max(layer), 0) FROM hop) AS layers,
    (SELECT count(*) FROM hold_request) AS requests,
    (SELECT count(*) FROM hold_request WHERE state = 'sending') AS undelivered,
    (SELECT count(*) FROM held_hop WHERE hold_opened_at IS NULL) AS holds_to_open,
    (SELECT count(*) FROM answer) AS answers,
    (SELECT count(*) FROM discrepancy) AS discrepancies,
    (SELECT count(*) FROM desk_task WHERE state = 'open') AS tasks_open,
    (SELECT count(*) FROM desk_task WHERE state = 'closed') AS tasks_closed
"""

_IN_PLAY = """
SELECT i.answer_class, sum(b.balance_paise)::bigint AS paise
FROM ledger_balance b JOIN hop h USING (case_no, hop_no) JOIN institution i ON i.code = h.institution
WHERE b.bucket = 'in_play' GROUP BY 1
"""

_UNANSWERED = """
SELECT i.answer_class, count(*) AS n FROM hold_request r JOIN institution i ON i.code = r.institution
WHERE r.state = 'delivered' GROUP BY 1
"""

_CHANNELS = """
SELECT channel, count(*) AS carried, count(first_answered_at) AS answered,
    percentile_cont(0.5) WITHIN GROUP (ORDER BY waited) FILTER (WHERE first_answered_at IS NOT NULL) AS p50_seconds
FROM hold_request, greatest(extract(epoch FROM first_answered_at - delivered_at)::float8, 0.0) AS waited
WHERE channel IS NOT NULL GROUP BY 1
"""

# Each row is one piece of work: a hold to open, a procedure to begin, or a change to tell it.
_RESTORATION_LAGS = """
SELECT extract(epoch FROM coalesce(t.done_at, present_moment()) - t.since)::float8 AS seconds FROM (
    SELECT held_at AS since, hold_opened_at AS done_at FROM held_hop
    UNION ALL SELECT created_at, started_at FROM procedure
    UNION ALL SELECT created_at, signalled_at FROM procedure_news) AS t
"""

_FREED = """
SELECT DISTINCT c.ack_no, h.reference FROM hop h
JOIN hop_correction k USING (case_no, hop_no) JOIN complaint c ON c.case_no = h.case_no AND NOT c.joined
WHERE h.source = 'answer'
"""

_BATCHES = """
SELECT case_no, array_agg(requests ORDER BY batch_no) AS requests
FROM (SELECT case_no, batch_no, count(*)::int AS requests FROM hold_request GROUP BY case_no, batch_no) AS w
GROUP BY case_no ORDER BY case_no
"""

# Each statement returns one column of durations.
_TURNAROUNDS = {
    "transfer_to_complaint": "SELECT h.opened_at - h.transferred_at FROM hop h WHERE h.source = 'complaint'"
    f" AND {TIME_TOLD}",
    "complaint_to_delivered": "SELECT first_delivered_at - opened_at FROM case_file",
    "complaint_to_answer": "SELECT first_answered_at - opened_at FROM case_file",
    "complaint_to_hold": "SELECT first_held_at - opened_at FROM case_file",
    "answer_to_next_request": "SELECT min(r.delivered_at) - min(h.opened_at) FROM hop h"
    " JOIN request_hop q USING (case_no, hop_no) JOIN hold_request r USING (request_id)"
    " WHERE h.source = 'answer' GROUP BY h.case_no, h.hop_no",
}


async def day_figures(connection: Connection) -> DayFigures:
    """Return all counts and sums as of now; for consistent figures call it in one snapshot."""
    counts = await connection.fetchrow(_COUNTS)
    assert counts is not None, "a SELECT without FROM returns one row"
    buckets = await connection.fetch(
        "SELECT bucket, sum(balance_paise)::bigint AS paise FROM ledger_balance GROUP BY 1"
    )
    dispositions = await connection.fetch("SELECT disposition, count(*) AS n FROM answer GROUP BY 1 ORDER BY 2 DESC")
    in_play = await connection.fetch(_IN_PLAY)
    unanswered = await connection.fetch(_UNANSWERED)
    paise = dict.fromkeys(Bucket, 0) | {Bucket(row["bucket"]): row["paise"] for row in buckets}
    for contra in CONTRA_BUCKETS:
        paise[contra] = -paise[contra]
    return DayFigures(
        **dict(counts),
        dispositions={row["disposition"]: row["n"] for row in dispositions},
        buckets_paise=paise,
        in_play_by_class_paise={AnswerClass(row["answer_class"]): row["paise"] for row in in_play},
        unanswered_by_class={AnswerClass(row["answer_class"]): row["n"] for row in unanswered},
    )


async def status_updates(connection: Connection) -> int:
    """Return the number of banks' answers, of which each may concern many hops."""
    count: int = await connection.fetchval("SELECT count(*) FROM status_update")
    return count


async def answered_references(connection: Connection) -> set[str]:
    """Return the references of the hops that have an answer."""
    rows = await connection.fetch(
        "SELECT DISTINCT h.reference FROM answer a JOIN hop h ON h.case_no = a.case_no AND h.hop_no = ANY (a.hop_nos)"
    )
    return {row["reference"] for row in rows}


async def requests_to(connection: Connection, institution: str) -> int:
    """Return the number of hold requests to a bank."""
    count: int = await connection.fetchval("SELECT count(*) FROM hold_request WHERE institution = $1", institution)
    return count


async def restoration_lags(connection: Connection) -> list[float]:
    """Return the seconds that each piece of work of restorations waited since it fell due, or waits until now."""
    return [row["seconds"] for row in await connection.fetch(_RESTORATION_LAGS)]


async def hops_freed_by_people(connection: Connection) -> set[tuple[str, str]]:
    """Return the hops of answers that a person corrected, by the case's acknowledgement number and their reference."""
    return {(row["ack_no"], row["reference"]) for row in await connection.fetch(_FREED)}


async def transfers_before(connection: Connection) -> dict[tuple[str, str], str]:
    """Return by the case's acknowledgement number and the reference of a hop the reference of the hop before it."""
    rows = await connection.fetch(
        "SELECT c.ack_no, h.reference, p.reference AS before FROM hop h"
        " JOIN hop p ON p.case_no = h.case_no AND p.hop_no = h.parent_hop_no"
        " JOIN complaint c ON c.case_no = h.case_no AND NOT c.joined"
    )
    return {(row["ack_no"], row["reference"]): row["before"] for row in rows}


async def batches_by_case(connection: Connection) -> dict[str, tuple[int, ...]]:
    """Return by case number the number of hold requests of each batch, in the order of the batches."""
    rows = await connection.fetch(_BATCHES)
    return {row["case_no"]: tuple(row["requests"]) for row in rows}


async def channel_figures(connection: Connection) -> dict[ChannelKind, ChannelFigures]:
    """Return the figures of channels that have delivered a request, in the order of `ChannelKind`."""
    rows = {row["channel"]: dict(row) for row in await connection.fetch(_CHANNELS)}
    return {
        kind: ChannelFigures(**{name: value for name, value in rows[kind.value].items() if name != "channel"})
        for kind in ChannelKind
        if kind.value in rows
    }


async def turnarounds(connection: Connection) -> dict[str, Spread]:
    """Return p50, p95 and p99 of every turnaround time that has happened at least once."""
    spreads: dict[str, Spread] = {}
    for name, query in _TURNAROUNDS.items():
        row = await connection.fetchrow(
            "SELECT count(s) AS n, percentile_cont($1::float8[]) WITHIN GROUP (ORDER BY s) AS p"
            f" FROM (SELECT extract(epoch FROM d)::float8 AS s FROM ({query}) AS t (d)) AS u",
            list(PERCENTILES),
        )
        if row and row["n"]:
            p50, p95, p99 = row["p"]
            spreads[name] = Spread(count=row["n"], p50_seconds=p50, p95_seconds=p95, p99_seconds=p99)
    return spreads
