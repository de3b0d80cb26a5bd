"""The commands about sealed data and tokens."""

import asyncio
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from schemas.enums import Role
from workers.commands.bank import mistakes_in
from workers.commands.common import (
    JsonTarget,
    errors,
    load_settings,
    open_database,
    people,
    run,
    with_database,
    write_json,
)
from workers.commands.exits import FAILURE, USAGE, Failed
from workers.commands.officers import with_pool
from workers.commands.processes import actor
from workers.settings import ENV_PREFIX, Settings

if TYPE_CHECKING:
    from activities.privacy.reseal import Resealed

SHOWN_ROWS = 10


def reseal(json_target: JsonTarget = None) -> None:
    """Seal every sealed value in the database under the current secret key, after the key was changed.

    It opens each value with GOLDENHOUR_PREVIOUS_SECRET_KEY and seals it with GOLDENHOUR_SECRET_KEY. It may be stopped
    at any moment and run again. It refuses to begin while a process runs that does not know the current key. When it is
    complete, the previous key is no longer needed: docs/how-to/keys.md has all steps.

    Exit codes: 0 every value is under the current key, 1 some are not or it failed, 2 wrong usage or settings.
    """
    settings = load_settings()
    if settings.previous_secret_key is None:
        raise Failed(f"{ENV_PREFIX}PREVIOUS_SECRET_KEY is required: it opens the values that are sealed now", USAGE)
    if settings.previous_secret_key == settings.secret_key:
        raise Failed(f"{ENV_PREFIX}SECRET_KEY and {ENV_PREFIX}PREVIOUS_SECRET_KEY are the same key", USAGE)
    results = run(_reseal(with_database(settings)))
    write_json(json_target, [vars(result) | {"unopened": list(result.unopened)} for result in results])
    for result in results:
        people(json_target).print(_text(result), highlight=False, markup=False, soft_wrap=True)
    if not all(result.is_complete for result in results):
        raise typer.Exit(FAILURE)


async def _reseal(settings: Settings) -> "list[Resealed]":
    from activities.privacy.reseal import reseal as reseal_all
    from workers.home import secret_box

    box = await asyncio.to_thread(secret_box, settings)
    async with await open_database(settings) as pool:
        return await reseal_all(
            pool, box, lambda column, done: errors().print(f"{column}: {done} resealed", highlight=False)
        )


def _text(result: "Resealed") -> str:
    from db.privacy.body_keys import BANK_CREDENTIALS, TOTP_SECRETS

    text = f"{result.column}: {result.resealed} resealed, {result.current} under the current key, {result.others} not"
    if result.unopened:
        remedies = {BANK_CREDENTIALS.name: ": load the bank again", TOTP_SECRETS.name: ": reset the officer"}
        shown = ", ".join(result.unopened[:SHOWN_ROWS])
        more = f" and {len(result.unopened) - SHOWN_ROWS} more" if len(result.unopened) > SHOWN_ROWS else ""
        text += f"; no key opens {shown}{more}{remedies.get(result.column, '')}"
    elif result.others:
        text += "; they were locked: run it again"
    return text


if TYPE_CHECKING:
    from db.privacy.retention import RetentionReport
    from workers.settings import Settings


def retention(json_target: JsonTarget = None) -> None:
    """Show how many persons and cases have a key, and how many keys ended by which rule of retention.

    The workers destroy the keys by themselves (`personal_data.retention` of the policy). What they seal is then erased:
    personal data, messages to and from banks, and documents.

    Exit codes: 0 done, 1 it failed, 2 wrong usage or settings.
    """
    counts = run(_report(with_database(load_settings())))
    write_json(json_target, counts.model_dump())
    lines = [
        f"{counts.kept:,} persons kept under a key",
        f"{counts.cases_kept:,} cases whose messages and documents are kept under a key",
        f"{counts.banks_kept:,} keys of banks for messages of no single case",
    ]
    lines += [f"{count:,} destroyed: {rule}" for rule, count in sorted(counts.destroyed.items())]
    people(json_target).print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


async def _report(settings: "Settings") -> "RetentionReport":
    from db.privacy.retention import report

    async with await open_database(settings) as pool, pool.acquire() as connection:
        return await report(connection)


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
    tokens = run(with_pool(_listed))
    write_json(json_target, [token.model_dump(mode="json") for token in tokens])
    if json_target is None:
        _show_table(tokens)


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


def _show_table(tokens: "list[ScriptToken]") -> None:
    from rich.table import Table
    from rich.text import Text

    from schemas.text import IST

    table = Table(title=f"{len(tokens)} tokens of scripts", title_justify="left")
    for name in ("number", "name", "roles", "state", "ends (IST)", "last used"):
        table.add_column(name, overflow="fold")
    for token in tokens:
        ends = token.ends_at.astimezone(IST).isoformat(timespec="minutes")
        last = str(token.last_used_day or "")
        table.add_row(*map(Text, (str(token.token_id), token.name, ", ".join(token.roles), token.state, ends, last)))
    people(None).print(table)
