"""Ticket books of the banks: tickets received, answers given, and hops that were asked about twice."""

import time
import uuid
from asyncio import Event
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulator.clock import wall_clock
from simulator.config import CLASSES, Channel
from simulator.institutions import Institution
from simulator.wires.i4c import FraudReport
from simulator.world.bank_model import Incident


@dataclass(slots=True, eq=False)
class PostRecord:
    """One status update in delivery, with monotonic times in ns. `onward` are the transfers it names."""

    onward: tuple[str, ...]
    refused: frozenset[str]
    """RRNs that it refuses"""
    key: str = ""
    """identifies the bank's post in every run of the same world"""
    attempts: int = 0
    sent_ns: int = 0
    accepted_ns: int | None = None
    status: int | None = None
    gave_up: bool = False
    refused_paise: Mapping[str, int] = field(default_factory=dict)
    """by RRN: the part that it refuses, which may be asked about again"""


@dataclass(slots=True, eq=False)
class TicketRecord:
    """One ticket at one bank. `received_world` is simulated time; the others are real or monotonic times."""

    number: int
    bank: Institution
    key: str
    report: FraudReport
    received_world: float
    channel: Channel
    """the channel of the request and of its answer"""
    link: str = field(default="", repr=False)
    """link of the newest letter about it"""
    job_id: str = field(default_factory=lambda: f"BANKS-{uuid.uuid4()}")
    received_ns: int = field(default_factory=time.monotonic_ns)
    received_at: float = field(default_factory=lambda: wall_clock().timestamp())
    repeats: int = 0
    """number of repeats of the same request"""
    posts: list[PostRecord] = field(default_factory=list)
    nudge: Event = field(default_factory=Event)
    saved: float = 0.0
    """simulated seconds that reminders saved"""
    worked: bool = False
    """whether the bank knows its answer"""
    answered: bool = False
    """whether all answers of the bank are accepted or given up"""

    @property
    def rrns(self) -> list[str]:
        """The hops that it asks about."""
        return [incident.rrn for incident in self.report.incidents]

    def asks_still(self, rrn: str) -> bool:
        """Return whether the ticket still covers money of the hop: not answered yet, or not all of it refused."""
        refused = any(rrn in post.refused and post.attempts for post in self.posts)
        return not refused and self.left_paise(rrn) > 0

    def asked_paise(self, rrn: str) -> int:
        """Return the amount of a hop that the ticket asks about."""
        return next(incident.disputed_paise for incident in self.report.incidents if incident.rrn == rrn)

    def left_paise(self, rrn: str) -> int:
        """Return the amount of a hop that the ticket asks about, without the part that was refused."""
        refused = max((post.refused_paise.get(rrn, 0) for post in self.posts if post.attempts), default=0)
        return max(0, self.asked_paise(rrn) - refused)


@dataclass(frozen=True, slots=True)
class RepeatedRequest:
    """Two live requests with different keys for the same money of the same hop at the same bank."""

    ack_no: str
    rrn: str
    bank: str
    keys: tuple[str, ...]
    """keys of the live requests, oldest first"""


@dataclass(frozen=True, slots=True)
class NextLayer:
    """The first request about a transfer that answers named, and the time since each of them.

    `ns_by_root` is by the number of the transfer before it: money that several transfers brought has one answer each.
    """

    ack_no: str
    rrn: str
    ns_by_root: Mapping[str, int]

    @property
    def ns(self) -> int:
        """Return the time since the first of the answers."""
        return max(self.ns_by_root.values())


