"""People at the officer API: victims and operators who complain, and a desk that corrects data and calls banks."""

import asyncio
import logging
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from simulator.banks.banks import Banks
from simulator.clock import Clock
from simulator.config import SimulatorConfig
from simulator.net.http_client import Answer, HttpClient, HttpClientError
from simulator.people.callers import HTTP_UNAUTHORIZED, Caller, ComplaintRecord, Json, complaint_body, correction_body
from simulator.world.cases import CasePlan, ComplaintPlan, ReportedTransfer
from simulator.world.truth import correction_seconds

FIRST_BACKOFF_WALL_SECONDS = 0.2
MOST_BACKOFF_WALL_SECONDS = 5.0
PAGE_ITEMS = 200
PAGES_MOST = 25
CALL_SECONDS = 180.0
"""simulated time of a phone call"""
HTTP_CREATED, HTTP_BAD_REQUEST, HTTP_FORBIDDEN, HTTP_TOO_MANY, HTTP_SERVER_ERROR = 201, 400, 403, 429, 500
SIGN_IN_TOO_OLD = b'"sign_in_too_old"'
"""code of a refusal of an act for which an officer must have signed in a moment ago"""
CORRECT_REFERENCE, PHONE_BANK = "correct_reference", "phone_bank"
log = logging.getLogger(__name__)


class Officers:
    """One HTTP client for all callers of the API."""

    def __init__(self, api_url: str, at_once: int, authority_file: Path | None = None) -> None:
        self.line = HttpClient(api_url, at_once, authority_file)

    def close(self) -> None:
        """Close all connections."""
        self.line.close()

    async def call(
        self, method: str, path: str, caller: Caller, body: Json | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Json]:
        """Send one request; return HTTP status and JSON (empty if there was none). Raises HttpClientError.

        A caller whose session is over, or too old for the act, signs in again, once.
        """
        more = dict(headers or {}) if body is None else {"content-type": "application/json", **(headers or {})}
        sent_body = b"" if body is None else orjson.dumps(body)
        known = await caller.headers(self.line)
        answer = await self.line.request(method, path, headers={**known, **more}, body=sent_body)
        if _needs_a_sign_in(answer) and caller.forget(known):
            known = await caller.headers(self.line)
            answer = await self.line.request(method, path, headers={**known, **more}, body=sent_body)
        try:
            content = orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            content = {}
        return answer.status, content if isinstance(content, dict) else {}

    async def call_until_answered(
        self, method: str, path: str, caller: Caller, body: Json, headers: Mapping[str, str] | None = None
    ) -> tuple[int, Json]:
        """Repeat a request until the answer is final, not an error that allows a retry."""
        attempt = 0
        while True:
            try:
                status, answer = await self.call(method, path, caller, body, headers)
                if status != HTTP_TOO_MANY and status < HTTP_SERVER_ERROR:
                    return status, answer
            except HttpClientError as error:
                log.debug("%s %s: %s", method, path, error)
            wait = min(FIRST_BACKOFF_WALL_SECONDS * 2 ** min(attempt, 10), MOST_BACKOFF_WALL_SECONDS)
            attempt += 1
            await asyncio.sleep(wait * random.uniform(0.5, 1.0))


def _needs_a_sign_in(answer: Answer) -> bool:
    """Return whether a request was refused for want of a session, or of one that began a moment ago."""
    if answer.status == HTTP_FORBIDDEN:
        return SIGN_IN_TOO_OLD in answer.body
    return answer.status == HTTP_UNAUTHORIZED


