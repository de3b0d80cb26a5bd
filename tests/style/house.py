"""What the house weighs: `python -m tests.style.house` prints each figure, its budget and its aim."""

import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.paths import ROOT
from tests.style.rules import ROOMS

BUDGET: Final = Path(__file__).with_name("budget.toml")
_TABLE: Final = re.compile(r"^CREATE TABLE (\w+) \((.*?)^\)", re.DOTALL | re.MULTILINE)
_TRIGGER: Final = re.compile(r"^CREATE (?:CONSTRAINT )?TRIGGER", re.MULTILINE)
_MARKS: Final = {
    "tables_of_outgoing_work": re.compile(r"\n    (next_\w+_at|\w*attempt_at) "),
    "tables_where_two_people_agree": re.compile(r"\n    (proposed|asked|prepared)_by "),
    "tables_of_codes_and_links": re.compile(r"\n    \w*digest .*\n    (valid_until|expires_at) ", re.DOTALL),
    "tables_of_visits": re.compile(r"\n    (visit|token)_digest "),
}
"""a figure, and the columns that a table of this mechanism has"""


class Limit(NamedTuple):
    """The most that a figure may be, and what it is to become."""

    budget: int
    aim: int


def figures() -> dict[str, int]:
    """Return every figure by its name."""
    product = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    schema = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "db" / "migrations").glob("*.sql"))]
    tables = dict(pair for text in schema for pair in _TABLE.findall(text))
    return {
        "python_lines": sum(map(_lines, product)),
        "python_modules": len(product),
        "sql_lines": sum(text.count("\n") for text in schema),
        "tables": len(tables),
        "triggers": sum(len(_TRIGGER.findall(text)) for text in schema),
        "test_lines": sum(map(_lines, (ROOT / "tests").rglob("*.py"))),
        "docs_lines": sum(map(_lines, (ROOT / "docs").rglob("*.md"))),
        "rows_of_where_is": _rows_of_where_is(),
        "imports_against_the_order": len(imports_up()),
        "loops": len([path for path in (ROOT / "workers" / "loops").glob("*.py") if path.name != "__init__.py"]),
        **{name: sum(bool(mark.search(body)) for body in tables.values()) for name, mark in _MARKS.items()},
    }


def _rows_of_where_is() -> int:
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    section = text.split("## Where is …?")[1].split("\n## ")[0]
    return section.count("\n| ") - 1


def limits() -> Mapping[str, Limit]:
    """Return the limits of the figures, by their names."""
    rows: dict[str, dict[str, int]] = tomllib.loads(BUDGET.read_text(encoding="utf-8"))
    return {name: Limit(row["budget"], row["aim"]) for name, row in rows.items()}


def imports_up() -> list[str]:
    """Return each import of a module from a module above it, which the contract of modules still lets pass."""
    settings: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    passed = next(contract["ignore_imports"] for contract in contracts if contract["id"] == "modules")
    return [pair for pair in passed if "*" not in pair]


def _lines(path: Path) -> int:
    return path.read_bytes().count(b"\n")


def report(write: Callable[[str], object] = sys.stdout.write) -> None:
    """Write each figure beside its budget and its aim."""
    write(f"{'figure':<32}{'now':>9}{'budget':>9}{'aim':>9}\n")
    found, known = figures(), limits()
    for name, now in found.items():
        write(f"{name:<32}{now:>9,}{known[name].budget:>9,}{known[name].aim:>9,}\n")


if __name__ == "__main__":
    report()
