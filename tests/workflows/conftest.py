"""Shared fixtures of the workflow tests, which use one database after the other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from temporalio.client import Client

from activities.context import Context
from db.pool import Pool
from tests.factories import institution, make_context
from tests.kept_database import database, database_dsn
from tests.workflows.stage import Stage, staged
from workers.embedded.temporal import EmbeddedTemporal
from workers.temporal import connect
from workflows import options

__all__ = ["database", "database_dsn"]

CLASSES = {"SBIN": "api", "HDFC": "api", "ICIC": "seat", "PUNB": "mail"}
"""the banks of the stage and their answer classes"""

FEW_EVENTS = 40


@pytest.fixture(scope="session")
async def short_histories(server_folder: Path) -> AsyncIterator[Client]:
    """A client of a Temporal server that suggests a new history after `FEW_EVENTS` events, and can skip time."""
    server = EmbeddedTemporal(
        server_folder / "short-histories.db",
        dynamic_config={
            "frontend.WorkflowTimeSkippingEnabled": True,
            "limit.historyCount.suggestContinueAsNew": FEW_EVENTS,
        },
    )
    async with server:
        yield await connect(server.address, server.namespace)


@pytest.fixture(autouse=True)
def one_sweep_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run of the outbox sweep makes one sweep, and ends."""
    monkeypatch.setattr(options, "SWEEPS_A_RUN", 1)


@pytest.fixture
async def ctx(database: Pool) -> Context:
    """Context on an empty database with a bank of every class."""
    return await make_context(database, [institution(code, answer_class) for code, answer_class in CLASSES.items()])


@pytest.fixture
async def stage(ctx: Context, temporal_client: Client) -> AsyncIterator[Stage]:
    """A stage with running workers, in real time."""
    async with staged(ctx, temporal_client) as stage:
        yield stage
