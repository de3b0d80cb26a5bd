"""What travels through Temporal: ids, enumerations, amounts and times. Never a name, phone or account number."""

from pydantic import Field

from schemas.base import FrozenModel, UtcDatetime
from schemas.enums import AnswerClass, Rung


class HopBrief(FrozenModel):
    """A hop the workflow must have asked about.

    `revision` counts the desk's corrections: what is told of an older revision is ignored, so that a signal may
    come twice, late or out of order.
    """

    hop_no: int
    revision: int
    institution: str
    answer_class: AnswerClass
    disputed_paise: int
    layer: int
    transferred_at: UtcDatetime


class HopRef(FrozenModel):
    """A hop at one revision."""

    hop_no: int
    revision: int


class OpenRequest(FrozenModel):
    """A hold request that still waits for an answer, with its place on the ladder.

    Of its hops only the references: a case may have tens of thousands, and one payload holds two megabytes.
    """

    request_id: str
    wave_no: int
    institution: str
    answer_class: AnswerClass
    hops: tuple[HopRef, ...]
    freshest_at: UtcDatetime
    """of its transfers"""
    largest_paise: int
    """of its disputed amounts"""
    delivered: bool
    """the bank has it, or has refused it"""
    rung: Rung | None = None
    """the last rung that was climbed"""
    waiting_since: UtcDatetime
    round: int = 0
    """how often silence has sent it over another channel"""
    escalated_to: Rung | None = None
    """the rung a person will not wait for"""


class LadderRung(FrozenModel):
    """A rung and how long after the one before it is climbed, already divided by the clock factor."""

    rung: Rung
    after_seconds: float


class PriorityRules(FrozenModel):
    """Which request goes first, by the age of the money and its amount."""

    fresh_seconds: float
    warm_seconds: float
    large_paise: int


class CasePolicy(FrozenModel):
    """The policy values a running case was promised; `version` names the file they came from."""

    version: str
    ladders: dict[AnswerClass, tuple[LadderRung, ...]]
    call_timeout_seconds: float
    """of one call to a bank, by the wall's clock: no clock factor makes a bank's machine faster"""
    retry_initial_seconds: float
    retry_max_seconds: float
    retry_for_seconds: float
    priority: PriorityRules


class CaseStart(FrozenModel):
    """A case as the workflow takes it up: at intake, at reopening, and when it continues as new."""

    case_no: str
    policy: CasePolicy
    opening_no: int = 1
    """which opening of the case this start is for: reopened, it counts one more"""
    last_wave_no: int = 0
    requests_sent: int = 0
    """by the runs before this one"""
    open_hops: tuple[HopBrief, ...] = ()
    """to be asked"""
    more_hops: bool = False
    """the database has more of them than one start carries"""
    parked: tuple[HopRef, ...] = ()
    """waiting for the desk: not asked, but money is in play"""
    requests: tuple[OpenRequest, ...] = ()


class CaseNews(FrozenModel):
    """What changed in a case, told to its workflow by one signal; `news_id` is the last row's that it tells of."""

    news_id: int
    opened: tuple[HopBrief, ...] = ()
    closed: tuple[HopRef, ...] = ()
    parked: tuple[HopRef, ...] = ()
    escalate_request_id: str | None = None
    escalate_to: Rung | None = None
    """the rung that this request is to climb at once: the one above where it stood when a person would not wait"""

    def joined(self, later: "CaseNews") -> "CaseNews":
        """Both in one: of every hop the newest word counts, in whatever order it is told. Not for an escalation."""
        assert self.escalate_request_id is None, "an escalation names one request"
        assert later.escalate_request_id is None, "an escalation names one request"
        return CaseNews(
            news_id=later.news_id,
            opened=self.opened + later.opened,
            closed=self.closed + later.closed,
            parked=self.parked + later.parked,
        )

    @property
    def hops(self) -> int:
        """Of how many hops it tells."""
        return len(self.opened) + len(self.closed) + len(self.parked)


class SendHoldRequest(FrozenModel):
    """Ask one institution about some hops of one case."""

    case_no: str
    request_id: str
    wave_no: int
    institution: str
    hops: tuple[HopRef, ...]
    round: int = 0
    """how often silence has sent it over another channel"""


class Astray(FrozenModel):
    """Where the hops stand on which an order and the request under its key do not agree.

    That is so when a run of the workflow was lost and had planned otherwise than the run after it.
    """

    open_hops: tuple[HopBrief, ...] = ()
    """ordered, and not under any request"""
    requests: tuple[OpenRequest, ...] = ()
    """that hold what was ordered, or more than was ordered"""


class Sent(FrozenModel):
    """How sending ended. `asked` is empty when every hop was answered before it could be asked.

    With `astray` the bank was not called: the order is to be put right first.
    """

    request_id: str
    asked: tuple[int, ...]
    delivered: bool
    refusal_code: str | None = None
    astray: Astray | None = None


class ClimbRung(FrozenModel):
    """Climb one rung of the ladder for one request."""

    case_no: str
    request_id: str
    institution: str
    rung: Rung


class Climbed(FrozenModel):
    """Whether the rung did anything: mail needs an address and a mail route.

    `over`: the request needs no answer any more, so there is nothing left to climb for. `unknown`: it was never
    written, so there is nothing to climb for yet, and it stands where it stood. `go_on`: the bank has another channel,
    over which the request is to be carried too.
    """

    done: bool
    reason: str = ""
    over: bool = False
    go_on: bool = False
    unknown: bool = False


class SettleCase(FrozenModel):
    """Close a case in which nothing is in play."""

    case_no: str


class Settled(FrozenModel):
    """`settled` is false when money came into play again in the meantime; then `start` says what is open."""

    settled: bool
    start: CaseStart | None = None


class CaseOutcome(FrozenModel):
    """What the workflow returns: the number of the last wave, and how many requests it sent since it was started."""

    case_no: str
    waves: int
    requests: int


class CaseProgress(FrozenModel):
    """The answer to the workflow's `progress` query."""

    case_no: str
    waves: int
    hops_to_ask: tuple[int, ...]
    hops_parked: tuple[int, ...]
    live_requests: tuple[str, ...]


class Swept(FrozenModel):
    """What one sweep found and sent on."""

    cases_started: int = 0
    news_signalled: int = 0
    cases_looked_after: int = 0
    hops_routed: int = 0
    """the directory has learnt their institution"""
    hops_written_off: int = 0
    hops_reminded: int = 0
    """waited long for the desk: the supervisor has a task"""
    news_purged: int = 0
    guards_purged: int = 0
    """links, keys and nonces that served against repeats, and have served"""
    failed: int = 0
    """attempts at one case that came to nothing; each is made again later"""
    oldest_age_seconds: float = Field(default=0.0, ge=0)


class FollowUp(FrozenModel):
    """What the workflow must be told once a transaction is committed: start it, or send it news, or nothing."""

    case_no: str
    start: CaseStart | None = None
    news: CaseNews | None = None
