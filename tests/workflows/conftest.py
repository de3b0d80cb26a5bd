"""The stage every test of the workflows stands on."""

from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from activities.hands import Hands
from db.pool import Pool
from tests.factories import institution, make_hands
from tests.workflows.stage import Stage, staged

CLASSES = {"SBIN": "api", "HDFC": "api", "ICIC": "seat", "PUNB": "mail"}
"""the banks of the stage and how they answer"""


@pytest.fixture
async def hands(database: Pool) -> Hands:
    """Hands on a fresh database with a bank of every class."""
    return await make_hands(database, [institution(code, answer_class) for code, answer_class in CLASSES.items()])


@pytest.fixture
async def stage(hands: Hands, temporal_client: Client) -> AsyncIterator[Stage]:
    """A stage with running workers, in real time."""
    async with staged(hands, temporal_client) as stage:
        yield stage
