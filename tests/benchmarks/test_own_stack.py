"""The stack of a benchmark."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from benchmarks import measuring
from benchmarks.measuring import Progress, own_stack


@pytest.mark.parametrize("played", [True, False])
async def test_banks_that_carry_out_orders_have_the_channels_for_them(
    monkeypatch: pytest.MonkeyPatch, played: bool
) -> None:
    asked: dict[str, Any] = {}

    @asynccontextmanager
    async def simulated(_settings: object, _config: object, **how: Any) -> AsyncIterator[None]:
        asked.update(how)
        yield

    monkeypatch.setattr(measuring, "simulated_stack", simulated)
    async with own_stack({}, Progress("test"), with_restorations_played=played):
        pass
    assert asked["every_channel"] == asked["with_restorations"] == played
