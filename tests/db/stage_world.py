"""Small worlds of cases with known times: written to the database as rows, and recounted beside it in plain Python."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from hypothesis import strategies as st

from db.pool import Connection
from schemas.enums import AnswerClass
from schemas.reporting.stage_figures import LateBy, StageGroup, StageTarget, TimedStage
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


VICTIM = """
WITH p AS (INSERT INTO person_key (person_id, made_at, destroyed_at, destroyed_for)
    VALUES (gen_random_uuid(), now(), now(), 'invented') RETURNING person_id)
INSERT INTO victim (name, mobile, district, woman, child, senior, person_id, sealed, terms, terms_key)
SELECT '', '', $1, false, false, false, person_id, ''::bytea, '{}', ''::bytea FROM p RETURNING victim_id
"""
"""a victim of a district, whose key is destroyed"""

# -- as rows -----------------------------------------------------------------------------------------------------------


def case_no_of(number: int) -> str:
    return f"{PREFIX}{number:06d}"


def request_id_of(number: int, place: int) -> UUID:
    return uuid5(UUID(int=1), f"request {number} {place}")


def restoration_id_of(number: int) -> UUID:
    return uuid5(UUID(int=2), f"restoration {number}")


def order_id_of(number: int, place: int) -> UUID:
    return uuid5(UUID(int=3), f"order {number} {place}")


def after(start: datetime, seconds: float | None) -> datetime | None:
    return None if seconds is None else start + timedelta(seconds=seconds)


def later(start: datetime, seconds: float) -> datetime:
    return start + timedelta(seconds=seconds)


async def write(connection: Connection, world: Sequence[Case]) -> None:
    """Write a world's rows, without what triggers set off; roll them back afterwards."""
    for table in ("hop", "hold_request", "restoration", "restoration_step", "duty", "bank_order"):
        await connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    await connection.executemany(
        "INSERT INTO institution (code, name, kind, answer_class, updated_at)"
        " VALUES ($1, $1 || ' Bank', 'bank', $2, $3)",
        [(code, answer_class.value, AS_OF) for code, answer_class in BANKS.items()],
    )
    for number, case in enumerate(world):
        await _write_case(connection, number, case)
        for place, request in enumerate(case.requests):
            await _write_request(connection, number, place, case, request)
        if case.restoration is not None:
            await _write_restoration(connection, number, case, case.restoration)


async def _write_case(connection: Connection, number: int, case: Case) -> None:
    case_no, at = case_no_of(number), case.opened_at
    settled = None if case.is_open else AS_OF
    await connection.execute(
        "INSERT INTO case_file (case_no, state, opened_at, settled_at, policy, first_sent_at, first_delivered_at,"
        " first_answered_at, first_held_at) VALUES ($1, $2, $3, $4, '{}', $5, $6, $7, $8)",
        case_no,
        "open" if case.is_open else "settled",
        at,
        settled,
        at if case.planned else None,
        after(at, case.delivered),
        after(at, case.answered),
        after(at, case.held),
    )
    victim = await connection.fetchval(VICTIM, case.district)
    await connection.execute(
        "INSERT INTO complaint (ack_no, case_no, channel, category, victim_id, received_at, taken_by, idempotency_key,"
        " body_digest, joined, flags, marked) VALUES ($1, $1, $2, $3, $4, $5, 'officer:x', $1, '', false, '[]', $6)",
        case_no,
        case.channel,
        case.category,
        victim,
        at,
        case.marked,
    )
    for place, took in enumerate(case.transfers, start=1):
        await _write_hop(connection, case_no, place, "complaint", later(at, -took), at)
    for reported in case.reported:
        await connection.execute(
            "INSERT INTO duty (case_no, kind, opened_at, due_at, done_at, remind_at, escalate_at)"
            " VALUES ($1, 'magistrate_report', $2, $3, $4, $2, $3)",
            case_no,
            at,
            later(at, LEGAL_SECONDS),
            after(at, reported),
        )


