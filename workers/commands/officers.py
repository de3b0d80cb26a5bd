"""Commands on officers and their sign-in."""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from schemas.enums import Language, Role
from workers.commands.bank import mistakes_in
from workers.commands.bank_keys import read_time
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
    from activities.officers.enrolment import SignInLink
    from db.pool import Connection
    from schemas.officers.officers import OfficerEntry


def first_admin(
    officer_id: Annotated[str, typer.Argument(metavar="ID", help="Service number or e-mail address of the officer.")],
    name: Annotated[str, typer.Option(help="Name of the officer.")],
) -> None:
    """Add the first officer, as admin, and print a link to set the password and the authenticator.

    The link is good once, for 15 minutes. The command is refused when any officer exists: then `goldenhour officer
    reset` makes a new link. The person who opens it becomes this officer: give it to no other person.

    Exit codes: 0 done, 1 there are officers or it failed, 2 wrong usage or settings.
    """
    settings = with_database(load_settings())
    print_link(settings, run(_add_first_admin(settings, _entry_of_admin(officer_id, name))))


def demo_code(
    user: Annotated[str, typer.Argument(metavar="USER", help="The officer who signs in.")],
) -> None:
    """Print the code that the authenticator of an officer of a running demo shows now.

    Only for the demo that runs in GOLDENHOUR_HOME, whose officers are invented. Their secrets stand in a file there. No
    database is read.

    Exit codes: 0 done, 1 no demo runs there, or it has no such officer, 2 wrong usage or settings.
    """
    from schemas.officers.officers import folded
    from workers.home import RunFile
    from workers.simulated_people import code_now, read_people

    settings = load_settings()
    running = RunFile.read(settings.home)
    if settings.database_url is not None or running is None or not running.is_demo:
        raise Failed("codes are printed only for a demo that runs in GOLDENHOUR_HOME")
    person = next((officer for officer in read_people(settings.home) if officer.officer_id == folded(user)), None)
    if person is None:
        raise Failed(f"the demo has no officer {user}")
    sys.stdout.write(code_now(person) + "\n")


def print_new_link(officer_id: str) -> None:
    """Make a link for an officer who exists, and print it."""
    settings = with_database(load_settings())
    [(_, link)] = run(_new_links(settings, [officer_id]))
    print_link(settings, link)


def print_link(settings: Settings, link: "SignInLink", officer_id: str = "") -> None:
    """Print a link of an officer, after the id if it is given, and on standard error its end."""
    from schemas.text import IST
    from workers.home import RunFile

    running = RunFile.read(settings.home)
    own = (running.desk_url or running.api_url) if running else f"http://{settings.api_host}:{settings.api_port}"
    base = settings.desk_url or own
    sys.stdout.write(f"{officer_id} {base.rstrip('/')}{link.path}\n".lstrip())
    until = link.valid_until.astimezone(IST).isoformat(timespec="seconds")
    errors().print(f"good once, until {until}", highlight=False)


def _entry_of_admin(officer_id: str, name: str) -> "OfficerEntry":
    from pydantic import ValidationError

    from schemas.officers.officers import OfficerEntry

    try:
        return OfficerEntry(officer_id=officer_id, name=name)
    except ValidationError as error:
        raise Failed(mistakes_in("officer", error), USAGE) from error


async def _add_first_admin(settings: Settings, entry: "OfficerEntry") -> "SignInLink":
    from activities.officers.enrolment import add_first_admin

    async with await open_database(settings) as pool:
        async with pool.acquire() as connection:
            life = await _life(connection, settings)
        return await add_first_admin(pool, entry, actor(), life)


