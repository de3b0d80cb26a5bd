"""True figures: the amount that a perfect engine would have held in the same world.

The perfect engine sends a request to every bank at the moment of the complaint, and to the next bank when an answer
names it. It has no delay of its own; banks, and the desk that corrects a wrong number, keep theirs. The amount it holds
is *catchable*.
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from simulator.config import CLASSES, SimulatorConfig
from simulator.institutions import Institution
from simulator.world.bank_model import INVALID_RRN, OK, BankModel, Finding, Incident, Row, RowKind
from simulator.world.cases import CasePlan, ReportedTransfer
from simulator.world.world import World


@dataclass(slots=True)
class Truth:
    """Amounts held, in paise: by class of bank, and by case and class; and the number of hops asked about."""

    held_by_class: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CLASSES, 0))
    held_by_case: dict[int, dict[str, int]] = field(default_factory=dict)
    hops: int = 0

    @property
    def held_paise(self) -> int:
        """The total amount held."""
        return sum(self.held_by_class.values())


def build_world(plans: Iterable[CasePlan]) -> World:
    """Return a new world of these cases, at the start of its day."""
    plans = tuple(plans)
    world = World(
        (account for plan in plans for account in plan.accounts),
        (move for plan in plans for move in plan.moves),
    )
    world.advance(0.0)
    return world


def correction_seconds(config: SimulatorConfig, reported: ReportedTransfer) -> float:
    """Return how long the desk takes to correct a wrongly reported transfer (simulated time)."""
    return config.correction_delay.drawn(config.seed, "correction", reported.move.rrn)


def perfect_truth(
    config: SimulatorConfig,
    institutions: Sequence[Institution],
    plans: Sequence[CasePlan],
    engine_delay: Callable[[str], float] = lambda _: 0.0,
) -> Truth:
    """Return the figures of an engine that needs `engine_delay(rrn)` seconds per hop; by default none."""
    engine = _PerfectEngine(config, institutions, build_world(plans), engine_delay)
    for plan in plans:
        engine.complain(plan)
    engine.run()
    return engine.truth


@dataclass(slots=True)
class _Ticket:
    """A ticket in progress at a bank."""

    case_no: int
    bank: Institution
    left: int
    findings: list[Finding] = field(default_factory=list)


class _PerfectEngine:
    """An engine in virtual time."""

    def __init__(
        self,
        config: SimulatorConfig,
        institutions: Sequence[Institution],
        world: World,
        engine_delay: Callable[[str], float],
    ) -> None:
        self._config = config
        self._banks = {bank.code: bank for bank in institutions}
        self._world = world
        self._desk = BankModel(world, config, institutions)
        self._engine_delay = engine_delay
        self._serial = count()
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._reported: dict[tuple[int, str], ReportedTransfer] = {}
        self._asked: set[tuple[int, str, str]] = set()
        self.truth = Truth()

    def complain(self, plan: CasePlan) -> None:
        """Receive a case's complaint at its time."""
        complaint = plan.complaints[0]
        hops = []
        for reported in complaint.transfers:
            self._reported[plan.case_no, reported.reference] = reported
            incident = Incident(reported.reference, reported.move.amount_paise, reported.move.amount_paise)
            hops.append((reported.bank, incident))
        self._at(complaint.at, partial(self._ask, plan.case_no, hops))

    def run(self) -> None:
        """Run until no event is left."""
        while self._events:
            at, _, act = heapq.heappop(self._events)
            act(at)

    def _at(self, at: float, act: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (at, next(self._serial), act))

    def _ask(self, case_no: int, hops: Iterable[tuple[str, Incident]], at: float) -> None:
        by_bank: dict[str, list[Incident]] = {}
        for code, incident in hops:
            if code in self._banks:
                by_bank.setdefault(code, []).append(incident)
        for code, incidents in by_bank.items():
            delay = max(self._engine_delay(incident.rrn) for incident in incidents)
            self._deliver(case_no, self._banks[code], incidents, at + delay)

    def _deliver(self, case_no: int, bank: Institution, incidents: Sequence[Incident], at: float) -> None:
        outage = self._desk.outage(bank.code, at)
        received = outage.end if outage else at
        rrns = [incident.rrn for incident in incidents]
        self.truth.hops += len(rrns)
        if self._desk.silent(bank, rrns):
            return
        early = self._desk.early(bank, rrns)
        ticket = _Ticket(case_no, bank, left=len(incidents))
        for incident in incidents:
            due = received if early else received + self._desk.delay(bank, incident.rrn)
            self._at(due, partial(self._work, ticket, incident))

    def _work(self, ticket: _Ticket, incident: Incident, at: float) -> None:
        self._world.advance(at)
        before = self._world.held_paise
        ticket.findings.append(self._desk.work(ticket.bank, str(ticket.case_no), incident))
        held = self._world.held_paise - before
        by_class = self.truth.held_by_case.setdefault(ticket.case_no, dict.fromkeys(CLASSES, 0))
        by_class[ticket.bank.answer_class] += held
        self.truth.held_by_class[ticket.bank.answer_class] += held
        ticket.left -= 1
        if ticket.left == 0:
            for post in self._desk.posts(ticket.bank, str(ticket.case_no), ticket.findings):
                self._at(at + post.after, partial(self._read, ticket.case_no, post.rows))

    def _read(self, case_no: int, rows: Sequence[Row], at: float) -> None:
        """Ask about every true onward transfer once; ask again where a bank lags; have the desk correct wrong data."""
        onward = []
        for row in rows:
            link = (case_no, row.root_rrn, row.rrn)
            true = row.kind is RowKind.TRANSFER and row.status == OK and not row.false
            if true and row.payee is not None and link not in self._asked:
                self._asked.add(link)
                onward.append((row.payee.bank, Incident(row.rrn, row.amount_paise, row.disputed_paise)))
        self._ask(case_no, onward, at)
        for row in rows:
            reported = self._reported.get((case_no, row.root_rrn))
            if row.lagging and reported is not None:
                paise = reported.move.amount_paise
                self._ask(case_no, [(reported.bank, Incident(reported.reference, paise, paise))], at)
            if row.status == INVALID_RRN and reported is not None:
                del self._reported[case_no, row.root_rrn]
                self._correct(case_no, reported, at)

    def _correct(self, case_no: int, reported: ReportedTransfer, at: float) -> None:
        truth = Incident(reported.move.rrn, reported.move.amount_paise, reported.move.amount_paise)
        when = at + correction_seconds(self._config, reported)
        self._at(when, partial(self._ask, case_no, [(reported.payee.key.bank, truth)]))
