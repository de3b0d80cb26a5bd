"""Scorecards of banks, from requests, answers and discrepancies (docs/reference/scorecard.md)."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from asyncpg import Record

from db.paging import cut, from_cursor, to_cursor
from db.pool import Connection
from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import AnswerClass, DiscrepancyKind, EscalationLevel
from schemas.reporting.scorecards import Percentiles, Scorecard, ScorecardBy, ScorecardPage, Scores

PERCENTILES: Final = (0.5, 0.95, 0.99)


class Span(FrozenModel):
    """The requests to count, those sent in `[sent_from, sent_to)`, and the time of the figures."""

    sent_from: UtcDatetime
    sent_to: UtcDatetime
    as_of: UtcDatetime
    reminder_seconds: dict[AnswerClass, float]
    """seconds after which a request is late, by the class of its bank"""


# The column by which rows are grouped: the first part of their key.
_BANK: Final = "i.code"
_CLASS: Final = "i.answer_class"


def _at_least(level: EscalationLevel) -> str:
    levels = ", ".join(f"'{above.value}'" for above in EscalationLevel if not above.is_below(level))
    return f"count(*) FILTER (WHERE r.level IN ({levels})) AS {level.value}"


_LEVELS: Final = ", ".join(_at_least(level) for level in EscalationLevel)

# A request counts as unanswered only while an answer is still owed. None is owed for a request that we withdrew or that
# the bank refused. One that was given up stays owed.
_REQUESTS: Final = """
SELECT {about} AS about, {hour} AS hour, count(*) AS requests, count(r.delivered_at) AS delivered,
    percentile_cont($6::float8[])
        WITHIN GROUP (ORDER BY greatest(0, extract(epoch FROM r.delivered_at - r.sent_at)::float8))
        FILTER (WHERE r.delivered_at IS NOT NULL) AS sent_to_delivered,
    count(r.first_answered_at) AS answered,
    count(*) FILTER (WHERE r.delivered_at IS NOT NULL AND r.first_answered_at IS NOT NULL) AS timed,
    percentile_cont($6::float8[])
        WITHIN GROUP (ORDER BY greatest(0, extract(epoch FROM r.first_answered_at - r.delivered_at)::float8))
        FILTER (WHERE r.delivered_at IS NOT NULL AND r.first_answered_at IS NOT NULL) AS delivered_to_answer,
    count(*) FILTER (WHERE d.due) AS due,
    count(*) FILTER (WHERE d.due AND r.first_answered_at IS NULL) AS silent,
    count(r.refusal_code) AS refused, {levels}
