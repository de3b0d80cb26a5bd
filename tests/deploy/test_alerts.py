"""Alert rules and dashboards name only what the code shows; every alert is tested, explained, and told to somebody."""

import json
import re
import subprocess
from collections.abc import Iterator
from typing import Any, Final

import pytest
import yaml
from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from activities.metrics import Metrics
from activities.reporting.outcomes import OutcomeGauges
from activities.reporting.scorecards import ScoreGauges
from activities.reporting.wall import AlertGauges
from db.databases import Storage
from db.evidence.integrity import Standing
from db.reporting.wall import AlertFigures, RequestBacklog
from schemas.enums import Bucket, TaskKind
from schemas.nightly_runs import NightlyWork
from tests.debian_programs import debian_program
from tests.paths import ROOT
from workers.reference.dashboards import dashboards, expressions

FOLDER: Final = ROOT / "deploy" / "prometheus"
GROUPS: Final = yaml.safe_load((FOLDER / "rules.yml").read_text())["groups"]
TESTS: Final = sorted(FOLDER.glob("*_test.yml"))
ALERTS: Final[dict[str, dict[str, Any]]] = {
    rule["alert"]: rule for group in GROUPS for rule in group["rules"] if "alert" in rule
}
RECORDED: Final[dict[str, str]] = {
    rule["record"]: rule["expr"] for group in GROUPS for rule in group["rules"] if "record" in rule
}
OF_PROMETHEUS: Final = {"up": {"job", "instance"}, "ALERTS": {"alertname", "alertstate", "severity"}}
SUFFIXES: Final = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("_total",)}
OF_A_SCRAPE: Final = {"job", "instance"}
MAIL: Final = yaml.safe_load((ROOT / "deploy" / "alertmanager.yml").read_text())
SECTION: Final = (ROOT / "docs" / "guides" / "operator.md").read_text().partition("## Alerts")[2].partition("\n## ")[0]

_SERIES: Final = re.compile(r"\b(up|ALERTS|goldenhour[\w:]*)(?:\{([^}]*)\})?")
_MATCHER: Final = re.compile(r"(\w+)(?:=~|!~|!=|=)\"([^\"]*)\"")
_BY: Final = re.compile(r"\bby \(([^)]*)\)")


class Shown:
    """Every series of the code, with its labels and the values that they can have."""

    def __init__(self) -> None:
        metrics, registry = Metrics(), CollectorRegistry()
        metrics.stock(dict.fromkeys(Bucket, 0), dict.fromkeys(TaskKind, 0))
        AlertGauges(registry).show(
            AlertFigures(
                requests=RequestBacklog(unsent=0, undelivered=0, oldest_unsent_seconds=0),
                duties={},
                lapsing_holds=0,
                lapsing_paise=0,
                nightly=tuple(Standing(work=work, since_clean_seconds=0, is_failing=False) for work in NightlyWork),
                storage=Storage.OK,
                database_bytes=1,
            )
        )
        ScoreGauges(registry)
        OutcomeGauges(registry)
        self.metrics: dict[str, MetricWrapperBase] = {}
        for collector in (*metrics.registry._collector_to_names, *registry._collector_to_names):
            assert isinstance(collector, MetricWrapperBase)
            for suffix in SUFFIXES.get(str(collector._type), ("",)):
                self.metrics[collector._name + suffix] = collector

    def labels(self, series: str) -> set[str]:
        own = set(self.metrics[series]._labelnames)
        return own | OF_A_SCRAPE | ({"le"} if series.endswith("_bucket") else set())

    def values(self, series: str, label: str) -> set[str]:
        metric = self.metrics[series]
        return {values[metric._labelnames.index(label)] for values in metric._metrics}


SHOWN: Final = Shown()


def check(expr: str) -> None:
    """Check every series, label and label value of an expression against the code."""
    found = _SERIES.findall(expr)
    assert found, "it names no series"
    known_labels = set[str]()
    for series, matchers in found:
        if series in RECORDED:
            continue
        assert series in OF_PROMETHEUS or series in SHOWN.metrics, f"the code shows no {series}"
        labels = OF_PROMETHEUS.get(series) or SHOWN.labels(series)
        known_labels |= labels
        for label, value in _MATCHER.findall(matchers):
            assert label in labels, f"{series} has no label {label}"
            if series in SHOWN.metrics:
                assert set(value.split("|")) <= SHOWN.values(series, label), f"{series} has no {label} {value}"
    for by in _BY.findall(expr):
        assert {label.strip() for label in by.split(",")} <= known_labels, f"no series has a label of by ({by})"


@pytest.mark.parametrize("expr", [*RECORDED.values(), *(rule["expr"] for rule in ALERTS.values()), *expressions()])
def test_rules_and_dashboards_name_only_what_the_code_shows(expr: str) -> None:
    check(expr)


@pytest.mark.parametrize(
    "wrong",
    [
        "goldenhour_unheard_of > 1",
        'goldenhour_paise{bucket="pocket"} > 1',
        'goldenhour_paise{bank="SBIN"} > 1',
        "sum by (colour) (goldenhour_paise)",
        "goldenhour_complaints > 1",
        "rate(goldenhour_complaint_to_first_hold_seconds[1h])",
    ],
)
def test_the_check_would_notice_a_mistake(wrong: str) -> None:
    with pytest.raises(AssertionError):
        check(wrong)


