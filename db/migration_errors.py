"""Refusals of a schema or of a migration, each with a stable code at the end of its text."""

from typing import ClassVar


class MigrationError(Exception):
    """The base of every refusal; logs and scripts may rely on `code`."""

    code: ClassVar[str]

    def __init__(self, text: str) -> None:
        super().__init__(f"{text} [{self.code}]")


class SchemaTooOld(MigrationError):
    """The database was made by another baseline, or before there was one."""

    code = "schema_too_old"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the migration {name} of the database is not of the baseline of version 0.4.0. No older database is"
            " accepted: make an empty one and run `goldenhour migrate`"
        )


class SchemaBehind(MigrationError):
    """The database lacks migrations that this release needs."""

    code = "schema_behind"

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"the database lacks {', '.join(names)}, and this release needs that: run `goldenhour migrate`"
        )


class SchemaAhead(MigrationError):
    """A later release has removed what this release may still use."""

    code = "schema_ahead"

    def __init__(self, names: list[str]) -> None:
        super().__init__(
            f"the database has {', '.join(names)} of a later release, after which this release cannot run:"
            " start that release"
        )


class MigrationChanged(MigrationError):
    """The file of an applied migration has other bytes than were applied."""

    code = "migration_changed"

    def __init__(self, name: str) -> None:
        super().__init__(
            f"the file of the applied migration {name} has changed: restore the file, and write a new migration instead"
        )


class MigrationFileRefused(MigrationError):
    """A migration file breaks a rule of CONTRIBUTING.md."""

    code = "migration_file_refused"

    def __init__(self, name: str, rule: str) -> None:
        super().__init__(f"the migration file {name} is refused: {rule}")


class MigrationLocked(MigrationError):
    """Another session kept a lock that a migration needs."""

    code = "migration_locked"

    def __init__(self, name: str, attempts: int) -> None:
        super().__init__(
            f"the migration {name} did not get its locks in {attempts} attempts, and its last attempt is undone."
            " Migrations before it stay applied. End the session that holds the lock (docs/how-to/operations.md),"
            " and run `goldenhour migrate` again"
        )


class MigrationRunning(MigrationError):
    """Another process migrates this database."""

    code = "migration_running"

    def __init__(self) -> None:
        super().__init__(
            "another process migrates this database: wait until it ends, and run `goldenhour migrate` again"
        )
