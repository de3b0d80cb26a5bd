"""Settings: correct values are accepted, wrong ones are named, secrets are not shown."""

import os
from pathlib import Path
from urllib.parse import quote

import pytest
from pydantic import SecretStr, ValidationError

from domain.message_texts import template_keys
from schemas.notifications import SmsIds
from workers.reference.sms_templates import sample, template_file
from workers.setting_checks import networks_of
from workers.settings import ENV_PREFIX, Settings, SettingsError, secret_names

SECRET_KEY = "k" * 32
DATABASE_URL = "postgresql://goldenhour:hunter2@db.example:5432/goldenhour?sslmode=verify-full"


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


def test_short_messages_need_registered_texts_unless_the_gateway_is_on_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}SMS_URL", "http://:hunter2@127.0.0.1:9/send?from=UPCOPS")
    assert Settings.load().read_sms_templates() is None
    monkeypatch.setenv(f"{ENV_PREFIX}SMS_URL", "https://:hunter2@sms.example/send?from=UPCOPS")
    with pytest.raises(SettingsError, match="SMS_URL needs GOLDENHOUR_SMS_TEMPLATES"):
        Settings.load()
    file = tmp_path / "templates.toml"
    file.write_text(sample())
    monkeypatch.setenv(f"{ENV_PREFIX}SMS_TEMPLATES", str(file))
    with pytest.raises(SettingsError, match="money_held to victim in hi: its id has 19 digits"):
        Settings.load()
    file.write_text("no TOML")
    with pytest.raises(SettingsError, match="cannot be read: TOMLDecodeError"):
        Settings.load()
    keys = list(template_keys())
    file.write_text(template_file("1" * 19, lambda key: f"{10**18 + keys.index(key)}"))
    templates = Settings.load().read_sms_templates()
    assert templates is not None
    assert templates.ids(*keys[-1]) == SmsIds(entity_id="1" * 19, template_id=f"{10**18 + len(keys) - 1}")


@pytest.mark.parametrize(
    "name",
    [
        "SMTP_URL",
        "SMS_URL",
        "SMS_TEMPLATES",
        "POLICE_URL",
        "PUBLIC_URL",
        "TRACING_URL",
        "ISO_SPOOL",
        "TEMPORAL_API_KEY",
        "PREVIOUS_SECRET_KEY",
    ],
)
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


def test_an_identity_provider_needs_our_name_there_and_our_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{ENV_PREFIX}OIDC_ISSUER", "https://id.police.example")
    with pytest.raises(SettingsError, match="OIDC_ISSUER needs GOLDENHOUR_OIDC_CLIENT_ID and GOLDENHOUR_DESK_URL"):
        Settings.load()
    monkeypatch.setenv(f"{ENV_PREFIX}OIDC_CLIENT_ID", "goldenhour")
    monkeypatch.setenv(f"{ENV_PREFIX}DESK_URL", "https://desk.police.example")
    monkeypatch.setenv(f"{ENV_PREFIX}OIDC_CLIENT_SECRET", "hunter2")
    settings = Settings.load()
    assert settings.oidc_issuer == "https://id.police.example"
    monkeypatch.setenv(f"{ENV_PREFIX}OIDC_ISSUER", "https://id.police.example/")
    assert Settings.load().oidc_issuer == "https://id.police.example/", "exactly as it is spelled"
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
            "database_is_embedded": True,
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


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@db.example/d",
        "postgresql://u:p@10.0.0.5:5432/d?sslmode=require",
        "postgresql://u:p@db.example/d?sslmode=verify-ca",
        "postgresql://u:p@db.example/d?sslmode=verify-full&sslmode=disable",
        "postgresql://u:p@127.0.0.1:5432,db.example:5432/d",
        "postgresql://u:p@localhost/d?host=db.example",
        "postgresql://u:p@[2001:db8::1]:5432/d",
        "postgresql:///d",
        "postgresql://u:p@localhost.example/d",
    ],
)
def test_h9_a_database_on_another_machine_is_reached_with_its_certificate_checked(url: str) -> None:
    with pytest.raises(ValidationError, match="sslmode=verify-full"):
        Settings.model_validate({"database_url": url})
    with pytest.raises(ValidationError, match="sslmode=verify-full"):
        Settings.model_validate({"database_url": DATABASE_URL, "migration_url": url})


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@127.0.0.1:5432/d",
        "postgresql://u:p@localhost/d",
        "postgresql://u:p@[::1]:5432/d",
        "postgresql://u:p@/d?host=/var/run/postgresql",
        "postgresql://u:p@db.example:5432/d?sslmode=verify-full",
    ],
)
def test_a_database_on_this_machine_or_behind_a_checked_certificate_is_accepted(url: str) -> None:
    found = Settings.model_validate({"database_url": url}).database_url
    assert found is not None
    assert found.get_secret_value() == url


def test_the_authority_of_the_database_goes_into_its_urls(tmp_path: Path) -> None:
    authority = tmp_path / "ca of ours.pem"
    authority.write_text("a certificate")
    given = {"database_url": DATABASE_URL, "migration_url": f"{DATABASE_URL}&sslrootcert=/own.pem"}
    settings = Settings.model_validate({**given, "database_ca": str(authority)})
    urls = [url.get_secret_value() for url in (settings.database_url, settings.migration_url) if url]
    assert urls == [f"{DATABASE_URL}&sslrootcert={quote(str(authority))}", given["migration_url"]]
    plain = Settings.model_validate({"database_url": "postgresql://u:p@localhost/d", "database_ca": str(authority)})
    assert plain.database_url == SecretStr("postgresql://u:p@localhost/d")


