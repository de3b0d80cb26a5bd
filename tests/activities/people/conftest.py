"""A victim at the page."""

import pytest

from activities.context import Context
from tests.activities.my_case_world import Visitor
from tests.activities.restoration_bench import Home


@pytest.fixture
def visitor(ctx: Context) -> Visitor:
    """A victim with a clock that is moved."""
    return Visitor(Home(ctx))
