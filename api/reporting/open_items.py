"""The open work items as this process knows them, and the counts of those that each kind of caller sees."""

import heapq
from bisect import bisect_right, insort
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from db.work_items.work_item_lines import ItemLine
from domain.officers.jurisdiction import covers
from domain.work_items.task_owners import Acts, can_act
from schemas.enums import TaskKind, TaskState
from schemas.privacy.personal_data import Within
from schemas.work_items.officer_streams import DeadlineKind, KindTotal


@dataclass(frozen=True, slots=True)
class View:
    """Work items that a caller sees: what the roles can act on, in the cases of the caller.

    Callers with the same roles and the same cases share a view.
    """

    acts: Acts | None
    within: Within | None

    def sees(self, line: ItemLine) -> bool:
        """Return whether a list shows this item to the caller."""
        return can_act(self.acts, line.acts) and covers(self.within, line.place)


@dataclass(frozen=True, slots=True)
class KnownItem:
    """An open work item as it was counted."""

    line: ItemLine
    is_owned: bool
    is_snoozed: bool

    @classmethod
    def at(cls, line: ItemLine, now: datetime) -> "KnownItem":
        """Return the item as it is now."""
        return cls(line, line.is_owned(now), line.is_snoozed(now))


@dataclass(frozen=True, slots=True)
class Passed:
    """A time of a work item that has passed."""

    at: datetime
    kind: DeadlineKind
    before: KnownItem
    after: KnownItem


class Totals:
    """Counts of one view, kept by each change."""

    def __init__(self) -> None:
        self.users = 0
        """streams with this view"""
        self.has_changed = False
        self._open: Counter[TaskKind] = Counter()
        self._owned: Counter[TaskKind] = Counter()
        self._snoozed: Counter[TaskKind] = Counter()
        self._in_play_paise: Counter[TaskKind] = Counter()

    def add(self, item: KnownItem, sign: int) -> None:
        """Count an item, or with the sign -1 count it no more."""
        kind = item.line.acts.kind
        self._open[kind] += sign
        self._owned[kind] += sign * item.is_owned
        self._snoozed[kind] += sign * item.is_snoozed
        self._in_play_paise[kind] += sign * (item.line.in_play_paise or 0)
        self.has_changed = True

    def kinds(self) -> tuple[KindTotal, ...]:
        """Return the counts of the kinds that have open items."""
        return tuple(
            KindTotal(
                kind=kind,
                open=self._open[kind],
                owned=self._owned[kind],
                snoozed=self._snoozed[kind],
                in_play_paise=self._in_play_paise[kind],
            )
            for kind in sorted(self._open)
            if self._open[kind]
        )


