"""Context for the tests of this room."""

from collections.abc import AsyncIterator

import pytest

from activities.context import Context
from tests.activities.bench import Bench
from tests.factories import shared_context
from workers.embedded.postgres import EmbeddedPostgres


@pytest.fixture(scope="session")
async def ctx(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    """Context on a database that the tests of this room share: look at your own case only."""
    async with shared_context(postgres, template_database) as ctx:
        yield ctx


@pytest.fixture
def bench(ctx: Context) -> Bench:
    """A case on the bench, with a bank of its own."""
    return Bench(ctx)