def test_a_password_may_stand_apart_from_its_url(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter/2@\n")
    monkeypatch.setenv(f"{ENV_PREFIX}DATABASE_URL", "postgresql://app@localhost:5432/d")
    monkeypatch.setenv(f"{ENV_PREFIX}DATABASE_PASSWORD_FILE", str(tmp_path / "password"))
    settings = Settings.load()
    assert settings.database_url == SecretStr("postgresql://app:hunter%2F2%40@localhost:5432/d")
    assert settings.database_password is None
    monkeypatch.setenv(f"{ENV_PREFIX}DATABASE_URL", "postgresql://app:hunter2@localhost:5432/d")
    with pytest.raises(SettingsError, match="GOLDENHOUR_DATABASE_URL: must look like postgresql://USER@HOST"):
        Settings.load()
    monkeypatch.delenv(f"{ENV_PREFIX}DATABASE_URL")
    with pytest.raises(SettingsError, match="GOLDENHOUR_DATABASE_PASSWORD needs GOLDENHOUR_DATABASE_URL"):
        Settings.load()


def test_a_secret_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in secret_names(Settings):
        (tmp_path / name).write_bytes(b"")
        assert name.startswith(ENV_PREFIX)
    (tmp_path / "key").write_text(f"{SECRET_KEY}\n")
    monkeypatch.setenv(f"{ENV_PREFIX}SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv(f"{ENV_PREFIX}SMS_URL_FILE", str(tmp_path / f"{ENV_PREFIX}SMS_URL"))
    settings = Settings.load()
    assert settings.secret_key == SecretStr(SECRET_KEY)
    assert settings.sms_url is None


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"short", "GOLDENHOUR_SECRET_KEY: must have at least 32 characters"),
        (b"\xff" * 40, "the file is no text"),
        (b"k" * 70_000, "the file is larger than"),
    ],
)
def test_a_file_without_a_usable_secret_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "key").write_bytes(content)
    monkeypatch.setenv(f"{ENV_PREFIX}SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match=said) as caught:
        Settings.load()
    assert "short" not in str(caught.value)


def test_a_secret_is_given_once_and_only_secrets_are_read_from_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(SECRET_KEY)
    monkeypatch.setenv(f"{ENV_PREFIX}SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv(f"{ENV_PREFIX}SECRET_KEY_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match="GOLDENHOUR_SECRET_KEY is set too"):
        Settings.load()
    monkeypatch.delenv(f"{ENV_PREFIX}SECRET_KEY")
    monkeypatch.setenv(f"{ENV_PREFIX}API_HOST_FILE", str(tmp_path / "key"))
    with pytest.raises(SettingsError, match="GOLDENHOUR_API_HOST_FILE: no such setting"):
        Settings.load()


def test_every_secret_and_nothing_else_may_stand_in_a_file() -> None:
    names = {name.removeprefix(ENV_PREFIX).lower() for name in secret_names(Settings)}
    assert names >= {"secret_key", "worker_key", "smtp_url", "temporal_api_key", "migration_password"}
    assert {name for name in Settings.model_fields if name.endswith(("_key", "_password")) and name not in names} == {
        "temporal_private_key"
    }, "it names a file itself"


@pytest.mark.parametrize("name", ["clock_factor", "procedure_clock_factor"])
def test_low_no_clock_factor_beside_a_database_that_is_not_embedded(name: str) -> None:
    given = {"database_url": "postgresql://u:p@localhost/d", name: 60.0}
    with pytest.raises(ValidationError, match=f"GOLDENHOUR_{name.upper()} must be 1"):
        Settings.model_validate(given)
    for allowed in (given | {"database_is_embedded": True}, {name: 60.0}):
        assert getattr(Settings.model_validate(allowed), name) == 60.0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"temporal_tls": True}, "TEMPORAL_ADDRESS is required"),
        ({"temporal_api_key": "hunter2"}, "TEMPORAL_ADDRESS is required"),
        ({"temporal_address": "t:7233", "temporal_certificate": __file__}, "go together"),
        ({"temporal_address": "t:7233", "temporal_private_key": __file__}, "go together"),
    ],
)
def test_h9_what_temporal_is_shown_belongs_together(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Settings.model_validate(changes)


@pytest.mark.parametrize("address", ["temporal:7233", "10.0.0.5:7233", "[2001:db8::1]:7233", "localhost.example:7233"])
def test_h9_a_temporal_on_another_machine_is_reached_over_tls_only(address: str) -> None:
    with pytest.raises(ValidationError, match="TEMPORAL_TLS must be true"):
        Settings.model_validate({"temporal_address": address})
    assert Settings.model_validate({"temporal_address": address, "temporal_tls": True}).temporal_over_tls


@pytest.mark.parametrize("address", ["127.0.0.1:7233", "127.8.8.8:7233", "[::1]:7233", "localhost:7233"])
def test_a_temporal_on_this_machine_needs_no_tls(address: str) -> None:
    assert not Settings.model_validate({"temporal_address": address}).temporal_over_tls


def test_each_setting_for_temporals_tls_switches_it_on() -> None:
    assert not Settings.model_validate({"temporal_address": "127.0.0.1:7233"}).temporal_over_tls
    for changes in ({"temporal_tls": True}, {"temporal_api_key": "k"}, {"temporal_ca": __file__}):
        settings = Settings.model_validate({"temporal_address": "t:7233", **changes})
        assert settings.temporal_over_tls
        assert not settings.embedded(Path("home")).temporal_over_tls
