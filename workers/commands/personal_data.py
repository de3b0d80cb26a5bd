"""`goldenhour seal-victims` and `goldenhour retention`: the personal data of victims."""

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


def seal_victims(json_target: JsonTarget = None) -> None:
    """Seal the name, mobile number and e-mail address of every victim that a release before wrote in clear.

    Each victim gets a key, sealed under GOLDENHOUR_SECRET_KEY. It may be stopped at any moment and run again. It
    refuses to begin before the `post` migrations are applied, because the release before reads the clear text.

    Exit codes: 0 no victim is in clear, 1 it failed, 2 wrong usage or settings.
    """
    sealed = run(_seal(with_database(load_settings())))
    write_json(json_target, {"sealed": sealed})
    people(json_target).print(f"{sealed:,} victims sealed; no other is in clear", highlight=False, markup=False)


async def _seal(settings: "Settings") -> int:
    from activities.person_keys import PersonKeys
    from activities.person_keys import seal_victims as seal_all
    from workers.home import secret_box

    persons = PersonKeys(await asyncio.to_thread(secret_box, settings))
    async with await open_database(settings) as pool:
        return await seal_all(pool, persons, lambda done: errors().print(f"{done:,} victims sealed", highlight=False))


def retention(json_target: JsonTarget = None) -> None:
    """Show how many victims have personal data, and how many lost them by which rule of retention.

    The workers destroy the keys of persons by themselves (`personal_data.retention` of the policy).

    Exit codes: 0 done, 1 it failed, 2 wrong usage or settings.
    """
    found = run(_report(with_database(load_settings())))
    write_json(json_target, found.model_dump())
    lines = [f"{found.kept:,} kept under a key", f"{found.in_clear:,} in clear (goldenhour seal-victims seals them)"]
    lines += [f"{count:,} destroyed: {rule}" for rule, count in sorted(found.destroyed.items())]
    people(json_target).print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


async def _report(settings: "Settings") -> "RetentionReport":
    from db.retention import report

    async with await open_database(settings) as pool, pool.acquire() as connection:
        return await report(connection)
