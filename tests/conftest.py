"""What every test may ask for: a PostgreSQL of its own, a real Temporal server, time that can be skipped.

Servers are one a pytest process (so two with `-n 2`), on free ports, in a folder that goes with them.
"""

import gc
import itertools
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvloop
from argon2 import PasswordHasher
from temporalio.client import Client
from temporalio.testing import TimeSkipper
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import WorkerController

from db.migration_files import MIGRATIONS, MigrationFile, read_files
from db.pool import Pool, open_pool
from tests import deep
from tests.ground import Ground, Grounds
from tests.kept_database import POOL_CONNECTIONS_MAX, Kept, KeptDatabase
from tests.paths import ROOT
from tests.server import TEMPLATE, CloningPostgres, RoomyTemporal, make_template, place_migrated
from workers.cli import GARBAGE_THRESHOLDS
from workers.embedded.postgres import APPLICATION, EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import DATA_CONVERTER

SHARED = "shared_folder"
MEMORY = Path("/dev/shm")
MEMORY_FREE_BYTES_MIN = 2 * 2**30

FIRST = (
    "workers/test_stack_processes.py",
    "browser/test_call.py",
    "e2e/told_banks/test_faults.py",
    "e2e/test_restorations.py",
    "benchmarks/test_benchmarks.py",
    "test_planted_bugs.py",
    "e2e/test_channels.py",
    "e2e/test_world.py",
    "e2e/test_appeals.py",
    "e2e/test_night.py",
    "api/test_openapi_hostile.py",
    "api/test_openapi.py",
    "workflows/test_restoration_clocks.py",
    "activities/test_one_person.py",
    "e2e/test_payers_bank.py",
    "api/test_openapi_random.py",
    "workflows/test_restoration.py",
    "simulator/world/test_day.py",
    "activities/case/test_crash.py",
    "workflows/test_sweep.py",
    "workflows/test_bank_order.py",
    "activities/recovery/test_release_brake.py",
    "workflows/test_escalation.py",
    "workflows/test_delivery.py",
    "activities/recovery/test_crash.py",
    "activities/recovery/test_statutory_duties_reopened.py",
    "activities/evidence/test_pack.py",
    "activities/privacy/test_reseal.py",
    "activities/recovery/test_restoration_machine.py",
)
"""The longest files, so that none is left for the end; those that wait stand beside those that compute."""

ONE_STACK = ("tests/browser/", "tests/e2e/told_banks/")
"""folders whose tests share one stack, so that one process runs them"""

_numbers = itertools.count(1)
_shared = pytest.StashKey[tempfile.TemporaryDirectory[str]]()

# The commands that tests start compile our files and the libraries' once, and not once each.
os.environ.setdefault("PYTHONPYCACHEPREFIX", str(ROOT / ".pycache"))
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

deep.load_profile()
# As in the commands: the objects of seven thousand tests are no garbage.
gc.set_threshold(*GARBAGE_THRESHOLDS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, in the order of `FIRST`; all others keep their places."""
    places = {ROOT / "tests" / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(FIRST)))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling | None:
    """Give each folder whose tests share a stack to one process."""
    return WholeFolders(config, log) if config.getoption("dist") == "loadfile" else None


class WholeFolders(LoadFileScheduling):  # type: ignore[misc]
    """Keeps files whole, and the folders of `ONE_STACK` too."""

    def _split_scope(self, nodeid: str) -> str:
        folders = (folder for folder in ONE_STACK if nodeid.startswith(folder))
        return next(folders, "") or str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: WorkerController) -> None:
    """Tell each process the folder that all of them share, which is removed at the end of the run."""
    folders = node.config.stash
    if _shared not in folders:
        folders[_shared] = tempfile.TemporaryDirectory(prefix="goldenhour-test-", dir=memory_folder())
    node.workerinput[SHARED] = folders[_shared].name


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove the shared folder, and say in the last line that no test ran in the browser, if so."""
    if (folder := config.stash.get(_shared, None)) is not None:
        folder.cleanup()
    if os.environ.get("BROWSER") == "no" and not hasattr(config, "workerinput"):
        sys.stdout.write("BROWSER=no: the tests in the browser were left out\n")


def pytest_collection_finish() -> None:
    """Exclude all that was collected from garbage collection, which would look at it again during every test."""
    gc.freeze()


def memory_folder() -> Path | None:
    """A file system in memory with room for servers: a database is cloned there in a tenth of the time."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_FREE_BYTES_MIN
    return MEMORY if is_roomy else None


@pytest.fixture(scope="session")
def _asyncio_loop_factory() -> Callable[[], uvloop.Loop]:
    """Run the tests on the event loop of the engine's processes, in the place of pytest-asyncio's own fixture."""
    return uvloop.new_event_loop


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """Hash passwords with Argon2 at its least cost: the product's cost is a defence, which slows every test down."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("activities.secrets._HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
        yield


@pytest.fixture(scope="session", autouse=True)
def _files_read_once() -> Iterator[None]:
    """Read the product's migrations once: every pool checks them, and a test opens one pool or several."""
    own = read_files()

    def read(directory: Path) -> list[MigrationFile]:
        return own if directory == MIGRATIONS else read_files(directory)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("db.schema_state.read_files", read)
        yield


@pytest.fixture(scope="session", autouse=True)
def _workflows_checked_once() -> Iterator[None]:
    """Let the sandbox check each workflow once: every worker checks all of its workflows, and most tests make one."""
    check, known = SandboxedWorkflowRunner.prepare_workflow, set[tuple[type, frozenset[str]]]()

    def prepare(runner: SandboxedWorkflowRunner, of: Any) -> None:
        key = of.cls, frozenset(runner.restrictions.passthrough_modules)
        if key not in known:
            check(runner, of)
            known.add(key)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SandboxedWorkflowRunner, "prepare_workflow", prepare)
        yield


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Folder of this process's servers; removed with its tens of megabytes, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="goldenhour-test-", dir=memory_folder()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def shared_folder(request: pytest.FixtureRequest) -> Path | None:
    """Folder that all processes of this run share; one process alone has none."""
    told = getattr(request.config, "workerinput", {}).get(SHARED)
    return None if told is None else Path(told)


