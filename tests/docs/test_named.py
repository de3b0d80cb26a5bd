"""Routes, commands and paths that pages name are there."""

import re
from functools import cache
from pathlib import Path

from schemas.enums import TaskKind
from tests.docs.pages import markdown_pages
from tests.docs.test_links import ROOMS
from tests.each import each
from tests.paths import ROOT
from workers.reference.commands import command_names
from workers.reference.routes import described_app

GUIDES = [page for page in markdown_pages() if page.is_relative_to(ROOT / "docs") and "reference" not in page.parts]
ROUTE = re.compile(r"`(GET|POST|PUT) ((?:/|…/)[^`? ]*)[^`]*`")
COMMAND = re.compile(r"(?:`|^|\| |\$ |run --rm api )goldenhour ([a-z][a-z-]*(?: [a-z][a-z-]*){0,2})", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{[a-z_]+\}|…")
NOT_DESCRIBED = ("/a/", "/appeal", "/first/", "/sign-in", "/sim/")
"""pages for people, and the simulator's own interface: the OpenAPI leaves them out"""
PATH = re.compile(
    r"`((?:activities|adapters|api|benchmarks|db|deploy|docs|documents|domain|schemas|simulator|tests|workers|workflows)"
    r"/[A-Za-z0-9_./*-]*)`"
)
WRITTEN = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "deploy/README.md")),
    *(ROOT / "docs" / "reference").glob("*.md"),
]
QUESTIONS_MIN = 25
MODULES = [
    *("privacy", "banks", "officers", "work_items", "case", "workbook", "recovery", "people", "evidence", "reporting"),
    *("gateway", "platform", "process"),
]
DECISION = re.compile(r"\| D-\d{3} \| [^|]+ \| [^|]+ \| accepted \|")
DECISION_ID = re.compile(r"\bD-\d{3}\b")
NAMES_DECISIONS = {".py", ".sql", ".toml", ".ts", ".tsx"}
SEARCHED = (*ROOMS, "tests", "workers", "workflows", "console/src")


@cache
def described() -> frozenset[tuple[str, str]]:
    paths = described_app().openapi()["paths"]
    return frozenset((method.upper(), PLACEHOLDER.sub("{}", path)) for path, on in paths.items() for method in on)


def is_there(method: str, path: str) -> bool:
    if path.startswith(NOT_DESCRIBED):
        return True
    wanted = PLACEHOLDER.sub("{}", path)
    if path.startswith("…"):
        end = wanted.removeprefix("{}").removesuffix("/{}")
        return any(method == one and end in f"{known}/" for one, known in described())
    return (method, wanted) in described()


@each("page", GUIDES)
def test_every_route_that_a_page_names_is_there(page: Path) -> None:
    missing = [f"{method} {path}" for method, path in ROUTE.findall(page.read_text()) if not is_there(method, path)]
    assert not missing


@each("page", GUIDES)
def test_every_command_that_a_page_names_is_there(page: Path) -> None:
    known = {name.removeprefix("goldenhour ") for name in command_names()} | {"bank", "bank key", "iso"}
    missing = [words for words in COMMAND.findall(page.read_text()) if not _begins_with(words, known)]
    assert not missing


def _begins_with(words: str, known: set[str]) -> bool:
    parts = words.split(" ")
    return any(" ".join(parts[:count]) in known for count in range(1, len(parts) + 1))


def test_where_is_leads_to_paths_that_are_there() -> None:
    text = (ROOT / "docs" / "architecture.md").read_text()
    section = text.split("## Where is …?")[1].split("\n## ")[0]
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| ")][1:]
    assert len(rows) >= QUESTIONS_MIN
    for _, question, answer, _ in rows:
        paths = re.findall(r"`([^`]+)`", answer)
        assert 1 <= len(paths) <= 2, question
        assert all((ROOT / path).exists() for path in paths), f"{question}: {paths}"


def test_decisions_have_an_id_a_status_and_a_module() -> None:
    sections = (ROOT / "docs" / "decisions.md").read_text().split("\n## ")[1:]
    assert [section.splitlines()[0] for section in sections] == MODULES
    ids: list[str] = []
    for section in sections:
        rows = [row for row in section.splitlines() if row.startswith("| D-")]
        assert [row for row in rows if not DECISION.fullmatch(row)] == []
        of_module = [row[2:7] for row in rows]
        assert of_module == sorted(of_module)
        ids += of_module
    assert len(ids) == len(set(ids))


def test_every_decision_that_the_tree_names_is_there() -> None:
    kept = set(re.findall(r"^\| (D-\d{3}) ", (ROOT / "docs" / "decisions.md").read_text(), re.MULTILINE))
    files = [file for room in SEARCHED for file in (ROOT / room).rglob("*") if file.suffix in NAMES_DECISIONS]
    named = {(file.name, id_) for file in [*files, *markdown_pages()] for id_ in DECISION_ID.findall(file.read_text())}
    assert sorted((name, id_) for name, id_ in named if id_ not in kept) == []


def test_every_kind_of_work_item_has_a_row_for_the_desk() -> None:
    page = (ROOT / "docs" / "guides" / "desk.md").read_text()
    assert [kind.value for kind in TaskKind if f"| `{kind.value}` |" not in page] == []


@each("page", [*GUIDES, *WRITTEN])
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    assert not missing_paths(page.read_text())


def missing_paths(text: str) -> set[str]:
    """Return the paths that a text names and that are not there."""
    return {path for path in PATH.findall(text) if not _exists(path)}


@cache
def _exists(path: str) -> bool:
    return any(True for _ in ROOT.glob(path.rstrip("/")))
