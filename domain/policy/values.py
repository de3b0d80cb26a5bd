"""Values of the policy by name, and a policy with other values."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic import ValidationError

from domain.errors import InvalidPolicy
from domain.policy.model import Policy
from schemas.officers.policy import PolicyValue

VERSION_MARK: Final = "+"
"""stands between the version of the file and the number of the version that two admins agreed to"""

NEED_RESTART: Final = (
    "bank_limits.waiting_at_once",
    "doors.body_seconds",
    "doors.connections_of_address",
    "doors.waiting.",
    "officer_streams.",
    "sessions.provider_",
)
"""names, or beginnings of names, of the values that servers and streams take when they start"""


def values_of(policy: Policy) -> tuple[PolicyValue, ...]:
    """Return the values of a policy with their sources, in the order of the file."""
    values = policy.model_dump(mode="json")
    del values["version"]
    return tuple(_values(values, "", ""))


def version_of(policy: Policy, number: int) -> str:
    """Return the name of the version with this number over the file of `policy`."""
    return f"{policy.version.partition(VERSION_MARK)[0]}{VERSION_MARK}{number}"


def number_of(policy: Policy) -> int:
    """Return the number of the version that two admins agreed to, or 0 for the file alone."""
    number = policy.version.partition(VERSION_MARK)[2]
    return int(number) if number.isdecimal() else 0


def with_values(policy: Policy, values: Mapping[str, Any], version: str) -> Policy:
    """Return the policy with other values by name. Raises `InvalidPolicy` naming the value."""
    content = policy.model_dump(mode="json")
    for name, value in values.items():
        *sections, key = name.split(".")
        section: Any = content
        for part in sections:
            section = section.get(part) if isinstance(section, dict) else None
        if not isinstance(section, dict) or key not in section or key in {"source", "version"}:
            raise InvalidPolicy(f"{name}: the policy has no such value")
        if isinstance(section[key], dict):
            # A section would bring values, and sources of them, that no one names.
            raise InvalidPolicy(f"{name}: this is a section of values; name one of them")
        section[key] = value
    content["version"] = version
    try:
        return Policy.model_validate(content)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or ", ".join(values)
        raise InvalidPolicy(f"{where}: {first['msg']}") from error


def _values(section: dict[str, Any], prefix: str, source: str) -> Iterator[PolicyValue]:
    """Yield the values of a section, by name.

    A value without a source of its own has that of the section around it.
    """
    own = str(section.get("source", source))
    for name, value in section.items():
        if name == "source":
            continue
        if isinstance(value, dict):
            yield from _values(value, f"{prefix}{name}.", own)
        else:
            full = f"{prefix}{name}"
            yield PolicyValue(name=full, value=value, source=own, needs_restart=full.startswith(NEED_RESTART))
