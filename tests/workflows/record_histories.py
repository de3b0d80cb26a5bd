"""Record one history per path into `histories/`: `python -m tests.workflows.record_histories [NAME…]`.

Those of restorations and grievances are in `histories/procedures/`. Run it for a new path. Run it too if a
workflow was changed behind `workflow.patched` and every earlier case has ended (docs/explanation/workflows.md). A
history shows real cases of that version: do not edit one by hand.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHistory
from temporalio.testing import TimeSkipper

from db.clock import make_movable
from db.migrate import migrate
from db.pool import Pool, open_pool
from tests.factories import institution, make_context
from tests.workflows.conftest import CLASSES
from tests.workflows.grievance_paths import GRIEVANCE_PATHS
from tests.workflows.paths import PATHS, SUGGEST_AFTER_EVENTS
from tests.workflows.paths import Path as CasePath
from tests.workflows.restoration_paths import RESTORATION_PATHS
from tests.workflows.restoration_paths import Path as ProcedurePath
from tests.workflows.stage import staged
from workers.embedded.postgres import EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import connect

FOLDER = Path(__file__).with_name("histories")
PROCEDURES = FOLDER / "procedures"
RECORDER = "recorder"
PROCEDURE_PATHS = {"restoration": RESTORATION_PATHS, "grievance": GRIEVANCE_PATHS}


def cleaned(part: Any) -> Any:
    """Return a history without the names of the recording machine: its workers and source paths."""
    if isinstance(part, list):
        return [cleaned(member) for member in part]
    if not isinstance(part, dict):
        return part
    clean = {key: cleaned(value) for key, value in part.items() if key != "stackTrace"}
    if "identity" in clean:
        clean["identity"] = RECORDER
    if clean.get("kind") == "TASK_QUEUE_KIND_STICKY":
        clean["name"] = RECORDER
    return clean


def write(name: str, history: WorkflowHistory, folder: Path = FOLDER) -> None:
    """Write one history."""
    content = {"workflow_id": history.workflow_id, "history": cleaned(json.loads(history.to_json()))}
    (folder / f"{name}.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


async def fresh_pool(dsn: str) -> Pool:
    """Return connections to the new database at `dsn`, whose clock a recording may move."""
    await migrate(dsn)
    pool = await open_pool(dsn, max_size=10)
    async with pool.acquire() as connection:
        await make_movable(connection)
    return pool


async def record(path: CasePath, client: Client, postgres: EmbeddedPostgres) -> None:
    """Run one path on a new database, and write every run of its case, the first as 1."""
    dsn = await postgres.create_database(f"path_{path.__name__}")
    pool = await fresh_pool(dsn)
    ctx = await make_context(pool, [institution(code, answer_class) for code, answer_class in CLASSES.items()])
    skipper = TimeSkipper(client)
    with skipper.with_time_skipping_disabled():
        async with staged(ctx, skipper.client) as stage:
            case_no = await path(stage, skipper)
            runs = list(reversed(await stage.runs(case_no)))
            for number, run_id in enumerate(runs, start=1):
                name = path.__name__ if len(runs) == 1 else f"{path.__name__}-{number}"
                write(name, await stage.handle(case_no, run_id).fetch_history())
    await pool.close()


async def record_procedure(kind: str, path: ProcedurePath, client: Client, postgres: EmbeddedPostgres) -> None:
    """Run one path of a procedure on a new database, and write the history of every run."""
    dsn = await postgres.create_database(f"{kind}_{path.__name__}")
    pool = await fresh_pool(dsn)
    histories = await path(await make_context(pool), client)
    for number, history in enumerate(histories, start=1):
        name = f"{kind}-{path.__name__}"
        write(name if len(histories) == 1 else f"{name}-{number}", history, PROCEDURES)
    await pool.close()


async def main(names: list[str]) -> None:
    """Record the named paths, or all."""
    PROCEDURES.mkdir(exist_ok=True, parents=True)
    wanted = [path for path in PATHS if not names or path.__name__ in names]
    procedures = [
        (kind, path) for kind, paths in PROCEDURE_PATHS.items() for path in paths if not names or path.__name__ in names
    ]
    with tempfile.TemporaryDirectory(prefix="goldenhour-record-") as folder:
        temporal = EmbeddedTemporal(
            Path(folder) / "temporal.db",
            dynamic_config={
                "frontend.WorkflowTimeSkippingEnabled": True,
                "limit.historyCount.suggestContinueAsNew": SUGGEST_AFTER_EVENTS,
            },
        )
        async with EmbeddedPostgres(Path(folder) / "postgres", durable=False) as postgres, temporal:
            client = await connect(temporal.address, temporal.namespace)
            for path in wanted:
                await record(path, client, postgres)
                sys.stdout.write(f"recorded {path.__name__}\n")
            for kind, procedure in procedures:
                await record_procedure(kind, procedure, client, postgres)
                sys.stdout.write(f"recorded {kind} {procedure.__name__}\n")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
