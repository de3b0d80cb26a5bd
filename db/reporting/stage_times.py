"""Times of the stages of cases, from the columns that the work itself writes (docs/reference/stages.md).

Each source selects rows of one shape: a stage of a case, of a transfer, or of a request or order. The counts of a
period, the cases behind them and the breaches of now all read these sources, so that they cannot disagree.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from schemas.base import FrozenModel
from schemas.enums import TimedStage
from schemas.reporting.figures import StageTarget


class Source(FrozenModel):
    """One statement that selects the times of some stages.

    The statement has the mark `{where}`. The columns are those of one row in the outer query.
    """

    stages: frozenset[TimedStage]
    statement: str
    case: str = "c.case_no"
    counted: str = "c.opened_at"
    """column of the time by which a row belongs to a period; an index finds it"""
    waits: str | None = None
    """condition of the rows that can wait now; an index finds them; None if none ever waits"""

    def over(self, district: int | None = None) -> str:
        """Return the statement for the period `[$1, $2)`, and for the districts of parameter `$district`."""
        where = f"{self.counted} >= $1 AND {self.counted} < $2"
        return self._where(where if district is None else f"{where} {_of_districts(self.case, district)}")

    def now(self) -> str:
        """Return the statement for the rows that can wait now."""
        assert self.waits is not None, "a source of stages that never wait has no breaches"
        return self._where(self.waits)

    def _where(self, condition_of_rows: str) -> str:
        return self.statement.replace("{where}", condition_of_rows)


def _of_districts(case: str, parameter: int) -> str:
    return (
        "AND EXISTS (SELECT FROM complaint first_complaint JOIN victim first_victim USING (victim_id)"
        f" WHERE first_complaint.ack_no = {case} AND {_DISTRICT} = ANY(${parameter}::text[]))"
    )


_DISTRICT: Final = "upper(trim(first_victim.district))"
_NEVER: Final = "NULL::timestamptz"

TIME_TOLD: Final = """NOT EXISTS (
    SELECT FROM complaint_transfer w WHERE w.case_no = h.case_no AND w.hop_no = h.hop_no AND w.time_missing)"""
"""whether the time of hop `h` was told, and not its day alone; a day would count from midnight"""

_TRANSFERS: Final = f"""
SELECT 'transfer_to_complaint' AS stage, c.case_no, h.hop_no::text AS subject, c.opened_at AS counted_at,
    h.transferred_at AS began_at, h.opened_at AS ended_at, false AS waits, {_NEVER} AS due_at,
    NULL::text AS bank, NULL::text AS wire
FROM case_file c JOIN hop h ON h.case_no = c.case_no AND h.source = 'complaint' AND {TIME_TOLD} WHERE {{where}}
"""

# The first call counts, and not its plan. A channel that makes no call has a delivery only. Requests planned after the
# first delivery have no earlier call.
_CASES: Final = f"""
SELECT s.stage, c.case_no, c.case_no AS subject, c.opened_at AS counted_at, s.began_at, s.ended_at,
    s.ended_at IS NULL AND s.expected AND c.state = 'open' AS waits, {_NEVER} AS due_at,
    NULL::text AS bank, NULL::text AS wire
FROM case_file c
CROSS JOIN LATERAL (
    SELECT least(min(e.at), min(r.delivered_at)) AS at FROM hold_request r
    LEFT JOIN bank_exchange e ON e.request_id = r.request_id
    WHERE r.case_no = c.case_no AND r.planned_at <= coalesce(c.first_delivered_at, 'infinity')
) AS sent
CROSS JOIN LATERAL (VALUES
    ('complaint_to_sent', c.opened_at, sent.at, c.first_sent_at IS NOT NULL),
    ('complaint_to_delivered', c.opened_at, c.first_delivered_at, c.first_sent_at IS NOT NULL),
    ('complaint_to_answered', c.opened_at, c.first_answered_at, c.first_delivered_at IS NOT NULL),
    ('complaint_to_held', c.opened_at, c.first_held_at, true),
    ('answered_to_held', c.first_answered_at, c.first_held_at, true)
) AS s (stage, began_at, ended_at, expected)
WHERE {{where}} AND s.began_at IS NOT NULL
"""

# An answer is expected as in a scorecard: not for a request that we withdrew or that the bank refused.
_REQUESTS: Final = f"""
SELECT s.stage, c.case_no, r.request_id::text AS subject, c.opened_at AS counted_at, s.began_at, s.ended_at,
    r.first_answered_at IS NULL AND s.ended_at IS NULL AND r.refusal_code IS NULL
        AND (r.closed_at IS NULL OR r.level = 'give_up') AS waits,
    {_NEVER} AS due_at, r.institution AS bank, r.channel AS wire
