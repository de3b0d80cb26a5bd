"""`goldenhour token`: tokens of officers, and tokens of scripts, which are named, have an end and can be revoked."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.enums import Role
from workers.commands.bank import mistakes_in
from workers.commands.common import JsonTarget, errors, load_settings, people, run, write_json
from workers.commands.exits import USAGE, Failed
from workers.commands.officers import actor, with_pool
from workers.commands.processes import own_name, with_known_key

if TYPE_CHECKING:
    from db.pool import Pool
    from schemas.officers import ScriptToken

DEFAULT_TOKEN_HOURS = 12.0
DEFAULT_SCRIPT_DAYS = 90
HOUR_SECONDS = 3600


def token(
    context: typer.Context,
    role: Annotated[
        Role | None,
        typer.Option(help="Role in which the officer comes; docs/reference/security.md lists the rights."),
    ] = None,
    name: Annotated[str, typer.Option("--as", metavar="ID", help="Id of the officer.")] = "",
    hours: Annotated[float, typer.Option(min=0.01, help="Hours of validity, at most 720.")] = DEFAULT_TOKEN_HOURS,
) -> None:
    """Create an officer's token for the API and print it; or issue, list and revoke tokens of scripts.

    It is signed with the key of GOLDENHOUR_SECRET_KEY or GOLDENHOUR_OFFICERS_KEY, else of the stack in GOLDENHOUR_HOME.
    It opens nothing unless the officer is in the database and has that role (`goldenhour officer add`).

    curl -H "Authorization: Bearer $(goldenhour token --role desk --as a.verma)" …

    The bearer of the token acts as that officer: do not write it into files that others read.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    from activities.secrets import Process
    from api.tokens import Tokens
    from workers.home import process_keys

    if context.invoked_subcommand is not None:
        return
    if role is None:
        raise Failed("give --role, or one of the commands issue, list and revoke", USAGE)
    settings = with_known_key(load_settings())
    try:
        keys = process_keys(settings, Process.OFFICERS)
        made = Tokens(keys).for_officer(name or own_name(), role, round(hours * HOUR_SECONDS))
    except ValueError as error:
        raise Failed(str(error), USAGE) from error
    sys.stdout.write(made + "\n")


def issue(
    name: Annotated[str, typer.Option(help="Name of the script, which stands in the case log.")],
    role: Annotated[list[Role], typer.Option(help="intake or auditor; give it twice for both.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="Days of validity.")] = DEFAULT_SCRIPT_DAYS,
) -> None:
    """Issue a token for a script, such as the helpline's own intake, and print it. It is kept nowhere else.

    A script is no officer: it takes complaints or reads, and is never the second officer anywhere.

    Exit codes: 0 issued, 1 failed, 2 wrong usage or settings.
    """
    from pydantic import ValidationError

    from activities.officers import script_tokens
    from schemas.officers import NewScriptToken

    try:
        new = NewScriptToken(name=name, roles=tuple(role), days=days)
    except ValidationError as error:
        raise Failed(mistakes_in("token", error), USAGE) from error
    token_id, made = run(with_pool(lambda pool: script_tokens.issue(pool, new, actor())))
    errors().print(f"token {token_id} of {new.name} issued, for {days} days", highlight=False, markup=False)
    sys.stdout.write(made + "\n")


def show(json_target: JsonTarget = None) -> None:
    """List the tokens of scripts, also those that have ended. The tokens themselves are not known.

    Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
    """
    found = run(with_pool(_listed))
    write_json(json_target, [one.model_dump(mode="json") for one in found])
    if json_target is None:
        _show_table(found)


def revoke(
    token_id: Annotated[int, typer.Argument(metavar="NUMBER", help="Number of the token in the list.", min=1)],
) -> None:
    """Revoke a token of a script, which opens nothing from the next second on.

    Exit codes: 0 revoked, 1 no such token or failed, 2 wrong usage or settings.
    """
    from activities.officers import script_tokens

    run(with_pool(lambda pool: script_tokens.revoke(pool, token_id, actor())))
    errors().print(f"token {token_id} revoked", highlight=False)


async def _listed(pool: "Pool") -> "list[ScriptToken]":
    from db.officers import script_tokens

    async with pool.acquire() as connection:
        return await script_tokens.listed(connection)


def _show_table(found: "list[ScriptToken]") -> None:
    from rich.table import Table
    from rich.text import Text

    from schemas.text import IST

    table = Table(title=f"{len(found)} tokens of scripts", title_justify="left")
    for name in ("number", "name", "roles", "state", "ends (IST)", "last used"):
        table.add_column(name, overflow="fold")
    for one in found:
        ends = one.ends_at.astimezone(IST).isoformat(timespec="minutes")
        last = str(one.last_used_day or "")
        table.add_row(*map(Text, (str(one.token_id), one.name, ", ".join(one.roles), one.state, ends, last)))
    people(None).print(table)
