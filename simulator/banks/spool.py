"""Banks that use files: each checks its spool folder, takes the files there, and puts its answers in."""

import asyncio
import logging
from pathlib import Path

from simulator.banks.banks import Banks
from simulator.banks.orders import read_iso_cancelled, read_iso_order
from simulator.banks.paying import BackOffices
from simulator.institutions import Institution
from simulator.wires.i4c import TicketError
from simulator.wires.letters import SPOOL_POLL_WALL_SECONDS, Arrived, collect, read_message

log = logging.getLogger(__name__)


class SpoolReaders:
    """File transfers of all banks that use files; without a spool they do nothing."""

    def __init__(self, banks: Banks, offices: BackOffices) -> None:
        self._banks = banks
        self._offices = offices
        self._reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to check the folders."""
        root = self._banks.config.iso_spool
        if root is not None:
            self._reading = asyncio.create_task(self._poll(root))

    async def close(self) -> None:
        """Stop checking."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def _poll(self, root: Path) -> None:
        takers = [bank for bank in self._banks.by_code.values() if bank.channel == "iso20022"]
        while True:
            for bank in takers:
                for body in await asyncio.to_thread(collect, root / bank.code / "out"):
                    await self._take(bank, body)
            await asyncio.sleep(SPOOL_POLL_WALL_SECONDS)

    async def _take(self, bank: Institution, body: bytes) -> None:
        try:
            if (order := read_iso_order(body)) is not None:
                self._offices.take(bank, order[0], "iso20022", case=order[1])
                return
            if (stopped := read_iso_cancelled(body)) is not None:
                self._offices.stop(bank, stopped[0], "iso20022", case=stopped[1])
                return
            arrived: Arrived = read_message(body)
        except TicketError as error:
            log.warning("%s cannot read a message: %s", bank.code, error)
            return
        if arrived.report is not None:
            await self._banks.receive(bank, arrived.key, arrived.report, channel="iso20022")
            return
        known = self._banks.book.of_key(bank.code, arrived.key)
        if known is not None and not known.worked:
            self._banks.nudge(known, by_call=False)
