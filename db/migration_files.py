"""Files of migrations, and checks of them."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Final


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


OUTSIDE: Final = "-- outside a transaction"
"""the first line of a file whose statements run one by one, each in a transaction of its own"""

_TOKEN: Final = re.compile(
    r"(?P<comment>--[^\n]*|/\*.*?\*/)"
    r"|(?P<string>(?<!\w)[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*')"
    r"|(?P<body>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)"
    r'|(?P<name>"(?:[^"]|"")*")'
    r"|(?P<end>;)",
    re.DOTALL,
)
_CONTROL: Final = re.compile(r"(BEGIN|START|COMMIT|END|ROLLBACK|ABORT|SAVEPOINT|RELEASE|PREPARE)\b", re.IGNORECASE)
_LOCK_TIMEOUT: Final = re.compile(r"(SET|RESET)\b.*\block_timeout\b", re.IGNORECASE)
_TABLE: Final = re.compile(r"CREATE (?:UNLOGGED )?TABLE (?!IF NOT EXISTS)(?P<table>[\w.]+)", re.IGNORECASE)
_INDEX: Final = re.compile(r"CREATE (?:UNIQUE )?INDEX\b.*? ON (?:ONLY )?(?P<table>[\w.]+)", re.IGNORECASE)
_KEY: Final = re.compile(
    r"ALTER TABLE (?:IF EXISTS )?(?:ONLY )?(?P<table>[\w.]+) .*\b(?:UNIQUE|PRIMARY KEY|EXCLUDE)(?! USING INDEX)\b",
    re.IGNORECASE,
)
_CONCURRENTLY: Final = re.compile(r"(?:CREATE|DROP|REINDEX)\b.* CONCURRENTLY\b", re.IGNORECASE)
_REPEATABLE: Final = re.compile(
    r"CREATE (?:UNIQUE )?INDEX CONCURRENTLY IF NOT EXISTS (?P<made>[a-z_][a-z0-9_]*) ON "
    r"|DROP INDEX CONCURRENTLY IF EXISTS [a-z_]",
    re.IGNORECASE,
)


def check_text(name: str, text: str) -> None:
    """Raise `MigrationFileRefused` if the text breaks a rule."""
    lines = text.splitlines()
    is_outside = runs_outside(text)
    reason = lines[is_outside : is_outside + 1]
    if not reason or not re.match(r"-- \S", reason[0]):
        raise MigrationFileRefused(name, "a comment at its beginning says why it is needed")
    bare = [_one_line(statement) for statement in split_statements(text, keep_texts=False)]
    for check in (_outside_rules,) if is_outside else (_control_rules, _index_rules):
        for rule in check(bare):
            raise MigrationFileRefused(name, rule)


def runs_outside(text: str) -> bool:
    """Return whether the statements of a file run outside a transaction."""
    return text.partition("\n")[0].rstrip() == OUTSIDE


def index_made(statement: str) -> str | None:
    """Return the name of the index that a statement makes concurrently."""
    matched = _REPEATABLE.match(_one_line(statement))
    return matched["made"].lower() if matched and matched["made"] else None


def split_statements(text: str, *, keep_texts: bool = True) -> list[str]:
    """Return the statements without comments; without `keep_texts` strings and function bodies are empty."""
    statements, current, read_to = [], "", 0
    for token in _TOKEN.finditer(text):
        current += text[read_to : token.start()]
        read_to = token.end()
        if token.lastgroup == "end":
            statements.append(current)
            current = ""
        elif token.lastgroup == "comment":
            current += " "
        else:
            current += token.group() if keep_texts or token.lastgroup == "name" else "''"
    return [statement.strip() for statement in (*statements, current + text[read_to:]) if statement.strip()]


def _one_line(statement: str) -> str:
    return " ".join(statement.replace('"', "").split())


def _outside_rules(statements: Sequence[str]) -> Iterator[str]:
    """Yield the rule that a statement breaks in a file that may be run again from its beginning."""
    for statement in statements:
        if not _REPEATABLE.match(statement):
            yield (
                "outside a transaction only CREATE INDEX CONCURRENTLY IF NOT EXISTS and"
                " DROP INDEX CONCURRENTLY IF EXISTS can be run again after a crash"
            )


def _control_rules(statements: Sequence[str]) -> Iterator[str]:
    for statement in statements:
        if _CONTROL.match(statement):
            yield "each file is one transaction, which `goldenhour migrate` begins and ends"
        if _LOCK_TIMEOUT.match(statement):
            yield "`goldenhour migrate` sets lock_timeout"


def _index_rules(statements: Sequence[str]) -> Iterator[str]:
    """Yield the rule that a statement breaks because it would stop writers of a filled table."""
    made = {matched["table"].lower() for matched in map(_TABLE.match, statements) if matched}
    for statement in statements:
        if _CONCURRENTLY.match(statement):
            yield f"CONCURRENTLY needs a file whose first line is `{OUTSIDE}`"
        for builds_index in (_INDEX, _KEY):
            matched = builds_index.match(statement)
            if matched and matched["table"].lower() not in made:
                yield (
                    f"an index on {matched['table']} is made with CONCURRENTLY in a file whose first line is"
                    f" `{OUTSIDE}`, and a constraint takes it with USING INDEX"
                )


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
        matched = _NAME.fullmatch(path.name)
        if matched is None:
            raise MigrationFileRefused(path.name, "its name is NNNN_pre_<subject>.sql or NNNN_post_<subject>.sql")
        if matched["number"] in numbers:
            raise MigrationFileRefused(path.name, "another file has its number")
        numbers.add(matched["number"])
        file = _read(path)
        if path.name != BASELINE:
            _check(file)
        files.append(file)
    return files


def phase_of(name: str) -> Phase | None:
    """Return the phase in the name of a migration, or None if it names none."""
    matched = _NAME.fullmatch(name)
    return Phase(matched["phase"]) if matched and matched["phase"] else None


def _read(path: Path) -> MigrationFile:
    content = path.read_bytes()
    # The baseline comes first, so it belongs to the first phase.
    phase = phase_of(path.name) or Phase.PRE
    return MigrationFile(path.name, phase, content.decode("utf-8"), hashlib.sha256(content).hexdigest())


def _check(file: MigrationFile) -> None:
    if phase_of(file.name) is None:
        raise MigrationFileRefused(file.name, "its name says `pre` or `post` after the number")
    check_text(file.name, file.text)
