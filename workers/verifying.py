"""Verify a database beside the live system: one snapshot, case by case, without locks."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from activities.bodies import BodyOpener
from activities.person_keys import PersonKeys
from db import connections
from db.evidence.integrity import case_of, case_records, count_cases, strays
from db.grants import owns_tables
from db.schema_state import check_schema
from domain.errors.cases import CaseNotFound
from domain.evidence.integrity import Break, examine

COMMAND_TIMEOUT_SECONDS = 300.0
MAX_BREAKS = 1_000
"""most violations kept as text; further ones are only counted"""


@dataclass
class Verdict:
    """Result of a verification."""

    cases: int = 0
    hops: int = 0
    entries: int = 0
    events: int = 0
    erased: int = 0
    """messages that cannot be read, because the key of their case is destroyed; the log says so"""
    unopened: int = 0
    """messages that were not opened, because the program does not have the secret key"""
    owns_tables: bool = False
    """whether the verifying role owns the tables, and so could drop the triggers that refuse changes"""
    breaks: list[Break] = field(default_factory=list)
    breaks_total: int = 0

    @property
    def clean(self) -> bool:
        """Whether no rule is violated in any case."""
        return self.breaks_total == 0

    def note(self, found: list[Break]) -> None:
        """Add the violations found, within `MAX_BREAKS`."""
        self.breaks_total += len(found)
        self.breaks += found[: MAX_BREAKS - len(self.breaks)]

    def as_text(self) -> str:
        """Return `clean`, or the number of violations and cases."""
        if self.clean:
            return "clean"
        broken = Counter(found.case_no for found in self.breaks)
        return f"{self.breaks_total} breaks in {len(broken)} cases, first {self.breaks[0].case_no}"


async def verify(
    dsn: str,
    ack_no: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    persons: PersonKeys | None = None,
) -> Verdict:
    """Check every rule of every case (or of the case of `ack_no`) in the database at `dsn`.

    `persons` open the messages to and from banks. Without them the digests beside the sealed messages are compared with
    the log, and no message itself. `progress` is called with (cases done, cases in all). Raises `CaseNotFound` for an
    unknown number, and `MigrationError` if this release does not know the schema.
    """
    connection = await connections.connect(dsn, "goldenhour verify", command_timeout=COMMAND_TIMEOUT_SECONDS)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _verify(connection, ack_no, progress, BodyOpener(persons))
    finally:
        await connection.close()


async def _verify(
    connection: asyncpg.Connection,
    ack_no: str | None,
    progress: Callable[[int, int], None] | None,
    opens: BodyOpener,
) -> Verdict:
    await check_schema(connection)
    verdict = Verdict(owns_tables=await owns_tables(connection))
    case_no = None
    if ack_no is None:
        total = await count_cases(connection)
        verdict.note(await strays(connection))
    else:
        total, case_no = 1, await case_of(connection, ack_no)
        if case_no is None:
            raise CaseNotFound(ack_no)
    async for case in case_records(connection, opens, case_no):
        verdict.cases += 1
        verdict.hops += len(case.hops)
        verdict.entries += sum(len(posting.entries) for posting in case.postings)
        verdict.events += len(case.events)
        verdict.erased += len(case.erased)
        verdict.unopened += len(case.unopened)
        verdict.note(examine(case))
        if progress:
            progress(verdict.cases, total)
    return verdict
