"""The shared fixtures of `tests/conftest.py`."""

from datetime import timedelta

import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.testing import TimeSkipper
from temporalio.worker import Worker

# The sandbox would load asyncpg a second time, which its extension modules do not survive.
with workflow.unsafe.imports_passed_through():
    from db.pool import Pool

TASK_QUEUE = "test-fixtures"


@workflow.defn
class SleepsThirtyDays:
    @workflow.run
    async def run(self) -> float:
        before = workflow.now()
        await workflow.sleep(timedelta(days=30))
        return (workflow.now() - before).total_seconds()


@pytest.mark.parametrize("turn", [1, 2])
async def test_each_test_has_a_migrated_database_of_its_own(database: Pool, turn: int) -> None:
    assert await database.fetchval("SELECT count(*) FROM schema_migration") > 0
    await database.execute("CREATE TABLE only_mine (turn jsonb)")
    await database.execute("INSERT INTO only_mine VALUES ($1)", {"turn": turn})
    assert await database.fetchval("SELECT turn FROM only_mine") == {"turn": turn}


async def test_the_product_is_no_superuser(database: Pool) -> None:
    assert await database.fetchval("SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


async def test_thirty_days_pass_at_once(time_skipping: TimeSkipper) -> None:
    async with Worker(time_skipping.client, task_queue=TASK_QUEUE, workflows=[SleepsThirtyDays]):
        slept_seconds = await time_skipping.client.execute_workflow(
            SleepsThirtyDays.run, id="sleeps-at-once", task_queue=TASK_QUEUE
        )
    assert slept_seconds >= timedelta(days=30).total_seconds()


async def test_days_pass_step_by_step(time_skipping: TimeSkipper) -> None:
    async with Worker(time_skipping.client, task_queue=TASK_QUEUE, workflows=[SleepsThirtyDays]):
        with time_skipping.with_time_skipping_disabled():
            handle = await time_skipping.client.start_workflow(
                SleepsThirtyDays.run, id="sleeps-in-steps", task_queue=TASK_QUEUE
            )
        assert await time_skipping.fast_forward(handle, timedelta(days=29))
        description = await handle.describe()
        assert description.close_time is None
        await time_skipping.fast_forward(handle, timedelta(days=2))
        assert await handle.result() >= timedelta(days=30).total_seconds()


async def test_plain_client_shares_the_server(temporal_client: Client) -> None:
    assert await temporal_client.service_client.check_health()
