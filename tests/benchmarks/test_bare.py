"""The baseline of bare workflows."""

import ast
import sys

from tests.paths import ROOT


def test_the_sandbox_of_its_workflow_can_import_it_again() -> None:
    tree = ast.parse((ROOT / "benchmarks" / "bare.py").read_text(encoding="utf-8"))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert {name.partition(".")[0] for name in names} <= sys.stdlib_module_names | {"temporalio"}
