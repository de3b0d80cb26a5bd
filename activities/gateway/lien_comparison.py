"""Comparison of a bank's list of liens with the ledger.

It is one snapshot, recorded, without a change to the ledger. If anything differs, the desk has one work item. A later
list without differences closes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg

from activities.metrics import METRICS
from db import tasks
from db.gateway import comparisons, lien_inquiries
from db.pool import Connection, Pool
from domain.errors.banks import InstitutionNotFound
from domain.gateway.liens import Comparison, compare
from schemas.enums import TaskKind
from schemas.gateway.liens import InquiryOutcome, ListedLien, ReconciliationDetail
from schemas.tasks import TaskCause, TaskFacts

ASKING: Final = (TaskKind.ASK_FOR_LIENS, TaskKind.SUPERVISE)
"""the work items about an institution that a list makes unnecessary"""


@dataclass(frozen=True)
class Origin:
    """The bank's statements about its list."""

    as_of: datetime
    list_no: int
    inquiry_id: UUID | None


async def reconcile(
    pool: Pool,
    institution: str,
    rows: Sequence[ListedLien],
    digest: bytes,
    *,
    taken_by: str,
    origin: Origin | None = None,
) -> ReconciliationDetail:
    """Compare a list with the ledger and record the result.

    `digest` is the SHA-256 of the list as received. `origin` is None for a file. A bank's list is compared once. A file
    that is given again is not recorded if its result is the same. Raises `NotFound` for an unknown code.
    """
    async with pool.acquire() as connection, connection.transaction():
        now = await comparisons.lock(connection, institution)
        known = await comparisons.of_list(connection, origin.list_no) if origin else None
        if known is not None:
            return await comparisons.get(connection, known)
        # One statement reads the holds, so a hold in progress is either complete in the result or absent.
        case_of = await comparisons.cases_of(connection, {row.ack_no for row in rows})
        held = await comparisons.held_at(connection, institution, set(case_of.values()))
        then = await comparisons.held_then(connection, institution, origin.as_of) if origin else {}
        comparison = compare(rows, case_of, held, then)
        answered = await _answered(connection, institution, origin)
        last = await comparisons.last(connection, institution)
        if last and origin is None and answered is None and _is_the_same(last, digest, comparison):
            return last[0]
        number = await _record(connection, institution, digest, comparison, now, taken_by, origin, answered)
        if answered is not None:
            await lien_inquiries.close_open(connection, institution, InquiryOutcome.ANSWERED, now)
            await tasks.close_for_institution(connection, institution, ASKING, now, "the list is here")
        if last is None or (origin.as_of if origin else now) >= (last[0].as_of or last[0].taken_at):
            await _tell_the_desk(connection, institution, number, comparison, now)
        done = await comparisons.get(connection, number)
    METRICS.reconciled(difference.reason for difference in done.differences)
    return done


# -- steps -------------------------------------------------------------------------------------------------------------


async def _answered(connection: Connection, institution: str, origin: Origin | None) -> UUID | None:
    """Return the open question that a list answers: the named one, or any that was asked before the list's date."""
    asked = await lien_inquiries.open_of(connection, institution)
    if asked is None:
        return None
    fits = origin is None or origin.inquiry_id == asked.inquiry_id or origin.as_of >= asked.asked_at
    return asked.inquiry_id if fits else None


def _is_the_same(last: tuple[ReconciliationDetail, bytes], digest: bytes, comparison: Comparison) -> bool:
    before, its_digest = last
    recorded = (before.differences, before.rows_matched, before.our_paise)
    return its_digest == digest and recorded == (comparison.differences, comparison.rows_matched, comparison.our_paise)


async def _record(
    connection: Connection,
    institution: str,
    digest: bytes,
    comparison: Comparison,
    now: datetime,
    taken_by: str,
    origin: Origin | None,
    answered: UUID | None,
) -> int:
    try:
        return await comparisons.record(
            connection,
            institution,
            digest,
            comparison,
            now,
            taken_by,
            list_no=origin.list_no if origin else None,
            inquiry_id=(origin.inquiry_id if origin else None) or answered,
            as_of=origin.as_of if origin else None,
        )
    except asyncpg.ForeignKeyViolationError:
        raise InstitutionNotFound(institution) from None


async def _tell_the_desk(
    connection: Connection, institution: str, number: int, comparison: Comparison, now: datetime
) -> None:
    """Replace the desk's work item by one about the newest list, if anything differs."""
    differs = bool(comparison.differences)
    why = f"reconciliation {number} has the newer list" if differs else f"in reconciliation {number} nothing differs"
    await tasks.close_for_institution(connection, institution, [TaskKind.RECONCILE], now, why)
    if differs:
        facts = TaskFacts(rows_differing=comparison.rows_differing, liens_missing=comparison.missing)
        kind, cause = TaskKind.RECONCILE, TaskCause.LIENS_DIFFER
        await tasks.open_for_institution(
            connection, institution, kind, cause, now, facts=facts, reconciliation_id=number
        )