async def _write_hop(
    connection: Connection, case_no: str, hop_no: int, source: str, transferred_at: datetime, opened_at: datetime
) -> None:
    await connection.execute(
        "INSERT INTO hop (case_no, hop_no, layer, source, state, payer_institution_as_told, payer_holder,"
        " payee_institution_as_told, payee_holder, account_key, reference, reference_key, mode, amount_paise,"
        " disputed_paise, transferred_at, opened_at, ack_no)"
        " VALUES ($1, $2, 1, $3, 'closed', '', '', '', '', '', '', '', 'imps', 1, 1, $4, $5, $1)",
        case_no,
        hop_no,
        source,
        transferred_at,
        opened_at,
    )


async def _write_request(connection: Connection, number: int, place: int, case: Case, request: Request) -> None:
    case_no, at, request_id = case_no_of(number), case.opened_at, request_id_of(number, place)
    await connection.execute(
        "INSERT INTO hold_request (request_id, case_no, batch_no, institution, state, level, planned_at, sent_at,"
        " delivered_at, first_answered_at, closed_at, refusal_code, channel)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $10, $11, $12)",
        request_id,
        case_no,
        place,
        request.bank,
        _state(request),
        "give_up" if request.gave_up else None,
        later(at, request.sent),
        after(at, request.delivered),
        after(at, request.answered),
        after(at, request.closed),
        "07" if request.refused else None,
        request.wire,
    )
    if request.call is not None:
        await connection.execute(
            "INSERT INTO bank_exchange (about, request_id, channel, at, head, body, size_bytes, digest, masked,"
            " reply_cut, failure, person_id, sealed_body, body_digest) VALUES ('hold_request', $1, 'i4c', $2, '', '',"
            " 0, sha256(''), false, false, '', gen_random_uuid(), '\\x00', sha256(''))",
            request_id,
            later(at, request.call),
        )
    if request.opened_by_answer is not None:
        await _write_hop(connection, case_no, 100 + place, "answer", at, later(at, request.opened_by_answer))
        await connection.execute(
            "INSERT INTO request_hop (request_id, case_no, hop_no, revision, live) VALUES ($1, $2, $3, $4, false)",
            request_id,
            case_no,
            100 + place,
            int(request.again),
        )


def _state(request: Request) -> str:
    if request.closed is not None or request.refused:
        return "stopped"
    if request.answered is not None:
        return "answered"
    return "sending" if request.delivered is None else "delivered"


async def _write_restoration(connection: Connection, number: int, case: Case, one: Restoring) -> None:
    case_no, restoration_id, at = case_no_of(number), restoration_id_of(number), later(case.opened_at, one.opened)
    await connection.execute(
        "INSERT INTO restoration (restoration_id, case_no, ack_no, round_no, state, step, policy, first_held_at,"
        " opened_at, closed_at) VALUES ($1, $2, $2, $3, $4, $5, '{}', $6, $7, $8)",
        restoration_id,
        case_no,
        one.round_no,
        "open" if one.is_open else "cancelled",
        "application" if one.applied is None else "credit",
        later(at, -one.held),
        at,
        None if one.is_open else AS_OF,
    )
    steps = [Visit("application", 0.0, one.applied, "done", LEGAL_SECONDS), *one.visits]
    await connection.executemany(
        "INSERT INTO restoration_step (restoration_id, step, visit_no, opened_at, due_at, ended_at, ended_by, outcome)"
        " VALUES ($1, $2, 1, $3, $4, $5, 'officer:io', $6)",
        [
            (
                restoration_id,
                visit.step,
                later(at, visit.opened),
                later(at, visit.opened + visit.due),
                after(later(at, visit.opened), visit.took),
                None if visit.took is None else visit.outcome,
            )
            for visit in steps
        ],
    )
    await connection.executemany(
        "INSERT INTO bank_order (order_id, kind, reason, case_no, institution, restoration_id, state, ordered_by,"
        " planned_at, due_at, ended_at, policy) VALUES ($1, 'restore', 'restoration', $2, $3, $4, $5, 'engine', $6, $7,"
        " $8, '{}')",
        [
            (
                order_id_of(number, place),
                case_no,
                order.bank,
                restoration_id,
                order.state,
                later(at, order.planned),
                later(at, order.planned + order.due),
                after(later(at, order.planned), order.took),
            )
            for place, order in enumerate(one.orders)
        ],
    )