FROM hold_request r JOIN institution i ON i.code = r.institution
JOIN unnest($7::text[], $8::float8[]) AS c (answer_class, seconds) ON c.answer_class = i.answer_class
CROSS JOIN LATERAL (
    SELECT (r.first_answered_at IS NOT NULL
            OR (r.refusal_code IS NULL AND (r.closed_at IS NULL OR r.level = 'give_up')))
        AND coalesce(r.delivered_at, r.sent_at) + make_interval(secs => c.seconds) <= $5 AS due
) AS d
WHERE r.sent_at >= $1 AND r.sent_at < $2 AND ($3::text IS NULL OR r.institution BETWEEN $3 AND $4)
GROUP BY 1, 2
"""

# A line counts for the last request about its first hop that the bank could have read before it answered. The
# institutions are joined after the sums. Otherwise the planner expects few lines and scans all institutions for each of
# them.
LINES: Final = """
WITH counted AS MATERIALIZED (
    SELECT r.institution, {hour} AS hour,
        sum(a.applied_paise) FILTER (WHERE a.kind = 'held') AS held,
        sum(a.applied_paise) FILTER (WHERE a.kind <> 'held' AND a.occurred_at < r.sent_at) AS gone_before,
        sum(a.applied_paise) FILTER (WHERE a.kind <> 'held' AND a.occurred_at >= r.sent_at) AS gone_after,
        sum(a.applied_paise) FILTER (WHERE a.kind <> 'held' AND a.occurred_at IS NULL) AS gone_untimed,
        count(*) FILTER (WHERE a.disposition IN ('refusal', 'correction')) AS refused_lines
    FROM hold_request r
    JOIN request_hop q ON q.request_id = r.request_id
    JOIN answer a ON a.case_no = q.case_no AND a.hop_nos[1] = q.hop_no AND a.institution = r.institution
        AND a.received_at >= r.sent_at
    WHERE r.sent_at >= $1 AND r.sent_at < $2 AND ($3::text IS NULL OR r.institution BETWEEN $3 AND $4)
        AND a.received_at >= $1 AND NOT EXISTS (
            SELECT FROM request_hop later JOIN hold_request lr ON lr.request_id = later.request_id
            WHERE later.case_no = q.case_no AND later.hop_no = q.hop_no AND later.revision > 0
                AND later.revision > q.revision AND lr.institution = r.institution AND lr.sent_at <= a.received_at
        )
    GROUP BY 1, 2
)
SELECT {about} AS about, c.hour, coalesce(sum(c.held), 0)::bigint AS held_paise,
    coalesce(sum(c.gone_before), 0)::bigint AS gone_before_paise,
    coalesce(sum(c.gone_after), 0)::bigint AS gone_after_paise,
    coalesce(sum(c.gone_untimed), 0)::bigint AS gone_untimed_paise,
    sum(c.refused_lines)::bigint AS refused_lines
FROM counted c JOIN institution i ON i.code = c.institution GROUP BY 1, 2
"""

_DISCREPANCIES: Final = """
SELECT {about} AS about, {hour} AS hour, o.kind, count(*) AS n
FROM discrepancy o JOIN institution i ON i.code = o.institution
WHERE o.opened_at >= $1 AND o.opened_at < $2 AND ($3::text IS NULL OR o.institution BETWEEN $3 AND $4)
GROUP BY 1, 2, 3
"""

_BANKS: Final = """
SELECT i.code, i.name, i.answer_class FROM institution i
WHERE i.code > $3 AND ($4::text IS NULL OR i.code = $4) AND i.code IN (
    SELECT r.institution FROM hold_request r
    WHERE r.sent_at >= $1 AND r.sent_at < $2 AND ($4::text IS NULL OR r.institution = $4)
    UNION SELECT o.institution FROM discrepancy o
    WHERE o.opened_at >= $1 AND o.opened_at < $2 AND ($4::text IS NULL OR o.institution = $4))
