"""Retention: destroys the keys of persons, cases and banks whose time is over, so that what they seal is erased."""

import logging
from datetime import timedelta
from typing import Final
from uuid import UUID

from activities.banks import proposals
from activities.banks.bodies import BANK_KEY_DAYS
from activities.case.transaction import ENGINE, case_transaction
from activities.context import Context
from db import clock, proofs, sessions
from db.banks import bank_exchanges, bank_keys, bank_people
from db.privacy import retention
from domain.privacy.retention import BODIES_OF_BANK, retention_end
from schemas.events import EventKind

log = logging.getLogger(__name__)

BATCH: Final = 100
CODES_KEPT: Final = timedelta(days=8)
"""longer than a code and its session are good"""


async def look(ctx: Context) -> int:
    """Look at some keys whether what they seal is still kept, and destroy the others.

    Returns how many were looked at. A key that fails is looked at again after the policy's time.
    """
    rules = ctx.policy.personal_data.retention
    async with ctx.pool.acquire() as connection, connection.transaction():
        now = await clock.present_moment(connection)
        before = now - timedelta(seconds=rules.look_again_seconds)
        persons = await retention.take(connection, before, now, BATCH)
        fates = await retention.fates(connection, persons)
        made_before = now - timedelta(seconds=rules.bodies_of_bank_seconds, days=BANK_KEY_DAYS)
        for person_id in await retention.of_banks_over(connection, persons, made_before):
            await retention.destroy_key(connection, person_id, BODIES_OF_BANK, now)
    for person_id, of_person in fates.items():
        end = retention_end(of_person, rules)
        if end is None or end.at > now:
            continue
        try:
            await _destroy(ctx, person_id, of_person[0].case_no)
        except Exception as error:  # one key must not keep the others
            log.warning("a key is destroyed later: %s", type(error).__name__)
    return len(persons)


async def forget_entries(ctx: Context) -> int:
    """Delete old codes, and old sessions, people and test events of banks; return the largest count.

    Changes of banks' keys that no one has decided in time end too, and so do work items about proposals of admins.
    """
    async with ctx.pool.acquire() as connection:
        now = await clock.present_moment(connection)
        return max(
            await proofs.forget(connection, now - CODES_KEPT),
            await sessions.forget(connection),
            await bank_keys.expire(connection, now),
            await bank_people.forget(connection),
            await proposals.close_over(connection, now),
            await bank_exchanges.forget(connection, now - bank_exchanges.KEPT),
        )


async def _destroy(ctx: Context, person_id: UUID, case_no: str) -> None:
    """Destroy a key if its time is over. The case of the first complaint logs it."""
    async with case_transaction(ctx, case_no, ENGINE) as work:
        fates = (await retention.fates(work.connection, [person_id]))[person_id]
        end = retention_end(fates, ctx.policy.personal_data.retention)
        if end is None or end.at > work.now:
            return
        if await retention.destroy_key(work.connection, person_id, end.outcome.value, work.now):
            owner = await retention.owner_of(work.connection, person_id)
            if owner.case_no is not None:
                await work.log(EventKind.CASE_ERASED, rule=end.outcome.value)
            elif owner.hold_id is not None:
                await work.log(EventKind.HOLDER_ERASED, hold_id=str(owner.hold_id), rule=end.outcome.value)
            else:
                ack_nos = [fate.ack_no for fate in fates]
                await work.log(EventKind.VICTIM_ERASED, ack_nos=ack_nos, rule=end.outcome.value)
