"""The one connection of a process on which it listens for notifications of PostgreSQL."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import asyncpg

from db.pool import Connection, Pool

log = logging.getLogger("goldenhour.api")

LISTEN_WAIT_SECONDS: Final = 5.0
RELISTEN_AFTER_SECONDS: Final = 1.0


class Channel:
    """One channel of notifications that this process listens on."""

    def __init__(self) -> None:
        self.callers: dict[Callable[[str], None], Callable[[], None]] = {}
        """what is called with each payload, and what is called when notifications may have been lost"""
        self.ready = asyncio.Event()


class Listener:
    """Listens on several channels with one connection, and again after the connection was lost."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._channels: dict[str, Channel] = {}
        self._stir = asyncio.Event()
        """set when there is a new channel, and when the connection is lost"""
        self._task: asyncio.Task[None] | None = None

    async def listening(self, name: str, heard: Callable[[str], None], missed: Callable[[], None]) -> None:
        """Wait until `heard` is called with the payload of each later notification. Raises TimeoutError.

        `missed` is called when notifications may have been lost. The same callbacks may be given again.
        """
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = Channel()
            self._stir.set()
        channel.callers[heard] = missed
        if self._task is None:
            self._task = asyncio.create_task(self._listen_for_ever())
        async with asyncio.timeout(LISTEN_WAIT_SECONDS):
            await channel.ready.wait()

    async def close(self) -> None:
        """Release the connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen_for_ever(self) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await self._listen(connection)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("listening for events failed: %s", type(error).__name__)
            for channel in self._channels.values():
                channel.ready.clear()
            await asyncio.sleep(RELISTEN_AFTER_SECONDS)

    async def _listen(self, connection: Connection) -> None:
        """Listen until the connection is lost."""
        connection.add_termination_listener(lambda _: self._stir.set())
        begun: list[str] = []
        try:
            while not connection.is_closed():
                self._stir.clear()
                for name in [name for name in self._channels if name not in begun]:
                    await connection.add_listener(name, self._notified)
                    begun.append(name)
                    self._channels[name].ready.set()
                    for missed in self._channels[name].callers.values():
                        missed()
                await self._stir.wait()
        finally:
            if not connection.is_closed():
                for name in begun:
                    await connection.remove_listener(name, self._notified)

    def _notified(self, _connection: object, _pid: int, name: str, payload: object) -> None:
        for heard in self._channels[name].callers:
            heard(str(payload))
