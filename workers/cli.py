"""The command line: `goldenhour`."""

import gc
import inspect
import os
import sys
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from workers.commands import (
    bank,
    bank_check,
    bank_edit,
    bank_keys,
    bank_roster,
    bench,
    demo,
    document,
    evidence,
    figures,
    iso,
    officers,
    processes,
    reconciling,
    reseal,
    stages,
    teams,
    trail,
    up,
)
from workers.commands.common import CarefulGroup, own_version

HELP = """Asks every bank that may still have swindled money to hold it, and tracks where each rupee is.

A first look: [bold]goldenhour demo[/]. Real use on one machine: [bold]goldenhour up[/].
"""
EPILOG = "Settings are environment variables GOLDENHOUR_… (docs/how-to/operations.md)."
GARBAGE_THRESHOLDS = (20_000, 20, 20)
"""the defaults (700, 10, 10) suit small programs; here they would scan every class at a start, every live case later"""

app = typer.Typer(
    cls=CarefulGroup,
    name="goldenhour",
    help=HELP,
    epilog=EPILOG,
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"goldenhour {own_version()}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool, typer.Option("--version", "-V", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    """Options that stand before every command."""


def _help(command: Callable[..., None]) -> str:
    """Return a command's docstring as its help, one line per paragraph, because the terminal wraps lines."""
    paragraphs = inspect.cleandoc(command.__doc__ or "").split("\n\n")
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _add(group: typer.Typer, panel: str, name: str, command: Callable[..., None], **settings: Any) -> None:
    group.command(name, help=_help(command), rich_help_panel=panel, **settings)(command)


_add(app, "Run", "demo", demo.demo)
_add(app, "Run", "up", up.up)
_add(app, "Run", "intake", processes.intake)
_add(app, "Run", "officers", processes.officers)
_add(app, "Run", "worker", processes.worker)
_add(app, "Run", "migrate", processes.migrate)
_add(app, "Work", "import", trail.import_file)
_add(app, "Work", "export", trail.export)
_add(app, "Work", "document", document.document)
_add(app, "Work", "evidence", evidence.evidence)
_add(app, "Work", "anchor", evidence.anchor)
_add(app, "Work", "figures", figures.figures)
_add(app, "Work", "stages", stages.stages)
_add(app, "Work", "readers", figures.readers)
_add(app, "Work", "refusals", figures.refusals)
_add(app, "Work", "verify", reconciling.verify)
_add(app, "Work", "nightly", reconciling.nightly)
_add(app, "Work", "reconcile", reconciling.reconcile)
_add(app, "Work", "process-key", processes.process_key)
_add(app, "Work", "officers-key", processes.officers_key)
_add(app, "Work", "reseal", reseal.reseal)
_add(app, "Work", "retention", reseal.retention)
_tokens = typer.Typer(cls=CarefulGroup, no_args_is_help=True, help="Tokens of scripts that call the API.")
_add(_tokens, "Work", "issue", reseal.issue)
_add(_tokens, "Work", "list", reseal.show)
_add(_tokens, "Work", "revoke", reseal.revoke)
app.add_typer(_tokens, name="token", rich_help_panel="Work")
_officers = typer.Typer(cls=CarefulGroup, no_args_is_help=True, help="The officers who may use the API.")
_add(_officers, "Work", "first-admin", officers.first_admin)
_add(_officers, "Work", "add", officers.add)
_add(_officers, "Work", "import", officers.import_file)
_add(_officers, "Work", "list", officers.show)
_add(_officers, "Work", "give", officers.give)
_add(_officers, "Work", "take", officers.take)
_add(_officers, "Work", "disable", officers.disable)
_add(_officers, "Work", "enable", officers.enable)
_add(_officers, "Work", "reset", officers.reset)
_add(_officers, "Work", "absent", officers.absent)
app.add_typer(_officers, name="officer", rich_help_panel="Work")
_teams = typer.Typer(cls=CarefulGroup, no_args_is_help=True, help="Teams of officers.")
_add(_teams, "Work", "add", teams.add)
_add(_teams, "Work", "list", teams.show)
_add(_teams, "Work", "change", teams.change)
_add(_teams, "Work", "end", teams.end)
app.add_typer(_teams, name="team", rich_help_panel="Work")
_banks = typer.Typer(cls=CarefulGroup, no_args_is_help=True, help="The directory of banks, wallets and aggregators.")
_add(_banks, "Work", "load", bank.load)
_add(_banks, "Work", "add", bank_edit.add)
_add(_banks, "Work", "login", bank_edit.login)
_add(_banks, "Work", "remove", bank_edit.remove)
_add(_banks, "Work", "list", bank.show)
_add(_banks, "Work", "test", bank_check.check)
_add(_banks, "Work", "roster", bank_roster.roster)
_add(_banks, "Work", "holidays", bank_roster.holidays)
_add(_banks, "Work", "load-public", bank_check.load_public)
_keys = typer.Typer(cls=CarefulGroup, no_args_is_help=True, help="The keys with which banks sign their messages to us.")
_add(_keys, "Work", "add", bank_keys.add)
_add(_keys, "Work", "list", bank_keys.show)
_add(_keys, "Work", "revoke", bank_keys.revoke)
_add(_keys, "Work", "require", bank_keys.require)
_add(_keys, "Work", "asked", bank_keys.asked)
_add(_keys, "Work", "confirm", bank_keys.confirm)
_add(_keys, "Work", "refuse", bank_keys.refuse)
_banks.add_typer(_keys, name="key", rich_help_panel="Work")
app.add_typer(_banks, name="bank", rich_help_panel="Work")
_iso = typer.Typer(cls=CarefulGroup, no_args_is_help=True, help="Handle files of ISO 20022 messages by hand.")
_add(_iso, "Work", "show", iso.show)
_add(_iso, "Work", "take", iso.take)
app.add_typer(_iso, name="iso", rich_help_panel="Work")
# Each benchmark parses its own options.
_passed_on = {"ignore_unknown_options": True, "allow_extra_args": True}
_add(app, "Try", "bench", bench.bench, context_settings=_passed_on)
_add(app, "Try", "demo-code", officers.demo_code)


def main() -> NoReturn:
    """Run the command and exit with its code."""
    # Set before the command imports what it needs: its modules and models are 200,000 objects, and no garbage.
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    code = 0
    try:
        app()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    _exit(code)


def _exit(code: int) -> NoReturn:
    """Exit the process, at once if the Temporal SDK is loaded, because its threads can crash at a normal exit."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (BrokenPipeError, ValueError):
            # The reader of our output has closed it.
            code = code or 1
    if "temporalio" in sys.modules:
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
