"""Statutory work after a hold, over the officer API: reports are issued, handed in and sent to banks."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from simulator.clock import wall_clock
from simulator.people.callers import Json
from simulator.people.case_police import CasePolice
from simulator.people.officers import HTTP_BAD_REQUEST, PAGE_ITEMS

WORK_TRIES: Final = 8
"""number of tries, because missing fields may be supplied soon: the officer's name, the FIR and its copy"""
REPORT, FOLLOW_UP = "magistrate_report", "follow_up"

Post = Callable[[str, str, str, Json, str], Awaitable[Json]]
"""posts this body to a path as a role in a case, counted under a name; returns {} if refused"""


@dataclass(slots=True)
class StatutoryWork:
    """An investigating officer who works from the open tasks."""

    post: Post
    police: CasePolice
    poll_wall_seconds: float
    _seen: set[str] = field(default_factory=set)
    _reports: Counter[str] = field(default_factory=Counter)
    """number of reports to the magistrate, by case"""

    async def start_new_tasks(self, group: asyncio.TaskGroup) -> None:
        """Start on every task that is new."""
        _, page = await self.police.read(f"/api/v1/desk/tasks?kind=duty&limit={PAGE_ITEMS}")
        items = page.get("items")
        actions = {
            ("duty", REPORT): self._report,
            ("duty_to_hand_in", REPORT): self._hand_in,
            ("duty", FOLLOW_UP): self._follow_up,
        }
        for task in items if isinstance(items, list) else []:
            action = actions.get((str(task["cause"]), str(task["subject"]["id"])))
            if action is not None and str(task["task_id"]) not in self._seen:
                self._seen.add(str(task["task_id"]))
                group.create_task(action(str(task["case_ack_no"])))

    async def _report(self, case: str) -> None:
        self._reports[case] += 1
        body: Json = {"kind": REPORT, "language": "hi", "revision": self._reports[case]}
        await self._issue(case, body, "reports_issued")

    async def _hand_in(self, case: str) -> None:
        now = wall_clock()
        diary_no = f"{self._reports[case]}/{case}/{now.year}"
        body: Json = {"handed_in": {"diary_no": diary_no, "at": now.isoformat()}}
        await self.post("io", case, f"/api/v1/cases/{case}/duties/{REPORT}/done", body, "reports_handed_in")

    async def _follow_up(self, case: str) -> None:
        """Send a follow-up with the FIR to each bank; without an FIR the seizure order goes by post."""
        answer: set[str] = set()
        while banks := await self._banks(case) - answer:
            for bank in sorted(banks):
                body: Json = {"kind": FOLLOW_UP, "language": "en", "subject": bank}
                if not await self._issue(case, body, "follow_ups_issued"):
                    why: Json = {"reason": "the banks have the seizure order by registered post"}
                    path = f"/api/v1/cases/{case}/duties/{FOLLOW_UP}/done"
                    await self.post("io", case, path, why, "follow_ups_by_post")
                    return
            answer |= banks

    async def _banks(self, case: str) -> set[str]:
        """Return the banks that hold money of the case."""
        _, page = await self.police.get("io", case, f"/api/v1/holds?ack_no={case}&held=true&limit={PAGE_ITEMS}")
        items = page.get("items")
        return {str(hold["institution"]) for hold in items} if isinstance(items, list) else set()

    async def _issue(self, case: str, body: Json, what: str) -> bool:
        """Issue a document when no field is missing; return False if that does not happen in time."""
        lacking = f"/api/v1/cases/{case}/documents/{body['kind']}/lacking?subject={body.get('subject', '')}"
        for _ in range(WORK_TRIES):
            status, answer = await self.police.get("io", case, lacking)
            if status < HTTP_BAD_REQUEST and answer.get("can_be_issued"):
                return bool(await self.post("io", case, f"/api/v1/cases/{case}/documents", body, what))
            await asyncio.sleep(self.poll_wall_seconds)
        return False
