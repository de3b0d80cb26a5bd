"""Settings: correct values are accepted, wrong ones are named, secrets are not shown."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from workers.settings import ENV_PREFIX, Settings, SettingsError, networks_of

SECRET_KEY = "k" * 32
DATABASE_URL = "postgresql://goldenhour:hunter2@db.example:5432/goldenhour"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(ENV_PREFIX):
            monkeypatch.delenv(name)


def test_nothing_set_means_the_embedded_stack_on_loopback() -> None:
    settings = Settings.load()
    assert settings.database_url is None
    assert settings.temporal_address is None
    assert settings.api_host == "127.0.0.1"
    assert settings.clock_factor == 1.0
    assert settings.home == Path(".goldenhour")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("API_PORT", "99999", "less than or equal to 65535"),
        ("API_PORT", "http", "valid integer"),
        ("CLOCK_FACTOR", "0", "greater than 0"),
        ("DATABASE_URL", "mysql://a:hunter2@b/c", "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"),
        ("DATABASE_URL", "postgresql://a:hunter2@b", "must name a database"),
        ("TEMPORAL_ADDRESS", "http://temporal", "HOST:PORT"),
        ("TEMPORAL_ADDRESS", "temporal:0", "HOST:PORT"),
        ("SECRET_KEY", "hunter2", "at least 32 characters"),
        ("SMTP_URL", "ftp://a:hunter2@b", "smtp://"),
        ("SMS_URL", "https://sms.example/send?from=UPCOPS", "https://:TOKEN@HOST"),
        ("SMS_URL", "https://:hunter2@sms.example/send", "https://:TOKEN@HOST"),
        ("SMS_URL", "http://:hunter2@sms.example/send?from=UPCOPS", "https://:TOKEN@HOST"),
        ("POLICE_URL", "https://cctns.example", "https://CLIENT:KEY@HOST"),
        ("POLICE_URL", "http://up:hunter2@cctns.example", "https://CLIENT:KEY@HOST"),
        ("PUBLIC_URL", "http://police.example", "https://HOST"),
        ("PUBLIC_URL", "https://police.example/?token=hunter2", "https://HOST"),
        ("PUBLIC_URL", "police.example", "https://HOST"),
        ("DESK_URL", "http://desk.police.example", "https://HOST"),
        ("OIDC_ISSUER", "http://id.police.example", "https://HOST"),
        ("TRACING_URL", "http://traces.example", "https://HOST"),
        ("TRACING_URL", "https://up:hunter2@traces.example", "https://HOST"),
        ("POLICY_FILE", "/no/such/file", "is not a file"),
        ("PG_BIN", "/no/such/folder", "is not a folder"),
        ("ISO_SPOOL", "/no/such/folder", "is not a folder"),
        ("ALLOW_PLAIN_HTTP", "perhaps", "valid boolean"),
    ],
)
def test_a_wrong_value_is_named_and_not_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}{name}", value)
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert str(caught.value).startswith(f"{ENV_PREFIX}{name}: ")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["SMTP_URL", "SMS_URL", "POLICE_URL", "PUBLIC_URL", "TRACING_URL", "ISO_SPOOL"])
def test_an_empty_address_that_may_be_omitted_is_none(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}{name}", "")
    assert getattr(Settings.load(), name.lower()) is None


@pytest.mark.parametrize("name", ["DATABASE_URL", "TEMPORAL_ADDRESS", "SECRET_KEY", "POLICY_FILE", "PG_BIN"])
def test_what_else_is_empty_is_refused(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}{name}", "")
    with pytest.raises(SettingsError, match=name):
        Settings.load()


def test_every_mistake_has_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}API_PORT", "-1")
    monkeypatch.setenv(f"{ENV_PREFIX}API_WORKERS", "0")
    with pytest.raises(SettingsError) as caught:
        Settings.load()
    assert len(str(caught.value).splitlines()) == 2


def test_a_misspelt_name_is_refused_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}DATABSE_URL", DATABASE_URL)
    with pytest.raises(SettingsError, match=f"did you mean {ENV_PREFIX}DATABASE_URL"):
        Settings.load()


def test_a_real_database_needs_a_secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}DATABASE_URL", DATABASE_URL)
    with pytest.raises(SettingsError, match="SECRET_KEY is required"):
        Settings.load()
    monkeypatch.setenv(f"{ENV_PREFIX}SECRET_KEY", SECRET_KEY)
    settings = Settings.load()
    assert settings.database_url is not None
    assert settings.database_url.get_secret_value() == DATABASE_URL


def test_an_identity_provider_needs_our_name_there_and_our_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}OIDC_ISSUER", "https://id.police.example")
    with pytest.raises(SettingsError, match="OIDC_ISSUER needs GOLDENHOUR_OIDC_CLIENT_ID and GOLDENHOUR_DESK_URL"):
        Settings.load()
    monkeypatch.setenv(f"{ENV_PREFIX}OIDC_CLIENT_ID", "goldenhour")
    monkeypatch.setenv(f"{ENV_PREFIX}DESK_URL", "https://desk.police.example")
    monkeypatch.setenv(f"{ENV_PREFIX}OIDC_CLIENT_SECRET", "hunter2")
    settings = Settings.load()
    assert settings.oidc_issuer == "https://id.police.example"
    assert "hunter2" not in repr(settings)


def test_secrets_do_not_show_when_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}DATABASE_URL", DATABASE_URL)
    monkeypatch.setenv(f"{ENV_PREFIX}SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv(f"{ENV_PREFIX}SMTP_URL", "smtp://me:hunter2@mail.example:587")
    shown = repr(Settings.load())
    assert "hunter2" not in shown
    assert SECRET_KEY not in shown


def test_a_child_process_gets_the_same_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings.model_validate(
        {
            "database_url": DATABASE_URL,
            "secret_key": SECRET_KEY,
            "temporal_address": "127.0.0.1:7233",
            "clock_factor": 60.0,
            "allow_plain_http": True,
            "worker_metrics_port": 0,
        }
    )
    for name, value in settings.to_environment().items():
        monkeypatch.setenv(name, value)
    assert Settings.load() == settings


@pytest.mark.parametrize("value", ["proxy.example", "10.0.0.1 10.0.0.2", "10.0.0.1/8", "0.0.0.0/0", "10.0.0.1,::/0"])
def test_a_proxy_is_trusted_by_its_address_and_never_every_address(value: str) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({"trusted_proxies": value})
    assert len(networks_of("10.0.0.1, 192.168.0.0/24,,2001:db8::1")) == 3
