"""State of a case in its workflow, and waits with an end."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from datetime import timedelta
from enum import IntEnum

from temporalio import workflow

from schemas.case.case_workflow import CaseNews, HopBrief, HopRef


class Stage(IntEnum):
    """Stage of a hop at its revision. If two messages name the same revision, the later stage counts."""

    TO_ASK = 0
    ASKED = 1
    PARKED = 2
    """an officer at the control-room desk must act"""
    DONE = 3


Standing = tuple[int, Stage]
"""A hop's revision and its stage at that revision."""
UNKNOWN: Standing = (-1, Stage.DONE)


class CaseState:
    """The hops of one case, by what each needs next.

    Only the newest state of each hop counts. A later revision replaces an earlier one. Within a revision the order is
    open, asked, parked, closed. The result is therefore the same whatever the order or number of messages.
    """

    def __init__(self) -> None:
        self._standing: dict[int, Standing] = {}
        self._to_ask: dict[int, HopBrief] = {}
        self._parked: set[int] = set()
        self._asked: dict[str, dict[int, int]] = {}
        """by request: the hops that it still asks about, with their revisions"""
        self._request_of: dict[int, str] = {}

    # -- changes from signals ------------------------------------------------------------------------------------------

    def apply(self, news: CaseNews) -> None:
        """Apply the changes of one signal."""
        for hop in news.opened:
            self.open(hop)
        for ref in news.parked:
            self.park(ref)
        for ref in news.closed:
            self.close(ref)

    def open(self, hop: HopBrief) -> None:
        """Add a hop to ask about, unless a newer state is known."""
        if self._advance(hop.hop_no, (hop.revision, Stage.TO_ASK)):
            self._to_ask[hop.hop_no] = hop

    def park(self, ref: HopRef) -> None:
        """Park a hop for the desk, unless a newer state is known."""
        if self._advance(ref.hop_no, (ref.revision, Stage.PARKED)):
            self._parked.add(ref.hop_no)

    def close(self, ref: HopRef) -> None:
        """Record that the hop needs nothing more at this revision."""
        self._advance(ref.hop_no, (ref.revision, Stage.DONE))

    def ask(self, request_id: str, refs: Iterable[HopRef]) -> None:
        """Record that a request asks about these hops, except those with a newer state."""
        asked = self._asked.setdefault(request_id, {})
        for ref in refs:
            if self._advance(ref.hop_no, (ref.revision, Stage.ASKED)):
                asked[ref.hop_no] = ref.revision
                self._request_of[ref.hop_no] = request_id

    # -- results of a request ------------------------------------------------------------------------------------------

    def keep_asking(self, request_id: str, hop_nos: Collection[int]) -> None:
        """Limit the request to these hops. The next message about any other hop counts as new."""
        for hop_no, revision in list(self._asked.get(request_id, {}).items()):
            if hop_no not in hop_nos:
                self._remove(hop_no)
                self._standing[hop_no] = (revision - 1, Stage.DONE)

    def finish(self, request_id: str) -> None:
        """Record that the request and its hops need no answer any more."""
        for hop_no, revision in list(self._asked.get(request_id, {}).items()):
            self._advance(hop_no, (revision, Stage.DONE))

    def forget(self, request_id: str) -> None:
        """Remove the request; its unanswered hops can be opened again."""
        self.keep_asking(request_id, ())
        self._asked.pop(request_id, None)

    def drop(self, hops: Iterable[HopBrief]) -> None:
        """Remove hops from those to ask about. The next message about one of them counts as new."""
        for hop in hops:
            if self._to_ask.get(hop.hop_no) == hop:
                self._remove(hop.hop_no)
                self._standing[hop.hop_no] = (hop.revision - 1, Stage.DONE)

    def correct(self, hop_no: int, revision: int) -> None:
        """Undo a wrong "done" state, because the database says that the hop is open at this revision."""
        if self._standing.get(hop_no) == (revision, Stage.DONE):
            self._standing[hop_no] = (revision - 1, Stage.DONE)

    # -- work to do ----------------------------------------------------------------------------------------------------

    @property
    def to_ask(self) -> tuple[HopBrief, ...]:
        """The hops under no request yet."""
        return tuple(self._to_ask.values())

    @property
    def parked(self) -> tuple[HopRef, ...]:
        """The parked hops, which an officer at the desk must handle."""
        return tuple(HopRef(hop_no=hop_no, revision=self._standing[hop_no][0]) for hop_no in sorted(self._parked))

    @property
    def has_to_ask(self) -> bool:
        """Whether requests must be planned."""
        return bool(self._to_ask)

    @property
    def has_parked(self) -> bool:
        """Whether any hop is parked for the desk."""
        return bool(self._parked)

    def waits(self, request_id: str) -> bool:
        """Return whether the request still needs an answer about any hop."""
        return bool(self._asked.get(request_id))

    def asked(self, request_id: str) -> tuple[HopRef, ...]:
        """Return the hops that a request still asks about."""
        return tuple(
            HopRef(hop_no=hop_no, revision=revision) for hop_no, revision in self._asked.get(request_id, {}).items()
        )

    # -- helpers -------------------------------------------------------------------------------------------------------

    def _advance(self, hop_no: int, to: Standing) -> bool:
        """Record the hop's new state; return False if it is not newer than the known one."""
        if to <= self._standing.get(hop_no, UNKNOWN):
            return False
        self._remove(hop_no)
        self._standing[hop_no] = to
        return True

    def _remove(self, hop_no: int) -> None:
        self._to_ask.pop(hop_no, None)
        self._parked.discard(hop_no)
        request_id = self._request_of.pop(hop_no, None)
        if request_id is not None:
            del self._asked[request_id][hop_no]


async def holds_within(condition: Callable[[], bool], timeout: timedelta) -> bool:
    """Wait until `condition` holds or `timeout` is over; return whether it held.

    `workflow.wait_condition(timeout=…)` is not used, because it rests on `asyncio.wait_for`. Python 3.12 rewrote that
    function, and it now resumes the caller after fewer turns of the event loop. A history recorded on one Python would
    then not replay on another. This function takes exactly the turns of Python 3.11: two after the condition, four
    after the timer, two where no time is left.
    """
    if timeout <= timedelta(0):
        await _turns(2)
        return False
    resumed = asyncio.get_running_loop().create_future()
    timer = asyncio.get_running_loop().call_later(timeout.total_seconds(), _resolve, resumed, False)
    waiting = asyncio.create_task(_resolve_when(condition, resumed))
    try:
        held: bool = await resumed
    finally:
        timer.cancel()
        waiting.cancel()
    if not held:
        await _turns(2)
    return held


async def _resolve_when(condition: Callable[[], bool], resumed: "asyncio.Future[bool]") -> None:
    await workflow.wait_condition(condition)
    _resolve(resumed, True)


def _resolve(resumed: "asyncio.Future[bool]", held: bool) -> None:
    if not resumed.done():
        resumed.set_result(held)


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
