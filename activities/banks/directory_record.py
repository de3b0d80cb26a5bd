"""Record of the directory: who changed what of an institution. Every writer of the directory writes it."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from db.banks import institutions
from db.pool import Connection
from domain.banks.directory import institution_facts, key_facts, secret_facts
from domain.facts import IS_SET, SET_AGAIN, Facts, differences
from schemas.base import Change

PROGRAM: Final = "command:goldenhour"
"""who changes the directory where no person is named"""
EVERY_INSTITUTION: Final = "*"


async def facts_of(connection: Connection, codes: Collection[str], now: datetime) -> dict[str, Facts]:
    """Return the facts about each of these institutions that the directory has."""
    wanted = sorted(codes)
    secrets = await institutions.secrets_of(connection, wanted)
    keys = await institutions.keys_of(connection, wanted)
    return {
        one.code: institution_facts(one)
        | secret_facts(secrets[one.code].login_email, secrets[one.code].has_password, secrets[one.code].channels)
        | key_facts(keys.get(one.code, ()), now)
        for one in await institutions.list_all(connection, wanted)
    }


@asynccontextmanager
async def recorded(
    connection: Connection,
    codes: Collection[str],
    now: datetime,
    by: str,
    written_again: Mapping[str, Collection[str]] | None = None,
) -> AsyncIterator[None]:
    """Write what the block changes of these institutions, in its transaction.

    `written_again` names by code the secrets that the block writes. A secret that was there before is then told as set
    again, because the facts do not show that it is another one.
    """
    before = await facts_of(connection, codes, now)
    yield
    after = await facts_of(connection, codes, now)
    changes = {
        code: [
            *differences(before.get(code, {}), after.get(code, {})),
            *_set_again((written_again or {}).get(code, ()), before.get(code, {}), after.get(code, {})),
        ]
        for code in sorted(codes)
    }
    added, removed = after.keys() - before.keys(), before.keys() - after.keys()
    for kind, of_kind in (
        ("institution_added", added),
        ("institution_removed", removed),
        ("institution_changed", before.keys() & after.keys()),
    ):
        chosen = {code: changes[code] for code in sorted(of_kind)}
        await institutions.write(connection, kind, chosen, now, by)


def _set_again(fields: Collection[str], before: Facts, after: Facts) -> list[Change]:
    both = [field for field in sorted(fields) if before.get(field) == IS_SET == after.get(field)]
    return [Change(field=field, before=IS_SET, after=SET_AGAIN) for field in both]
