"""The state of a database's schema, and whether this release may work on it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from db.migration_files import (
    BASELINE,
    MIGRATIONS,
    MigrationChanged,
    MigrationFile,
    Phase,
    SchemaAhead,
    SchemaBehind,
    SchemaTooOld,
    phase_of,
    read_files,
)

if TYPE_CHECKING:
    from db.pool import Connection


async def check_schema(connection: "Connection", directory: Path = MIGRATIONS) -> None:
    """Raise a `MigrationError` unless this release may work on the database."""
    files = read_files(directory)
    known = await applied(connection)
    refuse_unknown(known, files)
    if missing := [file.name for file in needed(files) if file.name not in known]:
        raise SchemaBehind(missing)


async def applied(connection: "Connection") -> dict[str, str]:
    """Return the checksum of each applied migration by its name, in their order."""
    if await connection.fetchval("SELECT to_regclass('schema_migration')") is None:
        return {}
    rows = await connection.fetch("SELECT name, sha256 FROM schema_migration ORDER BY name")
    return {row["name"]: row["sha256"] for row in rows}


def refuse_unknown(known: Mapping[str, str], files: Sequence[MigrationFile]) -> None:
    """Raise a `MigrationError` if an applied migration is changed, or unknown and not of phase `pre`.

    A database of another baseline is too old. A `pre` of a later release only adds, so this release may still run
    after it.
    """
    own = {file.name: file.sha256 for file in files}
    if BASELINE in known and known[BASELINE] != own[BASELINE]:
        raise SchemaTooOld(BASELINE)
    for name, sha256 in known.items():
        if own.get(name, sha256) != sha256:
            raise MigrationChanged(name)
    strangers = [name for name in known if name not in own]
    if older := [name for name in strangers if phase_of(name) is None]:
        raise SchemaTooOld(older[0])
    if later := [name for name in strangers if phase_of(name) is Phase.POST]:
        raise SchemaAhead(later)


def needed(files: Sequence[MigrationFile]) -> Sequence[MigrationFile]:
    """Return the migrations without which this release does not start: all up to the newest `pre`.

    A `post` after that may be of this release, and it waits until every process is on this release.
    """
    last = max((place for place, file in enumerate(files, start=1) if file.phase is Phase.PRE), default=0)
    return files[:last]
