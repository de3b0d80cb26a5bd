"""The page of metrics: every series of ours, with its type, labels and meaning."""

from typing import Any, Final

from prometheus_client import CollectorRegistry

from activities.metrics import Metrics
from activities.reporting.outcomes import OutcomeGauges
from activities.reporting.scorecards import ScoreGauges
from activities.reporting.wall import AlertGauges
from workers.reference.markdown import code, page, table

_INTRODUCTION: Final = """What `GET /metrics` shows of ours; the Temporal SDK's own series stand beside them.
Counters belong to one process: add them up over processes. A histogram has the series `_bucket`, `_sum` and
`_count`, with buckets from 10 ms to 90 days; the buckets of `goldenhour_request_stage_seconds` go from 1 ms to a
minute. No label names a person."""


def metrics_page() -> str:
    """Return the page of metrics."""
    alerts, scorecard, outcomes = (CollectorRegistry() for _ in range(3))
    AlertGauges(alerts)
    ScoreGauges(scorecard)
    OutcomeGauges(outcomes)
    return page(
        "Metrics",
        _INTRODUCTION,
        "## Of each process",
        _table(Metrics().registry),
        "## What alerts are made of, by the API",
        _table(alerts),
        "## Scorecard of the last day, by the API",
        _table(scorecard),
        "## Outcomes of the last 90 days, by the API",
        _table(outcomes),
    )


def _table(registry: CollectorRegistry) -> str:
    # A family without samples names its labels nowhere else.
    collectors: dict[str, Any] = dict(registry._names_to_collectors)
    rows = []
    for family in registry.collect():
        labels = ", ".join(code(name) for name in collectors[family.name]._labelnames)
        rows.append(
            [
                code(family.name + ("_total" if family.type == "counter" else "")),
                family.type,
                labels,
                family.documentation,
            ]
        )
    return table(["name", "type", "labels", "meaning"], rows)
