"""Small worlds of cases with known times. `stage_rows.py` writes them, and `stage_recount.py` counts them again."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from hypothesis import strategies as st

from schemas.enums import AnswerClass, LateBy, TimedStage
from schemas.reporting.figures import StageTarget
from schemas.text import IST

BANKS = {"ZAPI": AnswerClass.API, "ZSEA": AnswerClass.SEAT}
CLASS_SECONDS = {AnswerClass.API: 300.0, AnswerClass.SEAT: 1800.0, AnswerClass.MAIL: 14_400.0}
DISTRICTS = ("LUCKNOW", "AGRA", "")
CATEGORIES = ("upi_fraud", "loan app", "Sextortion")
DAYS = tuple(date(2031, month, day) for month, day in ((3, 30), (3, 31), (4, 1), (4, 15), (4, 30), (5, 1)))
"""days on which cases open, on both sides of the beginning and the end of a month"""
AS_OF = datetime(2031, 6, 20, 12, tzinfo=UTC)
PREFIX = "39999999"
POLICY_SECONDS = 3600.0
LEGAL_SECONDS = 86_400.0
OWN_DUE = frozenset(
    {
        TimedStage.HELD_TO_REPORTED,
        TimedStage.HELD_TO_APPLIED,
        TimedStage.APPLIED_TO_VERIFIED,
        TimedStage.NOTICE,
        TimedStage.COURT,
        TimedStage.APPROVAL,
        TimedStage.ORDERED_TO_CREDITED,
    }
)
TARGETS = tuple(
    StageTarget(
        stage=stage,
        late_by=LateBy.ENGINE,
        policy_seconds=None if stage in OWN_DUE or stage is TimedStage.DELIVERED_TO_ANSWERED else POLICY_SECONDS,
        class_seconds=CLASS_SECONDS if stage is TimedStage.DELIVERED_TO_ANSWERED else None,
        legal_seconds=LEGAL_SECONDS if stage is not TimedStage.COURT else None,
        source="a test",
    )
    for stage in TimedStage
)
STAGE_OF_STEP = {
    "verification": TimedStage.APPLIED_TO_VERIFIED,
    "holder_notice": TimedStage.NOTICE,
    "show_cause": TimedStage.NOTICE,
    "court_order": TimedStage.COURT,
    "approval": TimedStage.APPROVAL,
}

# Durations on both sides of the targets; many meet, where a comparison shows whether it is right.
_seconds = st.sampled_from((0.0, 0.0004, 0.5, 300.0, 1800.0, 3600.0, 3601.0, 86_400.0, 9 * 86_400.0))
_maybe = st.none() | _seconds


@dataclass(frozen=True)
class Request:
    """A hold request; times are seconds after the complaint."""

    bank: str
    sent: float
    call: float | None
    delivered: float | None
    answered: float | None
    closed: float | None
    refused: bool
    gave_up: bool
    wire: str | None
    opened_by_answer: float | None
    again: bool
    """whether the request is about a corrected hop"""


@dataclass(frozen=True)
class Visit:
    """A visit of a step; times are seconds after the restoration opened."""

    step: str
    opened: float
    took: float | None
    outcome: str
    due: float


@dataclass(frozen=True)
class Order:
    """An order to restore; times are seconds after the restoration opened."""

    bank: str
    planned: float
    took: float | None
    state: str
    due: float


@dataclass(frozen=True)
class Restoring:
    """A restoration with its visits and orders; `opened` is seconds after the complaint."""

    opened: float
    held: float
    round_no: int
    is_open: bool
    applied: float | None
    visits: tuple[Visit, ...]
    orders: tuple[Order, ...]


@dataclass(frozen=True)
class Case:
    """A case, as its rows say it."""

    day: date
    hour: int
    district: str
    channel: str
    category: str
    marked: bool
    is_open: bool
    planned: bool
    delivered: float | None
    answered: float | None
    held: float | None
    transfers: tuple[float, ...]
    requests: tuple[Request, ...]
    reported: tuple[float | None, ...]
    """at most one duty: when the report was made"""
    restoration: Restoring | None

    @property
    def opened_at(self) -> datetime:
        return datetime(self.day.year, self.day.month, self.day.day, self.hour, tzinfo=IST)


def _order(bank: str, planned: float, took: float | None, ended: str, due: float) -> Order:
    return Order(bank, planned, took, "delivered" if took is None else ended, due)


_requests = st.builds(
    Request,
    bank=st.sampled_from(tuple(BANKS)),
    sent=_seconds,
    call=_maybe,
    delivered=_maybe,
    answered=_maybe,
    closed=_maybe,
    refused=st.booleans(),
    gave_up=st.booleans(),
    wire=st.sampled_from((None, "i4c", "email")),
    opened_by_answer=_maybe,
    again=st.booleans(),
)
_visits = st.builds(
    Visit,
    step=st.sampled_from(tuple(STAGE_OF_STEP)),
    opened=_seconds,
    took=_maybe,
    outcome=st.sampled_from(("done", "sent_back")),
    due=_seconds,
)
_orders = st.builds(
    _order,
    bank=st.sampled_from(tuple(BANKS)),
    planned=_seconds,
    took=_maybe,
    ended=st.sampled_from(("confirmed", "cancelled")),
    due=_seconds,
)


def _one_step_open(restoration: Restoring) -> bool:
    """The database has one open visit at most, and one visit of each step here."""
    steps = [visit.step for visit in restoration.visits]
    unended = sum(visit.took is None for visit in restoration.visits) + (restoration.applied is None)
    return unended <= 1 and len(set(steps)) == len(steps)


_restorations = st.builds(
    Restoring,
    opened=_seconds,
    held=_seconds,
    round_no=st.sampled_from((1, 1, 2)),
    is_open=st.booleans(),
    applied=_maybe,
    visits=st.lists(_visits, max_size=3).map(tuple),
    orders=st.lists(_orders, max_size=2).map(tuple),
).filter(_one_step_open)

worlds: st.SearchStrategy[list[Case]] = st.lists(
    st.builds(
        Case,
        day=st.sampled_from(DAYS),
        hour=st.sampled_from((0, 5, 23)),
        district=st.sampled_from(DISTRICTS),
        channel=st.sampled_from(("portal", "helpline_1930")),
        category=st.sampled_from(CATEGORIES),
        marked=st.booleans(),
        is_open=st.booleans(),
        planned=st.booleans(),
        delivered=_maybe,
        answered=_maybe,
        held=_maybe,
        transfers=st.lists(_seconds, max_size=2).map(tuple),
        requests=st.lists(_requests, max_size=3).map(tuple),
        reported=st.lists(_maybe, max_size=1).map(tuple),
        restoration=st.none() | _restorations,
    ),
    max_size=5,
)


def _request(
    bank: str = "ZAPI",
    *,
    delivered: float | None = 0.5,
    closed: float | None = None,
    refused: bool = False,
    gave_up: bool = False,
    opened_by_answer: float | None = None,
    again: bool = False,
) -> Request:
    return Request(bank, 0.0, 0.0, delivered, None, closed, refused, gave_up, "i4c", opened_by_answer, again)


_UNANSWERED = (
    _request(),
    _request(closed=3600.0),
    _request(closed=3600.0, gave_up=True),
    _request("ZSEA", refused=True),
    _request("ZSEA", delivered=None),
    _request("ZSEA", delivered=None, closed=300.0, opened_by_answer=0.5),
    _request(delivered=3601.0, opened_by_answer=300.0),
    _request(delivered=86_400.0, opened_by_answer=300.0, again=True),
)
_VISITS = (
    Visit("verification", 0.0, 3600.0, "sent_back", 300.0),
    Visit("approval", 3600.0, 300.0, "done", 86_400.0),
    Visit("court_order", 0.5, 3601.0, "done", 3600.0),
)
_ORDERS = (_order("ZAPI", 0.0, 300.0, "cancelled", 300.0), _order("ZSEA", 86_400.0, None, "confirmed", 3600.0))


def _rich(*, is_open: bool, marked: bool, day: date) -> Case:
    return Case(
        *(day, 5, "LUCKNOW", "portal", "upi_fraud", marked, is_open, True, None, 300.0, None, (300.0, 9 * 86_400.0)),
        *(_UNANSWERED, (None,), Restoring(300.0, 3600.0, 1, is_open, 0.5, _VISITS, _ORDERS)),
    )


RICH = [_rich(is_open=is_open, marked=not is_open, day=DAYS[place]) for place, is_open in ((2, True), (3, False))]
"""a world with each way in which a stage can end, wait, or do neither"""
