"""`goldenhour token`: tokens of scripts, which are named, have an end and can be revoked."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.enums import Role
from workers.commands.bank import mistakes_in
from workers.commands.common import JsonTarget, errors, people, run, write_json
from workers.commands.exits import USAGE, Failed
from workers.commands.officers import with_pool
from workers.commands.processes import actor

if TYPE_CHECKING:
    from db.pool import Pool
    from schemas.officers.officers import ScriptToken

DEFAULT_SCRIPT_DAYS = 90


def issue(
    name: Annotated[str, typer.Option(help="Name of the script, which stands in the case log.")],
    role: Annotated[list[Role], typer.Option(help="intake or auditor, twice for both; or display.")],
    days: Annotated[int, typer.Option(min=1, max=365, help="Days of validity.")] = DEFAULT_SCRIPT_DAYS,
) -> None:
    """Issue a token for a script, such as the helpline's own intake, and print it. It is kept nowhere else.

    A script is no officer: it takes complaints or reads, and is never the second officer anywhere. The token of a
    display shows the wall alone. It is typed into the browser of the display, which exchanges it once.

    Exit codes: 0 issued, 1 failed, 2 wrong usage or settings.
    """
    from pydantic import ValidationError

    from activities.officers import script_tokens
    from schemas.officers.officers import NewScriptToken

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
