"""Context for the tests of this room; those that ask for a database use one after the other."""

from collections.abc import AsyncIterator

import pytest

from activities.context import Context
from db.pool import open_pool
from tests.activities.bench import Bench
from tests.factories import make_context
from tests.kept_database import database, database_dsn
from workers.embedded.postgres import EmbeddedPostgres

__all__ = ["database", "database_dsn"]

SHARED = "shared_by_activities"
CONNECTIONS_MAX = 30


@pytest.fixture(scope="session")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    """Context on a database that the tests of this room share: look at your own case only.

    Its statements are planned by indexes, as in the product's processes: a plan of the first tests, whose tables are
    almost empty, would else read whole tables in the last ones.
    """
    dsn = await postgres.create_database(SHARED, template_database)
    pool = await open_pool(dsn, min_size=1, max_size=CONNECTIONS_MAX, only_single_cases=True)
    yield await make_context(pool)
    await pool.close()
    await postgres.drop_database(SHARED)


@pytest.fixture
def bench(ctx: Context) -> Bench:
    """A case on the bench, with a bank of its own."""
    return Bench(ctx)
