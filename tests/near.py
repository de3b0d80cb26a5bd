"""Runs the tests that a change can reach: `python -m tests.near`, with arguments for pytest.

A change is what differs from the commit `BASE`, or else from the place where this branch left `main`. It reaches the
test files that import a changed module, or import what imports it. Tests that read the checkout as text always run.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import PurePath
from typing import Final

import grimp

from tests.paths import ROOT

ALWAYS: Final = ("tests.docs.", "tests.golden.", "tests.style.")
"""folders of tests that read the checkout as text; other such tests import `tests.paths`"""
FOLDERS: Final = {"console": ("tests.browser.",), "deploy": ("tests.deploy.",), "docs": ()}
"""folders without modules, and the tests that use their files beside those that always run"""


class Unsure(Exception):
    """A change may reach every test."""


class Near:
    """The modules of the checkout, and which test files import them."""

    def __init__(self) -> None:
        linter = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
        self._graph = grimp.build_graph(*linter["root_packages"], "tests", cache_dir=None)
        self._modules = self._graph.modules
        self.tests = {name for name in self._modules if name.startswith("tests.") and ".test_" in name}
        ground = self._graph.find_modules_directly_imported_by("tests.conftest")
        self._ground = {"tests.conftest", *(name for name in ground if name.startswith("tests."))}

    def reached(self, paths: list[str]) -> set[str]:
        """Return the test modules that changes of these files reach; raise `Unsure` where that may be all."""
        changed = {module for path in paths for module in self._stands_for(path)}
        if found := changed & self._ground:
            raise Unsure(f"every test depends on {min(found)}")
        # Some modules are imported by a name that is put together: the tests in the folder of the same name stand near.
        near = {f"tests.{module.rpartition('.')[0]}" for module in changed}
        return {
            name
            for name in self.tests
            if name.rpartition(".")[0] in near or self._reads(name) or self._imported_by(name) & changed
        }

    def _imported_by(self, name: str) -> set[str]:
        """Return a test module, the `conftest` modules above it, and all that they import; not that of all tests."""
        parts = name.split(".")
        above = {".".join([*parts[:count], "conftest"]) for count in range(2, len(parts))} & self._modules
        found = {name, *above}.union(*map(self._graph.find_upstream_modules, (name, *above)))
        return found | {module.rpartition(".")[0] for module in found}

    def _reads(self, name: str) -> bool:
        """Return whether a test module reads the checkout as text."""
        return name.startswith(ALWAYS) or "tests.paths" in self._graph.find_modules_directly_imported_by(name)

    def _stands_for(self, path: str) -> set[str]:
        """Return the modules that a changed file stands for: itself, or those of the nearest folder with modules."""
        file = PurePath(path)
        if file.suffix == ".md":
            return set()
        if (top := file.parts[0]) in FOLDERS:
            return {name for name in self.tests if name.startswith(FOLDERS[top])}
        if file.suffix == ".py":
            if (module := module_of(file)) in self._modules:
                return {module}
            if file.name.startswith("test_") and not (ROOT / file).exists():
                return set()
            raise Unsure(f"{path} is gone, or no module")
        for folder in file.parents[:-1]:
            names = (module_of(each.relative_to(ROOT)) for each in (ROOT / folder).glob("*.py"))
            if modules := self._modules.intersection(names):
                return modules
        raise Unsure(f"nothing says what {path} reaches")


def module_of(file: PurePath) -> str:
    """Return the name of the module in a file."""
    return ".".join(file.with_suffix("").parts).removesuffix(".__init__")


def git(*arguments: str) -> list[str]:
    """Return the lines that git writes."""
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def main(arguments: list[str]) -> None:
    """Say which test files are chosen, and become pytest."""
    base = os.environ.get("BASE") or git("merge-base", "HEAD", "main")[0]
    paths = git("diff", "--name-only", "--no-renames", base) + git("ls-files", "--others", "--exclude-standard")
    if not paths:
        sys.stdout.write(f"nothing has changed since {base}\n")
        return
    near = Near()
    try:
        chosen = near.reached(paths)
        why = f"changed files since {base}: {len(paths)}"
    except Unsure as unsure:
        chosen, why = near.tests, str(unsure)
    sys.stdout.write(f"{len(chosen)} of {len(near.tests)} test files: {why}\n")
    sys.stdout.flush()
    files = [] if chosen == near.tests else sorted(f"{name.replace('.', '/')}.py" for name in chosen)
    command = [sys.executable, "-m", "tests.forked_pytest", *arguments, *files]
    os.execv(command[0], command)  # noqa: S606 - no shell is needed


if __name__ == "__main__":
    main(sys.argv[1:])
