"""Hands for the tests of this room."""

from collections.abc import AsyncIterator

import pytest

from activities.context import Hands
from tests.activities.bench import Bench
from tests.factories import shared_hands
from workers.embedded.postgres import EmbeddedPostgres


@pytest.fixture(scope="package")
async def hands(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Hands]:
    """Hands on a database that the tests of this room share: look at your own case only."""
    async with shared_hands(postgres, template_database) as hands:
        yield hands


@pytest.fixture
def bench(hands: Hands) -> Bench:
    """A case on the bench, with a bank of its own."""
    return Bench(hands)
