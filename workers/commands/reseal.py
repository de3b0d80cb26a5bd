"""`goldenhour reseal`: seal every value in the database under a new secret key."""

import asyncio
from typing import TYPE_CHECKING

import typer

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
    from db.privacy.sealed import BANK_CREDENTIALS, TOTP_SECRETS

    text = f"{result.column}: {result.resealed} resealed, {result.current} under the current key, {result.others} not"
    if result.unopened:
        remedies = {BANK_CREDENTIALS.name: ": load the bank again", TOTP_SECRETS.name: ": reset the officer"}
        shown = ", ".join(result.unopened[:SHOWN_ROWS])
        more = f" and {len(result.unopened) - SHOWN_ROWS} more" if len(result.unopened) > SHOWN_ROWS else ""
        text += f"; no key opens {shown}{more}{remedies.get(result.column, '')}"
    elif result.others:
        text += "; they were locked: run it again"
    return text