async def _new_links(settings: Settings, officer_ids: "Sequence[str]") -> "list[tuple[str, SignInLink]]":
    from activities.officers.enrolment import make_link

    async with (
        await open_database(settings) as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        life = await _life(connection, settings)
        return [(officer_id, await make_link(connection, officer_id, actor(), life)) for officer_id in officer_ids]


async def _life(connection: "Connection", settings: Settings) -> timedelta:
    return timedelta(seconds=(await policy_in_force(connection, settings)).sessions.link_seconds)


if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from db.pool import Pool
    from schemas.officers.officers import Absence, OfficerEntry, OfficerRow

T = TypeVar("T")

OfficerArgument = Annotated[str, typer.Argument(metavar="ID", help="Service number or e-mail address of the officer.")]

RoleArgument = Annotated[Role, typer.Argument(metavar="ROLE", help="The role, as in `goldenhour officer list`.")]


def add(
    officer_id: OfficerArgument,
    name: Annotated[str, typer.Option(help="Name of the officer.")],
    role: Annotated[
        list[Role] | None, typer.Option(help="A role; give it several times for several roles.", show_default=False)
    ] = None,
    district: Annotated[
        list[str] | None, typer.Option(help="A district that the officer answers for.", show_default=False)
    ] = None,
    rank: Annotated[str, typer.Option(help="Rank of the officer.")] = "",
    station: Annotated[str, typer.Option(help="Police station of the officer.")] = "",
    mobile: Annotated[str, typer.Option(help="Mobile number of the officer.")] = "",
    email: Annotated[str, typer.Option(help="E-mail address of the officer.")] = "",
    language: Annotated[Language, typer.Option(help="Language of the officer.")] = Language.EN,
    state: Annotated[str, typer.Option(help="State in which the officer serves.")] = "",
) -> None:
    """Add an officer, and print a link to set the password and the authenticator. One person has one id.

    The id is taken in lower case. An officer without a role can do nothing. The link is good once, for 15 minutes.

    Exit codes: 0 added, 1 the id is known or it failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import add_officer

    entry = _entry(
        {
            "officer_id": officer_id,
            "name": name,
            "rank": rank,
            "station": station,
            "mobile": mobile,
            "email": email,
            "language": language,
            "state": state,
            "roles": role or [],
            "districts": district or [],
        }
    )
    run(with_pool(lambda pool: add_officer(pool, entry, actor())))
    errors().print(f"officer {entry.officer_id} added", highlight=False, markup=False)
    print_new_link(entry.officer_id)


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV with one officer per row.", metavar="FILE")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only read and check; write nothing.")] = False,
) -> None:
    """Import a roster of officers; all are imported, or none.

    A known officer becomes as the file says: roles and districts that it does not name end now. An officer who is not
    in the file stays. docs/how-to/officers.md has the columns. For each new officer the id and a link to set the
    password and the authenticator are printed; the link is good once, for 15 minutes, and `reset` makes another.

    Exit codes: 0 imported, 1 failed, 2 the file, the usage or the settings are wrong.
    """
    from activities.officers.enrolment import import_officers
    from workers.importer.report import read_officers

    entries = read_officers(file)
    if dry_run:
        errors().print(f"{len(entries)} officers read, nothing written", highlight=False)
        return
    added = run(with_pool(lambda pool: import_officers(pool, entries, actor())))
    errors().print(f"{len(entries)} officers imported, {len(added)} of them new", highlight=False)
    settings = with_database(load_settings())
    for officer_id, link in run(_new_links(settings, added)):
        print_link(settings, link, officer_id)


def show(json_target: JsonTarget = None) -> None:
    """List the officers with the roles that they have now, their districts and teams.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    rows = run(with_pool(_listed))
    write_json(json_target, [officer.model_dump(mode="json") for officer in rows])
    if json_target is None:
        _show_table(rows)


def give(
    officer_id: OfficerArgument,
    role: RoleArgument,
    begins: Annotated[str | None, typer.Option("--from", metavar="TIME", help="Beginning; now by default.")] = None,
    ends: Annotated[str | None, typer.Option("--until", metavar="TIME", help="End; none by default.")] = None,
) -> None:
    """Give an officer a role, for a time or for good.

    Times are ISO 8601 with an offset, as 2026-12-01T00:00:00+05:30.

    Exit codes: 0 given, 1 no such officer, the role is given already or it failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import give_role

    from_at, until_at = read_time("--from", begins), read_time("--until", ends)
    run(with_pool(lambda pool: give_role(pool, known_id(officer_id), role, from_at, until_at, actor())))
    errors().print(f"officer {known_id(officer_id)} is given {role}", highlight=False, markup=False)


def take(officer_id: OfficerArgument, role: RoleArgument) -> None:
    """End a role of an officer now.

    Exit codes: 0 ended, 1 the officer does not have the role or it failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import end_role

    run(with_pool(lambda pool: end_role(pool, known_id(officer_id), role, actor())))
    errors().print(f"officer {known_id(officer_id)} is {role} no more", highlight=False, markup=False)


def disable(officer_id: OfficerArgument) -> None:
    """Disable an officer, who has no role and no way in from the next second on.

    Exit codes: 0 done, 1 no such officer or failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import disable_officer

    run(with_pool(lambda pool: disable_officer(pool, known_id(officer_id), actor())))
    errors().print(f"officer {known_id(officer_id)} disabled", highlight=False, markup=False)


def enable(officer_id: OfficerArgument) -> None:
    """Enable a disabled officer again, with the roles of before.

    Exit codes: 0 done, 1 no such officer or failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import enable_officer

    run(with_pool(lambda pool: enable_officer(pool, known_id(officer_id), actor())))
    errors().print(f"officer {known_id(officer_id)} enabled", highlight=False, markup=False)


def reset(officer_id: OfficerArgument) -> None:
    """End everything with which an officer comes in, and print a link to set password and authenticator again.

    The officer stays, with all roles. Sessions end. The link is good once, for 15 minutes.

    Exit codes: 0 done, 1 no such officer or failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import reset_officer

    run(with_pool(lambda pool: reset_officer(pool, known_id(officer_id), actor())))
    errors().print(f"officer {known_id(officer_id)} reset", highlight=False, markup=False)
    print_new_link(known_id(officer_id))


def absent(
    officer_id: OfficerArgument,
    days: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIRST..LAST", help="Days as 2026-12-01..2026-12-05; none: the officer is there."),
    ] = None,
) -> None:
    """Write the days on which an officer is absent. They replace the known ones.

    Exit codes: 0 done, 1 no such officer or failed, 2 wrong usage or settings.
    """
    from activities.officers.enrolment import write_absences

    absences = [_absence(text) for text in days or ()]
    run(with_pool(lambda pool: write_absences(pool, known_id(officer_id), absences, actor())))
    errors().print(f"officer {known_id(officer_id)}: {len(absences)} absences written", highlight=False, markup=False)


def known_id(officer_id: str) -> str:
    """Return an officer's id as the database has it."""
    from schemas.officers.officers import folded

    return folded(officer_id)


def _entry(fields: dict[str, object]) -> "OfficerEntry":
    from pydantic import ValidationError

    from schemas.officers.officers import OfficerEntry

    try:
        return OfficerEntry.model_validate(fields)
    except ValidationError as error:
        raise Failed(mistakes_in("officer", error), USAGE) from error


def _absence(text: str) -> "Absence":
    from pydantic import ValidationError

    from schemas.officers.officers import Absence

    first, _, last = text.partition("..")
    try:
        return Absence(first_day=date.fromisoformat(first), last_day=date.fromisoformat(last or first))
    except ValidationError as error:
        raise Failed(mistakes_in(text, error), USAGE) from error
    except ValueError:
        raise Failed(f"{text}: write 2026-12-01..2026-12-05", USAGE) from None


async def with_pool(work: "Callable[[Pool], Awaitable[T]]") -> T:
    """Do the work with a connection to the database of the settings."""
    async with await open_database(with_database(load_settings())) as pool:
        return await work(pool)


async def _listed(pool: "Pool") -> "list[OfficerRow]":
    from db.officers import officers

    rows: list[OfficerRow] = []
    async with pool.acquire() as connection:
        while page := await officers.listed(connection, after=rows[-1].officer_id if rows else ""):
            rows += page
    return rows


def _show_table(rows: "list[OfficerRow]") -> None:
    from rich.table import Table
    from rich.text import Text

    table = Table(title=f"{len(rows)} officers", title_justify="left")
    for name in ("officer", "name", "rank", "roles", "districts", "teams"):
        table.add_column(name, overflow="fold")
    for officer in rows:
        roles = "disabled" if officer.disabled_at else ", ".join(officer.roles)
        texts = (
            officer.officer_id,
            officer.name,
            officer.rank,
            roles,
            ", ".join(officer.districts),
            ", ".join(officer.teams),
        )
        table.add_row(*map(Text, texts))
    people(None).print(table)
