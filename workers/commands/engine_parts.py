"""Parts of the engine that a command opens for itself."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from workers.commands.common import (
    errors,
    open_database,
    policy_in_force,
)
from workers.commands.exits import USAGE, Failed
from workers.settings import Settings

if TYPE_CHECKING:
    from activities.context import Context
    from db.pool import Pool
    from schemas.case.case_workflow import FollowUp

TEMPORAL_LIMIT_SECONDS = 3.0


def write_rejects_file(write: Callable[[], int], path: Path) -> None:
    """Write a file of rejected rows and report it. Raises `Failed` if it cannot be written."""
    try:
        count = write()
    except OSError as error:
        raise Failed(f"{path}: {error.strerror}", USAGE) from error
    errors().print(f"{count:,} rejected rows are in {path}", highlight=False, markup=False)


@asynccontextmanager
async def open_context(settings: Settings, *, personal_data: bool = True) -> "AsyncIterator[Context]":
    """Open a context for a command that needs the database, and no credential of a bank.

    Warns if the directory is empty. Raises `SettingsError` without the secret key, if it needs `personal_data`.
    """
    from activities.banks.directory import DirectoryCache
    from activities.context import Context
    from activities.people.my_case_access import my_case_page
    from activities.privacy.person_keys import PersonKeys
    from workers.home import secret_box

    persons = PersonKeys(await asyncio.to_thread(secret_box, settings)) if personal_data else None
    async with await open_database(settings, most_connections=4) as pool:
        async with pool.acquire() as connection:
            policy = await policy_in_force(connection, settings)
        directory = DirectoryCache(pool, None)
        await directory.refresh()
        if not len(directory.current):
            errors().print(
                "The directory is empty, so no bank can get a request: use `goldenhour bank load FILE`.", style="yellow"
            )
        factors = settings.clock_factor, settings.procedure_clock_factor
        page = my_case_page(settings.public_url)
        yield Context(pool, directory, policy, *factors, my_case_page=page, person_keys=persons)


@asynccontextmanager
async def notifier(settings: Settings, pool: "Pool") -> "AsyncIterator[Callable[[FollowUp], None]]":
    """Yield a function that notifies workflows at once; without Temporal it does nothing.

    The workers' sweep then starts the cases.
    """
    from workers.temporal import CaseNotifier, connect_to

    # Each failed notification would log a line. One line for all of them is enough.
    logging.getLogger("workers.temporal").setLevel(logging.ERROR)
    client = None
    if settings.temporal_address is not None:
        try:
            async with asyncio.timeout(TEMPORAL_LIMIT_SECONDS):
                client = await connect_to(settings)
        except (RuntimeError, TimeoutError):
            client = None
    if client is None:
        errors().print("Temporal cannot be reached; the workers' sweep will start the cases.", style="yellow")
        yield lambda _: None
        return
    notifier = CaseNotifier(client, pool)
    try:
        yield notifier.soon
    finally:
        await notifier.close()
