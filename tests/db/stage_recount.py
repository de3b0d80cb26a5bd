"""Figures of stages by brute force: what the tables must say of a world, counted from the world itself."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from schemas.enums import TimedStage
from schemas.reporting.figures import StageGroup
from schemas.text import IST
from tests.db.stage_rows import after, case_no_of, later, order_id_of, request_id_of, restoration_id_of, state_of
from tests.db.stage_world import (
    AS_OF,
    BANKS,
    CLASS_SECONDS,
    LEGAL_SECONDS,
    POLICY_SECONDS,
    STAGE_OF_STEP,
    Case,
    Request,
)


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
            now = case.is_open and state_of(one) in states
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
