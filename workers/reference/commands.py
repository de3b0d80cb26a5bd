"""The page of commands: every command of `goldenhour`, its arguments and its options."""

import re
from collections.abc import Iterator
from typing import Any, Final

import typer.main

from workers.cli import app
from workers.reference.markdown import code, page, table

_INTRODUCTION: Final = """`goldenhour COMMAND --help` says the same. Errors are one line on standard error. Exit
codes: 0 done, 1 failed, 2 wrong usage or settings, 130 stopped by Ctrl-C. A command that has more of them names
them."""
_BOLD: Final = re.compile(r"\[bold\](.*?)\[/\]")


def commands_page() -> str:
    """Return the page of commands."""
    return page("Commands", _INTRODUCTION, *_group(typer.main.get_command(app), "goldenhour"))


def command_names() -> set[str]:
    """Return every command as it is typed, such as `goldenhour bank key add`."""
    return {name for name, _ in _walk(typer.main.get_command(app), "goldenhour")}


def _walk(group: Any, prefix: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        full = f"{prefix} {name}"
        is_group = hasattr(command, "commands")
        if not is_group or command.invoke_without_command:
            yield full, command
        if is_group:
            yield from _walk(command, full)


def _group(group: Any, prefix: str) -> Iterator[str]:
    for name, command in _walk(group, prefix):
        yield f"## {name}"
        yield _plain(command.help or "")
        context = command.make_context(name, [], resilient_parsing=True)
        shown = [parameter for parameter in command.params if not getattr(parameter, "hidden", False)]
        records = [record for parameter in shown if (record := parameter.get_help_record(context))]
        if records:
            yield table(
                ["argument or option", "meaning"], [[code(usage), _plain(meaning)] for usage, meaning in records]
            )


def _plain(text: str) -> str:
    """Return the text with what a terminal draws in bold as code."""
    return _BOLD.sub(r"`\1`", text).replace("\b\n", "").strip()
