"""Data for case workflows: ids, enumerations, amounts and times. Never a name, phone or account number."""

from pydantic import Field

from schemas.base import UtcDatetime
from schemas.enums import AnswerClass, EscalationLevel
from schemas.procedures import CasePolicy, Payload


class HopBrief(Payload):
    """Hop that the workflow must include in a hold request.

    `revision` counts the desk's corrections. Data of an older revision is ignored, so a signal may arrive twice, late
    or out of order.
    """

    hop_no: int
    revision: int
    institution: str
    answer_class: AnswerClass
    disputed_paise: int
    layer: int
    transferred_at: UtcDatetime


class HopRef(Payload):
    """Hop at one revision."""

    hop_no: int
    revision: int


class RequestTimes(Payload):
    """Moments before a request is sent, for measurement only. None for what the process did not see."""

    received_at: UtcDatetime | None = None
    """when the complaint, answer or command arrived"""
    committed_at: UtcDatetime | None = None
    workflow_began_at: UtcDatetime | None = None
    """when the case's workflow got the request"""


class OpenRequest(Payload):
    """Hold request that still awaits an answer, with its escalation level.

    It holds only references to hops, because a case may have tens of thousands and one payload holds two megabytes.
    """

    request_id: str
    batch_no: int
    institution: str
    answer_class: AnswerClass
    hops: tuple[HopRef, ...]
    freshest_at: UtcDatetime
    """time of its latest transfer"""
    largest_paise: int
    """largest of its disputed amounts"""
    delivered: bool
    """whether the bank has received or refused it"""
    level: EscalationLevel | None = None
    """last escalation level reached"""
    waiting_since: UtcDatetime
    round: int = 0
    """number of times that it was sent over another channel for lack of an answer"""
    escalated_to: EscalationLevel | None = None
    """escalation level that an officer asked for early"""
    times: RequestTimes | None = None


class CaseStart(Payload):
    """Start data of a case workflow: at intake, at reopening, and when it continues as new."""

    case_no: str
    policy: CasePolicy
    opening_no: int = 1
    """number of the opening that this start is for; each reopening counts one more"""
    last_batch_no: int = 0
    requests_sent: int = 0
    """requests sent by earlier runs"""
    open_hops: tuple[HopBrief, ...] = ()
    """hops under no request yet; the database may have more of them than one start can carry"""
    parked: tuple[HopRef, ...] = ()
    """hops that wait for the desk: not requested, but with money in play"""
    requests: tuple[OpenRequest, ...] = ()


class CaseNews(Payload):
    """Changes in a case, sent to its workflow by one signal; `news_id` is that of the last row included."""

    news_id: int
    requests: tuple[OpenRequest, ...] = ()
    """requests that the same transaction has planned"""
    opened: tuple[HopBrief, ...] = ()
    """hops under no request yet, because requests about the case were paused"""
    closed: tuple[HopRef, ...] = ()
    parked: tuple[HopRef, ...] = ()
    escalate_request_id: str | None = None
    escalate_to: EscalationLevel | None = None
    """level that this request escalates to at once; one above its level when the officer asked"""

    def joined(self, later: "CaseNews") -> "CaseNews":
        """Return both changes as one. Not for an escalation.

        For each hop the change with the highest revision counts, so the order does not matter.
        """
        assert self.escalate_request_id is None, "an escalation names one request"
        assert later.escalate_request_id is None, "an escalation names one request"
        return CaseNews(
            news_id=later.news_id,
            requests=self.requests + later.requests,
            opened=self.opened + later.opened,
            closed=self.closed + later.closed,
            parked=self.parked + later.parked,
        )

    @property
    def can_wait(self) -> bool:
        """Return whether the workflow has nothing to send or to escalate for this change."""
        return not (self.requests or self.opened or self.escalate_request_id)

    @property
    def hops(self) -> int:
        """Return the number of hops in the change."""
        asked = sum(len(request.hops) for request in self.requests)
        return asked + len(self.opened) + len(self.closed) + len(self.parked)


class PlanRequests(Payload):
    """Input to plan requests for the hops of one case that are under no request yet."""

    case_no: str


class RequestToSend(Payload):
    """Planned request that is sent with its batch."""

    request_id: str
    institution: str
    times: RequestTimes | None = None


