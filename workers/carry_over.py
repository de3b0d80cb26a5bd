"""Carry-over of open cases from an earlier release: their workflows end, and start again from the rows.

A workflow whose commands changed has a new type name, so no worker of this release can continue one of the old type.
PostgreSQL has everything that a workflow needs.
"""

import asyncio
import logging
from typing import Final

import asyncpg
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from db.cases import cases
from db.pool import Pool
from workflows.case import CASE_PREFIX

log = logging.getLogger(__name__)

EARLIER_CASE_TYPES: Final = ("CaseWorkflow",)
"""type names of the case workflow in earlier releases"""
REASON: Final = "continued by a newer release from the rows of the case"
AGAIN_SECONDS: Final = 30.0
"""while processes are replaced, one of the release before may start a workflow of the old type"""


async def keep_carrying_over(client: Client, pool: Pool) -> None:
    """Carry over the cases of earlier releases at once, and then again and again for ever."""
    while True:
        try:
            await carry_over_cases(client, pool)
        except (RPCError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log.warning("cases of an earlier release are not carried over: %s", type(error).__name__)
        await asyncio.sleep(AGAIN_SECONDS)


async def carry_over_cases(client: Client, pool: Pool) -> int:
    """End the case workflows of earlier releases and have the sweep start them again; return how many.

    Doing it twice, or in two processes, is harmless. Each case is marked before its workflow ends, so that none is left
    without one if this process dies in between, and once more afterwards, because the sweep may have met the old
    workflow meanwhile.
    """
    types = ", ".join(f"'{name}'" for name in EARLIER_CASE_TYPES)
    query = f"WorkflowType IN ({types}) AND ExecutionStatus = 'Running'"
    ended = 0
    async for found in client.list_workflows(query):
        case_no = found.id.removeprefix(CASE_PREFIX)
        await _mark(pool, case_no)
        try:
            await client.get_workflow_handle(found.id, run_id=found.run_id).terminate(REASON)
        except RPCError as error:
            # The list of workflows is a little late, so it may name one that has ended.
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        else:
            ended += 1
        await _mark(pool, case_no)
    if ended:
        log.info("%d cases are carried over from an earlier release", ended)
    return ended


async def _mark(pool: Pool, case_no: str) -> None:
    async with pool.acquire() as connection:
        await cases.mark_not_started(connection, [case_no])
