"""The page of policy values: every code, deadline and threshold with its source."""

import tomllib
from collections.abc import Iterator
from typing import Any, Final

from domain.policy.model import PACKAGED_POLICY
from domain.rupees import rupees
from workers.reference.markdown import code, page, table
from workers.reference.units import duration

_INTRODUCTION: Final = """`domain/policy/policy.toml`, the policy that comes with the product;
`GOLDENHOUR_POLICY_FILE` names another. A source that begins with *our own* is an assumption of this product. A
case, restoration, order or duty keeps the values with which it began."""


def policy_page() -> str:
    """Return the page of policy values."""
    values = tomllib.loads(PACKAGED_POLICY.read_text(encoding="utf-8"))
    parts = [f"Version `{values.pop('version')}`."]
    for section, content in values.items():
        parts.append(f"## {section}")
        parts.append(table(["key", "value", "source"], _rows(content, "")))
    return page("Policy", _INTRODUCTION, *parts)


def _rows(section: dict[str, Any], prefix: str) -> Iterator[list[str]]:
    source = section.get("source", "")
    is_stated = False
    for key, value in section.items():
        if key == "source":
            continue
        if isinstance(value, dict) and ("source" in value or any(isinstance(inner, dict) for inner in value.values())):
            yield from _rows(value, f"{prefix}{key}.")
        else:
            yield [code(prefix + key), _said(key, value), source if not is_stated else "″"]
            is_stated = True


def _said(key: str, value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{inner}: {_said(key, inner_value)}" for inner, inner_value in value.items())
    if isinstance(value, list):
        return ", ".join(_said(key, item) for item in value)
    if isinstance(value, int | float) and key.endswith("seconds"):
        return duration(value)
    if isinstance(value, int) and key.endswith("_paise"):
        return rupees(value)
    return str(value)
