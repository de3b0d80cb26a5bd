"""Account holders who file a grievance against a hold, with only an SMS and a phone's browser."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlencode

from simulator.config import Delay, SimulatorConfig
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.people.sms_gateway import ShortMessage, SmsGateway
from simulator.seeds import chance

APPEAL: Final = "/appeal"
AT_ONCE: Final = 4
CODE_WAIT_WALL_SECONDS: Final = 20.0
POLL_WALL_SECONDS: Final = 0.1
TRIES: Final = 10
HTTP_OK, HTTP_SEE_OTHER, HTTP_TOO_MANY, HTTP_SERVER_ERROR = 200, 303, 429, 500
_REFERENCE: Final = re.compile(r"\b(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*[0-9])[A-Z0-9]{10}\b")
_CODE: Final = re.compile(r"\b\d{8}\b")
_STEP: Final = re.compile(r'name="step" value="(on|file|withdraw)"')
_LEVEL: Final = re.compile(r'name="level" value="(\w+)"')
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Appellants:
    """All account holders who are notified by SMS of a hold. Some of them file a grievance."""

    config: SimulatorConfig
    sms: SmsGateway
    line: HttpClient
    """connection to the police's public pages"""
    done: Counter[str] = field(default_factory=Counter)
    """number of actions, by kind"""
    _told: set[str] = field(default_factory=set)
    """references in messages that were read"""

    async def work(self) -> None:
        """Read every incoming message, for ever."""
        read = 0
        async with asyncio.TaskGroup() as group:
            while True:
                for message in self.sms.messages[read:]:
                    read += 1
                    for reference in self._new_references(message):
                        if chance(self.config.seed, self.config.restoration.appeals, "appeals", message.to):
                            group.create_task(self._appeal(message.to, reference))
                await asyncio.sleep(POLL_WALL_SECONDS)

    def _new_references(self, message: ShortMessage) -> Iterator[str]:
        if APPEAL in message.text and (found := _REFERENCE.search(message.text)) and found[0] not in self._told:
            self._told.add(found[0])
            yield found[0]

    # -- one account holder --------------------------------------------------------------------------------------------

    async def _appeal(self, number: str, reference: str) -> None:
        """File a grievance, check it later, and take an unconvincing decision to the next level."""
        await self._after(self.config.restoration.visit, "appeal", reference)
        if not await self._file(number, reference):
            return
        self.done["appeals"] += 1
        for attempt in range(TRIES):
            await self._after(self.config.restoration.looks_again, "looks again", reference, str(attempt))
            page, path = await self._enter(number, reference)
            offered = {found[1] for found in _STEP.finditer(page)}
            level = _LEVEL.search(page)
            if "on" in offered and level is not None:
                if not chance(self.config.seed, self.config.restoration.appeals_on, "appeals on", reference, level[1]):
                    return
                await self._post(path, {"step": "on", "level": level[1], "more": "My invoices were not read."})
                self.done["appeals_taken_on"] += 1
            elif "withdraw" not in offered:
                return

    async def _file(self, number: str, reference: str) -> bool:
        page, path = await self._enter(number, reference)
        if 'value="file"' not in page:
            return False
        text = "The money is the price of goods that I have sold; I have the invoice and the delivery note."
        answer = await self._post(path, {"step": "file", "text": text, "contact": ""})
        return answer.status == HTTP_SEE_OTHER

    async def _enter(self, number: str, reference: str) -> tuple[str, str]:
        """Enter reference and code; return the page and its path, or empty texts without a valid code."""
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
        """Return the code from the next message about that reference; empty if none comes."""
        loop = asyncio.get_running_loop()
        until = loop.time() + CODE_WAIT_WALL_SECONDS
        while loop.time() < until:
            mine = [message.text for message in self.sms.messages if message.to == number][before:]
            for text in mine:
                if reference in text and (found := _CODE.search(text)):
                    return found[0]
            await asyncio.sleep(POLL_WALL_SECONDS)
        return ""

    # -- requests ------------------------------------------------------------------------------------------------------

    async def _post(self, path: str, fields: dict[str, str]) -> Answer:
        return await self._asked("POST", path, urlencode(fields).encode())

    async def _asked(self, method: str, path: str, body: bytes = b"") -> Answer:
        """Return the page's answer, after retries on errors."""
        headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}
        answer = Answer(0, b"")
        for attempt in range(TRIES):
            try:
                answer = await self.line.request(method, path, headers=headers, body=body)
                if answer.status != HTTP_TOO_MANY and answer.status < HTTP_SERVER_ERROR:
                    break
            except HttpClientError as error:
                log.debug("%s %s: %s", method, APPEAL, error)
            await asyncio.sleep(POLL_WALL_SECONDS * 2**attempt)
        return answer

    async def _after(self, delay: Delay, *labels: str) -> None:
        seconds = delay.drawn(self.config.seed, "appeal", *labels)
        await asyncio.sleep(seconds / self.config.procedure_clock_factor)
