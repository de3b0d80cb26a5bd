"""docs/security.md: every point of the review and every requirement has a line, and every named test is there."""

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from tests.paths import ROOT

PAGE: Final = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
REVIEW, STANDARD = PAGE.split("\n## OWASP ASVS 5.0", 1)
HOW_MANY: Final = {"C": 2, "H": 9, "M": 17, "L": 12, "N": 13, "S": 22}
"""points of the review, by their weight; those that were found later, and those of the second reading"""
COLUMNS: Final = 4
TEST: Final = re.compile(r"`(tests/[\w/.]+\.py)::(\w+)`")
REQUIREMENTS: Final = {
    1: (2, 9, 11, 3, 2),
    2: (3, 3, 4, 1),
    3: (0, 2, 4, 6, 5, 0, 2),
    4: (3, 1, 2, 4),
    5: (1, 3, 2, 3),
    6: (3, 12, 4, 4, 5, 3, 0, 4),
    7: (3, 4, 2, 5, 2, 2),
    8: (2, 3, 1, 1),
    9: (3, 4),
    10: (2, 2, 4, 11, 5, 2, 3),
    11: (2, 3, 3, 4, 1, 1),
    12: (3, 2, 4),
    13: (1, 5, 2, 5),
    14: (2, 4, 3),
    15: (3, 3, 7),
    16: (1, 5, 4, 3, 3),
    17: (1, 4, 2),
}
"""chapters of the standard: how many requirements of levels 1 and 2 each section has; those of level 3 come after"""
STATES: Final = frozenset({"met", "in part", "not met", "does not apply", "operator"})


def rows(text: str) -> list[list[str]]:
    """Return the cells of each row of the tables of four columns."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    split = [[cell.strip() for cell in line.strip().removesuffix("|")[1:].split("|")] for line in lines]
    return [cells for cells in split if len(cells) == COLUMNS and cells[0] not in {"point", "requirement"}]


def counted(last: Mapping[str, int]) -> Iterator[str]:
    """Yield each beginning with the numbers from 1 to its last one."""
    return (f"{beginning}{number}" for beginning, to in last.items() for number in range(1, to + 1))


@cache
def functions_in(path: Path) -> frozenset[str]:
    """Return the names of the functions in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_point_of_the_review_has_one_line() -> None:
    points = [cells[0].split(" ")[0] for cells in rows(REVIEW)]
    assert points == list(counted(HOW_MANY))


@pytest.mark.parametrize("cells", rows(REVIEW), ids=lambda cells: cells[0].split(" ")[0])
def test_a_closed_point_names_its_tests_and_another_says_what_is_open(cells: list[str]) -> None:
    _, state, closes, shown = cells
    assert state in {"closed", "in part", "open"}
    assert ("**Open:**" in closes) == (state != "closed")
    named = TEST.findall(shown)
    assert named or state == "open"
    assert len(named) == len(shown.split(", ")) if shown else not named, "every entry is `path::name`"
    missing = [f"{path}::{name}" for path, name in named if name not in functions_in(ROOT / path)]
    assert not missing


def test_every_requirement_of_levels_1_and_2_has_one_line() -> None:
    wanted = counted(
        {f"{chapter}.{section}.": to for chapter, each in REQUIREMENTS.items() for section, to in enumerate(each, 1)}
    )
    found = [number for cells in rows(STANDARD) for number in cells[0].split(", ")]
    assert sorted(found) == sorted(wanted)


def test_every_line_of_the_standard_has_a_state_and_a_place() -> None:
    wrong = [cells for cells in rows(STANDARD) if cells[2] not in STATES or not all(cells)]
    assert not wrong
