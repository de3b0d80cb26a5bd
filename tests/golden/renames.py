"""The one table of names that have changed: read it, apply it, and show it as a page."""

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from tests.golden.openapi_shape import PARAMETERS, Fact
from tests.paths import ROOT

FOLDER: Final = ROOT / "tests" / "golden"
TABLE: Final = FOLDER / "renames.toml"
PAGE: Final = ROOT / "docs" / "reference" / "renames.md"
EVERYWHERE: Final = "*"


class Rename(NamedTuple):
    """One changed name; `new` is empty where it is gone."""

    kind: str
    old: str
    new: str
    why: str = ""
    at: str = EVERYWHERE


def table(file: Path = TABLE) -> list[Rename]:
    """Return every entry of the table."""
    return [Rename(**entry) for entry in tomllib.loads(file.read_text(encoding="utf-8"))["rename"]]


def renamed(names: Iterable[str], kind: str, entries: Sequence[Rename]) -> set[str]:
    """Return the names as the table says that they are now."""
    by_old = {entry.old: entry.new for entry in entries if entry.kind == kind}
    return {new for new in (by_old.get(name, name) for name in names) if new}


def fact_now(fact: Fact, entries: Sequence[Rename]) -> Fact | None:
    """Return the fact as the table says that it is now; None where its name is gone."""
    for entry in entries:
        changed = _changed(fact, entry)
        if changed is None:
            return None
        fact = changed
    return fact


def _changed(fact: Fact, entry: Rename) -> Fact | None:
    if entry.at not in {EVERYWHERE, fact.operation}:
        return fact
    if entry.kind == "path" and fact.operation == entry.old:
        return fact._replace(operation=entry.new) if entry.new else None
    if entry.kind == "operation" and fact.place == "id" and fact.says == entry.old:
        return fact._replace(says=entry.new) if entry.new else None
    if entry.kind == "value" and fact.says == f"value {entry.old}":
        return fact._replace(says=f"value {entry.new}") if entry.new else None
    if entry.kind == ("parameter" if fact.place in PARAMETERS else "field"):
        place = _place_now(fact.field, entry)
        return None if place is None else fact._replace(field=place)
    return fact


def _place_now(field: str, entry: Rename) -> str | None:
    """Return the place of a field under its new name; None where it is gone."""
    if entry.old.rpartition(".")[2] not in field:
        return field
    steps = field.split(".")
    bare, old = _bare(steps), _bare(entry.old.split("."))
    for end in range(len(old), len(steps) + 1):
        if bare[end - len(old) : end] == old:
            marks = steps[end - 1].removeprefix(bare[end - 1])
            return ".".join([*steps[: end - 1], entry.new + marks, *steps[end:]]) if entry.new else None
    return field


def _bare(steps: Sequence[str]) -> list[str]:
    """Return the steps without the marks of lists and maps."""
    return [step.rstrip("[]{}") for step in steps]


def missing_entry(kind: str, old: str, at: str = "") -> str:
    """Return the entry that the table lacks, ready to be filled in."""
    where = f', at = "{at}"' if at else ""
    return f'{{ kind = "{kind}"{where}, old = "{old}", new = "…", why = "…" }},'


def page(entries: Sequence[Rename]) -> str:
    """Return the page that shows the table."""
    rows = [f"| {one.kind} | {_code(one.at)} | {_code(one.old)} | {_code(one.new)} | {one.why} |" for one in entries]
    return "\n".join([*_HEAD, *(rows or ["| – | – | – | – | no name has changed |"]), ""])


def _code(text: str) -> str:
    return {"": "gone", EVERYWHERE: "everywhere"}.get(text, f"`{text}`")


_HEAD: Final = (
    "# Names that have changed",
    "",
    "Names that others see, old and new, since version 0.4.0: the API, metrics, settings, commands,",
    "and what stands in Temporal histories and in the case log.",
    "`tests/golden/renames.toml` is the source of this page.",
    "",
    "| kind | where | old | new | why |",
    "|---|---|---|---|---|",
)
