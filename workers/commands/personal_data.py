"""`goldenhour seal` and `goldenhour retention`: personal data of victims and account holders."""

import asyncio
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from db.retention import RetentionReport
    from workers.settings import Settings


def seal(json_target: JsonTarget = None) -> None:
    """Seal what a release before wrote in clear: personal data, messages to and from banks, and documents.

    Each person and each case gets a key, sealed under GOLDENHOUR_SECRET_KEY. It may be stopped at any moment and run
    again. It refuses to begin before the `post` migrations are applied, because the release before reads clear text.

    Exit codes: 0 done, 1 it failed, 2 wrong usage or settings.
    """
    sealed = run(_seal(with_database(load_settings())))
    write_json(json_target, {"sealed": sealed})
    lines = [f"{count:,} {what} sealed" for what, count in sealed.items()]
    people(json_target).print("\n".join(lines), highlight=False, markup=False)


async def _seal(settings: "Settings") -> dict[str, int]:
    from activities.person_keys import PersonKeys
    from activities.sealing import seal_all
    from workers.home import secret_box

    def report(what: str, done: int) -> None:
        errors().print(f"{done:,} {what} sealed", highlight=False)

    persons = PersonKeys(await asyncio.to_thread(secret_box, settings))
    async with await open_database(settings) as pool:
        return await seal_all(pool, persons, report)


def retention(json_target: JsonTarget = None) -> None:
    """Show how many persons and cases have a key, and how many keys ended by which rule of retention.

    The workers destroy the keys by themselves (`personal_data.retention` of the policy). What they seal is then erased:
    personal data, messages to and from banks, and documents.

    Exit codes: 0 done, 1 it failed, 2 wrong usage or settings.
    """
    found = run(_report(with_database(load_settings())))
    write_json(json_target, found.model_dump())
    lines = [
        f"{found.kept:,} persons kept under a key",
        f"{found.cases_kept:,} cases whose messages and documents are kept under a key",
        f"{found.banks_kept:,} keys of banks for messages of no single case",
    ]
    lines += [f"{count:,} {what} in clear (goldenhour seal seals them)" for what, count in found.in_clear.items()]
    lines += [f"{count:,} destroyed: {rule}" for rule, count in sorted(found.destroyed.items())]
    people(json_target).print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


async def _report(settings: "Settings") -> "RetentionReport":
    from db.retention import report

    async with await open_database(settings) as pool, pool.acquire() as connection:
        return await report(connection)