@dataclass(slots=True)
class Victims:
    """Posts every complaint of the day at its time, with its key, until it is accepted."""

    config: SimulatorConfig
    plans: tuple[CasePlan, ...]
    clock: Clock
    officers: Officers
    caller: Caller
    records: list[ComplaintRecord] = field(default_factory=list)

    async def complain(self) -> None:
        """Play the day."""
        due = sorted((c for plan in self.plans for c in plan.complaints), key=lambda c: (c.at, c.key))
        async with asyncio.TaskGroup() as group:
            for plan in due:
                wait = self.clock.wall_seconds(plan.at - self.clock.now())
                if wait > 0:
                    await asyncio.sleep(wait)
                record = ComplaintRecord(plan, self.clock.monotonic_ns(plan.at))
                self.records.append(record)
                group.create_task(self._post(record, plan))

    async def _post(self, record: ComplaintRecord, plan: ComplaintPlan) -> None:
        body, key = complaint_body(plan, self.clock), {"idempotency-key": plan.key}
        for _ in range(plan.posts):
            record.attempts += 1
            record.sent_ns = record.sent_ns or time.monotonic_ns()
            status, answer = await self.officers.call_until_answered(
                "POST", "/api/v1/complaints", self.caller, body, key
            )
            record.answered_ns = record.answered_ns or time.monotonic_ns()
            record.status = status
            if status >= HTTP_BAD_REQUEST:
                log.warning("complaint %s refused: HTTP %s %s", plan.key, status, answer)
                return
            record.ack_no, record.case_ack_no = str(answer.get("ack_no")), str(answer.get("case_ack_no"))
            record.joined = bool(answer.get("joined"))
            flags = answer.get("flags")
            record.flags = len(flags) if isinstance(flags, list) else 0


@dataclass(slots=True)
class Desk:
    """An officer at the desk, who corrects wrong data and calls banks that do not respond."""

    config: SimulatorConfig
    clock: Clock
    banks: Banks
    officers: Officers
    caller: Caller
    wrong_transfers: dict[str, ReportedTransfer]
    """by the reported reference"""
    corrected: int = 0
    called: int = 0
    seen: set[str] = field(default_factory=set)

    async def work(self) -> None:
        """Look for tasks again and again, and do those that a desk can do."""
        async with asyncio.TaskGroup() as group:
            while True:
                for task in await self._open_tasks():
                    task_id = str(task.get("task_id"))
                    if task_id not in self.seen:
                        self.seen.add(task_id)
                        group.create_task(self._do(task))
                await asyncio.sleep(self.config.desk_poll_wall_seconds)

    async def _open_tasks(self) -> list[Json]:
        tasks: list[Json] = []
        after = ""
        for _ in range(PAGES_MOST):
            try:
                status, page = await self.officers.call(
                    "GET", f"/api/v1/desk/tasks?state=open&limit={PAGE_ITEMS}{after}", self.caller
                )
            except HttpClientError:
                return tasks
            items, following = page.get("items"), page.get("next")
            if status >= HTTP_BAD_REQUEST or not isinstance(items, list):
                return tasks
            tasks += [item for item in items if isinstance(item, dict)]
            if not following:
                break
            after = f"&after={following}"
        return tasks

    async def _do(self, task: Json) -> None:
        if task.get("kind") == CORRECT_REFERENCE:
            await self._correct(task)
        elif task.get("kind") == PHONE_BANK:
            await self._call(task)

    async def _correct(self, task: Json) -> None:
        hop = task.get("hop")
        if not isinstance(hop, dict):
            return
        reported = self.wrong_transfers.get(str(hop.get("reference")))
        if reported is None:
            return
        await asyncio.sleep(self.clock.wall_seconds(correction_seconds(self.config, reported)))
        path = f"/api/v1/cases/{task.get('case_ack_no')}/hops/{hop.get('hop_no')}/correct"
        status, answer = await self.officers.call_until_answered("POST", path, self.caller, correction_body(reported))
        if status >= HTTP_BAD_REQUEST:
            log.warning("correction refused: HTTP %s %s", status, answer)
        else:
            self.corrected += 1

    async def _call(self, task: Json) -> None:
        """Call the bank, which may or may not help. The task is closed in both cases."""
        await asyncio.sleep(self.clock.wall_seconds(CALL_SECONDS))
        institution = task.get("institution")
        code = institution.get("code") if isinstance(institution, dict) else institution
        ticket = self.banks.book.of_job(str(task.get("job_id")))
        tickets = [ticket] if ticket else list(self.banks.book.of_case(str(code), str(task.get("case_ack_no"))))
        for waiting in tickets:
            self.banks.nudge(waiting, by_call=True)
        path = f"/api/v1/desk/tasks/{task.get('task_id')}/close"
        await self.officers.call_until_answered("POST", path, self.caller, {"reason": "called the bank"})
        self.called += 1
