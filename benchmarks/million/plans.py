"""Plans of statements: gathered while they run, judged, and written as text."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from db.pool import Connection

BUFFERS_MAX: Final = 200
"""pages of 8 kB that one statement may read"""
HOT_TABLES: Final = frozenset(
    (
        *("account_hold", "answer", "bank_body", "bank_exchange", "case_event", "case_file", "case_news", "complaint"),
        *("complaint_transfer", "desk_task", "disputed_transfer", "feed_entry", "held_hop", "hold_request", "hop"),
        *("hop_retry", "ledger_balance", "ledger_entry", "ledger_transaction", "procedure", "procedure_news"),
        *("person_key", "request_hop", "request_job", "status_update", "victim"),
    )
)
"""tables that every case makes larger"""
_REFERENCE_CHECK: Final = re.compile(r'(?:SELECT) \d+ FROM (ONLY )?"')
TEXT_MAX: Final = 150


@dataclass(frozen=True)
class Scan:
    """A node that reads a table, as it ran."""

    kind: str
    table: str
    index: str
    rows: float
    """rows that it gave, in all of its loops"""
    removed: float
    """rows that it read and left out, in all of its loops"""

    @property
    def text(self) -> str:
        """The scan in one line."""
        by = f" by {self.index}" if self.index else ""
        removed = f", {self.removed:.0f} left out" if self.removed else ""
        return f"{self.kind}: {self.table}{by}, {self.rows:.0f} rows{removed}"


@dataclass(frozen=True)
class Plan:
    """The plan of one statement, as it ran."""

    area: str
    statement: str
    buffers: int
    scans: tuple[Scan, ...]

    @property
    def whole_tables(self) -> list[str]:
        """The hot tables that the statement reads from one end to the other."""
        return sorted({scan.table for scan in self.scans if scan.kind == "Seq Scan" and scan.table in HOT_TABLES})

    @property
    def is_reference_check(self) -> bool:
        """Whether the server itself ran it, to check a foreign key."""
        return _REFERENCE_CHECK.match(self.statement) is not None


@dataclass
class PlanBook:
    """Gathers the plans of a session. Of each statement of an area, the one that read most is kept."""

    plans: dict[tuple[str, str], Plan] = field(default_factory=dict)
    is_on: bool = False
    """whether plans count now"""
    _area: str = ""

    @asynccontextmanager
    async def watching(self, connection: Connection) -> AsyncIterator[None]:
        """Gather the plans that this session is sent while the block runs."""
        connection.add_log_listener(self._note)
        try:
            yield
            # The driver notes a plan in the event loop's next step.
            await asyncio.sleep(0)
        finally:
            connection.remove_log_listener(self._note)

    @contextmanager
    def area(self, name: str) -> Iterator[None]:
        """Gather plans under the name of an area while the block runs."""
        self._area = name
        try:
            yield
        finally:
            self._area = ""

    def _note(self, _connection: object, message: Any) -> None:
        head, marker, text = message.message.partition("plan:\n")
        if not (self.is_on and self._area and marker) or not head.startswith("duration:"):
            return
        plan = read_plan(self._area, orjson.loads(text))
        before = self.plans.get((plan.area, plan.statement))
        if before is None or plan.buffers >= before.buffers:
            self.plans[plan.area, plan.statement] = plan


def read_plan(area: str, explained: Mapping[str, Any]) -> Plan:
    """Return the plan in the JSON that PostgreSQL writes."""
    node = explained["Plan"]
    statement = " ".join(explained["Query Text"].split())
    return Plan(
        area, statement, node.get("Shared Hit Blocks", 0) + node.get("Shared Read Blocks", 0), tuple(_scans(node))
    )


def _scans(node: Mapping[str, Any], index: str = "") -> Iterator[Scan]:
    kind, loops = node["Node Type"], node.get("Actual Loops", 1)
    if kind == "Bitmap Heap Scan":
        index = ", ".join(dict.fromkeys(_indexes(node)))
    if "Relation Name" in node and kind != "ModifyTable":
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        used = node.get("Index Name", index)
        yield Scan(kind, node["Relation Name"], used, node.get("Actual Rows", 0) * loops, removed * loops)
    for below in node.get("Plans", ()):
        yield from _scans(below)


def _indexes(node: Mapping[str, Any]) -> Iterator[str]:
    for below in node.get("Plans", ()):
        if "Index Name" in below:
            yield below["Index Name"]
        yield from _indexes(below)


@dataclass(frozen=True)
class Allowed:
    """A statement that may read more pages than others, and why."""

    statement: str
    """a part of its text that no other statement has"""
    buffers: int
    why: str
    area: str = ""
    """the end of its area's name"""

    def is_about(self, plan: Plan) -> bool:
        """Return whether the plan is one of this statement."""
        return plan.area.endswith(self.area) and self.statement in plan.statement


def faults(plans: Mapping[tuple[str, str], Plan], allowed: Sequence[Allowed]) -> list[str]:
    """Return what is wrong, a line each: statements that read too many pages or a whole hot table."""
    lines = []
    for plan in plans.values():
        limit = max([BUFFERS_MAX, *(allowance.buffers for allowance in allowed if allowance.is_about(plan))])
        if plan.buffers > limit:
            lines.append(f"{plan.area}: {plan.buffers} pages, limit {limit}: {plan.statement[:TEXT_MAX]}")
        if plan.whole_tables:
            lines.append(f"{plan.area}: reads all of {', '.join(plan.whole_tables)}: {plan.statement[:TEXT_MAX]}")
    return sorted(lines)


_PREFACE: Final = (
    "Written by `goldenhour bench million --plans FILE`. Pages have 8 kB and are those that the statement read, with",
    "the functions that it called. Rows are those that a part of the plan gave in all of its loops. Statements that",
    "read no table are left out, and checks of foreign keys are only counted.",
)


def page_of(plans: Mapping[tuple[str, str], Plan], cases: int) -> str:
    """Return the plans as a page of text, by area, those that read most first."""
    lines = [f"# Plans of the hot statements on {cases} cases", "", *_PREFACE, ""]
    for area in dict.fromkeys(plan.area for plan in plans.values()):
        lines += [f"## {area}", ""]
        own = [plan for plan in plans.values() if plan.area == area]
        own.sort(key=lambda plan: (-plan.buffers, plan.statement))
        checks = [plan.buffers for plan in own if plan.is_reference_check]
        if checks:
            lines += [f"{len(checks)} checks of foreign keys, at most {max(checks)} pages each.", ""]
        for plan in own:
            if plan.scans and not plan.is_reference_check:
                lines += [f"- {plan.buffers} pages: `{plan.statement[:TEXT_MAX]}`"]
                lines += [f"  - {scan.text}" for scan in plan.scans]
        lines.append("")
    return "\n".join(lines)
