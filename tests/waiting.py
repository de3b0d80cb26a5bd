"""Waiting for what sets no event: the row of another process, a file in a folder, a call that was made."""

import asyncio
from collections.abc import Callable
from inspect import isawaitable

LOOK_EVERY_SECONDS = 0.02


async def until(so: Callable[[], object], limit_seconds: float = 240.0) -> None:
    """Wait until `so` gives, or its coroutine comes to, something that is true. Raises TimeoutError."""
    async with asyncio.timeout(limit_seconds):
        while True:
            found = so()
            if await found if isawaitable(found) else found:
                return
            await asyncio.sleep(LOOK_EVERY_SECONDS)