class TicketBook:
    """All tickets of all banks."""

    def __init__(self) -> None:
        self.tickets: list[TicketRecord] = []
        self.repeated_requests: list[RepeatedRequest] = []
        self.received = dict.fromkeys(CLASSES, 0)
        self.worked = dict.fromkeys(CLASSES, 0)
        self.answered = dict.fromkeys(CLASSES, 0)
        self.incidents = 0
        self.repeats = 0
        self.first_seen_ns: dict[str, int] = {}
        """by acknowledgement number: the time of its first ticket"""
        self.next_layers: list[NextLayer] = []
        self._by_key: dict[tuple[str, str], TicketRecord] = {}
        self._by_hop: dict[tuple[str, str, str], list[TicketRecord]] = {}
        self._by_case: dict[tuple[str, str], list[TicketRecord]] = {}
        self._named_by: dict[tuple[str, str], dict[str, PostRecord]] = {}
        """by case and transfer, then by the transfer before: the first answer that named it"""
        self._parts_paise: dict[tuple[str, str], dict[tuple[int, str], int]] = {}
        """disputed parts that banks have named, by case and transfer, then by ticket and the transfer before"""

    def known(self, bank: Institution, key: str) -> TicketRecord | None:
        """Return the ticket that this bank opened for this key, and count the repeat."""
        record = self._by_key.get((bank.code, key)) if key else None
        if record is not None:
            record.repeats += 1
            self.repeats += 1
        return record

    def first_time(self, bank: Institution, key: str) -> bool:
        """Return whether the key was used only once so far; False without a key."""
        record = self._by_key.get((bank.code, key)) if key else None
        return record is not None and record.repeats == 0

    def open(
        self, bank: Institution, key: str, report: FraudReport, received_world: float, channel: Channel, link: str = ""
    ) -> TicketRecord:
        """Open a new ticket."""
        record = TicketRecord(len(self.tickets), bank, key, report, received_world, channel, link)
        record.job_id = report.job_id or record.job_id
        self.tickets.append(record)
        self.received[bank.answer_class] += 1
        self.incidents += len(report.incidents)
        self._by_key.setdefault((bank.code, key), record)
        self._by_case.setdefault((bank.code, report.ack_no), []).append(record)
        self.first_seen_ns.setdefault(report.ack_no, record.received_ns)
        for incident in report.incidents:
            self._note_hop(record, incident)
        return record

    def work_done(self, record: TicketRecord) -> None:
        """Record that the bank knows its answer."""
        if not record.worked:
            record.worked = True
            self.worked[record.bank.answer_class] += 1

    def answer_given(self, record: TicketRecord) -> None:
        """Record that the bank has sent all its answers."""
        self.work_done(record)
        record.answered = True
        self.answered[record.bank.answer_class] += 1

    def named(
        self, ack_no: str, record: TicketRecord, parts_paise: Mapping[tuple[str, str], int], post: PostRecord
    ) -> None:
        """Record the transfers that an answer names: which answer did so first for each transfer before, and its part.

        `parts_paise` is by the number of the transfer and that of the transfer before it.
        """
        roots: dict[str, str] = dict(parts_paise.keys())
        for rrn in post.onward:
            self._named_by.setdefault((ack_no, rrn), {}).setdefault(roots.get(rrn, ""), post)
        for (rrn, root_rrn), paise in parts_paise.items():
            self._parts_paise.setdefault((ack_no, rrn), {})[record.number, root_rrn] = paise

    def of_case(self, bank: str, ack_no: str) -> Iterable[TicketRecord]:
        """Return a bank's tickets about one case."""
        return self._by_case.get((bank, ack_no), ())

    def of_key(self, bank: str, key: str) -> TicketRecord | None:
        """Return a bank's ticket for that key, which is the id of the request."""
        return self._by_key.get((bank, key))

    def of_job(self, job_id: str) -> TicketRecord | None:
        """Return the ticket with that job id."""
        return next((t for t in self.tickets if t.job_id == job_id), None)

    def _note_hop(self, record: TicketRecord, incident: Incident) -> None:
        hop = (record.report.ack_no, incident.rrn, record.bank.code)
        others = self._by_hop.setdefault(hop, [])
        posts = self._named_by.get(hop[:2], {})
        since = {root: record.received_ns - post.sent_ns for root, post in posts.items() if post.sent_ns}
        if not others and since:
            self.next_layers.append(NextLayer(*hop[:2], since))
        others.append(record)
        live = {t.key: t for t in others if t.key != record.key and t.asks_still(incident.rrn)}
        if not live:
            return
        repeats_a_part = any(ticket.asked_paise(incident.rrn) == incident.disputed_paise for ticket in live.values())
        covered_paise = incident.disputed_paise + sum(ticket.left_paise(incident.rrn) for ticket in live.values())
        # Money that several transfers brought may be asked about in parts: those that banks have named, and perhaps two
        # of the same amount.
        named_paise = sum(self._parts_paise.get(hop[:2], {}).values())
        if (repeats_a_part and covered_paise > named_paise) or covered_paise > incident.amount_paise:
            self.repeated_requests.append(RepeatedRequest(*hop, keys=(*live, record.key)))
