"""Scorecards of banks and the call list of the desk. Paise, UTC, seconds, shares from 0 to 1.

A share of nothing and a percentile of no duration are None.
"""

from enum import StrEnum
from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime
from schemas.case.request_views import TaskHop, TaskInstitution
from schemas.enums import AnswerClass, DiscrepancyKind, EscalationLevel, RequestState


class ScorecardBy(StrEnum):
    """Further grouping of a bank's row."""

    HOUR = "hour"


class Percentiles(FrozenModel):
    """Percentiles of a duration that was measured `count` times."""

    count: int = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    p99_seconds: float | None = None


class Scores(FrozenModel):
    """Counts and measures of a set of requests; docs/reference/scorecard.md defines every field."""

    requests: int = 0
    delivered: int = 0
    sent_to_delivered: Percentiles = Percentiles()
    answered: int = 0
    """with at least one answer line"""
    delivered_to_answer: Percentiles = Percentiles()
    """time to the first answer"""
    due: int = 0
    """requests that could be answered and have waited at least the reminder's time"""
    silent: int = 0
    """due requests without any answer"""
    silent_rate: float | None = None
    levels: dict[EscalationLevel, int]
    """number of requests that reached at least each escalation level"""
    refused: int = 0
    """tickets refused as a whole"""
    refused_lines: int = 0
    """answer lines that refuse a hop or ask for a correction"""
    discrepancies: dict[DiscrepancyKind, int]
    held_paise: int = 0
    gone_before_paise: int = 0
    """moved or withdrawn before the request was sent, by the bank's own times"""
    gone_after_paise: int = 0
    gone_untimed_paise: int = 0
    """moved or withdrawn at a time that the bank does not give"""
    placed_paise: int = 0
    """total that the bank has answered for: held and gone"""
    moved_before_share: float | None = None
    """share of `placed_paise` that was gone before the request"""
    reachable_paise: int = 0
    """amount there at the time of the request by the bank's statements: held, or gone later"""
    held_of_reachable: float | None = None


class Scorecard(Scores):
    """One bank, or one hour of the day (IST) of one bank."""

    institution: str
    name: str
    answer_class: AnswerClass
    hour: int | None = None


class AllBanks(FrozenModel):
    """Figures of all banks together, which a bank may compare with its own. None of too few requests."""

    answered_of_due: float | None = None
    """share of the due requests that were answered"""
    held_of_reachable: float | None = None


class ScorecardPage(FrozenModel):
    """Banks by code, each for the requests sent in `[sent_from, sent_to)`."""

    sent_from: UtcDatetime
    sent_to: UtcDatetime
    as_of: UtcDatetime
    """time at which a missing answer is measured"""
    items: tuple[Scorecard, ...]
    next: str | None


class CallFactors(FrozenModel):
    """Factors of a call's rank. Money in play times both shares is the amount likely still there to save."""

    in_play_paise: int
    still_there_share: float
    """share of money that remains after this time, by the curve of this bank"""
    still_there_history: int
    """answer lines of this bank behind the curve; 0 if the policy's curve is used"""
    stays_silent_share: float
    """chance that the bank does not answer by itself within the horizon"""
    stays_silent_history: int
    """requests to this bank behind the curve; 0 if the policy's curve is used"""
    person_paise: int = 0
    """so much more counts as in play, because the victim is a child, an elderly person or a woman"""


class Call(FrozenModel):
    """Bank to call about one request."""

    likely_still_there_paise: int
    factors: CallFactors
    request_id: UUID
    case_ack_no: str
    job_id: str | None
    state: RequestState
    level: EscalationLevel | None
    sent_at: UtcDatetime
    waiting_seconds: float
    """time since delivery, or since sending if the bank cannot be reached"""
    latest_arrival_at: UtcDatetime
    task_id: int | None
    """open work item for this call, if any"""
    version: int | None
    """version of the work item, to claim it"""
    owner: str | None
    """id of the officer who has the work item, or None"""
    lease_ends_at: UtcDatetime | None
    institution: TaskInstitution
    hop_count: int
    hops: tuple[TaskHop, ...]
    """hops with the most in play, at most five"""
    say: tuple[str, ...]
    """call script, line by line"""
    enter_at: str
    """path to which the bank's answer is posted"""


class CallList(FrozenModel):
    """Requests that await a bank, those with the most to save first."""

    as_of: UtcDatetime
    horizon_seconds: float
    waiting_requests: int
    """total, including those beyond the limit"""
    items: tuple[Call, ...]
