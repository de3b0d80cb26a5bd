"""`goldenhour bank load-public`: load the banks of India from a public package."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.common import (
    JsonTarget,
    Steps,
    errors,
    load_settings,
    open_database,
    people,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import USAGE, Failed
from workers.commands.processes import actor
from workers.settings import Settings

if TYPE_CHECKING:
    from domain.banks.public_banks import Proposal, Sorted

SHOWN = 20


def load_public(
    package: Annotated[
        Path, typer.Argument(help="The package: its .tgz archive, or a folder it was unpacked in.", metavar="PACKAGE")
    ],
    overrides: Annotated[
        Path | None, typer.Option(metavar="FILE", help="JSON: corrections for some banks, by code.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing, only show the changes.")] = False,
    json_target: JsonTarget = None,
) -> None:
    """Add the banks of the public package `ifsc` that the directory lacks.

    They come with IFSC prefixes and sponsors, all or none. An added bank has no channel. Its requests go to its
    sponsor, or by telephone. Known banks are never changed. If the package differs from a known bank, the command
    reports that.

    Exit codes: 0 done, 1 failed, 2 the package, the overrides or the settings are wrong.
    """
    settings = with_database(load_settings())
    with Steps("public banks:") as steps:
        steps.show("reading")
        proposal = _proposal(package, overrides)
        steps.show(f"{len(proposal.entries)} banks read, comparing with the directory")
        done = run(_add(settings, proposal, dry_run))
    write_json(json_target, _as_json(done, dry_run))
    _show_of_bank_public(done, dry_run, json_target)


def _proposal(package: Path, overrides: Path | None) -> "Proposal":
    from domain.banks.public_banks import PackageRefused, propose
    from workers.bank_package import read_overrides, read_package

    try:
        return propose(read_package(package), [] if overrides is None else read_overrides(overrides))
    except OSError as error:
        raise Failed(f"{error.filename or package}: {error.strerror or error}", USAGE) from error
    except PackageRefused as error:
        raise Failed(str(error), USAGE) from error


async def _add(settings: Settings, proposal: "Proposal", dry_run: bool) -> "Sorted":
    from activities.banks.loading import add_public_banks

    async with await open_database(settings) as pool:
        return await add_public_banks(pool, proposal, dry_run=dry_run, by=actor())


def _as_json(done: "Sorted", dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "added": sorted(entry.code for entry in done.added),
        "kept": list(done.kept),
        "differing": {code: list(fields) for code, fields in done.differing.items()},
        "rejected": [{"what": one.what, "reason": one.reason} for one in done.rejected],
    }


def _show_of_bank_public(done: "Sorted", dry_run: bool, json_target: str | None) -> None:
    console = people(json_target)
    rows = [
        (code, f"kept unchanged; the package differs in {', '.join(fields)}") for code, fields in done.differing.items()
    ]
    rows += [(one.what, f"rejected: {one.reason}") for one in done.rejected]
    for what, words in rows[:SHOWN]:
        console.print(f"{what}: {words}", highlight=False, markup=False, soft_wrap=True)
    if len(rows) > SHOWN:
        console.print(f"… {len(rows)} in all; --json lists every one", highlight=False)
    ends = {"added": done.added, "kept": done.kept, "differing": done.differing, "rejected": done.rejected}
    counts = ", ".join(f"{len(found)} {end}" for end, found in ends.items())
    errors().print(counts + ("; nothing was written" if dry_run else ""), highlight=False)
