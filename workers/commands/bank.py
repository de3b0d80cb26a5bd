"""`goldenhour bank`: the directory of institutions."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.clock import wall_clock
from workers.commands.bank_answer import MARKS, lacks_among, warn
from workers.commands.common import (
    JsonTarget,
    errors,
    load_settings,
    open_database,
    people,
    policy_in_force,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import USAGE, Failed
from workers.commands.processes import actor
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import ValidationError
    from rich.text import Text

    from db.banks.channels import Key
    from domain.banks.channel_choice import ChannelBreaker
    from schemas.banks.institutions import Institution, InstitutionEntry, Lack
    from schemas.banks.rosters import OfficerToCall
    from workers.commands.bank_answer import Lacks

    Listed = tuple[Institution, list[OfficerToCall]]

MAX_DIRECTORY_BYTES = 20 * 1024 * 1024
SHOWN_MISTAKES = 10
GZIP = b"\x1f\x8b"


def load(
    file: Annotated[
        Path, typer.Argument(help="JSON: a list of institutions (docs/how-to/operations.md).", metavar="FILE")
    ],
) -> None:
    """Load a directory file. Each institution in it replaces the known one with its code; all are loaded, or none.

    Institutions that are not in the file stay. Outbound credentials are encrypted with the secret key. Inbound
    passwords are stored as hashes only. The file holds secrets: keep it readable by you alone.

    Exit codes: 0 loaded, 1 failed, 2 the file or the settings are wrong.
    """
    entries = read_directory(file)
    settings = with_database(load_settings())
    count = run(load_into(settings, entries))
    errors().print(f"{count} institutions loaded", highlight=False)
    warn(run(lacks_now(settings, {entry.code for entry in entries})))


def show(json_target: JsonTarget = None) -> None:
    """List the known institutions with their channels, channel faults and officers on duty.

    Channels are in order of use. An institution that cannot answer us is marked with what it lacks. Secrets are never
    shown.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    listed, health, lacks = run(_list(with_database(load_settings())))
    rows = [_as_json(institution, order, health) for institution, order in listed]
    write_json(json_target, [row | {"lacks": lacks[str(row["code"])]} for row in rows])
    if json_target is None:
        _show_table(listed, health, lacks)


def read_directory(file: Path) -> "list[InstitutionEntry]":
    """Read and check a directory file. Raises `Failed` with one line per mistake, never with a value of the file."""
    from pydantic import TypeAdapter, ValidationError

    from schemas.banks.institutions import InstitutionEntry

    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_DIRECTORY_BYTES + 1)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    if data.startswith(GZIP):
        raise Failed(f"{file}: an archive; load the public package of banks with `bank load-public`", USAGE)
    if len(data) > MAX_DIRECTORY_BYTES:
        raise Failed(f"{file}: larger than {MAX_DIRECTORY_BYTES // 1024**2} MB", USAGE)
    try:
        return TypeAdapter(list[InstitutionEntry]).validate_json(data)
    except ValidationError as error:
        raise Failed(mistakes_in(str(file), error), USAGE) from error


def mistakes_in(what: str, error: "ValidationError") -> str:
    """Return one line per mistake with its field, but without the value, because it may be a secret."""
    mistakes = error.errors(include_input=False, include_url=False)
    lines = [f"{what}: {'.'.join(str(p) for p in m['loc'])}: {m['msg']}" for m in mistakes[:SHOWN_MISTAKES]]
    if len(mistakes) > SHOWN_MISTAKES:
        lines.append(f"… {len(mistakes)} mistakes in all")
    return "\n".join(lines)


async def load_into(settings: Settings, entries: "list[InstitutionEntry]") -> int:
    """Load the institutions into the database of `settings`; return their number. Raises `DirectoryRefused`."""
    from activities.banks.directory import load_directory
    from workers.home import secret_box

    box = await asyncio.to_thread(secret_box, settings)
    async with await open_database(settings) as pool:
        return await load_directory(pool, box, entries, actor())


