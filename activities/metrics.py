"""Counters, gauges and histograms for Prometheus.

Only activities and the API count, because a workflow's replay would count twice. Every label is an enumeration of ours.
So neither a bank nor a complaint can create a new series, and no label carries personal data.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from enum import StrEnum
from functools import wraps
from itertools import product
from typing import Final, ParamSpec

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)

from domain.policy.callers import DoorName
from schemas.enums import (
    Bucket,
    Channel,
    ChannelKind,
    ClaimKind,
    DeliveryOutcome,
    DiscrepancyKind,
    Disposition,
    HopSource,
    ListWay,
    Reason,
    RequestStage,
    ResolutionDecision,
    TaskKind,
)
from schemas.restoration_enums import OrderKind

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86_400.0
BUCKETS_SECONDS: Final = (
    *(0.01, 0.02, 0.04, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    *(_MINUTE, 5 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 4 * _HOUR, 12 * _HOUR),
    *(_DAY, 3 * _DAY, 7 * _DAY, 30 * _DAY, 90 * _DAY),
)
"""From 10 ms, the engine's own time, to 90 days, when a hold lapses."""
STAGE_BUCKETS_SECONDS: Final = (
    *(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5),
    *(1.0, 2.0, 5.0, 10.0, 30.0, _MINUTE),
)
"""From 1 ms, because a stage of a request takes a few milliseconds, to a minute."""


class SendOutcome(StrEnum):
    """Result of sending a hold request."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    UNDELIVERED = "undelivered"
    """every retry of the wire failed"""


class SweepWork(StrEnum):
    """An action of the outbox sweep for one case."""

    START = "start"
    NEWS = "news"
    LOOK_AFTER = "look_after"
    RAISE = "raise"
    ASK_AGAIN = "ask_again"
    ROUTE = "route"
    WRITE_OFF = "write_off"
    REMIND = "remind"
    CALL_BACKS = "call_backs"
    COURT_ORDERS = "court_orders"
    COURT_HEARINGS = "court_hearings"


class ProcedureStarterWork(StrEnum):
    """An action for one case with holds or restorations."""

    OPEN_FOR_NEW_HOLDS = "open_for_new_holds"
    ASSIGN = "assign"
    ATTEND = "attend"
    START = "start"
    NOTIFY = "notify"
    LOOK_AFTER = "look_after"


_YES_OR_NO: Final = {True: "yes", False: "no"}


class ToldRole(StrEnum):
    """The recipient of a notice that a bank's list of liens is overdue."""

    DESK = "desk"
    SUPERVISOR = "supervisor"


P = ParamSpec("P")