# -- by brute force ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timed:
    """One stage of one subject, as plain Python finds it."""

    stage: TimedStage
    case_no: str
    subject: str
    counted_at: datetime
    began_at: datetime
    ended_at: datetime | None
    waits: bool
    policy_seconds: float
    bank: str | None = None
    wire: str | None = None
    can_wait_now: bool = True
    keys: dict[StageGroup, str | None] = field(default_factory=dict, compare=False)

    @property
    def seconds(self) -> float | None:
        return None if self.ended_at is None else max(0.0, (self.ended_at - self.began_at).total_seconds())

    @property
    def legal_seconds(self) -> float | None:
        return None if self.stage is TimedStage.COURT else LEGAL_SECONDS

    def is_past(self, target: float | None) -> bool:
        return target is not None and self.waits and (AS_OF - self.began_at).total_seconds() > target

    def is_within(self, target: float | None) -> bool:
        return target is not None and self.seconds is not None and self.seconds <= target


def recounted(world: Sequence[Case]) -> list[Timed]:
    """Every stage of a world."""
    found = []
    for number, case in enumerate(world):
        for one in (*_of_case(number, case), *_of_requests(number, case), *_of_restoration(number, case)):
            keys = {
                StageGroup.DISTRICT: case.district,
                StageGroup.BANK: one.bank,
                StageGroup.CHANNEL: case.channel,
                StageGroup.WIRE: one.wire,
                StageGroup.HOUR: f"{one.counted_at.astimezone(IST).hour:02d}",
                StageGroup.CATEGORY: "" if case.marked else case.category,
            }
            one.keys.update(keys)
            found.append(one)
    return found


def _of_case(number: int, case: Case) -> Iterator[Timed]:
    case_no, at = case_no_of(number), case.opened_at
    for place, took in enumerate(case.transfers, start=1):
        stage = TimedStage.TRANSFER_TO_COMPLAINT
        yield Timed(stage, case_no, str(place), at, later(at, -took), at, False, POLICY_SECONDS, can_wait_now=False)
    sent = _sent(case)
    told = (
        (TimedStage.COMPLAINT_TO_SENT, 0.0, sent, case.planned),
        (TimedStage.COMPLAINT_TO_DELIVERED, 0.0, case.delivered, case.planned),
        (TimedStage.COMPLAINT_TO_ANSWERED, 0.0, case.answered, case.delivered is not None),
        (TimedStage.COMPLAINT_TO_HELD, 0.0, case.held, True),
        (TimedStage.ANSWERED_TO_HELD, case.answered, case.held, True),
    )
    for stage, began, ended, expected in told:
        if began is not None:
            waits = ended is None and expected and case.is_open
            yield Timed(stage, case_no, case_no, at, later(at, began), after(at, ended), waits, POLICY_SECONDS)
    for reported in case.reported:
        yield Timed(
            TimedStage.HELD_TO_REPORTED, case_no, case_no, at, at, after(at, reported), reported is None, LEGAL_SECONDS
        )


def _sent(case: Case) -> float | None:
    until = math.inf if case.delivered is None else case.delivered
    early = [request for request in case.requests if request.sent <= until]
    moments = [moment for one in early for moment in (one.call, one.delivered) if moment is not None]
    return min(moments, default=None)


