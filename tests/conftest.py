"""What every test may ask for: a PostgreSQL of its own, a real Temporal server, time that can be skipped.

Servers are one a pytest process (so two with `-n 2`), on free ports, in a folder that goes with them.
"""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings
from temporalio.client import Client
from temporalio.testing import TimeSkipper

from db.migrate import migrate
from db.pool import Pool, open_pool
from workers.embedded.postgres import APPLICATION, EmbeddedPostgres
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import DATA_CONVERTER

TEMPLATE = "template_goldenhour"
POOL_CONNECTIONS_MAX = 10
MEMORY = Path("/dev/shm")
MEMORY_FREE_BYTES_MIN = 2 * 2**30

_numbers = itertools.count(1)

# How long an example takes says how busy the machine is: a limit on it fails by luck.
settings.register_profile("goldenhour", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("goldenhour")


def memory_folder() -> Path | None:
    """A file system in memory with room for servers: a database is cloned there in a tenth of the time."""
    is_roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free >= MEMORY_FREE_BYTES_MIN
    return MEMORY if is_roomy else None


@pytest.fixture(scope="session")
def server_folder() -> Iterator[Path]:
    """Folder of this process's servers; removed with its tens of megabytes, unlike pytest's own."""
    with tempfile.TemporaryDirectory(prefix="goldenhour-test-", dir=memory_folder()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
async def postgres(server_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """A PostgreSQL server; not durable, as no test outlives a power cut."""
    async with EmbeddedPostgres(server_folder / "postgres", durable=False) as server:
        yield server


@pytest.fixture(scope="session")
async def template_database(postgres: EmbeddedPostgres) -> str:
    """Name of a database with all migrations applied and nothing in it: clone it, do not connect to it."""
    await migrate(await postgres.create_database(TEMPLATE), application=APPLICATION)
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
    async with EmbeddedTemporal(
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


@pytest.fixture
def time_skipping(temporal_client: Client) -> TimeSkipper:
    """Workflows started through its `client` skip time whenever they only wait; each has its own clock.

    Start under `with_time_skipping_disabled()`, then `await fast_forward(handle, duration)`, to go step by step.
    """
    return TimeSkipper(temporal_client)
