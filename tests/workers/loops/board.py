"""A Temporal client that records what the procedure starter does, and a case on the bench."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from temporalio.service import RPCError, RPCStatusCode

from activities.context import Context
from db.pool import Pool
from domain.policy.model import load_policy
from schemas.procedures import ProcedureStart
from tests.activities.bench import Bench
from tests.factories import make_context


@dataclass
class Board:
    """A Temporal client that records started and signalled workflows."""

    reached: list[tuple[str, str, str | None]] = field(default_factory=list)
    fails_for: set[str] = field(default_factory=set)
    away: bool = False
    tries: int = 0
    at_once: int = 0
    most_at_once: int = 0

    async def start_workflow(self, kind: str, start: ProcedureStart, **how: Any) -> None:
        self.tries += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            await asyncio.sleep(0)
            self._start(kind, start, **how)
        finally:
            self.at_once -= 1

    def _start(self, kind: str, start: ProcedureStart, **how: Any) -> None:
        if self.away:
            raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
        if start.case_no in self.fails_for:
            raise ValueError("this one cannot be started")
        assert how["id"] == start.workflow_id
        self.reached.append((kind, start.workflow_id, how["start_signal"]))


@pytest.fixture
async def ctx(database: Pool) -> Context:
    return await make_context(database)


@pytest.fixture
def bench(ctx: Context) -> Bench:
    return Bench(ctx)


@pytest.fixture
def board() -> Board:
    return Board()


def with_priority(ctx: Context, **changes: float) -> Context:
    """The same context with the background priority of the packaged policy, but for these values."""
    packaged = load_policy().background_priority
    priority = packaged.model_copy(update={"defer_max_seconds": 0, **changes})
    return replace(ctx, policy=ctx.policy.model_copy(update={"background_priority": priority}))