async def lacks_now(settings: Settings, codes: "set[str]") -> "dict[str, tuple[Lack, ...]]":
    """Return what each of these institutions lacks to answer us, by code."""
    from db.banks.institutions import list_all

    async with await open_database(settings) as pool, pool.acquire() as connection:
        named = [bank for bank in await list_all(connection) if bank.code in codes]
        return await lacks_among(connection, named, wall_clock())


async def _list(settings: Settings) -> "tuple[list[Listed], dict[Key, ChannelBreaker], dict[str, tuple[Lack, ...]]]":
    from db.banks.channels import all_health
    from db.banks.institutions import list_all
    from domain.banks.on_duty import Holidays, calling_order

    async with await open_database(settings) as pool, pool.acquire() as connection:
        rules = (await policy_in_force(connection, settings)).bank_holidays
        banks, health = await list_all(connection), await all_health(connection)
        now = wall_clock()
        lacks = await lacks_among(connection, banks, now)
    listed = [(bank, calling_order(bank.nodal_officers, Holidays(rules, bank.closed_days), now)) for bank in banks]
    return listed, health, lacks


def _as_json(
    institution: "Institution", order: "list[OfficerToCall]", health: "dict[Key, ChannelBreaker]"
) -> dict[str, object]:
    ill = {kind: health[institution.code, kind] for kind in institution.channels if (institution.code, kind) in health}
    shown = {
        kind.value: {"state": item.state.value, "failures": item.failures, "silences": item.silences}
        for kind, item in ill.items()
    }
    on_duty = [item.model_dump(mode="json") for item in order if item.on_duty]
    return institution.model_dump(mode="json", exclude={"closed_days"}) | {"health": shown, "on_duty": on_duty}


def _channels_text(institution: "Institution", health: "dict[Key, ChannelBreaker]") -> str:
    words = []
    for kind in institution.channels:
        fault = health.get((institution.code, kind))
        ill = (
            f"\n{fault.state.value.replace('_', ' ')},\n{fault.failures} failed,\n{fault.silences} unanswered"
            if fault
            else ""
        )
        words.append(f"{kind.value}{ill}")
    return " › ".join(words) or (f"none, under {institution.sponsor}" if institution.sponsor else "none")


def _on_duty_text(order: "list[OfficerToCall]") -> str:
    """Return the officer to call now, or the first who comes on duty."""
    from schemas.text import IST

    if not order:
        return "none known"
    first = order[0]
    whom = " ".join(word for word in (first.name, first.mobile or first.email) if word)
    if first.off_duty_until is not None:
        return f"none until {first.off_duty_until.astimezone(IST):%a %d-%m %H:%M}: {whom}"
    return whom if first.on_duty else f"none; off duty: {whom}"


def _marked(channels: str, lacks: "Sequence[Lack]") -> "Text":
    """Return the channels with what the institution lacks to answer us."""
    from rich.text import Text

    text = Text(channels)
    for lack in lacks:
        text.append(f"\n{MARKS[lack]}", style="bold red")
    return text


def _show_table(banks: "list[Listed]", health: "dict[Key, ChannelBreaker]", lacks: "Lacks") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(banks)} institutions", title_justify="left")
    # A phone number must not be broken over two lines, even on a narrow terminal.
    for name, width in (
        ("code", 4),
        ("name", 0),
        ("kind", 0),
        ("channels", 14),
        ("on duty (IST)", 15),
        ("IFSC, VPA", 9),
    ):
        table.add_column(name, overflow="fold", min_width=width)
    for institution, order in banks:
        table.add_row(
            institution.code,
            Text(institution.name),
            f"{institution.kind.replace('_', ' ')}, {institution.answer_class}",
            _marked(_channels_text(institution, health), lacks[institution.code]),
            Text(_on_duty_text(order)),
            " ".join([*institution.ifsc_prefixes, *(f"@{handle}" for handle in institution.vpa_handles)]),
        )
    people(None).print(table)