class SendBatch(Payload):
    """Input to call the banks of new requests of one case at once."""

    case_no: str
    requests: tuple[RequestToSend, ...]


class SendHoldRequest(Payload):
    """Input to send one institution a planned hold request of one case."""

    case_no: str
    request_id: str
    institution: str
    round: int = 0
    """number of times that it was sent over another channel for lack of an answer"""
    again: bool = False
    """whether the bank was called with its batch already"""
    times: RequestTimes | None = None


class Sent(Payload):
    """Result of sending. `asked` is empty if every hop was answered before it was sent."""

    request_id: str
    asked: tuple[int, ...]
    delivered: bool
    refusal_code: str | None = None


class Tried(Payload):
    """Result of one request of a batch."""

    sent: Sent
    called: bool = False
    """whether the bank was called"""
    wait_seconds: float | None = None
    """wait before the next call, if the bank asked for one"""

    @property
    def over(self) -> bool:
        """Return whether the bank need not be called any more: it has the request, or refuses it."""
        return self.sent.delivered or self.sent.refusal_code is not None or not self.sent.asked


class BatchSent(Payload):
    """Results of a batch, in the order of its requests."""

    tried: tuple[Tried, ...]


class Escalate(Payload):
    """Input to escalate one request by one level."""

    case_no: str
    request_id: str
    institution: str
    level: EscalationLevel


class Escalated(Payload):
    """Result of an escalation.

    `done` is false if it had no effect, because mail needs an address and a mail route.
    `over`: the request needs no answer any more. `go_on`: the bank has another channel over which the request must also
    be sent.
    """

    done: bool
    reason: str = ""
    over: bool = False
    go_on: bool = False


class SettleCase(Payload):
    """Input to close a case in which nothing is in play."""

    case_no: str


class Settled(Payload):
    """Result of closing. `settled` is false if money is in play again.

    `start` then has the open hops, unless the requests about the case are paused.
    """

    settled: bool
    start: CaseStart | None = None


class CaseOutcome(Payload):
    """Return value of the workflow: number of the last batch, and requests sent since the start."""

    case_no: str
    batches: int
    requests: int


class CaseProgress(Payload):
    """Reply to the workflow's `progress` query."""

    case_no: str
    batches: int
    hops_to_ask: tuple[int, ...]
    hops_parked: tuple[int, ...]
    live_requests: tuple[str, ...]


class Swept(Payload):
    """Result of the sweeps of one run, taken together."""

    is_cut_short: bool = False
    """whether sweeps were left out, because the worker is stopping"""
    cases_started: int = 0
    news_signalled: int = 0
    cases_looked_after: int = 0
    hops_raised: int = 0
    """hops of which a larger amount was told, and whose bank has the first request now"""
    hops_asked_again: int = 0
    """hops that their bank did not find, and is asked about again"""
    hops_routed: int = 0
    """hops whose institution the directory now knows"""
    hops_written_off: int = 0
    hops_reminded: int = 0
    """hops that waited long for the desk, so that a supervisor has a work item"""
    call_backs_attended: int = 0
    """calls that banks promised and did not make, or that are needed no more"""
    court_orders_ended: int = 0
    """orders of courts that ended by themselves, or whose end a supervisor is warned of"""
    hearings_told: int = 0
    """hearings of courts of which an investigating officer is told"""
    news_purged: int = 0
    guards_purged: int = 0
    """links, keys and nonces against repeats that have expired"""
    failed: int = 0
    """failed attempts at a case; each is repeated later"""
    oldest_age_seconds: float = Field(default=0.0, ge=0)
    """age of the oldest notification that was not sent when a sweep began"""

    def with_next(self, later: "Swept") -> "Swept":
        """Return the result of both: the sums, the higher age, and whether the later one was cut short."""
        own, other = self.model_dump(), later.model_dump()
        oldest = max(self.oldest_age_seconds, later.oldest_age_seconds)
        sums = {name: own[name] + other[name] for name in own}
        return Swept.model_validate(sums | {"is_cut_short": later.is_cut_short, "oldest_age_seconds": oldest})


class FollowUp(Payload):
    """Notification due to the workflow after a commit: a start, a signal, or none."""

    case_no: str
    start: CaseStart | None = None
    news: CaseNews | None = None
