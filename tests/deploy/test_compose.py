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
from pydantic import SecretStr

from activities.secrets import Process, SecretBox
from domain.policy.model import PACKAGED_POLICY
from tests.paths import ROOT
from workers.embedded.postgres import SERVER_OPTIONS
from workers.embedded.temporal import DYNAMIC_CONFIG, packaged_binary
from workers.settings import ENV_PREFIX, Settings
from workflows.options import BANK_CALLS_QUEUE, CASE_WORK_QUEUE, RESTORATION_QUEUE

DEPLOY = ROOT / "deploy"
TEXT = (ROOT / "docker-compose.yml").read_text()
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?:(?P<kind>:-|:\?)(?P<rest>[^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|PWD|_KEY$|(SMTP|SMS|POLICE)_URL")
MOUNTED = "/run/secrets/"
OPTIONAL = {"smtp_url", "sms_url", "police_url", "previous_secret_key"}
"""secrets that may be empty"""
SAMPLE = "a" * 64
BOX = SecretBox(SecretStr(SAMPLE))
ISO_SPOOL = "GOLDENHOUR_ISO_SPOOL"
ANCHOR_FOLDER = "GOLDENHOUR_ANCHOR_FOLDER"
SMS_TEMPLATES = "GOLDENHOUR_SMS_TEMPLATES"
MIGRATION_URL = "GOLDENHOUR_MIGRATION_URL"
POLICY_FILE = "GOLDENHOUR_POLICY_FILE"
ADDRESSES = {"GOLDENHOUR_PUBLIC_URL": "https://police.example", "GOLDENHOUR_TRUSTED_PROXIES": "172.31.241.1"}

Service = dict[str, Any]


def interpolated(text: str) -> dict[str, Any]:
    """Return the file as compose reads it when only the required secrets are set."""

    def value(match: re.Match[str]) -> str:
        return match["rest"] if match["kind"] == ":-" else ADDRESSES.get(match["name"], SAMPLE)

    document: dict[str, Any] = yaml.safe_load(VARIABLE.sub(value, text))
    return document


COMPOSE = interpolated(TEXT)
SERVICES: dict[str, Service] = COMPOSE["services"]
ONE_SHOT = {"temporal-schema", "temporal-namespace", "migrate"}
ON_CALL = {"commands"}
"""run by a person, for one command"""
MONITORING = {"alertmanager", "grafana"}
"""started by their profile only, because the sample of Alertmanager has no real address yet"""
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


def test_low_no_secret_stands_in_the_environment() -> None:
    """`docker inspect` shows the environment to everybody who may ask the Docker engine."""
    named = {match["name"] for match in VARIABLE.finditer(TEXT)} - {"GOLDENHOUR_SECRETS"}
    assert not [name for name in named if SECRET.search(name)]
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable) and value != "true":
                assert value.startswith(MOUNTED), f"{name}: {variable} is written into the file"
            assert "@" not in str(value) or re.search(r"//\w+@", value), f"{name}: {variable} has a password"


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_gets_the_secrets_that_it_names_and_no_other(name: str) -> None:
    service = SERVICES[name]
    mounted = set(service.get("secrets", []))
    own = [file.split(":")[0] for file in service.get("volumes", []) if ".sh:" in file or "alertmanager.yml:" in file]
    scripts = "".join((ROOT / name).read_text() for name in own)
    named = {str(value) for value in service.get("environment", {}).values()} | set(service.get("command", []))
    text = " ".join([*named, scripts])
    assert mounted == set(re.findall(rf"{MOUNTED}(\w+)", text))
    assert mounted <= set(COMPOSE["secrets"])


def test_every_secret_is_a_file_that_somebody_gets() -> None:
    got = {secret for service in SERVICES.values() for secret in service.get("secrets", [])}
    assert got == set(COMPOSE["secrets"])
    for name, secret in COMPOSE["secrets"].items():
        assert secret == {"file": f"./secrets/{name}"}
    assert "secrets/" in (ROOT / ".gitignore").read_text().splitlines()


def test_l5_compose_does_not_start_without_the_address_of_the_proxy() -> None:
    kinds = {match["kind"] for match in VARIABLE.finditer(TEXT) if match["name"] == "GOLDENHOUR_TRUSTED_PROXIES"}
    assert kinds == {":?"}, "all strangers would be one address"
    assert {SERVICES[name]["environment"]["GOLDENHOUR_TRUSTED_PROXIES"] for name in ("intake", "officers")} == {
        "172.31.241.1"
    }


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
    elif name in ON_CALL:
        assert service["restart"] == "no"
        assert service["profiles"] == [name], "`up` does not start it"
    else:
        assert service["restart"] == "unless-stopped"
        assert service.get("profiles", []) == (["monitoring"] if name in MONITORING else [])
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
            assert name in {"intake", "officers", *WORKERS, *ON_CALL, "prometheus", *MONITORING}


def test_named_volumes_are_declared_and_mounted_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert volume.endswith(":ro") or source == "./files"
                assert (ROOT / source).is_file() or source == "./files", source
            else:
                assert source in COMPOSE["volumes"]


def content_of(secret: str) -> str:
    """Return what a file of this secret may hold."""
    if secret in OPTIONAL:
        return ""
    if secret.removesuffix("_key") in set(Process):
        return BOX.process_key(Process(secret.removesuffix("_key"))).get_secret_value()
    return SAMPLE


@pytest.mark.parametrize("name", PRODUCT)
def test_the_settings_of_every_process_are_accepted(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for secret in SERVICES[name]["secrets"]:
        (tmp_path / secret).write_text(content_of(secret))
    for variable, value in SERVICES[name]["environment"].items():
        assert variable.startswith(ENV_PREFIX)
        # These paths are in the container.
        inside = {ISO_SPOOL: str(tmp_path), ANCHOR_FOLDER: str(tmp_path), POLICY_FILE: str(PACKAGED_POLICY)}
        inside |= {SMS_TEMPLATES: str(DEPLOY / "sms-templates.toml")}
        monkeypatch.setenv(variable, inside.get(variable, value.replace(MOUNTED, f"{tmp_path}/")))
    settings = Settings.load()
    assert settings.database_url is not None
    url = urlsplit(settings.database_url.get_secret_value())
    assert (url.username, url.password, url.hostname) == ("goldenhour_app", SAMPLE, "postgres")
    assert url.query == f"sslmode=verify-full&sslrootcert={tmp_path}/authority"
    assert not settings.allow_plain_http
    assert (settings.clock_factor, settings.procedure_clock_factor) == (1.0, 1.0)
    assert (settings.smtp_url, settings.sms_url, settings.police_url) == (None, None, None)
    if name != "migrate":
        assert settings.temporal_address is not None
        assert settings.temporal_certificate is not None
        assert settings.policy_file is not None


def test_the_migrations_alone_know_who_owns_the_tables() -> None:
    knowing = {name for name, service in SERVICES.items() if "owner_password" in service.get("secrets", [])}
    assert knowing == {"postgres", "migrate"}
    assert [name for name in PRODUCT if MIGRATION_URL in SERVICES[name]["environment"]] == ["migrate"]
    urls = SERVICES["migrate"]["environment"]
    works, owns = (urlsplit(urls[name]) for name in ("GOLDENHOUR_DATABASE_URL", MIGRATION_URL))
    assert works.username != owns.username
    assert works.path == owns.path


def test_c2_each_process_has_its_own_keys_and_none_has_the_secret_key() -> None:
    known = {
        name: {one for one in SERVICES[name]["secrets"] if one.endswith("_key") and "private" not in one}
        for name in PRODUCT
    }
    assert known.pop("commands") == {"secret_key", "previous_secret_key"}
    assert known.pop("migrate") == set()
    assert known == {"intake": {"intake_key"}, "officers": {"officers_key"}} | {
        name: {"worker_key"} for name in WORKERS
    }


def test_h9_temporal_is_reached_with_a_certificate_only() -> None:
    server = SERVICES["temporal"]["environment"]
    assert server["TEMPORAL_TLS_REQUIRE_CLIENT_AUTH"] == "true"
    program = packaged_binary().read_bytes()
    for variable in {*server, *SERVICES["temporal-namespace"]["environment"]}:
        assert not variable.startswith("TEMPORAL_TLS") or variable.encode() in program, variable
    clients = [SERVICES[name]["environment"] for name in PRODUCT if name != "migrate"]
    assert {one["GOLDENHOUR_TEMPORAL_CERTIFICATE"] for one in clients} == {f"{MOUNTED}product_certificate"}


def test_every_process_follows_one_policy_and_the_command_line_reads_files_of_the_host() -> None:
    for name in set(PRODUCT) - {"migrate"}:
        (mount,) = [volume for volume in SERVICES[name]["volumes"] if "policy" in volume]
        assert mount == f"./domain/policy/policy.toml:{SERVICES[name]['environment'][POLICY_FILE]}:ro"
    assert "./files:/files" in SERVICES["commands"]["volumes"]


def test_only_migrations_that_the_release_before_survives_are_applied_before_processes_are_replaced() -> None:
    assert SERVICES["migrate"]["command"] == ["migrate", "--phase", "pre"]


def test_who_sends_messages_and_reports_can_be_told_where() -> None:
    sender = SERVICES["worker-restoration"]
    assert set(sender["secrets"]) >= OPTIONAL - {"previous_secret_key"}
    assert "outside" in sender["networks"]


@pytest.mark.parametrize("target", ["/var/spool/goldenhour/iso", "/var/lib/goldenhour/anchors"])
def test_a_volume_that_the_product_writes_belongs_to_its_user(target: str) -> None:
    # A new volume has the owner of the folder on which it is mounted.
    dockerfile = (DEPLOY / "Dockerfile").read_text()
    (made,) = re.findall(rf"^RUN install --directory (.+) {target}$", dockerfile, re.MULTILINE)
    (user,) = re.findall(r"^USER (\d+):(\d+)$", dockerfile, re.MULTILINE)
    assert f"--owner={user[0]} --group={user[1]}" in made


def test_the_worker_that_anchors_has_a_volume_for_its_lists() -> None:
    anchoring = {name for name in PRODUCT if ANCHOR_FOLDER in SERVICES[name]["environment"]}
    assert anchoring == {"worker-restoration"}
    folder = SERVICES["worker-restoration"]["environment"][ANCHOR_FOLDER]
    assert f"anchors:{folder}" in SERVICES["worker-restoration"]["volumes"]


def test_the_spool_is_one_volume_for_all_workers() -> None:
    workers = [SERVICES[name] for name in PRODUCT if SERVICES[name].get("command", [""])[0] == "worker"]
    (mount,) = {volume for worker in workers for volume in worker["volumes"] if "spool" in volume}
    assert all(mount in worker["volumes"] for worker in workers), "what one writes another must find"
    source, _, target = mount.partition(":")
    assert source in COMPOSE["volumes"]
    assert {worker["environment"][ISO_SPOOL] for worker in workers} == {target}
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
    (alerts_to,) = document["alerting"]["alertmanagers"][0]["static_configs"][0]["targets"]
    assert alerts_to == f"alertmanager:{SERVICES['alertmanager']['ports'][0].rpartition(':')[2]}"
    mounted = dict(volume.removesuffix(":ro").split(":") for volume in SERVICES["prometheus"]["volumes"])
    assert document["rule_files"] == [mounted["./deploy/prometheus/rules.yml"]]
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
