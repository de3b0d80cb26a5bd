"""The stage every test of the workflows stands on."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.context import Hands
from db.pool import Pool
from tests.factories import institution, make_hands
from tests.workflows.stage import Stage, staged
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import connect

CLASSES = {"SBIN": "api", "HDFC": "api", "ICIC": "seat", "PUNB": "mail"}
"""the banks of the stage and how they answer"""

FEW_EVENTS = 40


@pytest.fixture(scope="session")
async def short_histories(server_folder: Path) -> AsyncIterator[Client]:
    """A client of a Temporal server that calls a history of `FEW_EVENTS` events long, and can skip time."""
    server = EmbeddedTemporal(
        server_folder / "short-histories.db",
        dynamic_config={
            "frontend.WorkflowTimeSkippingEnabled": True,
            "limit.historyCount.suggestContinueAsNew": FEW_EVENTS,
        },
    )
    async with server:
        yield await connect(server.address, server.namespace)


@pytest.fixture
async def hands(database: Pool) -> Hands:
    """Hands on a fresh database with a bank of every class."""
    return await make_hands(database, [institution(code, answer_class) for code, answer_class in CLASSES.items()])


@pytest.fixture
async def stage(hands: Hands, temporal_client: Client) -> AsyncIterator[Stage]:
    """A stage with running workers, in real time."""
    async with staged(hands, temporal_client) as stage:
        yield stage
