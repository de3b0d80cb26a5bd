"""A database for the tests of this room, which one test after the other uses."""

import pytest

from db.pool import Pool
from tests.kept_database import Kept


@pytest.fixture
def database_dsn(kept: Kept) -> str:
    """URL of a migrated database that has no rows of another test."""
    return kept.dsn


@pytest.fixture
def database(kept: Kept) -> Pool:
    """Connections to a migrated database that has no rows of another test."""
    return kept.pool
