"""Expected errors of commands, each as one line with an exit code.

This module is loaded only after a failure, because `--help` needs none of its imports.
"""

from collections.abc import Callable

import asyncpg
from temporalio.service import RPCError

from activities.secrets import BadProcessKey
from db.grants import NoSuchRole, TemporaryTablesAllowed
from db.migration_files import MigrationError
from domain.errors import InvalidPolicy, RuleBroken
from domain.spreadsheets import FileRefused
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.home import HomeInUse, NothingRunning
from workers.processes import ChildFailed
from workers.settings import SettingsError
from workers.temporal_access import temporal_trouble

Kinds = tuple[type[Exception], ...]

# The first matching row applies.
_TABLE: tuple[tuple[Kinds, Callable[[Exception], str], int], ...] = (
    ((SettingsError, BadProcessKey, InvalidPolicy, FileRefused), str, USAGE),
    ((RuleBroken, HomeInUse, NothingRunning, ChildFailed), lambda error: str(error) or str(error.__doc__), FAILURE),
    ((MigrationError,), str, FAILURE),
    (
        (NoSuchRole, TemporaryTablesAllowed),
        lambda error: f"role {error}: {' '.join(str(error.__doc__).split())}",
        FAILURE,
    ),
    (
        (asyncpg.PostgresError, asyncpg.InterfaceError),
        lambda error: f"the database refused: {str(error) or type(error).__name__}",
        FAILURE,
    ),
    ((RPCError,), lambda error: f"Temporal refused: {temporal_trouble(error)}", FAILURE),
    ((TimeoutError,), lambda _: "no answer in time", FAILURE),
    ((ConnectionError,), lambda error: f"cannot connect: {error}", FAILURE),
    ((OSError,), str, FAILURE),
)


def explain(error: Exception) -> tuple[str, int] | None:
    """Return the message and the exit code of an error, or None for an unexpected one."""
    if isinstance(error, Failed):
        return str(error), error.exit_code
    if isinstance(error, RuntimeError) and "client connect" in str(error):
        # The Temporal SDK reports a refused connection in this way.
        return f"Temporal cannot be reached: {temporal_trouble(error)}", FAILURE
    for kinds, words, exit_code in _TABLE:
        if isinstance(error, kinds):
            return words(error), exit_code
    return None
