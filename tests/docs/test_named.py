"""Routes, commands and paths that pages name are there."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.docs.pages import markdown_pages
from tests.paths import ROOT
from workers.reference.commands import command_names
from workers.reference.routes import described_app

GUIDES = [page for page in markdown_pages() if page.is_relative_to(ROOT / "docs") and "reference" not in page.parts]
ROUTE = re.compile(r"`(GET|POST|PUT) ((?:/|…/)[^`? ]*)[^`]*`")
COMMAND = re.compile(r"(?:`|^|\| |\$ |run --rm api )goldenhour ([a-z][a-z-]*(?: [a-z][a-z-]*){0,2})", re.MULTILINE)
PLACEHOLDER = re.compile(r"\{[a-z_]+\}|…")
NOT_DESCRIBED = ("/a/", "/appeal", "/sim/")
"""pages for people, and the simulator's own interface: the OpenAPI leaves them out"""
QUESTIONS_MIN = 25


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


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_every_route_that_a_page_names_is_there(page: Path) -> None:
    missing = [f"{method} {path}" for method, path in ROUTE.findall(page.read_text()) if not is_there(method, path)]
    assert not missing


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
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
    rows = [line.split("|") for line in section.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= QUESTIONS_MIN
    for _, question, answer, _ in rows:
        paths = re.findall(r"`([^`]+)`", answer)
        assert 1 <= len(paths) <= 2, question
        assert all((ROOT / path).exists() for path in paths), f"{question}: {paths}"
