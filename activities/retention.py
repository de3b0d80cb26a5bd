"""Retention: destroys the keys of persons whose time is over, so that the personal data cannot be read any more."""

import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from activities.cases.transaction import ENGINE, case_transaction
from activities.context import Context
from db import clock, retention
from domain.retention import retention_end
from schemas.enums import EventKind

log = logging.getLogger(__name__)

BATCH: Final = 100
ERASED: Final = "the personal data are destroyed"
"""failure of a message that was not sent before"""


async def look(ctx: Context) -> int:
    """Look at some persons whether their data are still kept, and destroy the keys of the others.

    Returns how many were looked at. A person that fails is looked at again after the policy's time.
    """
    rules = ctx.policy.personal_data.retention
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await clock.present_moment(connection)
        before = now - timedelta(seconds=rules.look_again_seconds)
        persons = await retention.take(connection, before, now, BATCH)
        fates = await retention.fates(connection, persons)
    for person_id, of_person in fates.items():
        end = retention_end(of_person, rules)
        if end is None or end.at > now:
            continue
        try:
            await _destroy(ctx, person_id, of_person[0].case_no)
        except Exception as error:  # one person must not keep the others
            log.warning("the key of a person is destroyed later: %s", type(error).__name__)
    return len(persons)


async def _destroy(ctx: Context, person_id: UUID, case_no: str) -> None:
    """Destroy the key of a person if its time is over. The case of the first complaint logs it."""
    async with case_transaction(ctx, case_no, ENGINE) as work:
        fates = (await retention.fates(work.connection, [person_id]))[person_id]
        end = retention_end(fates, ctx.policy.personal_data.retention)
        if end is None or end.at > work.now:
            return
        if await retention.destroy_key(work.connection, person_id, end.outcome.value, work.now):
            ack_nos = [fate.ack_no for fate in fates]
            case_nos = sorted({fate.case_no for fate in fates})
            await retention.erase_messages(work.connection, person_id, case_nos, ERASED)
            if (hold_id := await retention.hold_of(work.connection, person_id)) is not None:
                await work.log(EventKind.HOLDER_ERASED, hold_id=str(hold_id), rule=end.outcome.value)
                return
            await retention.mask_messages(work.connection, ack_nos)
            await work.log(EventKind.VICTIM_ERASED, ack_nos=ack_nos, rule=end.outcome.value)