ORDER BY i.code LIMIT $5
"""

_About = tuple[str, int | None]
_NONE: Final[Mapping[str, Any]] = {}


async def page(
    connection: Connection,
    span: Span,
    by: ScorecardBy | None = None,
    institution: str | None = None,
    after: str | None = None,
    limit: int = 500,
) -> ScorecardPage:
    """Return the scorecards of up to `limit` banks with a request or discrepancy, by code.

    Raises `BadCursor`. For consistent figures call it in a transaction with one snapshot.
    """
    (code,) = from_cursor(after, str) if after is not None else ("",)
    fetched = await connection.fetch(_BANKS, span.sent_from, span.sent_to, code, institution, limit + 1)
    banks, more = cut(fetched, limit)
    scores = await _scores(connection, span, _BANK, by, (banks[0]["code"], banks[-1]["code"])) if banks else {}
    by_bank: dict[str, list[tuple[int | None, Scores]]] = {}
    for (bank, hour), of_it in sorted(scores.items(), key=lambda item: (item[0][0], item[0][1] or 0)):
        by_bank.setdefault(bank, []).append((hour, of_it))
    items = tuple(
        Scorecard(
            institution=bank["code"], name=bank["name"], answer_class=bank["answer_class"], hour=hour, **dict(of_it)
        )
        for bank in banks
        for hour, of_it in by_bank[bank["code"]]
    )
    return ScorecardPage(
        sent_from=span.sent_from,
        sent_to=span.sent_to,
        as_of=span.as_of,
        items=items,
        next=to_cursor(banks[-1]["code"]) if more else None,
    )


async def by_class(connection: Connection, span: Span) -> dict[AnswerClass, Scores]:
    """Return the same figures for all banks of a class together; zeros for a class without requests."""
    scores = await _scores(connection, span, _CLASS, None, (None, None))
    return {answer_class: scores.get((answer_class, None)) or _put({}, {}, {}) for answer_class in AnswerClass}


async def _scores(
    connection: Connection, span: Span, about: str, by: ScorecardBy | None, banks: tuple[str | None, str | None]
) -> dict[_About, Scores]:
    """Return the figures by group, and by hour if asked; `banks` are the first and last code.

    A range is used instead of a list of codes, because the planner cannot see that a list has all of them.
    """
    bounds = (span.sent_from, span.sent_to, *banks)
    classes = span.reminder_seconds
    requests = await connection.fetch(
        _REQUESTS.format(about=about, hour=_hour("r.sent_at", by), levels=_LEVELS),
        *bounds,
        span.as_of,
        list(PERCENTILES),
        [answer_class.value for answer_class in classes],
        list(classes.values()),
    )
    lines = await connection.fetch(LINES.format(about=about, hour=_hour("r.sent_at", by)), *bounds)
    discrepancies = await connection.fetch(_DISCREPANCIES.format(about=about, hour=_hour("o.opened_at", by)), *bounds)
    of_requests = {(row["about"], row["hour"]): row for row in requests}
    of_lines = {(row["about"], row["hour"]): row for row in lines}
    of_discrepancies: dict[_About, dict[DiscrepancyKind, int]] = {}
    for row in discrepancies:
        of_discrepancies.setdefault((row["about"], row["hour"]), {})[DiscrepancyKind(row["kind"])] = row["n"]
    return {
        key: _put(of_requests.get(key, _NONE), of_lines.get(key, _NONE), of_discrepancies.get(key, {}))
        for key in of_requests.keys() | of_discrepancies.keys()
    }


def _hour(column: str, by: ScorecardBy | None) -> str:
    if by is None:
        return "NULL::integer"
    return f"extract(hour FROM {column} AT TIME ZONE 'Asia/Kolkata')::integer"


def _put(
    requests: Mapping[str, Any] | Record,
    lines: Mapping[str, Any] | Record,
    discrepancies: Mapping[DiscrepancyKind, int],
) -> Scores:
    held, before, after, untimed = (
        lines.get(f"{name}_paise", 0) for name in ("held", "gone_before", "gone_after", "gone_untimed")
    )
    due, silent = requests.get("due", 0), requests.get("silent", 0)
    placed, reachable = held + before + after + untimed, held + after
    return Scores(
        requests=requests.get("requests", 0),
        delivered=requests.get("delivered", 0),
        sent_to_delivered=_percentiles(requests.get("delivered", 0), requests.get("sent_to_delivered")),
        answered=requests.get("answered", 0),
        delivered_to_answer=_percentiles(requests.get("timed", 0), requests.get("delivered_to_answer")),
        due=due,
        silent=silent,
        silent_rate=_share(silent, due),
        levels={level: requests.get(level.value, 0) for level in EscalationLevel},
        refused=requests.get("refused", 0),
        refused_lines=lines.get("refused_lines", 0),
        discrepancies={kind: discrepancies.get(kind, 0) for kind in DiscrepancyKind},
        held_paise=held,
        gone_before_paise=before,
        gone_after_paise=after,
        gone_untimed_paise=untimed,
        placed_paise=placed,
        moved_before_share=_share(before, placed),
        reachable_paise=reachable,
        held_of_reachable=_share(held, reachable),
    )


def _percentiles(count: int, seconds: Sequence[float] | None) -> Percentiles:
    if not count or not seconds:
        return Percentiles()
    p50, p95, p99 = seconds
    return Percentiles(count=count, p50_seconds=p50, p95_seconds=p95, p99_seconds=p99)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
