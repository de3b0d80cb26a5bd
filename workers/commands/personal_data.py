"""`goldenhour retention`: personal data of victims and account holders."""

from typing import TYPE_CHECKING

from workers.commands.common import (
    JsonTarget,
    load_settings,
    open_database,
    people,
    run,
    with_database,
    write_json,
)

if TYPE_CHECKING:
    from db.privacy.retention import RetentionReport
    from workers.settings import Settings


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
    lines += [f"{count:,} destroyed: {rule}" for rule, count in sorted(found.destroyed.items())]
    people(json_target).print("\n".join(lines), highlight=False, markup=False, soft_wrap=True)


async def _report(settings: "Settings") -> "RetentionReport":
    from db.privacy.retention import report

    async with await open_database(settings) as pool, pool.acquire() as connection:
        return await report(connection)
