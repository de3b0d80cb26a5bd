"""`goldenhour officer first-admin` and `demo-code`, and the links that commands about officers print."""

import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from workers.commands.bank import mistakes_in
from workers.commands.common import errors, load_settings, open_database, policy_in_force, run, with_database
from workers.commands.exits import USAGE, Failed
from workers.commands.processes import actor
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.officers.sign_in_links import SignInLink
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
    print_link(settings, run(_add_first_admin(settings, _entry_of_sign_in(officer_id, name))))


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
    person = next((one for one in read_people(settings.home) if one.officer_id == folded(user)), None)
    if person is None:
        raise Failed(f"the demo has no officer {user}")
    sys.stdout.write(code_now(person) + "\n")


def print_new_link(officer_id: str) -> None:
    """Make a link for an officer who exists, and print it."""
    settings = with_database(load_settings())
    print_link(settings, run(_new_link(settings, officer_id)))


def print_link(settings: Settings, link: "SignInLink") -> None:
    """Print a link of an officer on standard output, and its end on standard error."""
    from schemas.text import IST
    from workers.home import RunFile

    running = RunFile.read(settings.home)
    own = (running.desk_url or running.api_url) if running else f"http://{settings.api_host}:{settings.api_port}"
    base = settings.desk_url or own
    sys.stdout.write(f"{base.rstrip('/')}{link.path}\n")
    until = link.valid_until.astimezone(IST).isoformat(timespec="seconds")
    errors().print(f"good once, until {until}", highlight=False)


def _entry_of_sign_in(officer_id: str, name: str) -> "OfficerEntry":
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


async def _new_link(settings: Settings, officer_id: str) -> "SignInLink":
    from activities.officers.sign_in_links import make_link

    async with (
        await open_database(settings) as pool,
        pool.acquire() as connection,
        connection.transaction(),
    ):
        return await make_link(connection, officer_id, actor(), await _life(connection, settings))


async def _life(connection: "Connection", settings: Settings) -> timedelta:
    return timedelta(seconds=(await policy_in_force(connection, settings)).sessions.link_seconds)
