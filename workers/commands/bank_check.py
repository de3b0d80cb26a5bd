"""Commands on a bank: check, answer, public list."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.bank import read_directory
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
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.processes import actor
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.banks.directory import Way
    from domain.banks.directory import HoldBalances
    from schemas.banks.institutions import InstitutionEntry
    from schemas.enums import ChannelKind
    from workers.conformance.findings import Finding, Verdict

COLOURS = {"right": "green", "odd": "yellow", "wrong": "bold red", "untried": "dim"}


def check(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
    file: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="A directory file with its entry, instead of the database."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=0.1, max=120.0, help="Time limit of each call in seconds.")] = 10.0,
    json_target: JsonTarget = None,
) -> None:
    """Call a bank's endpoint over each of its channels with test tickets, and report what is wrong.

    The settings that are used are shown first. A refusal is shown with the bank's own text and what to look at.
    Whether its balances include money on hold is judged by its latest answers in the database, if they show it.
    A test ticket is about one rupee that no one sent. Its acknowledgement number begins with 9000000, its category is
    TEST and its RRN begins with 9999 (docs/how-to/directory.md). The last call is a login with a wrong password.

    Exit codes: 0 nothing is wrong, 1 something is wrong or nothing could be tested, 2 wrong usage or settings.
    """
    from adapters.banks.protocol import BankWire
    from domain.banks.directory import HoldBalances, meaning_of
    from schemas.enums import ChannelKind
    from workers.conformance.suite import HOW_TO_FIND_OUT, settings_of

    settings = load_settings()
    if file is None:
        settings = with_database(settings)
        ways, counts = run(_known(settings, code))
    else:
        ways, counts = _ways_of(read_directory(file), code), HoldBalances()
    balances = _balances(ways, counts)
    findings = [*run(_check(ways, settings, timeout)), *([balances] if balances is not None else [])]
    well = _is_well(findings)
    settings_used = {kind.value: settings_of(way) for kind, way in ways.items() if isinstance(way, BankWire)}
    checked = {"findings": [asdict(finding) for finding in findings], "settings": settings_used}
    write_json(json_target, {"code": code, "well": well, "balances": meaning_of(counts), **checked})
    _show_settings(settings_used, json_target)
    _show(code, findings, json_target)
    if ChannelKind.I4C in ways and balances is None:
        people(json_target).print(HOW_TO_FIND_OUT, highlight=False, markup=False)
    if not well:
        raise typer.Exit(FAILURE)


async def _known(settings: Settings, code: str) -> "tuple[Mapping[ChannelKind, Way], HoldBalances]":
    """Return the bank's channels, and what its latest answers show about its balances."""
    import asyncio

    from activities.banks.directory import DirectoryCache
    from db.banks.lien_setting import hold_balances
    from workers.home import secret_box

    box = await asyncio.to_thread(secret_box, settings)
    async with await open_database(settings) as pool:
        cache = DirectoryCache(pool, box)
        await cache.refresh()
        known = cache.current.get(code)
        if known is None:
            raise Failed(f"{code} is not in the directory")
        if known.sponsor and not known.channels:
            raise Failed(f"{code} has no own channel to test; its sponsor is {known.sponsor}")
        bank_ways = {kind: await cache.way(code, kind) for kind in known.channels}
        async with pool.acquire() as connection:
            counts = await hold_balances(connection, code)
    return {kind: way for kind, way in bank_ways.items() if way is not None}, counts


def _ways_of(entries: "Sequence[InstitutionEntry]", code: str) -> "Mapping[ChannelKind, Way]":
    from activities.banks.directory import ways_of_entry

    entry = next((entry for entry in entries if entry.code == code), None)
    if entry is None:
        raise Failed(f"{code} is not in the file")
    return ways_of_entry(entry)


async def _check(ways: "Mapping[ChannelKind, Way]", settings: Settings, timeout_seconds: float) -> "Sequence[Finding]":
    from workers.conformance.suite import check_bank

    return await check_bank(ways, timeout_seconds=timeout_seconds, allow_plain_http=settings.allow_plain_http)


def _is_well(findings: "Sequence[Finding]") -> bool:
    from workers.conformance.findings import Verdict

    verdicts = {finding.verdict for finding in findings}
    return Verdict.WRONG not in verdicts and bool(verdicts & {Verdict.RIGHT, Verdict.ODD})


def _balances(ways: "Mapping[ChannelKind, Way]", counts: "HoldBalances") -> "Finding | None":
    """Return what the bank's answers show about its setting for balances; None if it has none or they show nothing."""
    from adapters.banks.protocol import BankWire
    from schemas.enums import ChannelKind
    from workers.conformance.suite import check_balances

    wire = ways.get(ChannelKind.I4C)
    return check_balances(counts, include_liens=wire.balance_includes_liens) if isinstance(wire, BankWire) else None


def _show_settings(used: "Mapping[str, Mapping[str, str]]", json_target: str | None) -> None:
    """Print the settings of each channel that is called, one line each, without secrets."""
    for channel, settings in used.items():
        text = ", ".join(f"{name}: {value}" for name, value in settings.items())
        people(json_target).print(f"{channel}  {text}", highlight=False, markup=False, soft_wrap=True)


def _show(code: str, findings: "Sequence[Finding]", json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{code}: {_summary(findings)}", title_justify="left")
    for name in ("channel", "check", "verdict", "result", "ms"):
        table.add_column(name, overflow="fold", justify="right" if name == "ms" else "left")
    for finding in findings:
        table.add_row(
            finding.channel.value,
            finding.check,
            Text(finding.verdict.value, style=COLOURS[finding.verdict]),
            # The bank's own text is no markup.
            Text(finding.detail),
            "" if finding.milliseconds is None else str(finding.milliseconds),
        )
    people(json_target).print(table)


def _summary(findings: "Sequence[Finding]") -> str:
    from workers.conformance.findings import Verdict

    def count(verdict: "Verdict") -> int:
        return sum(finding.verdict is verdict for finding in findings)

    return ", ".join(f"{count(verdict)} {verdict.value}" for verdict in Verdict if count(verdict)) or "no channel"


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
    _show_sorted(done, dry_run, json_target)


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
        "rejected": [{"what": rejection.what, "reason": rejection.reason} for rejection in done.rejected],
    }


def _show_sorted(done: "Sorted", dry_run: bool, json_target: str | None) -> None:
    console = people(json_target)
    rows = [
        (code, f"kept unchanged; the package differs in {', '.join(fields)}") for code, fields in done.differing.items()
    ]
    rows += [(rejection.what, f"rejected: {rejection.reason}") for rejection in done.rejected]
    for what, words in rows[:SHOWN]:
        console.print(f"{what}: {words}", highlight=False, markup=False, soft_wrap=True)
    if len(rows) > SHOWN:
        console.print(f"… {len(rows)} in all; --json lists every one", highlight=False)
    ends = {"added": done.added, "kept": done.kept, "differing": done.differing, "rejected": done.rejected}
    counts = ", ".join(f"{len(codes)} {end}" for end, codes in ends.items())
    errors().print(counts + ("; nothing was written" if dry_run else ""), highlight=False)