class OpenItems:
    """The open work items, their times, and the counts of the views in use."""

    def __init__(self) -> None:
        self._known: dict[int, KnownItem] = {}
        self._ids: Final[list[int]] = []
        self._of_case: dict[str, set[int]] = {}
        self._of_owner: Counter[str] = Counter()
        self._times: list[tuple[datetime, int, DeadlineKind]] = []
        self._views: dict[View, Totals] = {}

    def __len__(self) -> int:
        return len(self._known)

    def get(self, task_id: int) -> KnownItem | None:
        """Return an open item that is known."""
        return self._known.get(task_id)

    def of_case(self, case_no: str) -> frozenset[int]:
        """Return the ids of the known open items of a case."""
        return frozenset(self._of_case.get(case_no, ()))

    def between(self, after: int, last: int) -> Iterator[int]:
        """Yield the ids of the known open items after one id, up to another one."""
        for place in range(bisect_right(self._ids, after), len(self._ids)):
            if self._ids[place] > last:
                return
            yield self._ids[place]

    def last_id(self) -> int:
        """Return the largest known id."""
        return self._ids[-1] if self._ids else 0

    def forget_below(self, floor: int) -> None:
        """Know the items up to this id no more."""
        for task_id in [*self.between(0, floor)]:
            self._replace(self._known[task_id], None)

    def put(self, line: ItemLine, now: datetime) -> tuple[KnownItem | None, KnownItem | None] | None:
        """Take an item as it was read; return it before and now, or None if nothing changed.

        An item that is not open is None.
        """
        before = self._known.get(line.task_id)
        if before is not None and (before.line == line or line.read_at < before.line.read_at):
            return None
        after = KnownItem.at(line, now) if line.state is TaskState.OPEN else None
        if before is None and after is None:
            return None
        self._replace(before, after)
        if after is not None:
            self._note_times(before, line, now)
        return before, after

    def passed(self, now: datetime) -> Iterator[Passed]:
        """Yield the times that have passed, with the item before and now."""
        while self._times and self._times[0][0] <= now:
            at, task_id, kind = heapq.heappop(self._times)
            before = self._known.get(task_id)
            # The item may have got another time since then, which has an entry of its own.
            if before is not None and _times(before.line).get(kind) == at:
                after = KnownItem.at(before.line, now)
                self._replace(before, after)
                yield Passed(at, kind, before, after)

    def next_time(self) -> datetime | None:
        """Return the next time of an item."""
        return self._times[0][0] if self._times else None

    # -- counts --------------------------------------------------------------------------------------------------------

    def use(self, view: View) -> None:
        """Count for a view until `leave`."""
        totals = self._views.get(view)
        if totals is None:
            totals = self._views[view] = Totals()
            for item in self._known.values():
                if view.sees(item.line):
                    totals.add(item, 1)
        totals.users += 1

    def leave(self, view: View) -> None:
        """Count no more for one user of a view."""
        totals = self._views[view]
        totals.users -= 1
        if not totals.users:
            del self._views[view]

    def kinds(self, view: View) -> tuple[KindTotal, ...]:
        """Return the counts of a view by kind; none of a view that is not in use."""
        totals = self._views.get(view)
        return totals.kinds() if totals else ()

    def changed_views(self) -> frozenset[View]:
        """Return the views whose counts have changed since the last call."""
        changed = frozenset(view for view, totals in self._views.items() if totals.has_changed)
        for view in changed:
            self._views[view].has_changed = False
        return changed

    def mine(self, officer_id: str) -> int:
        """Return how many open items an officer has."""
        return self._of_owner[officer_id]

    def _replace(self, before: KnownItem | None, after: KnownItem | None) -> None:
        for item, sign in ((before, -1), (after, 1)):
            if item is None:
                continue
            if item.is_owned and item.line.last_owner is not None:
                self._of_owner[item.line.last_owner] += sign
            for view, totals in self._views.items():
                if view.sees(item.line):
                    totals.add(item, sign)
        if before is not None and after is None:
            self._forget(before.line)
        elif after is not None:
            if before is None:
                insort(self._ids, after.line.task_id)
                if after.line.case_no is not None:
                    self._of_case.setdefault(after.line.case_no, set()).add(after.line.task_id)
            self._known[after.line.task_id] = after

    def _forget(self, line: ItemLine) -> None:
        del self._known[line.task_id]
        del self._ids[bisect_right(self._ids, line.task_id) - 1]
        if line.case_no is not None:
            others = self._of_case[line.case_no]
            others.discard(line.task_id)
            if not others:
                del self._of_case[line.case_no]

    def _note_times(self, before: KnownItem | None, line: ItemLine, now: datetime) -> None:
        noted = _times(before.line) if before else {}
        for kind, at in _times(line).items():
            if at is not None and at > now and at != noted.get(kind):
                heapq.heappush(self._times, (at, line.task_id, kind))


def _times(line: ItemLine) -> dict[DeadlineKind, datetime | None]:
    return {
        DeadlineKind.LEASE_ENDED: line.lease_ends_at if line.last_owner is not None else None,
        DeadlineKind.SNOOZE_ENDED: line.wakes_at,
        DeadlineKind.TASK_DUE: line.due_at,
    }
