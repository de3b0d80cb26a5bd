"""`goldenhour bank roster` and `bank holidays`: a bank's nodal officers and its holidays."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adapters.clock import wall_clock
from workers.commands.bank import mistakes_in
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
    from schemas.banks.rosters import Holiday, NodalOfficer, OfficerToCall

MAX_FILE_BYTES = 1024 * 1024

FromFile = Annotated[
    Path | None, typer.Option("--from", metavar="FILE", help="JSON: a list that replaces the known one.")
]


def roster(
    code: Annotated[str, typer.Argument(help="The institution's code.", metavar="CODE")],
    file: FromFile = None,
    json_target: JsonTarget = None,
) -> None:
    """Show an institution's nodal officers, those on duty first; with --from, replace them first.

    The file is a list in the order of calling (docs/how-to/directory.md). An officer has name, role, email, mobile,
    shifts, works_on_holidays and leaves. Times are Indian time.

    Exit codes: 0 done, 1 failed or no such institution, 2 the file or the settings are wrong.
    """
    from schemas.banks.rosters import NodalOfficer

    settings = with_database(load_settings())
    if file is not None:
        run(_write_roster(settings, code, _read(file, NodalOfficer)))
    known, order = run(_known_roster(settings, code))
    content = {"code": code, "officers": [officer.model_dump(mode="json") for officer in known]}
    write_json(json_target, content | {"to_call": [officer.model_dump(mode="json") for officer in order]})
    _show_roster(code, order, json_target)


def holidays(
    code: Annotated[
        str | None, typer.Argument(help="The institution; without a code, the holidays of all.", metavar="CODE")
    ] = None,
    file: FromFile = None,
    json_target: JsonTarget = None,
) -> None:
    """Show bank holidays; with --from, replace the known ones with those of the file first.

    The file is a list of day, name and source (docs/how-to/directory.md). Holidays with a fixed date, like the
    national ones, are in the policy file.

    Exit codes: 0 done, 1 failed or no such institution, 2 the file or the settings are wrong.
    """
    from schemas.banks.rosters import Holiday

    settings = with_database(load_settings())
    if file is not None:
        run(_write_holidays(settings, code, _read(file, Holiday)))
    days = run(_known_holidays(settings, code))
    write_json(json_target, [holiday.model_dump(mode="json") for holiday in days])
    _show_holidays(code, days, json_target)


def _read(file: Path, kind: Any) -> Any:
    from pydantic import TypeAdapter, ValidationError

    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise Failed(f"{file}: {error.strerror}", USAGE) from error
    if len(data) > MAX_FILE_BYTES:
        raise Failed(f"{file}: larger than {MAX_FILE_BYTES // 1024**2} MB", USAGE)
    try:
        return TypeAdapter(list[kind]).validate_json(data)
    except ValidationError as error:
        raise Failed(mistakes_in(str(file), error), USAGE) from error


async def _write_roster(settings: Settings, code: str, officers: "list[NodalOfficer]") -> None:
    from activities.banks.loading import set_officers

    async with await open_database(settings) as pool:
        await set_officers(pool, code, officers, actor())
    errors().print(f"{code}: {len(officers)} officers written", highlight=False, markup=False)


async def _known_roster(settings: Settings, code: str) -> "tuple[tuple[NodalOfficer, ...], tuple[OfficerToCall, ...]]":
    from db.banks.institutions import known_codes
    from db.banks.rosters import officers, to_call

    async with (
        await open_database(settings) as pool,
        pool.acquire() as connection,
    ):
        if not await known_codes(connection, [code]):
            raise Failed(f"{code} is not in the directory")
        policy = await policy_in_force(connection, settings)
        order = await to_call(connection, [code], policy.bank_holidays, wall_clock())
        return (await officers(connection, [code])).get(code, ()), order.get(code, ())


async def _write_holidays(settings: Settings, code: str | None, days: "list[Holiday]") -> None:
    from activities.banks.loading import set_holidays

    async with await open_database(settings) as pool:
        await set_holidays(pool, code, days, actor())
    errors().print(f"{code or 'every institution'}: {len(days)} holidays written", highlight=False, markup=False)


async def _known_holidays(settings: Settings, code: str | None) -> "list[Holiday]":
    from db.banks.institutions import known_codes
    from db.banks.rosters import holidays as known_holidays

    async with (
        await open_database(settings) as pool,
        pool.acquire() as connection,
    ):
        if code is not None and not await known_codes(connection, [code]):
            raise Failed(f"{code} is not in the directory")
        return await known_holidays(connection, code)


def duty_text(officer: "OfficerToCall") -> str:
    """Return whether an officer is on duty, or when the officer returns."""
    from schemas.text import IST

    if officer.on_duty:
        return "on duty"
    if officer.off_duty_until is None:
        return "off duty"
    return f"off duty until {officer.off_duty_until.astimezone(IST):%a %d %b %H:%M}"


def _show_roster(code: str, order: "tuple[OfficerToCall, ...]", json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"Nodal officers of {code}, in order of calling", title_justify="left")
    for name in ("name", "role", "mobile", "e-mail", "now (IST)"):
        table.add_column(name, overflow="fold")
    for officer in order:
        table.add_row(
            Text(officer.name), Text(officer.role), Text(officer.mobile), Text(officer.email), duty_text(officer)
        )
    people(json_target).print(table)


def _show_holidays(code: str | None, days: "list[Holiday]", json_target: str | None) -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"Holidays of {code or 'every institution'}: {len(days)}", title_justify="left")
    for name in ("day", "name", "source"):
        table.add_column(name, overflow="fold")
    for holiday in days:
        table.add_row(f"{holiday.day:%a %d-%m-%Y}", Text(holiday.name), Text(holiday.source))
    people(json_target).print(table)
