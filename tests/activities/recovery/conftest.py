"""Worlds of the tests of recovery."""

import pytest

from activities.context import Context
from tests.activities.hold_world import Holds
from tests.activities.restoration_bench import Home


@pytest.fixture
def home(ctx: Context) -> Home:
    """Cases whose money goes home."""
    return Home(ctx)


@pytest.fixture
def holds(ctx: Context) -> Holds:
    """Cases whose money is on hold."""
    return Holds(ctx)
