"""`goldenhour team`: teams of officers, with districts, members, shifts and a lead."""

import re
from typing import TYPE_CHECKING, Annotated, Final

import typer

from workers.commands.bank import mistakes_in
from workers.commands.common import JsonTarget, errors, people, run, write_json
from workers.commands.exits import USAGE, Failed
from workers.commands.officers import with_pool
from workers.commands.processes import actor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from db.pool import Pool
    from schemas.officers.officers import TeamEntry, TeamShift

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_SHIFT: Final = re.compile(r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))? (?P<starts>\d\d:\d\d)-(?P<ends>\d\d:\d\d)")

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the team.")]


def add(
    name: NameArgument,
    lead: Annotated[str | None, typer.Option(metavar="ID", help="The officer who leads the team.")] = None,
    district: Annotated[list[str] | None, typer.Option(help="A district of the team.", show_default=False)] = None,
    member: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An officer of the team.", show_default=False)
    ] = None,
    shift: Annotated[
        list[str] | None,
        typer.Option(metavar="SHIFT", help="Hours in Indian time, as 'mon-fri 09:00-18:00'.", show_default=False),
    ] = None,
) -> None:
    """Add a team. A team without shifts works at any hour.

    Exit codes: 0 added, 1 the name is taken, an officer is unknown or it failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import add_team

    entry = _entry(name, lead, district or [], member or [], _all_shifts(shift or []))
    run(with_pool(lambda pool: add_team(pool, entry, actor())))
    errors().print(f"team {entry.name} added", highlight=False, markup=False)


def change(
    name: NameArgument,
    new_name: Annotated[str | None, typer.Option("--name", metavar="NAME", help="Another name.")] = None,
    lead: Annotated[str | None, typer.Option(metavar="ID", help="The officer who leads it; '' for none.")] = None,
    district: Annotated[list[str] | None, typer.Option(help="A district; '' for none.", show_default=False)] = None,
    member: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="An officer of the team; '' for none.", show_default=False)
    ] = None,
    shift: Annotated[
        list[str] | None,
        typer.Option(metavar="SHIFT", help="Hours, as 'mon-fri 09:00-18:00'; '' for any hour.", show_default=False),
    ] = None,
) -> None:
    """Change a team. What an option names takes the place of what is known, and the rest stays.

    Exit codes: 0 changed, 1 no such team, the name is taken, an officer is unknown or it failed, 2 wrong usage or
    settings.
    """
    from activities.officers.enrolment import change_team

    shifts = None if shift is None else _all_shifts([item for item in shift if item])

    async def changed(pool: "Pool") -> "TeamEntry":
        before = await _named(pool, name.strip())
        entry = _entry(
            before.name if new_name is None else new_name,
            before.lead if lead is None else lead or None,
            before.districts if district is None else [item for item in district if item],
            before.members if member is None else [item for item in member if item],
            before.shifts if shifts is None else shifts,
        )
        await change_team(pool, before.name, entry, before, actor())
        return entry

    entry = run(with_pool(changed))
    errors().print(f"team {entry.name} changed", highlight=False, markup=False)


def show(json_target: JsonTarget = None) -> None:
    """List the teams.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    entries = run(with_pool(_listed))
    write_json(json_target, [entry.model_dump(mode="json") for entry in entries])
    if json_target is None:
        _show_table(entries)


def end(name: NameArgument) -> None:
    """End a team. Its officers stay.

    Exit codes: 0 ended, 1 no such team or failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import end_team

    run(with_pool(lambda pool: end_team(pool, name.strip(), actor())))
    errors().print(f"team {name.strip()} ended", highlight=False, markup=False)


def _entry(
    name: str, lead: str | None, districts: "Sequence[str]", members: "Sequence[str]", shifts: "Sequence[TeamShift]"
) -> "TeamEntry":
    """Return a team as it was typed. Raises `Failed`."""
    from pydantic import ValidationError

    from schemas.officers.officers import TeamEntry

    fields = {"name": name, "lead": lead, "districts": districts, "members": members, "shifts": shifts}
    try:
        return TeamEntry.model_validate(fields)
    except ValidationError as error:
        raise Failed(mistakes_in("team", error), USAGE) from error


def _all_shifts(texts: "Sequence[str]") -> "list[TeamShift]":
    return [team_shift for text in texts for team_shift in _shifts(text)]


def _shifts(text: str) -> "list[TeamShift]":
    from pydantic import ValidationError

    from schemas.officers.officers import TeamShift

    matched = _SHIFT.fullmatch(" ".join(text.lower().split()))
    days = (matched["first"], matched["last"] or matched["first"]) if matched else ("", "")
    if matched is None or not set(days) <= set(DAYS) or DAYS.index(days[0]) > DAYS.index(days[1]):
        raise Failed("--shift: write 'mon-fri 09:00-18:00' or 'sat 09:00-13:00'", USAGE)
    numbers = range(DAYS.index(days[0]) + 1, DAYS.index(days[1]) + 2)
    starts, ends = _minute(matched["starts"]), _minute(matched["ends"])
    try:
        return [TeamShift(day_no=number, starts_minute=starts, ends_minute=ends) for number in numbers]
    except ValidationError as error:
        raise Failed(mistakes_in("--shift", error), USAGE) from error


def _minute(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


async def _listed(pool: "Pool") -> "list[TeamEntry]":
    from db.officers import teams

    async with pool.acquire() as connection:
        return await teams.listed(connection)


async def _named(pool: "Pool", name: str) -> "TeamEntry":
    from db.officers import teams

    async with pool.acquire() as connection:
        return await teams.named(connection, name)


def _show_table(entries: "list[TeamEntry]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(entries)} teams", title_justify="left")
    for name in ("team", "lead", "districts", "members", "shifts a week"):
        table.add_column(name, overflow="fold")
    for entry in entries:
        texts = (
            entry.name,
            entry.lead or "",
            ", ".join(entry.districts),
            ", ".join(entry.members),
            str(len(entry.shifts)),
        )
        table.add_row(*map(Text, texts))
    people(None).print(table)
