"""The loop that destroys keys: each of its works goes on when the other one fails."""

import asyncio
from typing import cast

import pytest

from activities.context import Context
from workers.loops import retention
from workers.loops.retention import RetentionLoop


@pytest.mark.parametrize("failing", ["look", "forget_old", "forget_entries"])
async def test_a_work_of_retention_that_fails_does_not_stop_the_other_one(
    monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    done, went_on = [], asyncio.Event()

    async def fail(_: Context) -> int:
        raise OSError

    async def work(_: Context) -> int:
        done.append(1)
        if len(done) == 3:
            went_on.set()
        return 0

    for name in ("look", "forget_old", "forget_entries"):
        monkeypatch.setattr(retention, name, fail if name == failing else work)
    loop = asyncio.create_task(RetentionLoop(cast("Context", None), check_every_seconds=0).run())
    try:
        await asyncio.wait_for(went_on.wait(), 10)
    finally:
        loop.cancel()
