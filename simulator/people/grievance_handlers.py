"""People who appeal, and officers who decide."""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

import orjson

from simulator.banks.messages import SignedRequest
from simulator.clock import chance, unit, wall_clock
from simulator.config import Delay, SimulatorConfig
from simulator.institutions import SIGNING, Institution
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.people.callers import Json
from simulator.people.officers import HTTP_BAD_REQUEST, PAGE_ITEMS
from simulator.people.police import CasePolice
from simulator.people.sms_gateway import ShortMessage, SmsGateway

BANK_PATH: Final = "/api/v1/bank/grievances"
OFFICER_PATH: Final = "/api/v1/grievances"
WRITES_DOWN: Final = "supervisor"
"""role that records a bank's statement from the telephone, and what a victim says to a release"""
CONFIRMS: Final = "sp"
"""role of the second officer, who confirms a release"""
HOLD_PATH: Final = "/api/v1/holds"
HEARD_WALL_SECONDS: Final = 0.2
"""a release is confirmed so long after the end of the hearing"""
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Appeal:
    """A grievance at one level."""

    grievance_id: str
    level: str
    institution: str
    case: str

    @property
    def labels(self) -> tuple[str, str, str]:
        """The labels of its random draws."""
        return self.case, self.institution, self.level


@dataclass(slots=True)
class GrievanceHandlers:
    """Handlers of grievances at all levels: the officers of each deciding role, and a supervisor."""

    config: SimulatorConfig
    banks: Mapping[str, Institution]
    police: CasePolice
    signed_url: str
    """address of the police for which banks sign"""
    line: HttpClient
    """connection of the banks to the police"""
    done: Counter[str] = field(default_factory=Counter)
    """number of actions, by kind"""
    _seen: set[tuple[str, str]] = field(default_factory=set)

    async def work(self) -> None:
        """Look for grievances that are new at a level, again and again."""
        async with asyncio.TaskGroup() as group:
            while True:
                for appeal in await self._open_grievances():
                    if (appeal.grievance_id, appeal.level) not in self._seen:
                        self._seen.add((appeal.grievance_id, appeal.level))
                        group.create_task(self._handle(appeal))
                await asyncio.sleep(self.config.restoration.poll_wall_seconds)

    async def _open_grievances(self) -> list[Appeal]:
        path = f"{OFFICER_PATH}?state=open&limit={PAGE_ITEMS}"
        status, page = await self.police.read(path)
        items = page.get("items") if status < HTTP_BAD_REQUEST else None
        names = ("grievance_id", "level", "institution", "case_ack_no")
        return [Appeal(*(str(item[name]) for name in names)) for item in items] if isinstance(items, list) else []

    async def _handle(self, appeal: Appeal) -> None:
        if chance(self.config.seed, self.config.restoration.level_sleeps, "sleeps", *appeal.labels):
            self.done["levels_asleep"] += 1
            return
        seconds = self.config.restoration.visit.drawn(self.config.seed, "ladder", *appeal.labels)
        await asyncio.sleep(seconds / self.config.procedure_clock_factor)
        await (self._report(appeal) if appeal.level == "bank" else self._decide(appeal))

    # -- the bank ------------------------------------------------------------------------------------------------------

    async def _report(self, appeal: Appeal) -> None:
        """Report on the customer, over the bank's own interface if it has one, else by telephone to the desk."""
        body: Json = {"kyc": "doubtful", "finding": "Account opened last month; all credits leave within minutes."}
        if self._genuine(appeal):
            body = {
                "kyc": "genuine",
                "finding": "Account of a shop, five years old; the credit is like the others.",
            }
        bank = self.banks.get(appeal.institution)
        if bank is not None and bank.channel in SIGNING:
            status = await self._signed(bank, f"{BANK_PATH}/{appeal.grievance_id}/report", orjson.dumps(body))
        else:
            path = f"{OFFICER_PATH}/{appeal.grievance_id}/report"
            status, _ = await self.police.post(WRITES_DOWN, appeal.case, path, body)
        self.done["bank_reports" if status < HTTP_BAD_REQUEST else "refused"] += 1

    async def _signed(self, bank: Institution, path: str, body: bytes) -> int:
        sealed = SignedRequest(bank, path, body, "POST").seal(self.signed_url, body)
        try:
            return (await self.line.request("POST", path, headers=sealed.headers, body=sealed.body)).status
        except HttpClientError as error:
            log.debug("report of %s: %s", bank.code, error)
            return HTTP_BAD_REQUEST

    # -- the officers --------------------------------------------------------------------------------------------------

    async def _decide(self, appeal: Appeal) -> None:
        """Propose to release genuine money, fully or partly, if the level is convinced; uphold the hold otherwise."""
        path = f"{OFFICER_PATH}/{appeal.grievance_id}"
        status, grievance = await self.police.get(appeal.level, appeal.case, path)
        if status >= HTTP_BAD_REQUEST:
            return
        body = {"level": appeal.level} | self._decision(appeal, int(str(grievance.get("free_paise", 0))))
        status, done = await self.police.post(appeal.level, appeal.case, f"{path}/decide", body)
        self.done[f"appeals_{body['decision']}" if status < HTTP_BAD_REQUEST else "refused"] += 1
        if status < HTTP_BAD_REQUEST and done.get("hear_until"):
            await self._confirm(appeal, str(grievance["hold_id"]), str(done["hear_until"]))

    async def _confirm(self, appeal: Appeal, hold_id: str, hear_until: str) -> None:
        """Hear the victim, and confirm the release as a second officer when the time for that is over."""
        statement: Json = {"ack_no": appeal.case, "said": "The shop sold me nothing, but I do not object."}
        path = f"{HOLD_PATH}/{hold_id}/release"
        status, _ = await self.police.post(WRITES_DOWN, appeal.case, f"{path}/hear", statement)
        self.done["victims_heard"] += status < HTTP_BAD_REQUEST
        left_seconds = (datetime.fromisoformat(hear_until) - wall_clock()).total_seconds()
        await asyncio.sleep(max(left_seconds, 0.0) + HEARD_WALL_SECONDS)
        confirmed: Json = {"reason": "documents and the victim's statement read"}
        status, _ = await self.police.post(CONFIRMS, appeal.case, f"{path}/confirm", confirmed)
        self.done["releases_confirmed" if status < HTTP_BAD_REQUEST else "refused"] += 1

    def _decision(self, appeal: Appeal, free_paise: int) -> Json:
        draw, convinced = unit(self.config.seed, "decision", *appeal.labels), self.config.restoration.level_convinced
        if not self._genuine(appeal) or draw >= convinced or free_paise == 0:
            return {"decision": "upheld", "reason": "no document shows where the money came from"}
        if draw < convinced / 3 and (half_paise := free_paise // 2):
            return {"decision": "part_released", "released_paise": half_paise, "reason": "half is the price of goods"}
        return {"decision": "released", "reason": "invoice and delivery note seen"}

    def _genuine(self, appeal: Appeal) -> bool:
        return chance(
            self.config.seed, self.config.restoration.appeal_genuine, "genuine", appeal.case, appeal.institution
        )


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
        if APPEAL in message.text and (reference := _REFERENCE.search(message.text)) and reference[0] not in self._told:
            self._told.add(reference[0])
            yield reference[0]

    # -- one account holder --------------------------------------------------------------------------------------------

    async def _appeal(self, number: str, reference: str) -> None:
        """File a grievance, check it later, and take an unconvincing decision to the next level."""
        await self._after(self.config.restoration.visit, "appeal", number)
        if not await self._file(number, reference):
            return
        self.done["appeals"] += 1
        for attempt in range(TRIES):
            await self._after(self.config.restoration.looks_again, "looks again", number, str(attempt))
            page, path = await self._enter(number, reference)
            offered = {step[1] for step in _STEP.finditer(page)}
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
                if reference in text and (code := _CODE.search(text)):
                    return code[0]
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
