"""What the law asks of the police after a hold, over the officer API: reports are issued, handed in, sent to banks."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from simulator.people.complaints import Json
from simulator.people.officers import HTTP_BAD_REQUEST, PAGE_ITEMS

TRIES: Final = 8
"""what a paper lacks may be told soon: the officer's name, the FIR and its copy"""
REPORT, FOLLOW_UP = "magistrate_report", "follow_up"

Post = Callable[[str, str, Json, str], Awaitable[Json]]
"""as a role, to a path, this body; counted as that; {} where it is refused"""
Get = Callable[[str, str], Awaitable[tuple[int, Json]]]


@dataclass(slots=True)
class PaperWork:
    """An investigating officer who goes by the open tasks, as everybody does."""

    post: Post
    get: Get
    poll_wall_seconds: float
    _seen: set[str] = field(default_factory=set)
    _reports: Counter[str] = field(default_factory=Counter)
    """to the magistrate, by case"""

    async def look(self, group: asyncio.TaskGroup) -> None:
        """Take up what nobody has taken up yet."""
        _, page = await self.get("supervisor", f"/api/v1/desk/tasks?kind=duty&limit={PAGE_ITEMS}")
        items = page.get("items")
        deeds = {
            ("duty", REPORT): self._report,
            ("duty_to_hand_in", REPORT): self._hand_in,
            ("duty", FOLLOW_UP): self._follow_up,
        }
        for task in items if isinstance(items, list) else []:
            deed = deeds.get((str(task["cause"]), str(task["subject"]["id"])))
            if deed is not None and str(task["task_id"]) not in self._seen:
                self._seen.add(str(task["task_id"]))
                group.create_task(deed(str(task["case_ack_no"])))

    async def _report(self, case: str) -> None:
        self._reports[case] += 1
        body: Json = {"kind": REPORT, "language": "hi", "revision": self._reports[case]}
        await self._issue(case, body, "reports_issued")

    async def _hand_in(self, case: str) -> None:
        now = datetime.now(UTC)
        diary_no = f"{self._reports[case]}/{case}/{now.year}"
        body: Json = {"handed_in": {"diary_no": diary_no, "at": now.isoformat()}}
        await self.post("io", f"/api/v1/cases/{case}/duties/{REPORT}/done", body, "reports_handed_in")

    async def _follow_up(self, case: str) -> None:
        """To each bank with the FIR; where none comes the seizure order goes by post."""
        told: set[str] = set()
        while banks := await self._banks(case) - told:
            for bank in sorted(banks):
                body: Json = {"kind": FOLLOW_UP, "language": "en", "subject": bank}
                if not await self._issue(case, body, "follow_ups_issued"):
                    why: Json = {"reason": "the banks have the seizure order by registered post"}
                    await self.post("io", f"/api/v1/cases/{case}/duties/{FOLLOW_UP}/done", why, "follow_ups_by_post")
                    return
            told |= banks

    async def _banks(self, case: str) -> set[str]:
        """Those that hold money of the case."""
        _, page = await self.get("io", f"/api/v1/holds?ack_no={case}&held=true&limit={PAGE_ITEMS}")
        items = page.get("items")
        return {str(hold["institution"]) for hold in items} if isinstance(items, list) else set()

    async def _issue(self, case: str, body: Json, what: str) -> bool:
        """Issue a paper once nothing is lacking; false where that does not come to be."""
        lacking = f"/api/v1/cases/{case}/papers/{body['kind']}/lacking?subject={body.get('subject', '')}"
        for _ in range(TRIES):
            status, told = await self.get("io", lacking)
            if status < HTTP_BAD_REQUEST and told.get("can_be_issued"):
                return bool(await self.post("io", f"/api/v1/cases/{case}/papers", body, what))
            await asyncio.sleep(self.poll_wall_seconds)
        return False
