"""The reference of the API's errors as one Markdown text, which `make docs` writes as `errors.md`."""

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Final

import domain.errors
from api.problems import kind_of
from domain.errors import BusinessError
from domain.errors.catalogue import ENGLISH

_HEADER: Final = """# Errors

Written by `api/error_reference.py`; change a text in `domain/errors/english.toml`.

A refused request is answered with a problem of RFC 9457. Its `code` says which error it is, and its `params` are the
parameters of the error; both are stable. `detail` is English for people, and may change.
[api.md](../../../docs/reference/api.md) says which problems have no business error behind them: their `code` is the
last part of `type`, with underscores. A request that is not valid has the code `invalid_input`, and `violations` that
name the fields. `openapi.json` names the codes of every operation.

"""
_TABLE: Final = "| Code | Status | Type | Parameters | What it says | What to do |\n|---|---|---|---|---|---|\n"


def all_errors() -> list[type[BusinessError]]:
    """Return every business error, ordered by code."""
    for module in pkgutil.iter_modules(domain.errors.__path__, "domain.errors."):
        importlib.import_module(module.name)
    return sorted((error for error in _below(BusinessError) if hasattr(error, "code")), key=lambda error: error.code)


def reference() -> str:
    """Return the reference, with one row for each error."""
    return _HEADER + _TABLE + "".join(map(_row, all_errors()))


def _below(error: type[BusinessError]) -> Iterator[type[BusinessError]]:
    for below in error.__subclasses__():
        yield below
        yield from _below(below)


def _row(error: type[BusinessError]) -> str:
    kind, text = kind_of(error), ENGLISH[error.code]
    parameters = ", ".join(f"`{name}`" for name in error.parameters())
    return f"| `{error.code}` | {kind.status} | `{kind.name}` | {parameters} | {text.says} | {text.do} |\n"