FROM case_file c JOIN hold_request r ON r.case_no = c.case_no
CROSS JOIN LATERAL (VALUES
    ('sent_to_delivered', r.sent_at, r.delivered_at),
    ('delivered_to_answered', r.delivered_at, r.first_answered_at)
) AS s (stage, began_at, ended_at)
WHERE {{where}} AND s.began_at IS NOT NULL
"""

_NEXT: Final = f"""
SELECT 'answer_to_next' AS stage, c.case_no, r.request_id::text AS subject, c.opened_at AS counted_at,
    opened.at AS began_at, r.delivered_at AS ended_at,
    r.delivered_at IS NULL AND r.first_answered_at IS NULL AND r.refusal_code IS NULL AND r.closed_at IS NULL AS waits,
    {_NEVER} AS due_at, r.institution AS bank, r.channel AS wire
FROM case_file c JOIN hold_request r ON r.case_no = c.case_no
CROSS JOIN LATERAL (
    SELECT min(h.opened_at) AS at FROM request_hop q JOIN hop h ON h.case_no = q.case_no AND h.hop_no = q.hop_no
    WHERE q.request_id = r.request_id AND q.revision = 0 AND h.source = 'answer'
) AS opened
WHERE {{where}} AND opened.at IS NOT NULL
"""

_DUTIES: Final = """
SELECT 'held_to_reported' AS stage, d.case_no, d.case_no AS subject, d.opened_at AS counted_at,
    d.opened_at AS began_at, d.done_at AS ended_at, d.done_at IS NULL AS waits, d.due_at,
    NULL::text AS bank, NULL::text AS wire
FROM duty d WHERE d.kind = 'magistrate_report' AND {where}
"""

_APPLICATIONS: Final = """
SELECT 'held_to_applied' AS stage, r.case_no, r.restoration_id::text AS subject, r.opened_at AS counted_at,
    r.first_held_at AS began_at, applied.ended_at, applied.ended_at IS NULL AND r.state = 'open' AS waits,
    applied.due_at, NULL::text AS bank, NULL::text AS wire
FROM restoration r
CROSS JOIN LATERAL (
    SELECT min(t.ended_at) FILTER (WHERE t.outcome = 'done') AS ended_at, min(t.due_at) AS due_at
    FROM restoration_step t WHERE t.restoration_id = r.restoration_id AND t.step = 'application'
) AS applied
WHERE r.round_no = 1 AND {where}
"""

_STEPS: Final = """
SELECT CASE t.step WHEN 'verification' THEN 'applied_to_verified' WHEN 'approval' THEN 'approval'
        WHEN 'holder_notice' THEN 'notice' WHEN 'show_cause' THEN 'notice' ELSE 'court' END AS stage,
    r.case_no, t.restoration_id::text AS subject, t.opened_at AS counted_at, t.opened_at AS began_at,
    CASE WHEN t.outcome = 'done' THEN t.ended_at END AS ended_at,
    t.ended_at IS NULL AND r.state = 'open' AS waits, t.due_at, NULL::text AS bank, NULL::text AS wire
FROM restoration_step t JOIN restoration r ON r.restoration_id = t.restoration_id
WHERE t.step IN (
    'verification', 'holder_notice', 'show_cause', 'court_order', 'lok_adalat_award', 'distribution', 'approval')
    AND {where}
"""

_ORDERED: Final = f"""
SELECT 'approved_to_ordered' AS stage, r.case_no, t.restoration_id::text AS subject, t.opened_at AS counted_at,
    t.ended_at AS began_at, ordered.at AS ended_at, ordered.at IS NULL AND r.state = 'open' AS waits,
    {_NEVER} AS due_at, NULL::text AS bank, NULL::text AS wire
