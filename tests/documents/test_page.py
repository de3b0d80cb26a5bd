"""The page on documents tells what the law asks for, kind by kind, as the rules have it."""

import re

from domain.recovery.documents import requirements, series_of
from schemas.restoration_enums import DocumentKind
from tests.documents.samples import NOW
from tests.each import each
from tests.paths import ROOT

PAGE = (ROOT / "docs" / "reference" / "documents.md").read_text()
OF_ALL = ["case_no", "officer.name", "officer.rank", "officer.police_station", "officer.phone"]
KINDS, REQUIRED = (part.split("\n## ")[0] for part in PAGE.split("## Kinds\n")[1].split("## What its law requires\n"))


def row(table: str, kind: DocumentKind) -> str:
    (found,) = [line for line in table.splitlines() if line.startswith(f"| `{kind.value}` |")]
    return found


@each("kind", DocumentKind)
def test_the_page_names_every_field_and_marks_what_is_asked_for_in_some_cases(kind: DocumentKind) -> None:
    cell = row(REQUIRED, kind).split("|")[3]
    rules = requirements(kind)
    sometimes = {rule.field for rule in rules if rule.when.__name__ != "_always"}
    asked = list(dict.fromkeys(rule.field for rule in rules if rule.field not in OF_ALL))
    assert [field for field, _ in re.findall(r"`([^`]+)`(°?)", cell)] == asked
    assert {field for field, mark in re.findall(r"`([^`]+)`(°?)", cell) if mark} == sometimes


@each("kind", DocumentKind)
def test_the_page_names_the_series(kind: DocumentKind) -> None:
    assert f"`{series_of(kind, NOW).rpartition('/')[0]}/" in row(KINDS, kind)