_rehearsing: Final[ContextVar[bool]] = ContextVar("rehearsing", default=False)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Count nothing of the golden hour in this task while the block runs."""
    token = _rehearsing.set(True)
    try:
        yield
    finally:
        _rehearsing.reset(token)


def _not_in_rehearsal(record: Callable[P, None]) -> Callable[P, None]:
    """Return the recording function, which does nothing in a rehearsal."""

    @wraps(record)
    def recorded(*args: P.args, **kwargs: P.kwargs) -> None:
        if not _rehearsing.get():
            record(*args, **kwargs)

    return recorded


class Metrics:
    """All metrics of one process, in their own registry."""

    def __init__(self) -> None:
        # The creation times would double the size of the page.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._complaints = Counter(
            "goldenhour_complaints",
            "Complaints taken, by channel and by whether they joined a known case.",
            ("channel", "joined"),
            registry=self.registry,
        )
        self._policy = Gauge(
            "goldenhour_policy_number",
            "Number of the version of the policy by which this process goes; 0 is the file alone.",
            registry=self.registry,
        )
        self._hold_requests = Counter(
            "goldenhour_hold_requests",
            "Hold requests, by result of sending.",
            ("outcome",),
            registry=self.registry,
        )
        self._delivery_attempts = Counter(
            "goldenhour_delivery_attempts",
            "Attempts to deliver a hold request, an order or a cancellation to its bank, by channel and outcome.",
            ("channel", "outcome"),
            registry=self.registry,
        )
        self._answers = Counter(
            "goldenhour_answers",
            "Lines of banks' answers, by disposition and kind.",
            ("disposition", "kind"),
            registry=self.registry,
        )
        self._discrepancies = Counter(
            "goldenhour_discrepancies",
            "Discrepancies found in banks' answers, by kind.",
            ("kind",),
            registry=self.registry,
        )
        self._resolutions = Counter(
            "goldenhour_discrepancies_resolved",
            "Resolutions of discrepancies, by decision.",
            ("decision",),
            registry=self.registry,
        )
        self._sweep_failures = Counter(
            "goldenhour_sweep_failures",
            "Failed actions of the sweep for one case, by action.",
            ("work",),
            registry=self.registry,
        )
        self._procedure_starter_failures = Counter(
            "goldenhour_procedure_starter_failures",
            "Failed actions for one case with holds or restorations, by action.",
            ("work",),
            registry=self.registry,
        )
        self._confirmed_paise = Counter(
            "goldenhour_confirmed_paise",
            "Paise that banks have confirmed under orders, by kind of order.",
            ("kind",),
            registry=self.registry,
        )
        self._reconciliations = Counter(
            "goldenhour_reconciliations",
            "Comparisons of banks' lists of liens with the ledger, by whether anything differs.",
            ("differs",),
            registry=self.registry,
        )
        self._differences = Counter(
            "goldenhour_reconciliation_differences",
            "Rows of banks' lists that differ from the ledger, and liens that the lists lack, by reason.",
            ("reason",),
            registry=self.registry,
        )
        self._lists_asked = Counter(
            "goldenhour_lien_lists_asked",
            "Banks asked for their lists of liens, by the way of asking.",
            ("way",),
            registry=self.registry,
        )
        self._lists_overdue = Counter(
            "goldenhour_lien_lists_overdue",
            "Lists of liens that did not come in time, by who was notified.",
            ("told",),
            registry=self.registry,
        )
        self._junk_bodies = Counter(
            "goldenhour_junk_bodies",
            "Bodies from banks on the I4C wire that cannot be used, by whether they were kept.",
            ("kept",),
            registry=self.registry,
        )
        self._requests_refused = self._refusals()
        self._paise = Gauge(
            "goldenhour_paise",
            "Where the money of all cases is, from the ledger.",
            ("bucket",),
            registry=self.registry,
        )
        self._desk_tasks = Gauge(
            "goldenhour_desk_tasks_open", "Open work items of the desk.", ("kind",), registry=self.registry
        )
        self._restoration_due = Gauge(
            "goldenhour_restoration_due", "Rows of restorations that are due and not done.", registry=self.registry
        )
        self._restoration_lag = Gauge(
            "goldenhour_restoration_lag_seconds",
            "How long the oldest due row of restorations waits; 0 if none is due.",
            registry=self.registry,
        )
        self._braked_releases = Gauge(
            "goldenhour_braked_releases", "Automatic releases that wait for a supervisor.", registry=self.registry
        )
        self._braked_paise = Gauge(
            "goldenhour_braked_releases_paise",
            "Sum of the automatic releases that wait for a supervisor.",
            registry=self.registry,
        )
        self._missed_calls = Gauge(
            "goldenhour_missed_calls_waiting", "Missed calls that no officer has taken.", registry=self.registry
        )
        self._transfer_to_complaint = self._histogram(
            "transfer_to_complaint", "From a victim's transfer to the complaint about it."
        )
        self._complaint_to_sent = self._histogram(
            "complaint_to_first_request_sent", "From the complaint to the first hold request sent."
        )
        self._complaint_to_delivered = self._histogram(
            "complaint_to_first_request_delivered", "From the complaint to the first job id of a bank."
        )
        self._complaint_to_answer = self._histogram(
            "complaint_to_first_answer", "From the complaint to the first answer of a bank."
        )
        self._complaint_to_hold = self._histogram(
            "complaint_to_first_hold", "From the complaint to the first money on hold."
        )
        self._answer_to_request = self._histogram(
            "answer_to_next_request", "From an answer that opened hops to the request about the next layer."
        )
        self._stages = self._stage_histogram()
        self._create_series()

    def policy_taken(self, number: int) -> None:
        """Write the number of the version of the policy by which this process goes."""
        self._policy.set(number)

    @_not_in_rehearsal
    def complaint_taken(
        self, channel: Channel, *, joined: bool, transfer_to_complaint_seconds: Iterable[float]
    ) -> None:
        """Count a committed complaint, with one duration for each new transfer. A repeated complaint is not counted."""
        self._complaints.labels(channel.value, str(joined).lower()).inc()
        for seconds in transfer_to_complaint_seconds:
            _observe(self._transfer_to_complaint, seconds)

    @_not_in_rehearsal
    def request_sent(
        self, *, since_complaint_seconds: float | None = None, since_answer_seconds: float | None = None
    ) -> None:
        """Record the delays of a hold request that is being sent.

        Pass `since_complaint_seconds` only for the first request of a case. Pass `since_answer_seconds` only for a
        request about hops that an answer opened.
        """
        _observe(self._complaint_to_sent, since_complaint_seconds)
        _observe(self._answer_to_request, since_answer_seconds)

    @_not_in_rehearsal
    def request_ended(self, outcome: SendOutcome, *, since_complaint_seconds: float | None = None) -> None:
        """Count the result of a sending. Pass `since_complaint_seconds` only for the first delivery of a case."""
        self._hold_requests.labels(outcome.value).inc()
        if outcome is SendOutcome.DELIVERED:
            _observe(self._complaint_to_delivered, since_complaint_seconds)

    @_not_in_rehearsal
    def request_stages(self, kind: HopSource, steps: Iterable[tuple[RequestStage, datetime, datetime]]) -> None:
        """Record how long each stage of a delivered hold request took: the stage, its beginning and its end."""
        for stage, began, ended in steps:
            _observe(self._stages.labels(kind.value, stage.value), (ended - began).total_seconds())

    def delivery_attempted(self, channel: ChannelKind, outcome: DeliveryOutcome) -> None:
        """Count an attempt to deliver a message to a bank: delivered, failed or without response."""
        self._delivery_attempts.labels(channel.value, outcome.value).inc()

    @_not_in_rehearsal
    def answer_taken(self, disposition: Disposition, kind: ClaimKind) -> None:
        """Count one committed line of a bank's answer."""
        self._answers.labels(disposition.value, kind.value).inc()

    @_not_in_rehearsal
    def discrepancy_found(self, kind: DiscrepancyKind) -> None:
        """Count a committed discrepancy."""
        self._discrepancies.labels(kind.value).inc()

    def discrepancy_resolved(self, decision: ResolutionDecision) -> None:
        """Count an officer's committed resolution of a discrepancy."""
        self._resolutions.labels(decision.value).inc()

    def sweep_failed(self, work: SweepWork) -> None:
        """Count a failed action of the sweep for one case."""
        self._sweep_failures.labels(work.value).inc()

    def procedure_starter_failed(self, work: ProcedureStarterWork) -> None:
        """Count a failed action for one case with holds or restorations."""
        self._procedure_starter_failures.labels(work.value).inc()

    def order_confirmed(self, kind: OrderKind, paise: int) -> None:
        """Count the paise that a bank has credited or released under an order."""
        self._confirmed_paise.labels(kind.value).inc(paise)

    def reconciled(self, reasons: Iterable[Reason]) -> None:
        """Count a committed comparison, with one reason for each difference."""
        listed = list(reasons)
        self._reconciliations.labels(str(bool(listed)).lower()).inc()
        for reason in listed:
            self._differences.labels(reason.value).inc()

    def list_asked(self, way: ListWay) -> None:
        """Count a bank that was asked for its list of liens."""
        self._lists_asked.labels(way.value).inc()

    def list_overdue(self, role: ToldRole) -> None:
        """Count a notice that a list is overdue."""
        self._lists_overdue.labels(role.value).inc()

    def junk_body(self, *, is_kept: bool) -> None:
        """Count a body from a bank that cannot be used."""
        self._junk_bodies.labels(_YES_OR_NO[is_kept]).inc()

    def request_refused(self, door: DoorName) -> None:
        """Count a request that got no place."""
        self._requests_refused.labels(door.value).inc()

    @_not_in_rehearsal
    def first_answer(self, since_complaint_seconds: float) -> None:
        """Record the delay of a case's first answer."""
        _observe(self._complaint_to_answer, since_complaint_seconds)

    @_not_in_rehearsal
    def first_hold(self, since_complaint_seconds: float) -> None:
        """Record the delay of a case's first hold."""
        _observe(self._complaint_to_hold, since_complaint_seconds)

    def stock(self, paise: Mapping[Bucket, int], open_tasks: Mapping[TaskKind, int]) -> None:
        """Set the gauges from the database's figures. A bucket or kind that is not named becomes zero."""
        for bucket in Bucket:
            self._paise.labels(bucket.value).set(paise.get(bucket, 0))
        for kind in TaskKind:
            self._desk_tasks.labels(kind.value).set(open_tasks.get(kind, 0))

    def restoration_backlog(self, rows: int, lag_seconds: float) -> None:
        """Set the gauges of due and undone work of restorations."""
        self._restoration_due.set(rows)
        self._restoration_lag.set(lag_seconds)

    def braked_releases(self, releases: int, paise: int) -> None:
        """Set the gauges of automatic releases that wait for a supervisor."""
        self._braked_releases.set(releases)
        self._braked_paise.set(paise)

    def missed_calls(self, waiting: int) -> None:
        """Set the gauge of missed calls that wait for an officer."""
        self._missed_calls.set(waiting)

    def text(self) -> str:
        """Return all metrics in Prometheus' text format."""
        return generate_latest(self.registry).decode()

    def _create_series(self) -> None:
        """Create every series with zero, because a missing series looks like a broken one."""
        for channel, joins in product(Channel, ("false", "true")):
            self._complaints.labels(channel.value, joins)
        for outcome in SendOutcome:
            self._hold_requests.labels(outcome.value)
        for way, outcome_of_attempt in product(ChannelKind, DeliveryOutcome):
            self._delivery_attempts.labels(way.value, outcome_of_attempt.value)
        for discrepancy in DiscrepancyKind:
            self._discrepancies.labels(discrepancy.value)
        for decision in ResolutionDecision:
            self._resolutions.labels(decision.value)
        for work in SweepWork:
            self._sweep_failures.labels(work.value)
        for order in OrderKind:
            self._confirmed_paise.labels(order.value)
        for procedure_starter_work in ProcedureStarterWork:
            self._procedure_starter_failures.labels(procedure_starter_work.value)
        for disposition, kind in product(Disposition, ClaimKind):
            self._answers.labels(disposition.value, kind.value)
        self._create_reconciliation_series()

    def _create_reconciliation_series(self) -> None:
        for differs in ("false", "true"):
            self._reconciliations.labels(differs)
        for reason in Reason:
            self._differences.labels(reason.value)
        for asked_by in ListWay:
            self._lists_asked.labels(asked_by.value)
        for role in ToldRole:
            self._lists_overdue.labels(role.value)
        for kept in _YES_OR_NO.values():
            self._junk_bodies.labels(kept)

    def _refusals(self) -> Counter:
        counter = Counter(
            "goldenhour_requests_refused",
            "Requests refused because their caller or its door had no place, by door.",
            ("door",),
            registry=self.registry,
        )
        for door in DoorName:
            counter.labels(door.value)
        return counter

    def _stage_histogram(self) -> Histogram:
        histogram = Histogram(
            "goldenhour_request_stage_seconds",
            "From the stage before to this stage of a delivered hold request, by what caused the request.",
            ("kind", "stage"),
            buckets=STAGE_BUCKETS_SECONDS,
            registry=self.registry,
        )
        for kind, stage in product(HopSource, RequestStage):
            if stage is not RequestStage.RECEIVED:
                histogram.labels(kind.value, stage.value)
        return histogram

    def _histogram(self, name: str, help_text: str) -> Histogram:
        return Histogram(f"goldenhour_{name}_seconds", help_text, buckets=BUCKETS_SECONDS, registry=self.registry)


METRICS: Final = Metrics()
"""The metrics of this process."""


def _observe(histogram: Histogram, seconds: float | None) -> None:
    if seconds is not None:
        # Two clocks may differ slightly, and a negative duration would make the sum wrong.
        histogram.observe(max(0.0, seconds))
