"""Links in pages lead somewhere, and so do the pages and paths that code names."""

import ast
import re
from collections.abc import Mapping, Set
from pathlib import Path

from tests.docs.pages import LINK, anchors, markdown_pages, prose
from tests.each import each
from tests.paths import ROOT
from workers.reference.pages import FOLDER, NAMES

CODE = ("*.py", "*.toml", "*.yml", "*.sh", "*.html", "Makefile")
ROOMS = ("activities", "adapters", "api", "benchmarks", "db", "deploy", "documents", "domain", "schemas", "simulator")
MADE: dict[Path, Set[str]] = {FOLDER / name: frozenset() for name in NAMES}
NAMED_PAGE = re.compile(r"\bdocs/[a-z0-9/_-]+\.md\b")


@each("page", markdown_pages())
def test_every_relative_link_resolves(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        assert not lacking(page, link, MADE), f"{link} leads nowhere"


def lacking(page: Path, link: str, made: Mapping[Path, Set[str]]) -> bool:
    """Whether a link of a page leads nowhere; `made` has the anchors of the pages that `make docs` makes."""
    if re.match(r"[a-z]+:", link):
        return False
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if target not in made and not (target.exists() and target.parent != FOLDER):
        return True
    return bool(anchor) and anchor not in (made[target] if target in made else anchors(target))


def test_every_page_that_code_names_is_there() -> None:
    missing = [
        f"{path.relative_to(ROOT)}: {name}"
        for room in (*ROOMS, "tests", "workers", "workflows")
        for pattern in CODE
        for path in sorted((ROOT / room).rglob(pattern))
        for name in _missing(path)
    ]
    assert not missing


def _missing(path: Path) -> list[str]:
    """Return the pages that a file names outside its docstrings and that are not there."""
    text = path.read_text(encoding="utf-8")
    # To find docstrings costs more than all else, so only a file that names such a page is read for them.
    if all((ROOT / name).exists() for name in set(NAMED_PAGE.findall(text))):
        return []
    named = set(NAMED_PAGE.findall(_without_docstrings(path, text)))
    return sorted(name for name in named if not (ROOT / name).exists())


def _without_docstrings(path: Path, text: str) -> str:
    if path.suffix != ".py":
        return text
    lines = text.splitlines()
    for node in ast.walk(ast.parse(text)):
        for statement in getattr(node, "body", ()) if isinstance(getattr(node, "body", None), list) else ():
            if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                assert statement.end_lineno is not None
                lines[statement.lineno - 1 : statement.end_lineno] = [""] * (
                    statement.end_lineno - statement.lineno + 1
                )
    return "\n".join(lines)