def promtool(*arguments: str) -> str:
    done = subprocess.run(
        [debian_program("promtool"), *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_m9_the_rules_are_valid_and_pass_their_tests() -> None:
    promtool("check", "rules", "--lint=all", "--lint-fatal", str(FOLDER / "rules.yml"))
    said = promtool("test", "rules", *map(str, TESTS))
    assert said.count("SUCCESS") == len(TESTS)


def expected() -> Iterator[tuple[str, bool]]:
    """Yield each alert that a test names, and whether it has to fire there."""
    for file in TESTS:
        for test in yaml.safe_load(file.read_text())["tests"]:
            for one in test["promql_expr_test"]:
                for name in re.findall(r"\w+", "".join(re.findall(r'ALERTS\{.*alertname=~?"([^"]+)"', one["expr"]))):
                    yield name, any(f'alertname="{name}"' in sample["labels"] for sample in one["exp_samples"])


def test_every_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not() -> None:
    assert set(expected()) >= {(name, fires) for name in ALERTS for fires in (True, False)}
    assert {name for name, _ in expected()} == set(ALERTS)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_it_is_and_the_guide_what_to_do(name: str) -> None:
    rule = ALERTS[name]
    assert rule["labels"] in ({"severity": "critical"}, {"severity": "warning"})
    assert set(rule["annotations"]) == {"summary", "description"}
    assert f"| `{name}` |" in SECTION


def test_the_guide_explains_no_alert_that_is_not_there() -> None:
    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", SECTION, re.MULTILINE)) == set(ALERTS)


# -- Alertmanager ------------------------------------------------------------------------------------------------------


def routes(route: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield route
    for inner in route.get("routes", []):
        yield from routes(inner)


def test_alertmanager_tells_by_mail_and_webhook_and_knows_every_name() -> None:
    """`amtool check-config` accepts the file; its package is large, so this test reads the file itself."""
    assert set(MAIL) == {"global", "route", "inhibit_rules", "receivers"}
    receivers = {one["name"]: set(one) - {"name"} for one in MAIL["receivers"]}
    assert set.union(*receivers.values()) == {"email_configs", "webhook_configs"}
    assert {route["receiver"] for route in routes(MAIL["route"])} == set(receivers)
    known = {
        "receiver",
        "matchers",
        "continue",
        "routes",
        "group_by",
        "group_wait",
        "group_interval",
        "repeat_interval",
    }
    assert all(set(route) <= known for route in routes(MAIL["route"]))


def test_alertmanager_names_only_alerts_that_are_there() -> None:
    matchers = [text for route in routes(MAIL["route"]) for text in route.get("matchers", [])]
    for rule in MAIL["inhibit_rules"]:
        assert set(rule) == {"source_matchers", "target_matchers"}
        matchers += [*rule["source_matchers"], *rule["target_matchers"]]
    for text in matchers:
        (label, value), *others = _MATCHER.findall(text)
        assert not others
        assert label in {"alertname", "severity"}
        if label == "alertname":
            for name in value.split("|"):
                assert any(re.fullmatch(name, alert) for alert in ALERTS), name


def test_no_secret_stands_in_the_sample() -> None:
    for key, value in MAIL["global"].items():
        assert "password" not in key or (key.endswith("_file") and value.startswith("/run/secrets/"))
    for receiver in MAIL["receivers"]:
        for hook in receiver.get("webhook_configs", []):
            assert "url" not in hook
            assert hook["url_file"].startswith("/run/secrets/")


# -- Grafana -----------------------------------------------------------------------------------------------------------


def test_the_dashboards_are_what_the_code_says() -> None:
    for path, text in dashboards().items():
        assert path.read_text(encoding="utf-8") == text, "run `make docs`"
    assert {path.name for path in path.parent.glob("*.json")} == {path.name for path in dashboards()}


def test_the_dashboards_ask_the_source_that_is_provided() -> None:
    folder = ROOT / "deploy" / "grafana"
    (source,) = yaml.safe_load((folder / "datasource.yml").read_text())["datasources"]
    boards = [json.loads(text) for text in dashboards().values()]
    panels = [panel for board in boards for panel in board["panels"] if panel["type"] != "row"]
    assert {(panel["datasource"]["type"], panel["datasource"]["uid"]) for panel in panels} == {
        (source["type"], source["uid"])
    }
    assert len({board["uid"] for board in boards}) == len(boards)
    for board in boards:
        titles = [panel["title"] for panel in board["panels"]]
        assert len(set(titles)) == len(titles)


def test_the_containers_find_their_files() -> None:
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    (provider,) = yaml.safe_load((ROOT / "deploy" / "grafana" / "provider.yml").read_text())["providers"]
    mounted = [volume.split(":")[:2] for volume in services["grafana"]["volumes"] if volume.startswith("./")]
    boards = {source for source, target in mounted if target.startswith(provider["options"]["path"] + "/")}
    assert boards == {f"./deploy/grafana/{path.name}" for path in dashboards()}
