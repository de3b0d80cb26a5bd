"""Every import contract fails when it is broken: a copy of the packages breaks each on purpose."""

import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.paths import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")
SETTINGS: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = {contract["id"]: contract for contract in SETTINGS["contracts"]}
ROOMS = {"activities", "api", "db", "domain", "schemas"}
"""rooms that have the eleven modules"""


class Break(NamedTuple):
    """One import that a contract forbids."""

    contract: str
    file: str
    imported: str


BREAKS = [
    Break("rooms", "schemas/base.py", "db.pool"),
    Break("rooms", "domain/case/ledger.py", "adapters.calling"),
    Break("rooms", "db/pool.py", "documents.wording"),
    Break("rooms", "activities/context.py", "workflows.options"),
    Break("rooms", "workflows/options.py", "api.roles"),
    Break("modules", "db/case/cases.py", "db.recovery.restorations"),
    Break("modules", "activities/case/desk.py", "activities.recovery.orders"),
    Break("modules", "activities/case/desk.py", "db.people.drafts"),
    Break("modules", "api/case/cases.py", "api.recovery.holds"),
    Break("modules", "domain/banks/directory.py", "domain.case.trail"),
    Break("modules", "schemas/banks/keys.py", "schemas.recovery.orders"),
    Break("engine-room", "api/app.py", "workers.worker"),
    Break("below-engine", "workflows/options.py", "workers.settings"),
    Break("below-engine", "adapters/calling.py", "benchmarks"),
    Break("stranger", "simulator/clock.py", "adapters.calling"),
    Break("no-world", "activities/context.py", "simulator.clock"),
    Break("pure", "domain/case/ledger.py", "temporalio"),
    Break("pure", "schemas/base.py", "asyncpg"),
    Break("wires-and-memory", "adapters/calling.py", "fastapi"),
]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the Python files of every package and with the contracts."""
    folder = tmp_path_factory.mktemp("packages")
    for package in SETTINGS["root_packages"]:
        for file in (ROOT / package).rglob("*.py"):
            target = folder / file.relative_to(ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
    shutil.copyfile(ROOT / "pyproject.toml", folder / "pyproject.toml")
    return folder


@contextmanager
def broken(folder: Path, breaks: Sequence[Break]) -> Iterator[None]:
    """Write the forbidden imports while the block lasts."""
    whole = {folder / one.file: (folder / one.file).read_text(encoding="utf-8") for one in breaks}
    for one in breaks:
        with (folder / one.file).open("a", encoding="utf-8") as file:
            file.write(f"\nimport {one.imported}\n")
    try:
        yield
    finally:
        for path, text in whole.items():
            path.write_text(text, encoding="utf-8")


def report(folder: Path) -> str:
    """Return what import-linter says of the packages in the folder."""
    done = subprocess.run([LINTER, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    assert (done.returncode == 0) == (" 0 broken" in done.stdout)
    return done.stdout


def test_every_contract_has_a_break() -> None:
    assert {one.contract for one in BREAKS} == set(CONTRACTS)
    assert {one.file.partition("/")[0] for one in BREAKS if one.contract == "modules"} == ROOMS


def test_the_copy_keeps_every_contract(copy: Path) -> None:
    assert f"Contracts: {len(CONTRACTS)} kept, 0 broken." in report(copy)


def test_each_broken_contract_is_named_with_its_imports(copy: Path, subtests: pytest.Subtests) -> None:
    with broken(copy, BREAKS):
        said = report(copy)
    # The linter names the contracts, and then says of each broken one under its name what breaks it.
    _, _, details = said.partition("Broken contracts")
    for name, contract in CONTRACTS.items():
        with subtests.test(name):
            assert f"\n{contract['name']} BROKEN" in said
            _, _, of_it = details.partition(f"\n{contract['name']}\n---")
            of_it, _, _ = of_it.partition("\n---")
            breaks = [one for one in BREAKS if one.contract == name]
            told = [f"{one.file.removesuffix('.py').replace('/', '.')} -> {one.imported} " for one in breaks]
            assert [line for line in told if line not in of_it] == []


def test_every_folder_of_a_room_is_a_module_in_its_place() -> None:
    layers = [set(layer.split(" : ")) for layer in CONTRACTS["modules"]["layers"]]
    for layer in layers:
        assert len({name.partition(".")[2] for name in layer}) == 1, "one module in all rooms"
    folders = {
        f"{room}.{folder.name}"
        for room in ROOMS
        for folder in (ROOT / room).iterdir()
        if folder.is_dir() and any(folder.glob("*.py"))
    }
    assert folders - set.union(*layers) == {"domain.errors", "domain.policy"}
    assert set.union(*layers) <= folders
