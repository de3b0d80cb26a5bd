"""Record the histories of orders to banks: `python -m tests.workflows.record_orders [NAME…]`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.factories import make_context
from tests.workflows.order_stage import ORDER_PATHS
from tests.workflows.record_histories import PROCEDURES, fresh_pool, write
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import connect

PREFIX = "order-"


async def main(names: list[str]) -> None:
    """Run the named paths, or all, on new servers, and write their histories."""
    PROCEDURES.mkdir(exist_ok=True, parents=True)
    with tempfile.TemporaryDirectory(prefix="goldenhour-record-") as folder:
        temporal = EmbeddedTemporal(
            Path(folder) / "temporal.db", dynamic_config={"frontend.WorkflowTimeSkippingEnabled": True}
        )
        async with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as postgres, temporal:
            client = await connect(temporal.address, temporal.namespace)
            for path in ORDER_PATHS:
                if names and path.__name__ not in names:
                    continue
                dsn = await postgres.create_database(path.__name__)
                pool = await fresh_pool(dsn)
                (history,) = await path(await make_context(pool), client)
                write(f"{PREFIX}{path.__name__}", history, PROCEDURES)
                await pool.close()
                sys.stdout.write(f"recorded {path.__name__}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
