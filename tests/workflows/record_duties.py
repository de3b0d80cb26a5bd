"""Record the history of a case's duties: `python -m tests.workflows.record_duties` (docs/explanation/workflows.md)."""

import asyncio
import json
import tempfile
from pathlib import Path

from tests.factories import make_context
from tests.workflows.duties import duty_stage, no_response_and_work
from tests.workflows.record_histories import FOLDER, cleaned, fresh_pool
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import connect

DUTIES = FOLDER / "procedures" / "duties.json"


async def main() -> None:
    """Run the path on new servers, and write its history."""
    DUTIES.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="goldenhour-record-") as folder:
        temporal = EmbeddedTemporal(
            Path(folder) / "temporal.db", dynamic_config={"frontend.WorkflowTimeSkippingEnabled": True}
        )
        async with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as postgres, temporal:
            dsn = await postgres.create_database("duties")
            pool = await fresh_pool(dsn)
            client = await connect(temporal.address, temporal.namespace)
            async with duty_stage(await make_context(pool), client) as stage:
                case_no = await no_response_and_work(stage)
                history = await stage.handle(case_no).fetch_history()
            await pool.close()
    content = {"workflow_id": history.workflow_id, "history": cleaned(json.loads(history.to_json()))}
    DUTIES.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