def _of_requests(number: int, case: Case) -> Iterator[Timed]:
    case_no, at = case_no_of(number), case.opened_at
    for place, one in enumerate(case.requests):
        subject = str(request_id_of(number, place))
        owed = not one.refused and (one.closed is None or one.gave_up) and one.answered is None

        def timed(
            stage: TimedStage,
            began: float,
            ended: float | None,
            waits: bool,
            target: float,
            states: tuple[str, ...],
            one: Request = one,
            subject: str = subject,
        ) -> Timed:
            now = case.is_open and _state(one) in states
            moments = (at, later(at, began), after(at, ended))
            return Timed(stage, case_no, subject, *moments, waits, target, one.bank, one.wire, can_wait_now=now)

        live = ("sending", "delivered")
        undelivered = one.delivered is None
        yield timed(TimedStage.SENT_TO_DELIVERED, one.sent, one.delivered, owed and undelivered, POLICY_SECONDS, live)
        if one.delivered is not None:
            target = CLASS_SECONDS[BANKS[one.bank]]
            yield timed(TimedStage.DELIVERED_TO_ANSWERED, one.delivered, one.answered, owed, target, live)
        if one.opened_by_answer is not None and not one.again:
            waits = owed and undelivered and one.closed is None
            yield timed(
                TimedStage.ANSWER_TO_NEXT, one.opened_by_answer, one.delivered, waits, POLICY_SECONDS, ("sending",)
            )


def _of_restoration(number: int, case: Case) -> Iterator[Timed]:
    one = case.restoration
    if one is None:
        return
    case_no, subject, at = case_no_of(number), str(restoration_id_of(number)), later(case.opened_at, one.opened)
    if one.round_no == 1:
        held_at = later(at, -one.held)
        yield Timed(
            *(TimedStage.HELD_TO_APPLIED, case_no, subject, at, held_at, after(at, one.applied)),
            one.applied is None and one.is_open,
            (later(at, LEGAL_SECONDS) - held_at).total_seconds(),
        )
    for visit in one.visits:
        began = later(at, visit.opened)
        ended = after(began, visit.took) if visit.outcome == "done" else None
        waits = visit.took is None and one.is_open
        yield Timed(STAGE_OF_STEP[visit.step], case_no, subject, began, began, ended, waits, visit.due)
        if visit.step == "approval" and ended is not None:
            planned = [later(at, order.planned) for order in one.orders if later(at, order.planned) >= ended]
            first = min(planned, default=None)
            yield Timed(
                *(TimedStage.APPROVED_TO_ORDERED, case_no, subject, began, ended, first),
                first is None and one.is_open,
                POLICY_SECONDS,
                can_wait_now=one.applied is not None,
            )
    for place, order in enumerate(one.orders):
        planned_at = later(at, order.planned)
        ended = after(planned_at, order.took) if order.state == "confirmed" else None
        yield Timed(
            *(TimedStage.ORDERED_TO_CREDITED, case_no, str(order_id_of(number, place)), planned_at, planned_at, ended),
            order.took is None,
            order.due,
            order.bank,
        )


Row = tuple[str, str]


def summed(rows: Iterable[Timed], about: Callable[[Timed], Iterable[str | None]]) -> dict[Row, dict[str, Any]]:
    """The figures of rows, by the texts that `about` gives a row, and by stage."""
    groups: dict[Row, list[Timed]] = defaultdict(list)
    for row in rows:
        for key in about(row):
            if key is not None:
                groups[key, row.stage.value].append(row)
    return {key: _figures(found) for key, found in groups.items()}


def _figures(rows: Sequence[Timed]) -> dict[str, Any]:
    durations = sorted(row.seconds for row in rows if row.seconds is not None)
    return {
        "began": len(rows),
        "ended": len(durations),
        "waiting": sum(row.waits for row in rows),
        "in_policy": sum(row.is_within(row.policy_seconds) for row in rows),
        "past_policy": sum(row.is_past(row.policy_seconds) for row in rows),
        "in_legal": sum(row.is_within(row.legal_seconds) for row in rows),
        "past_legal": sum(row.is_past(row.legal_seconds) for row in rows),
        "percentiles": [durations[math.ceil(share * len(durations)) - 1] for share in (0.5, 0.95, 0.99)]
        if durations
        else None,
    }
