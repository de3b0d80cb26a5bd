"""How banks answer, and whom the desk calls first. Amounts are paise, times UTC, waits seconds, shares 0 to 1.

A share of nothing is None, and so is a percentile of no duration.
"""

from enum import StrEnum
from uuid import UUID

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import AnswerClass, ContradictionKind, RequestState, Rung
from schemas.tracing.views import TaskHop, TaskInstitution


class ScorecardBy(StrEnum):
    """How a bank's row is cut further."""

    HOUR = "hour"


class Percentiles(FrozenModel):
    """Of a duration that was measured `count` times."""

    count: int = 0
    p50_seconds: float | None = None
    p95_seconds: float | None = None
    p99_seconds: float | None = None


class Scores(FrozenModel):
    """What is counted and measured of some requests; docs/scorecard.md defines every field."""

    requests: int = 0
    delivered: int = 0
    sent_to_delivered: Percentiles = Percentiles()
    answered: int = 0
    """at least in part"""
    delivered_to_answer: Percentiles = Percentiles()
    """to the first one"""
    due: int = 0
    """that could have been answered, and have had the reminder's time for it"""
    silent: int = 0
    """of those due, without any answer"""
    silent_rate: float | None = None
    rungs: dict[Rung, int]
    """how many climbed at least to each"""
    refused: int = 0
    """tickets refused as a whole"""
    refused_lines: int = 0
    """lines of answers that refuse a hop or want it corrected"""
    contradictions: dict[ContradictionKind, int]
    held_paise: int = 0
    gone_before_paise: int = 0
    """moved on or taken out before the request was sent, by the bank's own times"""
    gone_after_paise: int = 0
    gone_untimed_paise: int = 0
    """moved on or taken out, the bank does not say when"""
    placed_paise: int = 0
    """all that the bank has answered for: held and gone"""
    moved_before_share: float | None = None
    """of `placed_paise`, what was gone before the request"""
    reachable_paise: int = 0
    """what lay there when the bank was asked, by its own word: held, and gone after"""
    held_of_reachable: float | None = None


class Scorecard(Scores):
    """One bank, or one hour of the day (IST) of one bank."""

    institution: str
    name: str
    answer_class: AnswerClass
    hour: int | None = None


class ScorecardPage(FrozenModel):
    """Banks by code, each for the requests sent in `[sent_from, sent_to)`."""

    sent_from: UtcDatetime
    sent_to: UtcDatetime
    as_of: UtcDatetime
    """the moment that silence is measured at"""
    items: tuple[Scorecard, ...]
    next: str | None


class CallFactors(FrozenModel):
    """Why a call stands where it stands: what is in play, times each share, is what is likely still there to save."""

    in_play_paise: int
    still_there_share: float
    """of money that arrived so long ago, by the curve of this bank"""
    still_there_history: int
    """lines of this bank's answers that the curve stands on; 0 for the policy's"""
    stays_silent_share: float
    """the chance that the bank does not answer by itself within the horizon"""
    stays_silent_history: int
    """requests to this bank that the curve stands on; 0 for the policy's"""


class Call(FrozenModel):
    """A bank to call about one request."""

    likely_still_there_paise: int
    factors: CallFactors
    request_id: UUID
    case_ack_no: str
    job_id: str | None
    state: RequestState
    rung: Rung | None
    sent_at: UtcDatetime
    waiting_seconds: float
    """since the bank has it, or since it was sent where the bank cannot be reached"""
    latest_arrival_at: UtcDatetime
    task_id: int | None
    """the phone task about it, where one is open"""
    institution: TaskInstitution
    hop_count: int
    hops: tuple[TaskHop, ...]
    """those with the most in play, at most five"""
    say: tuple[str, ...]
    """what to say, a line at a time"""


class CallList(FrozenModel):
    """The requests that wait for a bank, those with the most to save first."""

    as_of: UtcDatetime
    horizon_seconds: float
    waiting_requests: int
    """in all, also beyond the limit"""
    items: tuple[Call, ...]
