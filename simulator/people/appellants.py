"""Account holders who appeal against a hold: they have nothing but a short message and a cheap phone's browser."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from simulator.config import Delay, SimulatorConfig
from simulator.net.http_client import Answer, Line, LineError
from simulator.people.sms_gateway import ShortMessage, SmsGateway
from simulator.seeds import chance

APPEAL: Final = "/appeal"
AT_ONCE: Final = 4
CODE_WAIT_WALL_SECONDS: Final = 20.0
LOOK_WALL_SECONDS: Final = 0.1
TRIES: Final = 10
HTTP_OK, HTTP_SEE_OTHER, HTTP_TOO_MANY, HTTP_SERVER_ERROR = 200, 303, 429, 500
_REFERENCE: Final = re.compile(r"\b(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*[0-9])[A-Z0-9]{10}\b")
_CODE: Final = re.compile(r"\b\d{8}\b")
_STEP: Final = re.compile(r'name="step" value="(on|file|withdraw)"')
_LEVEL: Final = re.compile(r'name="level" value="(\w+)"')
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Appellants:
    """Everybody who is told by short message that money of theirs is on hold. Some of them appeal."""

    config: SimulatorConfig
    sms: SmsGateway
    line: Line
    """to the police's public pages"""
    done: Counter[str] = field(default_factory=Counter)
    """what was done, by what it was"""
    _told: set[str] = field(default_factory=set)
    """references that were read of"""

    async def work(self) -> None:
        """Read every message that comes in, for ever."""
        read = 0
        async with asyncio.TaskGroup() as group:
            while True:
                for message in self.sms.messages[read:]:
                    read += 1
                    for reference in self._new_references(message):
                        if chance(self.config.seed, self.config.way_home.appeals, "appeals", message.to):
                            group.create_task(self._appeal(message.to, reference))
                await asyncio.sleep(LOOK_WALL_SECONDS)

    def _new_references(self, message: ShortMessage) -> Iterator[str]:
        if APPEAL in message.text and (found := _REFERENCE.search(message.text)) and found[0] not in self._told:
            self._told.add(found[0])
            yield found[0]

    # -- one holder ------------------------------------------------------------------------------------------------

    async def _appeal(self, number: str, reference: str) -> None:
        """Come in, appeal, look again later, and take a decision that does not convince to the next level."""
        await self._after(self.config.way_home.visit, "appeal", reference)
        if not await self._file(number, reference):
            return
        self.done["appeals"] += 1
        for turn in range(TRIES):
            await self._after(self.config.way_home.looks_again, "looks again", reference, str(turn))
            page, path = await self._come_in(number, reference)
            offered = {found[1] for found in _STEP.finditer(page)}
            level = _LEVEL.search(page)
            if "on" in offered and level is not None:
                if not chance(self.config.seed, self.config.way_home.appeals_on, "appeals on", reference, level[1]):
                    return
                await self._post(path, {"step": "on", "level": level[1], "more": "Nobody has seen my invoices."})
                self.done["appeals_taken_on"] += 1
            elif "withdraw" not in offered:
                return

    async def _file(self, number: str, reference: str) -> bool:
        page, path = await self._come_in(number, reference)
        if 'value="file"' not in page:
            return False
        text = "The money is the price of goods that I have sold; I have the invoice and the delivery note."
        answer = await self._post(path, {"step": "file", "text": text, "contact": ""})
        return answer.status == HTTP_SEE_OTHER

    async def _come_in(self, number: str, reference: str) -> tuple[str, str]:
        """Reference, code, visit: the page and where it is; empty where no code came or it did not fit."""
        before = sum(1 for message in self.sms.messages if message.to == number)
        await self._post(APPEAL, {"step": "code", "reference": reference})
        code = await self._code(number, reference, before)
        if not code:
            self.done["codes_missed"] += 1
            return "", ""
        entered = await self._post(APPEAL, {"step": "enter", "reference": reference, "code": code})
        if entered.status != HTTP_SEE_OTHER:
            return "", ""
        answer = await self._asked("GET", entered.location)
        return answer.body.decode(), entered.location

    async def _code(self, number: str, reference: str, before: int) -> str:
        """The code from the message about that reference that comes after those before; empty where none comes."""
        loop = asyncio.get_running_loop()
        until = loop.time() + CODE_WAIT_WALL_SECONDS
        while loop.time() < until:
            mine = [message.text for message in self.sms.messages if message.to == number][before:]
            for text in mine:
                if reference in text and (found := _CODE.search(text)):
                    return found[0]
            await asyncio.sleep(LOOK_WALL_SECONDS)
        return ""

    # -- how -------------------------------------------------------------------------------------------------------

    async def _post(self, path: str, fields: dict[str, str]) -> Answer:
        return await self._asked("POST", path, urlencode(fields).encode())

    async def _asked(self, method: str, path: str, body: bytes = b"") -> Answer:
        """What the page answers once it does; a phone in the hills tries again."""
        headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}
        answer = Answer(0, b"")
        for attempt in range(TRIES):
            try:
                answer = await self.line.request(method, path, headers=headers, body=body)
                if answer.status != HTTP_TOO_MANY and answer.status < HTTP_SERVER_ERROR:
                    break
            except LineError as error:
                log.debug("%s %s: %s", method, APPEAL, error)
            await asyncio.sleep(LOOK_WALL_SECONDS * 2**attempt)
        return answer

    async def _after(self, delay: Delay, *labels: str) -> None:
        seconds = delay.drawn(self.config.seed, "appeal", *labels)
        await asyncio.sleep(seconds / self.config.procedure_clock_factor)
