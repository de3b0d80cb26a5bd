"""Every test is in the gate or in the world. The gate keeps a test of each page, and one engine of each kind."""

import ast
import re
from pathlib import Path

from tests.paths import ROOT

WORLD = "pytest.mark.world"
TESTS = ROOT / "tests"


def in_gate(file: Path) -> list[str]:
    """Return the names of the tests of a file that the gate runs."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    if any(isinstance(node, ast.Assign) and WORLD in ast.unparse(node) for node in tree.body):
        return []
    tests = [node for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    return [
        node.name
        for node in tests
        if node.name.startswith("test_") and WORLD not in map(ast.unparse, node.decorator_list)
    ]


def test_the_tiers_leave_no_test_out() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert set(re.findall(r'-m ("not world"|world)', makefile)) == {'"not world"', "world"}
    assert re.findall(r"^make (\w+)$", (ROOT / ".ci" / "run").read_text(), re.MULTILINE) == ["test", "world"]
    # `make world` collects the files that have the mark, so no other file may give it.
    marked = {file for file in TESTS.rglob("*.py") if "mark.world" in file.read_text(encoding="utf-8")}
    assert {file.name for file in marked if not file.name.startswith("test_")} == set()


def test_the_gate_opens_every_page_once() -> None:
    for file in (TESTS / "browser").glob("test_*.py"):
        assert in_gate(file), file.name


def test_the_gate_starts_one_engine_of_each_kind() -> None:
    kept = {file.name for file in (TESTS / "e2e").rglob("test_*.py") if in_gate(file)}
    # The last two start no engine: workers and the API run in the process of the test.
    assert kept == {"test_scripted.py", "test_restorations.py", "test_feed.py", "test_generated_client.py"}
    demo = "test_a_demo_plays_a_day_stays_and_ends_at_a_signal"
    assert in_gate(TESTS / "workers" / "test_stack_processes.py") == [demo]


def test_the_world_draws_planted_bugs() -> None:
    """The tests of each bug run in a pytest process with servers of its own."""
    tests = in_gate(TESTS / "test_planted_bugs.py")
    assert tests
    assert "test_the_bugs_that_are_drawn_for_these_sources_are_caught" not in tests
