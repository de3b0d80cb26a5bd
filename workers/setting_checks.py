"""Checks of single settings. Each returns the value that it accepts, and raises ValueError for any other."""

import tomllib
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, quote, unquote, urlsplit, urlunsplit

from pydantic import SecretStr

from domain.message_texts import SmsTemplates

SECRET_KEY_MIN_CHARS: Final = 32
PORT_MAX: Final = 65_535
SECURE_MODE: Final = "verify-full"
SMS_TEMPLATES_MAX_BYTES: Final = 1_048_576


def check_database_url(value: SecretStr) -> SecretStr:
    """Accept the URL of a PostgreSQL database; one on another machine needs a checked certificate."""
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"postgres", "postgresql"}:
        raise ValueError("must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    if not parts.path.strip("/"):
        raise ValueError("must name a database: postgresql://USER:PASSWORD@HOST:PORT/DATABASE")
    if not is_on_this_machine(parts) and parse_qs(parts.query).get("sslmode") != [SECURE_MODE]:
        raise ValueError(f"must end with ?sslmode={SECURE_MODE}, because the database is on another machine")
    return value


def is_on_this_machine(parts: SplitResult) -> bool:
    """Return whether a database URL names loopback addresses or sockets only."""
    # Without a host the driver takes one from the environment.
    named = [unquote(parts.netloc.rpartition("@")[2]), *parse_qs(parts.query).get("host", [])]
    hosts = [host for several in named for host in several.split(",") if host]
    return bool(hosts) and all(map(is_loopback, hosts))


def is_loopback(host: str) -> bool:
    """Return whether a host of an address, with or without its port, is this machine."""
    if host.startswith("/"):
        return True
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"


def with_password(url: str, password: str) -> str:
    """Return a database URL with the password of its role."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    if not user or ":" in user:
        raise ValueError("must look like postgresql://USER@HOST:PORT/DATABASE, because the password stands apart")
    return urlunsplit(parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}"))


def with_authority(url: str, file: str) -> str:
    """Return a database URL with the file of the certificate authority, if it checks the server's certificate."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if query.get("sslmode") != [SECURE_MODE] or "sslrootcert" in query:
        return url
    return urlunsplit(parts._replace(query=f"{parts.query}&sslrootcert={quote(file)}"))


def role_of(url: SecretStr) -> str:
    """Return the role that a database URL connects as, or an empty text if it names none."""
    return unquote(urlsplit(url.get_secret_value()).username or "")


def check_temporal_address(value: str) -> str:
    """Accept `HOST:PORT`."""
    host, colon, port = value.rpartition(":")
    if not (host and colon and port.isdigit() and 0 < int(port) <= PORT_MAX):
        raise ValueError("must look like HOST:PORT, with no scheme")
    return value


def check_smtp_url(value: SecretStr) -> SecretStr:
    """Accept the URL of a mail server."""
    parts = urlsplit(value.get_secret_value())
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must look like smtp://USER:PASSWORD@HOST:PORT (or smtps://)")
    return value


def travels_safely(parts: SplitResult) -> bool:
    """Return whether a credential may be sent there: without encryption on this machine only."""
    may_be_plain = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return bool(parts.hostname) and (parts.scheme == "https" or (parts.scheme == "http" and may_be_plain))


def check_public_url(value: str) -> str:
    """Accept the public address of the API, without a slash at its end."""
    parts = urlsplit(value)
    # The link is a credential.
    if not travels_safely(parts) or parts.query or parts.fragment or parts.username:
        raise ValueError("must look like https://HOST (or https://HOST/PATH)")
    return value.rstrip("/")


def check_issuer(value: str) -> str:
    """Accept the issuer of an identity provider, exactly as the provider spells it."""
    check_public_url(value)
    return value


def networks_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the addresses and networks of a comma-separated list. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


def check_tracing_url(value: str) -> str:
    """Accept the address of a receiver of traces, without a slash at its end."""
    parts = urlsplit(value)
    if not travels_safely(parts) or parts.query or parts.fragment or parts.username:
        raise ValueError("must look like https://HOST (or http://127.0.0.1:PORT)")
    return value.rstrip("/")


def check_networks(value: str) -> str:
    """Accept a list of addresses and networks."""
    try:
        networks = networks_of(value)
    except ValueError:
        raise ValueError("must look like 10.0.0.1,192.168.0.0/24") from None
    if any(network.prefixlen == 0 for network in networks):
        raise ValueError("must not trust every address")
    return value


def check_police_url(value: SecretStr) -> SecretStr:
    """Accept the URL of the police's FIR register."""
    parts = urlsplit(value.get_secret_value())
    if not travels_safely(parts) or not parts.username or not parts.password:
        raise ValueError("must look like https://CLIENT:KEY@HOST/PATH")
    return value


def check_sms_url(value: SecretStr) -> SecretStr:
    """Accept the URL of an SMS gateway."""
    parts = urlsplit(value.get_secret_value())
    if not travels_safely(parts) or not parts.password or not parts.query.startswith("from="):
        raise ValueError("must look like https://:TOKEN@HOST/PATH?from=SENDER")
    return value


def read_sms_templates(path: Path) -> SmsTemplates:
    """Return the registered texts of short messages. Raises ValueError with a line per mistake."""
    try:
        with path.open("rb") as file:
            content = file.read(SMS_TEMPLATES_MAX_BYTES)
        return SmsTemplates(tomllib.loads(content.decode()))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ValueError(f"the templates of short messages cannot be read: {type(error).__name__}") from None


def check_secret_key(value: SecretStr) -> SecretStr:
    """Accept a key of enough characters."""
    if len(value.get_secret_value()) < SECRET_KEY_MIN_CHARS:
        raise ValueError(f"must have at least {SECRET_KEY_MIN_CHARS} characters")
    return value


def check_file(value: Path) -> Path:
    """Accept the path of a file."""
    if not value.is_file():
        raise ValueError("is not a file")
    return value


def check_folder(value: Path) -> Path:
    """Accept the path of a folder."""
    if not value.is_dir():
        raise ValueError("is not a folder")
    return value


def none_if_empty(value: object) -> object:
    """Return None for an empty value, because a compose file passes an unset optional address on as empty."""
    return None if value == "" else value


def not_empty(value: object) -> object:
    """Accept any value but an empty text."""
    if value == "":
        raise ValueError("is empty")  # an empty path would mean the current folder
    return value