FROM restoration_step t JOIN restoration r ON r.restoration_id = t.restoration_id
CROSS JOIN LATERAL (
    SELECT min(o.planned_at) AS at FROM bank_order o
    WHERE o.restoration_id = t.restoration_id AND o.kind = 'restore' AND o.planned_at >= t.ended_at
) AS ordered
WHERE t.step = 'approval' AND t.outcome = 'done' AND {{where}}
"""

_CREDITS: Final = """
SELECT 'ordered_to_credited' AS stage, o.case_no, o.order_id::text AS subject, o.planned_at AS counted_at,
    o.planned_at AS began_at, CASE WHEN o.state = 'confirmed' THEN o.ended_at END AS ended_at,
    o.ended_at IS NULL AS waits, o.due_at, o.institution AS bank, o.channel AS wire
FROM bank_order o WHERE o.kind = 'restore' AND {where}
"""

_OF_STEPS: Final = frozenset({TimedStage.APPLIED_TO_VERIFIED, TimedStage.NOTICE, TimedStage.COURT, TimedStage.APPROVAL})
SOURCES: Final[tuple[Source, ...]] = (
    Source(stages=frozenset({TimedStage.TRANSFER_TO_COMPLAINT}), statement=_TRANSFERS),
    Source(
        stages=frozenset(
            {
                TimedStage.COMPLAINT_TO_SENT,
                TimedStage.COMPLAINT_TO_DELIVERED,
                TimedStage.COMPLAINT_TO_ANSWERED,
                TimedStage.COMPLAINT_TO_HELD,
                TimedStage.ANSWERED_TO_HELD,
            }
        ),
        statement=_CASES,
        waits="c.state = 'open'",
    ),
    Source(
        stages=frozenset({TimedStage.SENT_TO_DELIVERED, TimedStage.DELIVERED_TO_ANSWERED}),
        statement=_REQUESTS,
        waits="c.state = 'open' AND r.state IN ('sending', 'delivered')",
    ),
    Source(
        stages=frozenset({TimedStage.ANSWER_TO_NEXT}),
        statement=_NEXT,
        waits="c.state = 'open' AND r.state = 'sending'",
    ),
    Source(
        stages=frozenset({TimedStage.HELD_TO_REPORTED}),
        statement=_DUTIES,
        case="d.case_no",
        counted="d.opened_at",
        waits="d.done_at IS NULL",
    ),
    Source(
        stages=frozenset({TimedStage.HELD_TO_APPLIED}),
        statement=_APPLICATIONS,
        case="r.case_no",
        counted="r.opened_at",
        waits="r.state = 'open' AND r.step IN ('collecting', 'application')",
    ),
    Source(stages=_OF_STEPS, statement=_STEPS, case="r.case_no", counted="t.opened_at", waits="t.ended_at IS NULL"),
    Source(
        stages=frozenset({TimedStage.APPROVED_TO_ORDERED}),
        statement=_ORDERED,
        case="r.case_no",
        counted="t.opened_at",
        waits="r.state = 'open' AND r.step IN ('approval', 'credit')",
    ),
    Source(
        stages=frozenset({TimedStage.ORDERED_TO_CREDITED}),
        statement=_CREDITS,
        case="o.case_no",
        counted="o.planned_at",
        waits="o.state IN ('planned', 'delivered', 'refused')",
    ),
)


WAITING: Final = tuple(
    stage for stage in TimedStage if any(stage in source.stages and source.waits is not None for source in SOURCES)
)
"""stages that can wait, in their order"""


def source_of(stage: TimedStage) -> Source:
    """Return the source that selects a stage."""
    return next(source for source in SOURCES if stage in source.stages)


class Targets(FrozenModel):
    """Target times as the statements take them, a row for each stage and class of bank; "" is every class."""

    stages: tuple[str, ...]
    classes: tuple[str, ...]
    policy_seconds: tuple[float | None, ...]
    legal_seconds: tuple[float | None, ...]

    @classmethod
    def of(cls, targets: Iterable[StageTarget]) -> "Targets":
        """Return the rows of these targets."""
        rows: list[tuple[str, str, float | None, float | None]] = []
        for stage_target in targets:
            seconds: dict[str, float | None] = {"": stage_target.policy_seconds}
            if stage_target.class_seconds is not None:
                seconds = {kind.value: target for kind, target in stage_target.class_seconds.items()}
            rows += [
                (stage_target.stage.value, kind, target, stage_target.legal_seconds) for kind, target in seconds.items()
            ]
        stages, classes, policy, legal = zip(*rows, strict=True)
        return cls(stages=stages, classes=classes, policy_seconds=policy, legal_seconds=legal)

    def values(self) -> tuple[list[str], list[str], list[float | None], list[float | None]]:
        """Return the four parameters of `rows_of`."""
        return list(self.stages), list(self.classes), list(self.policy_seconds), list(self.legal_seconds)


# The place of a case is that of its first complaint. A marked case names no category, because it would tell the matter.
_ROWS: Final = """
raw AS MATERIALIZED ({raw}),
place AS MATERIALIZED (
    SELECT of_case.case_no, upper(trim(v.district)) AS district, k.channel,
        CASE WHEN EXISTS (SELECT FROM complaint m WHERE m.case_no = of_case.case_no AND m.marked)
            THEN '' ELSE k.category END AS category
    FROM (SELECT DISTINCT case_no FROM raw) AS of_case
    JOIN complaint k ON k.ack_no = of_case.case_no JOIN victim v USING (victim_id)
),
timed AS (
    SELECT f.*, p.district, p.channel, p.category,
        to_char(f.counted_at AT TIME ZONE 'Asia/Kolkata', 'HH24') AS hour,
        CASE WHEN f.ended_at IS NOT NULL
            THEN greatest(0, extract(epoch FROM f.ended_at - f.began_at)::float8) END AS seconds,
        extract(epoch FROM {now} - f.began_at)::float8 AS age_seconds,
        coalesce(extract(epoch FROM f.due_at - f.began_at)::float8, g.policy_seconds) AS policy_seconds,
        g.legal_seconds
    FROM raw f JOIN place p USING (case_no) LEFT JOIN institution i ON i.code = f.bank
    LEFT JOIN unnest({targets}) AS g (stage, answer_class, policy_seconds, legal_seconds)
        ON g.stage = f.stage AND (g.answer_class = '' OR g.answer_class = i.answer_class)
)
"""

# Of each group of rows: how many began, ended, wait, are within and past both targets.
SUMS: Final = """
count(*)::int AS began, count(seconds)::int AS ended, (count(*) FILTER (WHERE waits))::int AS waiting,
(count(*) FILTER (WHERE seconds <= policy_seconds))::int AS in_policy,
(count(*) FILTER (WHERE waits AND age_seconds > policy_seconds))::int AS past_policy,
(count(*) FILTER (WHERE seconds <= legal_seconds))::int AS in_legal,
(count(*) FILTER (WHERE waits AND age_seconds > legal_seconds))::int AS past_legal
"""
SUM_NAMES: Final = ("began", "ended", "waiting", "in_policy", "past_policy", "in_legal", "past_legal")


def rows_of(raw: str, now: int, targets: int) -> str:
    """Return the common table expressions that end with `timed`, the rows of `raw` with place, duration and targets.

    `now` is the number of the parameter with the time, `targets` that of the first of the four of `Targets.values`.
    """
    return _ROWS.format(raw=raw, now=f"${now}::timestamptz", targets=target_arrays(targets))


def target_arrays(first: int) -> str:
    """Return the arguments of `unnest` for the four parameters of `Targets.values`, from this number on."""
    return ", ".join(f"${first + place}::{kind}[]" for place, kind in enumerate(("text", "text", "float8", "float8")))


def of_period(stages: Collection[TimedStage] = tuple(TimedStage), district: int | None = None) -> str:
    """Return the union of the sources of these stages, for `[$1, $2)` and the districts of a parameter."""
    wanted = [source.over(district) for source in SOURCES if source.stages.intersection(stages)]
    return " UNION ALL ".join(wanted)


def of_now(stages: Collection[TimedStage] = tuple(TimedStage)) -> str:
    """Return the union of the sources of these stages, for what can wait now."""
    return " UNION ALL ".join(
        source.now() for source in SOURCES if source.waits is not None and source.stages.intersection(stages)
    )


class Span(FrozenModel):
    """A period, the time of the figures and the targets."""

    begins_at: datetime
    ends_at: datetime
    as_of: datetime
    targets: Targets

    def values(self) -> tuple[object, ...]:
        """Return the first seven parameters of a statement over a period."""
        return (self.begins_at, self.ends_at, self.as_of, *self.targets.values())
