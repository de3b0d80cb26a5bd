"""`goldenhour iso`: handle files of ISO 20022 messages by hand."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import JsonTarget, load_settings, people, run, show_pairs, with_database, write_json
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.up import notifier, open_context
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.gateway.iso_files import Outcome
    from adapters.banks.iso20022.orders import Arrival

PATIENCE_SECONDS = 30.0

File = Annotated[Path, typer.Argument(help="An ISO 20022 message.", metavar="FILE")]


def take(
    file: File,
    bank: Annotated[str, typer.Option("--bank", metavar="CODE", help="Code of the bank that sent the message.")],
    json_target: JsonTarget = None,
) -> None:
    """Process a bank's message as the worker does, and show the result.

    Processing the same file twice gives the same answer. Only one worker or command takes files at a time: this one
    waits for half a minute at most. A file in that bank's in/ below GOLDENHOUR_ISO_SPOOL moves to done/ or refused/;
    any other file stays. docs/banks/iso20022.md describes the messages.

    Exit codes: 0 taken, 1 refused or failed, 2 the file cannot be read, or wrong usage or settings.
    """
    outcome = run(_take(with_database(load_settings()), file, bank))
    write_json(json_target, _outcome_as_json(outcome))
    if outcome.taken is None:
        raise Failed(f"{file}: refused: {outcome.reason}", FAILURE)
    pairs = [("taken", outcome.taken.said + (" (it was taken before)" if outcome.taken.repeated else ""))]
    pairs += [("to be checked", doubt) for doubt in outcome.taken.doubts]
    show_pairs(people(json_target), [*pairs, ("file", str(outcome.path or "moved by another process"))])


def show(file: File, json_target: JsonTarget = None) -> None:
    """Show the content of a message as text. Nothing is written, and no database is needed.

    The output includes names and accounts.

    Exit codes: 0 shown, 1 not a message of this interface, 2 the file cannot be read, or wrong usage.
    """
    from adapters.banks.iso20022.document import MessageError
    from adapters.banks.iso20022.orders import decode
    from workers.iso_text import describe

    try:
        arrival = decode(_read(file))
    except MessageError as error:
        raise Failed(f"{file}: {error}", FAILURE) from error
    write_json(json_target, _arrival_as_json(arrival))
    show_pairs(people(json_target), describe(arrival))


def _read(file: Path) -> bytes:
    from adapters.banks.iso20022.spool import read_file

    try:
        return read_file(file)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror or error}", USAGE) from error


async def _take(settings: Settings, file: Path, bank: str) -> "Outcome":
    from activities.gateway.iso_files import SpoolBusy, take_file_exclusively
    from adapters.banks.iso20022.spool import Spool

    await asyncio.to_thread(_read, file)
    spool = Spool(settings.iso_spool) if settings.iso_spool else None
    async with open_context(settings) as ctx:
        if ctx.directory.current.get(bank) is None:
            raise Failed(f"no bank {bank} in the directory; `goldenhour bank list` shows the codes", USAGE)
        try:
            outcome = await take_file_exclusively(ctx, spool, bank, file, patience_seconds=PATIENCE_SECONDS)
        except SpoolBusy as error:
            raise Failed(f"{file}: {error}", FAILURE) from error
        except FileNotFoundError as error:
            raise Failed(f"{file}: another process has taken it; see done/ and refused/", FAILURE) from error
        follow_up = outcome.taken.follow_up if outcome.taken else None
        if follow_up is not None:
            async with notifier(settings, ctx.pool) as follow:
                follow(follow_up)
        return outcome


def _outcome_as_json(outcome: "Outcome") -> dict[str, object]:
    taken = outcome.taken
    return {
        "iso": "taken" if taken else "refused",
        "reason": outcome.reason,
        "said": taken.said if taken else "",
        "repeated": taken.repeated if taken else False,
        "doubts": list(taken.doubts) if taken else [],
        "file": str(outcome.path) if outcome.path else None,
    }


def _arrival_as_json(arrival: "Arrival") -> dict[str, object]:
    from dataclasses import asdict

    return {"message": type(arrival).__name__, "says": asdict(arrival)}
