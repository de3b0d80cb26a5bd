"""The dashboards of Grafana for supervisors and operators, from the metrics of the code and the recording rules."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from grafana_foundation_sdk.builders import common, dashboard, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import BigValueColorMode, LegendDisplayMode, LegendPlacement
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync, DataSourceRef, Threshold, ThresholdsMode

FOLDER: Final = Path(__file__).resolve().parents[2] / "deploy" / "grafana"
SOURCE: Final = DataSourceRef(type_val="prometheus", uid="goldenhour")
"""the source of `deploy/grafana/datasource.yml`"""
HEIGHT: Final = 8
NARROW, WIDE = 6, 12
"""columns of a figure and of a curve; a row of a dashboard has 24"""
_FIRING: Final = 'ALERTS{alertstate="firing"}'
_RUPEES: Final = "currencyINR"


class Line(NamedTuple):
    """One expression of a panel, with the name that its curves have."""

    expr: str
    name: str = ""


class Panel(NamedTuple):
    """A panel before it is built."""

    title: str
    lines: Sequence[Line]
    unit: str = "short"
    description: str = ""
    red_from: float | None = None
    """a figure with this is shown large, and red from this value on"""


class Row(NamedTuple):
    """Panels under one heading."""

    title: str
    panels: Sequence[Panel]


def _of_database(metric: str, by: str = "") -> str:
    """Return the expression of a figure of the whole database, whichever process shows it."""
    return f"max by ({by}) ({metric})" if by else f"max({metric})"


SUPERVISORS: Final = (
    Row(
        "Now",
        (
            Panel("Alerts", [Line(f"count({_FIRING}) or vector(0)")], red_from=1),
            Panel(
                "Oldest unsent request",
                [Line(_of_database("goldenhour_oldest_unsent_request_seconds"))],
                "s",
                "A hold request that no channel has tried yet.",
                red_from=60,
            ),
            Panel(
                "Reports to magistrates overdue",
                [Line(_of_database('goldenhour_duties_open{duty="magistrate_report",state="overdue"}'))],
                description="The law gives 24 hours from the hold.",
                red_from=1,
            ),
            Panel(
                "Holds that lapse within a day",
                [Line(_of_database("goldenhour_holds_lapsing"))],
                description="No order asks for their money. Without a decision it goes back to the account holder.",
                red_from=1,
            ),
        ),
    ),
    Row(
        "The golden hour",
        (
            Panel(
                "Complaint to first hold",
                [
                    Line("goldenhour:complaint_to_first_hold_seconds:p50_1h", "half of the victims"),
                    Line("goldenhour:complaint_to_first_hold_seconds:p99_1h", "99 of 100"),
                ],
                "s",
            ),
            Panel(
                "Complaint to first answer", [Line("goldenhour:complaint_to_first_answer_seconds:p50_1h", "half")], "s"
            ),
            Panel("Complaints", [Line("sum by (channel) (increase(goldenhour_complaints_total[1h]))", "{{channel}}")]),
            Panel(
                "Banks without an answer after the reminder",
                [Line(_of_database("goldenhour_scorecard_silent_ratio", "answer_class"), "{{answer_class}}")],
                "percentunit",
                "Of the requests of the last day, by the class of the bank.",
            ),
        ),
    ),
    Row(
        "Money",
        (
            Panel(
                "Where the money of all cases is",
                [Line(f"{_of_database('goldenhour_paise', 'bucket')} / 100", "{{bucket}}")],
                _RUPEES,
            ),
            Panel(
                "Held of what was reachable",
                [
                    Line(
                        _of_database("goldenhour_scorecard_held_of_reachable_ratio", "answer_class"), "{{answer_class}}"
                    )
                ],
                "percentunit",
            ),
            Panel(
                "Confirmed by banks each day",
                [Line("sum by (kind) (increase(goldenhour_confirmed_paise_total[1d])) / 100", "{{kind}}")],
                _RUPEES,
            ),
            Panel(
                "Cases of 90 days, by stage",
                [Line(_of_database("goldenhour_restoration_cases", "stage"), "{{stage}}")],
            ),
        ),
    ),
    Row(
        "The work of officers",
        (
            Panel("Open work items", [Line(_of_database("goldenhour_desk_tasks_open", "kind"), "{{kind}}")]),
            Panel(
                "Statutory duties", [Line(_of_database("goldenhour_duties_open", "duty, state"), "{{duty}} {{state}}")]
            ),
            Panel(
                "Money on hold after so many days",
                [Line(f"{_of_database('goldenhour_restoration_held_past_paise', 'days')} / 100", "{{days}} days")],
                _RUPEES,
            ),
            Panel("Grievances", [Line(_of_database("goldenhour_restoration_grievances", "state"), "{{state}}")]),
        ),
    ),
)
OPERATORS: Final = (
    Row(
        "Now",
        (
            Panel("Alerts", [Line(f"count({_FIRING}) or vector(0)")], red_from=1),
            Panel("Processes that do not answer", [Line("count(up == 0) or vector(0)")], red_from=1),
            Panel("Nightly runs that failed", [Line("sum(max by (work) (goldenhour_nightly_failing))")], red_from=1),
            Panel(
                "Money in no bucket",
                [Line("abs(goldenhour:unaccounted_paise) / 100")],
                _RUPEES,
                "The loss less the sum of all buckets; always zero.",
                red_from=0.01,
            ),
        ),
    ),
    Row(
        "Requests",
        (
            Panel(
                "Complaint to first request",
                [
                    Line("goldenhour:complaint_to_first_request_sent_seconds:p95_10m", "sent, 95 of 100"),
                    Line("goldenhour:complaint_to_first_request_delivered_seconds:p99_10m", "delivered, 99 of 100"),
                    Line("goldenhour:answer_to_next_request_seconds:p99_10m", "next layer, 99 of 100"),
                ],
                "s",
            ),
            Panel(
                "Stages of a request, 95 of 100",
                [
                    Line(
                        "histogram_quantile(0.95, sum by (le, stage)"
                        " (rate(goldenhour_request_stage_seconds_bucket[10m])))",
                        "{{stage}}",
                    )
                ],
                "s",
            ),
            Panel(
                "Deliveries each minute",
                [
                    Line(
                        "sum by (channel, outcome) (rate(goldenhour_delivery_attempts_total[5m])) * 60",
                        "{{channel}} {{outcome}}",
                    )
                ],
            ),
            Panel("Requests that wait", [Line(_of_database("goldenhour_requests_waiting", "state"), "{{state}}")]),
            Panel(
                "Refused for want of a place",
                [Line("sum by (door) (rate(goldenhour_requests_refused_total[5m]))", "{{door}}")],
            ),
            Panel(
                "Bodies of banks that cannot be used",
                [Line("sum by (kept) (increase(goldenhour_junk_bodies_total[1h]))", "kept: {{kept}}")],
            ),
        ),
    ),
    Row(
        "Behind the scenes",
        (
            Panel(
                "Failed actions each hour",
                [
                    Line("sum by (work) (increase(goldenhour_sweep_failures_total[1h]))", "sweep: {{work}}"),
                    Line(
                        "sum by (work) (increase(goldenhour_procedure_starter_failures_total[1h]))",
                        "procedures: {{work}}",
                    ),
                ],
            ),
            Panel("Restorations behind by", [Line(_of_database("goldenhour_restoration_lag_seconds"), "oldest")], "s"),
            Panel(
                "Since the last clean nightly run",
                [Line(_of_database("goldenhour_nightly_since_clean_seconds", "work"), "{{work}}")],
                "s",
            ),
            Panel("Size of the database", [Line(_of_database("goldenhour_database_bytes"), "on disk")], "bytes"),
            Panel("Processes that answer", [Line("sum by (job) (up)", "{{job}}")]),
            Panel("Storage", [Line(_of_database("goldenhour_storage", "state"), "{{state}}")]),
        ),
    ),
)


def dashboards() -> dict[Path, str]:
    """Return every dashboard as JSON, by its path."""
    return {
        FOLDER / "supervisors.json": _json("supervisors", "Golden hour: supervisors", SUPERVISORS, "now-24h"),
        FOLDER / "operators.json": _json("operators", "Golden hour: operators", OPERATORS, "now-6h"),
    }


def expressions() -> Iterator[str]:
    """Yield every expression of every dashboard."""
    for row in (*SUPERVISORS, *OPERATORS):
        for panel in row.panels:
            yield from (line.expr for line in panel.lines)


def _json(name: str, title: str, rows: Sequence[Row], since: str) -> str:
    board = (
        dashboard.Dashboard(title)
        .uid(f"goldenhour-{name}")
        .tags(["goldenhour"])
        .editable()
        .timezone("Asia/Kolkata")
        .refresh("30s")
        .time(since, "now")
        .tooltip(DashboardCursorSync.CROSSHAIR)
    )
    for row in rows:
        board.with_row(dashboard.Row(row.title))
        for panel in row.panels:
            board.with_panel(_curve(panel) if panel.red_from is None else _figure(panel, panel.red_from))
    return JSONEncoder(sort_keys=True, indent=2).encode(board.build()) + "\n"


def _curve(panel: Panel) -> timeseries.Panel:
    built = (
        timeseries.Panel()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(SOURCE)
        .height(HEIGHT)
        .span(WIDE)
        .min(0)
        .legend(
            common.VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
        )
    )
    for target in _targets(panel):
        built.with_target(target)
    return built


def _figure(panel: Panel, red_from: float) -> stat.Panel:
    built = (
        stat.Panel()
        .title(panel.title)
        .description(panel.description)
        .unit(panel.unit)
        .datasource(SOURCE)
        .height(HEIGHT // 2)
        .span(NARROW)
        .color_mode(BigValueColorMode.BACKGROUND)
        .reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
        .thresholds(
            dashboard.ThresholdsConfig()
            .mode(ThresholdsMode.ABSOLUTE)
            .steps([Threshold(value=None, color="green"), Threshold(value=red_from, color="red")])
        )
    )
    for target in _targets(panel):
        built.with_target(target)
    return built


def _targets(panel: Panel) -> Iterator[prometheus.Dataquery]:
    for letter, line in zip("ABCDEF", panel.lines, strict=False):
        query = prometheus.Dataquery().ref_id(letter).expr(line.expr).legend_format(line.name or "__auto")
        yield query.instant() if panel.red_from is not None else query.range()
