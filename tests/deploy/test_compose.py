"""`docker-compose.yml` is valid by the compose specification, and its content is correct."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from compose_spec import PyCompose

from tests.paths import ROOT
from workers.embedded.postgres import SERVER_OPTIONS
from workers.embedded.temporal import DYNAMIC_CONFIG, packaged_binary
from workers.settings import ENV_PREFIX, Settings
from workflows.options import BANK_CALLS_QUEUE, CASE_WORK_QUEUE, RESTORATION_QUEUE

DEPLOY = ROOT / "deploy"
TEXT = (ROOT / "docker-compose.yml").read_text()
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<rest>[^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|PWD|_KEY$|(SMTP|SMS|POLICE)_URL")
OPTIONAL = {"GOLDENHOUR_SMS_URL", "GOLDENHOUR_POLICE_URL"}
"""addresses that contain a secret and are optional"""
SAMPLE = "a" * 64
ISO_SPOOL = "GOLDENHOUR_ISO_SPOOL"
MIGRATION_URL = "GOLDENHOUR_MIGRATION_URL"
URLS = {
    "GOLDENHOUR_SMTP_URL": "smtps://me:secret@mail.example:465",
    "GOLDENHOUR_PUBLIC_URL": "https://police.example",
}

Service = dict[str, Any]


def interpolated(text: str) -> dict[str, Any]:
    """Return the file as compose reads it when only the required secrets are set."""

    def value(match: re.Match[str]) -> str:
        return match["rest"] if match["kind"] == ":-" else URLS.get(match["name"], SAMPLE)

    document: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, text))
    return document


COMPOSE = interpolated(TEXT)
SERVICES: dict[str, Service] = COMPOSE["services"]
ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate"}
WORKERS = {"worker-case-work", "worker-bank-calls", "worker-restoration"}
PRODUCT = [name for name, service in SERVICES.items() if service["image"].startswith("goldenhour:")]


def validate(document: dict[str, Any]) -> None:
    PyCompose.from_json(json.dumps(document)).validate()


def test_it_follows_the_compose_specification() -> None:
    validate(COMPOSE)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("    command: [officers]", "    comand: [officers]"),
        ("service_healthy", "service_hale"),
        ("networks: [inside, outside]", "networks: [nowhere]"),
        ("interval: 5s", "interval: soon"),
        ("memory: 3g", "memory: plenty"),
        ('"127.0.0.1:9090:9090"', '"127.0.0.1:9090:web"'),
    ],
)
def test_the_check_would_notice_a_mistake(right: str, wrong: str) -> None:
    assert right in TEXT
    with pytest.raises(ValueError, match=r"."):
        validate(interpolated(TEXT.replace(right, wrong)))


def test_it_has_every_part() -> None:
    parts = {"postgres", "temporal-postgres", "temporal", "migrate", "intake", "officers", "prometheus"}
    assert parts | WORKERS <= set(SERVICES)


def test_every_queue_has_its_workers() -> None:
    served = [service["command"][2] for service in SERVICES.values() if service.get("command", [""])[0] == "worker"]
    assert sorted(served) == sorted([CASE_WORK_QUEUE, BANK_CALLS_QUEUE, RESTORATION_QUEUE])


def test_no_secret_has_a_default() -> None:
    for match in VARIABLE.finditer(TEXT):
        if SECRET.search(match["name"]):
            assert match["kind"] == ":?" or (match["name"] in OPTIONAL and not match["rest"]), match["name"]
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable):
                given = {SAMPLE, *URLS.values()} | ({""} if variable in OPTIONAL else set())
                assert value in given, f"{name}: {variable} is written into the file"


def test_every_variable_is_documented_and_the_example_asks_for_the_required_ones() -> None:
    documented = set(re.findall(r"^\| `([A-Z_]+)` \|", (DEPLOY / "README.md").read_text(), re.MULTILINE))
    used = {match["name"] for match in VARIABLE.finditer(TEXT)}
    required = {match["name"] for match in VARIABLE.finditer(TEXT) if match["kind"] == ":?"}
    example = re.findall(r"^(\w+)=(.*)$", (DEPLOY / "env.example").read_text(), re.MULTILINE)
    assert documented == used
    assert {name for name, _ in example} == required
    assert {value for _, value in example} == {""}


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_is_confined(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    limits = service["deploy"]["resources"]["limits"]
    assert limits["cpus"]
    assert limits["memory"]
    assert service["logging"]["options"]["max-size"]
    assert not service.get("privileged")


@pytest.mark.parametrize("name", SERVICES)
def test_every_container_says_whether_it_works(name: str) -> None:
    service = SERVICES[name]
    if name in ONE_SHOT:
        assert service["restart"] == "on-failure"
    else:
        assert service["restart"] == "unless-stopped"
        assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])


@pytest.mark.parametrize("name", SERVICES)
def test_every_image_has_a_version(name: str) -> None:
    _, colon, tag = SERVICES[name]["image"].rpartition(":")
    assert colon
    assert re.match(r"v?\d+\.\d+", tag)


def test_what_is_waited_for_can_come_true() -> None:
    for name, service in SERVICES.items():
        for needed, terms in service.get("depends_on", {}).items():
            finishes = terms["condition"] == "service_completed_successfully"
            assert finishes == (needed in ONE_SHOT), f"{name} waits for {needed}"


def test_only_loopback_is_published_and_databases_have_no_way_out() -> None:
    assert COMPOSE["networks"]["inside"]["internal"] is True
    for name, service in SERVICES.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), name
        if "outside" in service["networks"]:
            assert name in {"intake", "officers", *WORKERS, "prometheus"}


def test_named_volumes_are_declared_and_mounted_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert volume.endswith(":ro")
                assert (ROOT / source).is_file(), source
            else:
                assert source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", PRODUCT)
def test_the_settings_of_every_process_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable, value in SERVICES[name]["environment"].items():
        assert variable.startswith(ENV_PREFIX)
        # The folder is in the container.
        monkeypatch.setenv(variable, str(tmp_path) if variable == ISO_SPOOL else value)
    settings = Settings.load()
    assert settings.database_url is not None
    assert settings.temporal_address is not None
    assert not settings.allow_plain_http
    assert settings.clock_factor == 1.0
    assert settings.sms_url is None
    assert settings.police_url is None


def test_the_migrations_alone_know_who_owns_the_tables() -> None:
    owner = "GOLDENHOUR_OWNER_PASSWORD"
    told = {match["name"] for match in VARIABLE.finditer(TEXT)}
    assert owner in told
    assert [name for name in PRODUCT if MIGRATION_URL in SERVICES[name]["environment"]] == ["migrate"]
    urls = SERVICES["migrate"]["environment"]
    works, owns = (urlsplit(urls[name]) for name in ("GOLDENHOUR_DATABASE_URL", MIGRATION_URL))
    assert works.username != owns.username
    assert works.path == owns.path
    assert owner in SERVICES["postgres"]["environment"]


def test_officers_alone_lacks_the_secret_key_and_has_its_own() -> None:
    known = {
        name: {variable for variable in SERVICES[name]["environment"] if variable.endswith("_KEY")} for name in PRODUCT
    }
    assert known.pop("officers") == {"GOLDENHOUR_OFFICERS_KEY"}
    assert set().union(*known.values()) == {"GOLDENHOUR_SECRET_KEY"}
    assert "GOLDENHOUR_SECRET_KEY" in known["intake"]


def test_only_migrations_that_the_release_before_survives_are_applied_before_processes_are_replaced() -> None:
    assert SERVICES["migrate"]["command"] == ["migrate", "--phase", "pre"]


def test_who_sends_messages_and_reports_can_be_told_where() -> None:
    sender = SERVICES["worker-restoration"]
    assert set(sender["environment"]) >= OPTIONAL
    assert "outside" in sender["networks"]


def test_the_spool_is_one_volume_for_all_workers_and_their_users_own() -> None:
    workers = [SERVICES[name] for name in PRODUCT if SERVICES[name]["command"][0] == "worker"]
    (mount,) = {volume for worker in workers for volume in worker["volumes"]}
    assert all(worker["volumes"] == [mount] for worker in workers), "what one writes another must find"
    source, _, target = mount.partition(":")
    assert source in COMPOSE["volumes"]
    assert {worker["environment"][ISO_SPOOL] for worker in workers} == {target}
    # A new volume has the owner of the folder on which it is mounted.
    (made,) = re.findall(rf"^RUN install --directory (.+) {target}$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    (user,) = re.findall(r"^USER (\d+):(\d+)$", (DEPLOY / "Dockerfile").read_text(), re.MULTILINE)
    assert f"--owner={user[0]} --group={user[1]}" in made
    assert not any(ISO_SPOOL in SERVICES[name]["environment"] for name in PRODUCT if SERVICES[name] not in workers)


def test_temporal_gets_the_settings_that_were_measured() -> None:
    document = yaml.safe_load((DEPLOY / "temporal-dynamic-config.yaml").read_text())
    assert {key: entries[0]["value"] for key, entries in document.items()} == dict(DYNAMIC_CONFIG)
    assert all(len(entries) == 1 and set(entries[0]) == {"value"} for entries in document.values())
    temporal = SERVICES["temporal"]
    mounted = dict(volume.removesuffix(":ro").split(":") for volume in temporal["volumes"])
    path = temporal["environment"]["DYNAMIC_CONFIG_FILE_PATH"]
    assert mounted["./deploy/temporal-dynamic-config.yaml"] == path


def test_the_log_of_postgresql_keeps_no_personal_data() -> None:
    command = SERVICES["postgres"]["command"]
    options = dict(part.split("=", 1) for part in command if "=" in part)
    privacy = [name for name in SERVER_OPTIONS if name.startswith("log_")] + ["pg_stat_statements.track_utility"]
    for name in privacy:
        if name != "log_timezone":
            assert options[name] == SERVER_OPTIONS[name], name


def test_prometheus_scrapes_what_is_there() -> None:
    document = yaml.safe_load((DEPLOY / "prometheus.yml").read_text())
    assert set(document) == {"global", "scrape_configs"}
    jobs = {job["job_name"]: job for job in document["scrape_configs"]}
    assert len(jobs) == len(document["scrape_configs"])
    scraped = set()
    for job in jobs.values():
        for group in job.get("static_configs", []):
            scraped |= {tuple(target.split(":")) for target in group["targets"]}
        for lookup in job.get("dns_sd_configs", []):
            scraped |= {(name, str(lookup["port"])) for name in lookup["names"]}
    assert scraped == {
        ("intake", SERVICES["intake"]["environment"]["GOLDENHOUR_INTAKE_PORT"]),
        ("officers", SERVICES["officers"]["environment"]["GOLDENHOUR_API_PORT"]),
        ("worker-case-work", SERVICES["worker-case-work"]["environment"]["GOLDENHOUR_WORKER_METRICS_PORT"]),
        ("worker-bank-calls", SERVICES["worker-bank-calls"]["environment"]["GOLDENHOUR_WORKER_METRICS_PORT"]),
        ("worker-restoration", SERVICES["worker-restoration"]["environment"]["GOLDENHOUR_WORKER_METRICS_PORT"]),
        ("temporal", SERVICES["temporal"]["environment"]["PROMETHEUS_ENDPOINT"].split(":")[1]),
        ("localhost", "9090"),
    }


def test_the_real_temporal_server_is_the_version_that_is_embedded() -> None:
    said = subprocess.run([packaged_binary(), "--version"], capture_output=True, text=True, check=True).stdout
    image = SERVICES["temporal"]["image"]
    assert f"Server {image.rpartition(':')[2]}," in said