@pytest.fixture(scope="session")
async def postgres(server_folder: Path, shared_folder: Path | None) -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL server; not durable, as no test outlives a power cut."""
    folder = server_folder / "postgres"
    if shared_folder is not None:
        await place_migrated(folder, shared_folder)
    async with CloningPostgres(folder, durable=False) as server:
        yield server


@pytest.fixture(scope="session")
async def template_database(postgres: EmbeddedPostgres, shared_folder: Path | None) -> str:
    """Name of a database with all migrations applied and nothing in it: clone it, do not connect to it."""
    if shared_folder is None:
        await make_template(postgres)
    return TEMPLATE


@pytest.fixture
async def database_dsn(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[str]:
    """URL of a fresh, migrated database for this test alone."""
    name = f"test_{next(_numbers)}"
    yield await postgres.create_database(name, template_database)
    await postgres.drop_database(name)


@pytest.fixture
async def database(database_dsn: str) -> AsyncIterator[Pool]:
    """Connections to a fresh, migrated database for this test alone."""
    pool = await open_pool(database_dsn, min_size=1, max_size=POOL_CONNECTIONS_MAX)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def kept_database(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[KeptDatabase]:
    """The database that one test of this process uses after the other."""
    kept = KeptDatabase(postgres, template_database)
    yield kept
    await kept.end()


@pytest.fixture
async def kept(kept_database: KeptDatabase) -> AsyncIterator[Kept]:
    """A migrated database that has no rows of another test: cheaper than a fresh one, where a room takes it."""
    yield await kept_database.take()
    await kept_database.give_back()


@pytest.fixture
async def application(postgres: EmbeddedPostgres, database_dsn: str) -> AsyncIterator[Pool]:
    """Connections to this test's database as the product has them at work: it does not own the tables."""
    dsn = postgres.dsn_for(urlsplit(database_dsn).path.removeprefix("/"), APPLICATION)
    pool = await open_pool(dsn, min_size=1, max_size=POOL_CONNECTIONS_MAX)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def temporal_server(server_folder: Path) -> AsyncIterator[EmbeddedTemporal]:
    """A Temporal server with the product's own settings, on which single workflows can also skip time."""
    async with RoomyTemporal(
        server_folder / "temporal.db",
        dynamic_config={"frontend.WorkflowTimeSkippingEnabled": True},
    ) as server:
        yield server


@pytest.fixture(scope="session")
async def temporal_client(temporal_server: EmbeddedTemporal) -> Client:
    """A client of the Temporal server, with the product's data converter; time runs as it does outside."""
    return await Client.connect(
        temporal_server.address,
        namespace=temporal_server.namespace,
        data_converter=DATA_CONVERTER,
    )


@pytest.fixture(scope="session")
def grounds(postgres: EmbeddedPostgres, template_database: str, temporal_server: EmbeddedTemporal) -> Grounds:
    """Makes databases and namespaces for whole engines on this process's servers."""
    return Grounds(postgres, template_database, temporal_server)


@pytest.fixture
async def ground(grounds: Grounds) -> AsyncIterator[Ground]:
    """A database and a namespace for an engine of this test alone."""
    async with grounds.made() as ground:
        yield ground


@pytest.fixture(scope="module")
async def module_ground(grounds: Grounds) -> AsyncIterator[Ground]:
    """A database and a namespace for an engine of this module."""
    async with grounds.made() as ground:
        yield ground


@pytest.fixture
def gives_up_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give requests up when a workflow asks for it: the database's clock skips no time with the workflow's."""
    monkeypatch.setattr("activities.case.hold_requests.refuse_before", lambda *_: None)


@pytest.fixture
def time_skipping(temporal_client: Client, gives_up_early: None) -> TimeSkipper:
    """Workflows started through its `client` skip time whenever they only wait; each has its own clock.

    Start under `with_time_skipping_disabled()`, then `await fast_forward(handle, duration)`, to go step by step.
    """
    return TimeSkipper(temporal_client)
