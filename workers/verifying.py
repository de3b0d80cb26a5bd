"""Verify a database beside the live system: one snapshot, case by case, without locks."""

from collections.abc import Callable

import asyncpg

from activities.banks.bodies import BodyOpener
from activities.privacy.person_keys import PersonKeys
from db import connections
from db.evidence.integrity import case_of, case_records, count_cases, strays
from db.grants import owns_tables
from db.schema_state import check_schema
from domain.errors.case import CaseNotFound
from domain.evidence.integrity import Verdict

COMMAND_TIMEOUT_SECONDS = 300.0


async def verify(
    dsn: str,
    ack_no: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    persons: PersonKeys | None = None,
) -> Verdict:
    """Check every rule of every case (or of the case of `ack_no`) in the database at `dsn`.

    `persons` open the messages to and from banks, and documents; one that they cannot open is a violation. Without them
    the digests beside what is sealed are compared with the log, and nothing sealed itself. `progress` is called with
    (cases done, cases in all). Raises `CaseNotFound` for an unknown number, and `MigrationError` if this release does
    not know the schema.
    """
    connection = await connections.connect(dsn, "goldenhour verify", command_timeout=COMMAND_TIMEOUT_SECONDS)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _verify(connection, ack_no, progress, persons)
    finally:
        await connection.close()


async def _verify(
    connection: asyncpg.Connection,
    ack_no: str | None,
    progress: Callable[[int, int], None] | None,
    persons: PersonKeys | None,
) -> Verdict:
    await check_schema(connection)
    verdict = Verdict(owns_tables=await owns_tables(connection), has_key=persons is not None)
    case_no = None
    if ack_no is None:
        total = await count_cases(connection)
        verdict.note(await strays(connection))
    else:
        total, case_no = 1, await case_of(connection, ack_no)
        if case_no is None:
            raise CaseNotFound(ack_no)
    async for case in case_records(connection, BodyOpener(persons), case_no):
        verdict.examine(case)
        if progress:
            progress(verdict.cases, total)
    return verdict
