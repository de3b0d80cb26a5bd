"""The migration files of this release: their names, phases and checksums."""

import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from db.migration_checks import MigrationFileRefused, check_text, runs_outside

MIGRATIONS: Final = Path(__file__).with_name("migrations")
BASELINE: Final = "0001_baseline.sql"
_NAME: Final = re.compile(r"(?P<number>[0-9]{4})_(?:(?P<phase>pre|post)_)?[a-z0-9_]+\.sql")


class Phase(StrEnum):
    """The moment of an update at which a migration is safe."""

    PRE = "pre"
    """safe while processes of the release before still run; it only adds"""
    POST = "post"
    """needs every process to be on this release; it may remove"""


@dataclass(frozen=True)
class MigrationFile:
    """One migration."""

    name: str
    phase: Phase
    text: str
    sha256: str

    @property
    def is_outside(self) -> bool:
        """Whether its statements run outside a transaction."""
        return runs_outside(self.text)


def read_files(directory: Path = MIGRATIONS) -> list[MigrationFile]:
    """Return the migrations of a directory in their order. Raises `MigrationFileRefused`."""
    paths = sorted(directory.glob("[0-9]*.sql"))
    files, numbers = [], set[str]()
    for path in paths:
        found = _NAME.fullmatch(path.name)
        if found is None:
            raise MigrationFileRefused(path.name, "its name is NNNN_pre_<subject>.sql or NNNN_post_<subject>.sql")
        if found["number"] in numbers:
            raise MigrationFileRefused(path.name, "another file has its number")
        numbers.add(found["number"])
        file = _read(path)
        if path.name != BASELINE:
            _check(file)
        files.append(file)
    return files


def phase_of(name: str) -> Phase | None:
    """Return the phase in the name of a migration, or None if it names none."""
    found = _NAME.fullmatch(name)
    return Phase(found["phase"]) if found and found["phase"] else None


def _read(path: Path) -> MigrationFile:
    content = path.read_bytes()
    # The baseline comes first, so it belongs to the first phase.
    phase = phase_of(path.name) or Phase.PRE
    return MigrationFile(path.name, phase, content.decode("utf-8"), hashlib.sha256(content).hexdigest())


def _check(file: MigrationFile) -> None:
    if phase_of(file.name) is None:
        raise MigrationFileRefused(file.name, "its name says `pre` or `post` after the number")
    check_text(file.name, file.text)
