"""Parts shared by all commands: consoles, progress, JSON output, settings and database."""

import asyncio
import sys
from collections.abc import Coroutine, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from workers.commands.exits import USAGE, Failed
from workers.settings import Settings

if TYPE_CHECKING:
    from db.pool import Connection, Pool
    from domain.policy.model import Policy
    from workers.stack import Running

T = TypeVar("T")

INTERRUPTED = 130

STDOUT = "-"


JsonTarget = Annotated[
    str | None,
    typer.Option(
        "--json",
        metavar="FILE",
        help="Write the result to FILE as one JSON object; - means standard output, without any other output there.",
    ),
]


class CarefulGroup(TyperGroup):
    """Command group that shows an expected error as one line on stderr with an exit code.

    Only a bug shows a traceback.
    """

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            from workers.commands.failures import explain

            explained = explain(error)
            if explained is None:
                raise
            text, exit_code = explained
            errors().print(f"goldenhour: {text}", style="red", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(exit_code) from None


def own_version() -> str:
    """Return the version of the product."""
    try:
        return version("goldenhour")
    except PackageNotFoundError:
        return "(run from its sources, without a version)"


def errors() -> Console:
    """Return the console for errors and progress."""
    return Console(stderr=True)


class Steps:
    """Progress of slow work, as a context manager: one changing line on a terminal, a line per step elsewhere."""

    def __init__(self, what: str) -> None:
        self._console = errors()
        self._what = what
        self._status = self._console.status(what)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._status.stop()

    def show(self, step: str) -> None:
        """Show the current step."""
        words = f"{self._what} {step}"
        if self._console.is_terminal:
            self._status.update(words)
        else:
            self._console.print(words, highlight=False)

    def stop(self) -> None:
        """Show nothing for now."""
        self._status.stop()

    def begin(self, what: str) -> None:
        """Show the beginning of other work."""
        self._what = what
        if self._console.is_terminal:
            self._status.update(what)
            self._status.start()
        else:
            self._console.print(what, highlight=False)


def progress_bar(what: str) -> Progress:
    """Return a progress bar on stderr that disappears at the end; nothing is shown if stderr is not a terminal."""
    console = errors()
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def people(json_target: str | None) -> Console:
    """Return the console for human readers: standard output, unless the JSON goes there."""
    return Console(stderr=json_target == STDOUT)


def show_pairs(console: Console, pairs: Sequence[tuple[str, str]]) -> None:
    """Print names and values, one pair per line. Lines are never broken, so that URLs and commands can be copied."""
    width = max(len(name) for name, _ in pairs)
    for name, value in pairs:
        console.print(f"{name:<{width}}  {value}", highlight=False, markup=False, soft_wrap=True)


def host_pairs(running: "Running") -> list[tuple[str, str]]:
    """Return the addresses of the hosts of the TLS ports, and how a browser trusts them, for `show_pairs`."""
    from activities.officers.enrolment import SIGN_IN_PATH
    from api.hosts import Site
    from api.problems import CONSOLE_PATH

    pages = (
        (Site.DESK, "console", f"{CONSOLE_PATH}/"),
        (Site.DESK, "sign in", SIGN_IN_PATH),
        (Site.MY, "citizens", "/"),
        (Site.BANK, "banks", "/"),
    )
    hosts = [(name, f"{running.site_url(site)}{path}") for site, name, path in pages]
    return [
        *hosts,
        ("authority of these", str(running.authority_file)),
        ("trust it", "import that file in the browser as an authority for websites; for curl: --cacert FILE"),
    ]


def write_json(target: str | None, content: object) -> None:
    """Write the result to the target of `--json`. Raises `Failed` if the file cannot be written."""
    if target is None:
        return
    data = orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)
    if target == STDOUT:
        sys.stdout.write(data.decode())
        sys.stdout.flush()
        return
    try:
        Path(target).write_bytes(data)
    except OSError as error:
        raise Failed(f"{target}: {error.strerror}", USAGE) from error


def load_settings() -> Settings:
    """Return the settings from the environment. Raises `SettingsError`."""
    return Settings.load()


def with_database(settings: Settings) -> Settings:
    """Return settings with a database: the one they name, else that of the stack in their home folder.

    For commands without Temporal. Raises `NothingRunning`.
    """
    from workers.home import with_running_services

    return settings if settings.database_url is not None else with_running_services(settings)


async def policy_in_force(connection: "Connection", settings: Settings) -> "Policy":
    """Return the policy of the settings' file, with the values that two admins agreed to."""
    from activities.officers.changes import in_force
    from domain.policy.model import load_policy

    return await in_force(connection, await asyncio.to_thread(load_policy, settings.policy_file))


async def open_database(settings: Settings, *, most_connections: int = 1) -> "Pool":
    """Open the database of settings that come from `with_database`; for `async with await`."""
    from db.pool import open_pool

    assert settings.database_url is not None, "with_database fills it in"
    return await open_pool(settings.database_url.get_secret_value(), min_size=1, max_size=most_connections)


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run an async command to its end."""
    return asyncio.run(work)
