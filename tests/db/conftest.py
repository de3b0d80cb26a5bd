"""A case to work on, as intake leaves it; tests that ask for a database use one after the other."""

from collections.abc import AsyncIterator

import pytest

from activities.case.intake import take_complaint
from activities.context import Context
from db.pool import Pool
from tests.factories import complaint, rrn, shared_context, transfer
from tests.kept_database import database, database_dsn
from workers.embedded.postgres import EmbeddedPostgres

__all__ = ["database", "database_dsn"]


@pytest.fixture(scope="session")
async def shared(postgres: EmbeddedPostgres, template_database: str) -> AsyncIterator[Context]:
    """Context on a database that the tests of this room share: look at your own case only."""
    async with shared_context(postgres, template_database) as ctx:
        yield ctx


@pytest.fixture
def pool(shared: Context) -> Pool:
    return shared.pool


@pytest.fixture
async def case_no(shared: Context) -> str:
    """A case with two hops, ₹1,000 at HDFC and ₹500 at ICIC, everything in play."""
    told = complaint(transfer(1000_00), transfer(500_00, payee_bank="ICIC"))
    return (await take_complaint(shared, told, idempotency_key=rrn(), taken_by="officer:1")).receipt.ack_no
