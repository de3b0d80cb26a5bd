"""The flow on DBOS: intake and workflows in one process, as it recommends. Runs in the peers' environment.

A batch is a workflow with one step. The intake starts it in its own process, so it waits for no queue's polling. Its
row is durable before the intake replies, and its identity makes a repeated start harmless.
"""

import asyncio
import os
from typing import Final

from dbos import DBOS, DBOSConfig, SetWorkflowID

from benchmarks.peers.flow import Flow
from benchmarks.peers.intake import application, serve

TRIES: Final = 20
FLOWS: list[Flow] = []
"""the flow of this process: steps take only what can be recorded"""


@DBOS.step(retries_allowed=True, interval_seconds=0.2, max_attempts=TRIES)
async def ask(requests: list[str]) -> None:
    """Ask the banks of a batch."""
    await FLOWS[0].ask(requests)


@DBOS.workflow()
async def batch(requests: list[str]) -> None:
    """Carry a batch."""
    await ask(requests)


async def carry(key: str, requests: list[str]) -> None:
    """Start the workflow of a batch; return when it is durable."""
    with SetWorkflowID(key):
        await DBOS.start_workflow_async(batch, requests)


async def main() -> None:
    """Serve with the settings of the environment."""
    settings = os.environ
    flow = await Flow.open(settings["PEER_DSN"], settings["PEER_BANK_URL"], int(settings["PEER_CONNECTIONS"]))
    FLOWS.append(flow)
    config: DBOSConfig = {
        "name": "goldenhour-peer",
        "system_database_url": settings["PEER_SYSTEM_DSN"].replace("postgresql://", "postgresql+psycopg://"),
        "sys_db_pool_size": int(settings["PEER_SYSTEM_CONNECTIONS"]),
        "executor_id": settings["PEER_EXECUTOR"],
        "application_version": "1",
        "log_level": "WARNING",
        "enable_otlp": False,
    }
    DBOS(config=config)
    DBOS.launch()
    await serve(application(flow, carry), settings["PEER_HOST"], int(settings["PEER_PORT"]))
    DBOS.destroy()


if __name__ == "__main__":
    asyncio.run(main())
