"""The page of settings: every environment variable, its default and its meaning."""

import ast
import inspect
from itertools import pairwise
from typing import Any, Final

from workers.reference.markdown import cell, code, page, table
from workers.settings import ENV_PREFIX, Settings, secret_names

_INTRODUCTION: Final = """Settings are environment variables, checked when a process starts. A name that is
misspelt, a value that is wrong and an empty value stop the process with one line for each mistake. Only an address
or a folder that may be left out may be empty.

The value of a secret may stand in a file, which `…_FILE` names in place of the variable. The secrets are {secrets}."""
_SAID_HERE: Final = {
    "temporal_namespace": "The namespace of Temporal that the product works in.",
    "api_host": "The address on which intake, officers and the metrics pages of workers listen.",
    "api_workers": "How many officers processes share that port.",
    "intake_workers": "How many intake processes share that port.",
}
"""The meaning of the settings whose field says nothing; a test holds the two together."""


def settings_page() -> str:
    """Return the page of settings."""
    meanings = documented() | _SAID_HERE
    rows = []
    for name, field in Settings.model_fields.items():
        default = "no" if field.default is False else str(field.default or "")
        rows.append(
            [code(ENV_PREFIX + name.upper()), code(default) or "none", meanings[name].replace("`None`", "None")]
        )
    introduction = _INTRODUCTION.format(secrets=", ".join(map(code, secret_names(Settings))))
    return page("Settings", introduction, table(["variable", "default", "meaning"], rows))


def undocumented() -> set[str]:
    """Return the settings whose meaning must stand in this file."""
    return set(Settings.model_fields) - set(documented())


def said_here() -> set[str]:
    """Return the settings whose meaning stands in this file."""
    return set(_SAID_HERE)


def documented() -> dict[str, str]:
    """Return the text below each field of `Settings`."""
    (of_class,) = ast.parse(inspect.getsource(Settings)).body
    assert isinstance(of_class, ast.ClassDef)
    texts: dict[str, str] = {}
    for field, text in pairwise(of_class.body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            value: Any = getattr(text.value, "value", None)
            if isinstance(value, str):
                texts[field.target.id] = cell(value)
    return texts
