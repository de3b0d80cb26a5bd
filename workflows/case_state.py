"""What is to be done about each hop of a case. Pure bookkeeping: no time, no activity, nothing that waits."""

from collections.abc import Collection, Iterable
from enum import IntEnum

from schemas.outbox.case import CaseNews, HopBrief, HopRef


class Stage(IntEnum):
    """How far a hop has come at its revision; of two words about one revision the later stage counts."""

    TO_ASK = 0
    ASKED = 1
    PARKED = 2
    """waits for the desk"""
    DONE = 3


Standing = tuple[int, Stage]
"""Where a hop stands: its revision, and the stage at that revision."""
UNKNOWN: Standing = (-1, Stage.DONE)


class Caseload:
    """The hops of one case, by what each waits for.

    Of every hop only the newest word counts: a later revision over an earlier one, and within a revision closed over
    parked over asked over open. So the same news in any order and any number of times comes to the same.
    """

    def __init__(self) -> None:
        self._standing: dict[int, Standing] = {}
        self._to_ask: dict[int, HopBrief] = {}
        self._parked: set[int] = set()
        self._asked: dict[str, dict[int, int]] = {}
        """by request: the hops it still asks about, with their revisions"""
        self._request_of: dict[int, str] = {}

    # -- what is told ----------------------------------------------------------------------------------------------

    def tell(self, news: CaseNews) -> None:
        """Take up what has changed."""
        for hop in news.opened:
            self.open(hop)
        for ref in news.parked:
            self.park(ref)
        for ref in news.closed:
            self.close(ref)

    def open(self, hop: HopBrief) -> None:
        """The hop is to be asked about, unless something newer is known of it."""
        if self._moves(hop.hop_no, (hop.revision, Stage.TO_ASK)):
            self._to_ask[hop.hop_no] = hop

    def park(self, ref: HopRef) -> None:
        """The hop waits for the desk, unless something newer is known of it."""
        if self._moves(ref.hop_no, (ref.revision, Stage.PARKED)):
            self._parked.add(ref.hop_no)

    def close(self, ref: HopRef) -> None:
        """The hop needs nothing more at this revision."""
        self._moves(ref.hop_no, (ref.revision, Stage.DONE))

    def ask(self, request_id: str, refs: Iterable[HopRef]) -> None:
        """A request asks about these hops from now on, but for those of which something newer is known."""
        asked = self._asked.setdefault(request_id, {})
        for ref in refs:
            if self._moves(ref.hop_no, (ref.revision, Stage.ASKED)):
                asked[ref.hop_no] = ref.revision
                self._request_of[ref.hop_no] = request_id

    # -- what comes of a request -----------------------------------------------------------------------------------

    def keep_asking(self, request_id: str, hop_nos: Collection[int]) -> None:
        """Of its hops the request asks only about these; whatever is said of the others next is news again."""
        for hop_no, revision in list(self._asked.get(request_id, {}).items()):
            if hop_no not in hop_nos:
                self._take_out(hop_no)
                self._standing[hop_no] = (revision - 1, Stage.DONE)

    def finish(self, request_id: str) -> None:
        """The request needs no answer any more, and neither do its hops."""
        for hop_no, revision in list(self._asked.get(request_id, {}).items()):
            self._moves(hop_no, (revision, Stage.DONE))

    def forget(self, request_id: str) -> None:
        """The request is over; what it still asked about can be opened again."""
        self.keep_asking(request_id, ())
        self._asked.pop(request_id, None)

    def correct(self, hop_no: int, revision: int) -> None:
        """The database says that the hop stands open at this revision: an earlier word that it is done was wrong."""
        if self._standing.get(hop_no) == (revision, Stage.DONE):
            self._standing[hop_no] = (revision - 1, Stage.DONE)

    # -- what there is to do ---------------------------------------------------------------------------------------

    @property
    def to_ask(self) -> tuple[HopBrief, ...]:
        """The hops that go out with the next wave."""
        return tuple(self._to_ask.values())

    @property
    def parked(self) -> tuple[HopRef, ...]:
        """The hops that wait for the desk."""
        return tuple(HopRef(hop_no=hop_no, revision=self._standing[hop_no][0]) for hop_no in sorted(self._parked))

    @property
    def has_to_ask(self) -> bool:
        """Whether a wave should go out."""
        return bool(self._to_ask)

    @property
    def has_parked(self) -> bool:
        """Whether a hop waits for the desk."""
        return bool(self._parked)

    def waits(self, request_id: str) -> bool:
        """Whether the request still waits for the answer about any hop."""
        return bool(self._asked.get(request_id))

    def asked(self, request_id: str) -> tuple[HopRef, ...]:
        """The hops that a request still asks about."""
        return tuple(
            HopRef(hop_no=hop_no, revision=revision) for hop_no, revision in self._asked.get(request_id, {}).items()
        )

    def next_wave(self, most: int) -> dict[str, list[HopBrief]]:
        """What to ask now, by bank: at most `most` hops each, the rest with the wave after it."""
        by_bank: dict[str, list[HopBrief]] = {}
        for hop in self._to_ask.values():
            bank = by_bank.setdefault(hop.institution, [])
            if len(bank) < most:
                bank.append(hop)
        return by_bank

    # -- leaves ----------------------------------------------------------------------------------------------------

    def _moves(self, hop_no: int, to: Standing) -> bool:
        """Note where the hop stands now, and take it out from where it stood; false when that is no news."""
        if to <= self._standing.get(hop_no, UNKNOWN):
            return False
        self._take_out(hop_no)
        self._standing[hop_no] = to
        return True

    def _take_out(self, hop_no: int) -> None:
        self._to_ask.pop(hop_no, None)
        self._parked.discard(hop_no)
        request_id = self._request_of.pop(hop_no, None)
        if request_id is not None:
            del self._asked[request_id][hop_no]
