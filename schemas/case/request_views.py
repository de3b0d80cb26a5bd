"""Views of a case for officers. Amounts are paise, times UTC, waits seconds.

A page holds as many items as its limit allows. `next` is the cursor of the next page, or None on the last.
"""

from typing import Any
from uuid import UUID

from schemas.banks.rosters import OfficerToCall
from schemas.base import Flag, FrozenModel, UtcDatetime
from schemas.case.discrepancies import Resolution
from schemas.enums import (
    Bucket,
    CaseState,
    Channel,
    ChannelKind,
    ClaimKind,
    DeliveryOutcome,
    DiscrepancyKind,
    Disposition,
    EscalationLevel,
    HopSource,
    HopState,
    InstitutionKind,
    Mode,
    Person,
    RequestState,
    ResolutionDecision,
    TaskKind,
    TaskState,
)
from schemas.events import EventKind
from schemas.tasks import Subject, TaskCause, TaskFacts


class ComplaintView(FrozenModel):
    """Complaint of a case, without the victim's data."""

    ack_no: str
    channel: Channel
    category: str
    joined: bool
    flags: tuple[Flag, ...]
    received_at: UtcDatetime
    marked: bool = False
    """whether fewer officers read what can name its victim"""


class CaseCounts(FrozenModel):
    """Counts of the parts of a case."""

    complaints: int
    hops: int
    requests: int
    answers: int
    open_tasks: int
    discrepancies: int


class TurnaroundTimes(FrozenModel):
    """Turnaround times of a case; None for events that have not happened.

    Each time except the first counts from the complaint that opened the case. So an answer that arrives before the
    delivery is noted makes no time negative. Only the first may be negative, and a transfer dated after the complaint
    is flagged.
    """

    transfer_to_complaint_seconds: float
    complaint_to_first_request_sent_seconds: float | None
    """to the first call of a bank, or to the first delivery over a channel that makes no call"""
    complaint_to_first_request_delivered_seconds: float | None
    complaint_to_first_answer_seconds: float | None
    complaint_to_first_hold_seconds: float | None


class CaseView(FrozenModel):
    """Current state of a case: the loss, and the place of every amount."""

    case_ack_no: str
    ack_nos: tuple[str, ...]
    """every number that resolves to this case, oldest first (the first 500)"""
    complaints: tuple[ComplaintView, ...]
    state: CaseState
    opened_at: UtcDatetime
    settled_at: UtcDatetime | None
    buckets_paise: dict[Bucket, int]
    """every bucket; `lost` is the sum of the others"""
    unaccounted_paise: int
    """zero, unless the ledger is broken"""
    counts: CaseCounts
    last_event_seq: int
    """number of the last event of the log; what is read after this view has all events up to it"""
    turnaround_times: TurnaroundTimes
    merged_with: tuple[str, ...]
    """the other cases that officers have merged with this one; empty unless the reader reads all of them"""
    together_paise: dict[Bucket, int]
    """every bucket of all these cases; empty with `merged_with`"""


class CaseListItem(FrozenModel):
    """Case in a list."""

    case_ack_no: str
    state: CaseState
    opened_at: UtcDatetime
    settled_at: UtcDatetime | None
    category: str
    buckets_paise: dict[Bucket, int]
    open_tasks: int


class CasePage(FrozenModel):
    """Cases, the newest first."""

    items: tuple[CaseListItem, ...]
    next: str | None


class TrailNode(FrozenModel):
    """Account, VPA or wallet at an institution. `institution` is None if no directory entry fits."""

    node_id: str
    institution: str | None
    institution_as_told: str
    holder: str
    ifsc: str | None
    victim: bool
    """whether the victim paid from here"""


class TrailEdge(FrozenModel):
    """Hop: one transfer of tainted money, with its amounts by place."""

    hop_no: int
    revision: int
    parent_hop_no: int | None
    layer: int
    source: HopSource
    state: HopState
    from_node: str
    to_node: str
    reference: str
    mode: Mode
    amount_paise: int
    disputed_paise: int
    balances_paise: dict[Bucket, int]
    """buckets with an amount, without `lost`"""
    transferred_at: UtcDatetime
    opened_at: UtcDatetime
    opened_by_answer: int | None
    live_request_id: UUID | None
    ask_again_at: UtcDatetime | None = None
    """when the bank is asked again, because it does not find the transfer"""
    flags: tuple[Flag, ...]


class TrailView(FrozenModel):
    """Hops in the order of opening, and the accounts they touch.

    A node is on every page that has a hop of it. Pages are joined by `node_id`.
    """

    case_ack_no: str
    nodes: tuple[TrailNode, ...]
    edges: tuple[TrailEdge, ...]
    next: str | None


class EntryView(FrozenModel):
    """One signed entry of a ledger transaction."""

    hop_no: int
    bucket: Bucket
    amount_paise: int


class TransactionView(FrozenModel):
    """One ledger transaction, whose entries sum to zero."""

    transaction_id: int
    kind: str
    at: UtcDatetime
    entries: tuple[EntryView, ...]


class HopBalance(FrozenModel):
    """Balances of one hop. `lost` is the contra account and is negative."""

    hop_no: int
    balances_paise: dict[Bucket, int]


class LedgerView(FrozenModel):
    """Transactions in the order of posting, and the current balances of their hops."""

    case_ack_no: str
    transactions: tuple[TransactionView, ...]
    balances: tuple[HopBalance, ...]
    next: str | None


class EventView(FrozenModel):
    """One event of the case log; `hash` and `previous_hash` are hex."""

    seq: int
    kind: EventKind
    at: UtcDatetime
    actor: str
    data: dict[str, Any]
    previous_hash: str
    hash: str


class EventPage(FrozenModel):
    """Events in order; `next` is the last `seq` on the page if there may be more."""

    items: tuple[EventView, ...]
    next: int | None


class TimelineEntry(FrozenModel):
    """One event of the case log as a sentence."""

    seq: int
    kind: EventKind
    at: UtcDatetime
    actor: str
    text: str


class TimelinePage(FrozenModel):
    """Events as sentences, the newest first; `next` is the `before` of the page with older ones."""

    case_ack_no: str
    items: tuple[TimelineEntry, ...]
    next: int | None


class RequestHopView(FrozenModel):
    """Hop of a request, at the requested revision."""

    hop_no: int
    revision: int
    live: bool
    """whether the request still awaits an answer about it"""


class RequestAttempt(FrozenModel):
    """One attempt to deliver a hold request over a channel, or the missing answer to one."""

    channel: ChannelKind
    at: UtcDatetime
    outcome: DeliveryOutcome
    detail: str


class RequestView(FrozenModel):
    """Hold request, the channels that it went by, and its escalation level."""

    request_id: UUID
    batch_no: int
    institution: str
    state: RequestState
    level: EscalationLevel | None
    """last escalation level reached"""
    job_ids: tuple[str, ...]
    sent_at: UtcDatetime
    delivered_at: UtcDatetime | None
    first_answered_at: UtcDatetime | None
    closed_at: UtcDatetime | None
    refusal_code: str | None
    refusal_message: str | None
    hops: tuple[RequestHopView, ...]
    channel: ChannelKind | None = None
    """channel that delivered it last"""
    attempts: tuple[RequestAttempt, ...] = ()
    """the latest attempts, the oldest of them first"""
    next_level: EscalationLevel | None = None
    """level that comes next while the bank has not answered"""
    next_level_at: UtcDatetime | None = None


class RequestPage(FrozenModel):
    """Requests by batch and institution."""

    items: tuple[RequestView, ...]
    next: str | None


class AnswerView(FrozenModel):
    """One line of a bank's answer with its result. `raw` has every field as the bank wrote it."""

    answer_id: int
    update_id: int
    line_no: int
    institution: str
    job_id: str
    received_at: UtcDatetime
    kind: ClaimKind
    disposition: Disposition
    status_code: str
    """as the bank wrote it, even if its meaning is unknown"""
    hop_nos: tuple[int, ...]
    amount_paise: int
    claim_paise: int
    applied_paise: int
    remarks: str
    flags: tuple[Flag, ...]
    raw: dict[str, Any]


class AnswerPage(FrozenModel):
    """Lines in the order of receipt."""

    items: tuple[AnswerView, ...]
    next: str | None


class DiscrepancyView(FrozenModel):
    """Claim that cannot be applied as it stands.

    `applied_paise` is the part that was applied, or the amount that contradicts the claim. `resolution` is the current
    resolution. Without one the discrepancy waits for an officer, and there may be proposals.
    """

    discrepancy_id: int
    kind: DiscrepancyKind
    institution: str
    hop_no: int | None
    answer_id: int | None
    claimed_paise: int
    applied_paise: int
    opened_at: UtcDatetime
    resolution: Resolution | None
    proposed: tuple[ResolutionDecision, ...]
    """proposals for the next resolution"""


class DiscrepancyPage(FrozenModel):
    """Discrepancies in the order of opening."""

    items: tuple[DiscrepancyView, ...]
    next: str | None


class TaskInstitution(FrozenModel):
    """Institution that the desk calls."""

    code: str
    name: str
    kind: InstitutionKind
    desk_email: str
    nodal_officers: tuple[OfficerToCall, ...]
    """officers on duty now in the order of calling, then the officer who is on duty next"""


class TaskHop(FrozenModel):
    """Hop of a work item."""

    hop_no: int
    layer: int
    state: HopState
    institution_as_told: str
    holder: str
    reference: str
    amount_paise: int
    in_play_paise: int
    transferred_at: UtcDatetime


class TaskView(FrozenModel):
    """Work item with all that the desk needs for it."""

    task_id: int
    kind: TaskKind
    state: TaskState
    case_ack_no: str | None
    """None for a task about an institution"""
    subject: Subject
    cause: TaskCause
    """why it was opened"""
    facts: TaskFacts
    note: str
    """subject, cause and facts as a text for officers"""
    institution: TaskInstitution | None
    request_id: UUID | None
    job_id: str | None
    hop: TaskHop | None
    to_ask: tuple[TaskHop, ...]
    """hops that a call to the bank is about, with the most in play, at most five; empty without a call script"""
    say: tuple[str, ...]
    """call script for the bank, line by line, while money of the request is in play"""
    enter_at: str | None
    """path to which the bank's answer is posted; None without a call script"""
    version: int
    """a verb on the item names the version that the caller saw"""
    owner: str | None
    """id of the officer who has it"""
    owned_since: UtcDatetime | None
    lease_ends_at: UtcDatetime | None
    """when it has no owner any more, unless the owner acts in the case"""
    snoozed_until: UtcDatetime | None
    in_play_paise: int | None
    """what can still be caught of the hop, the request or the case; None while it is not valued"""
    district: str | None
    """key of the district of its case; None while it is not valued"""
    persons: tuple[Person, ...]
    """groups of the victims of its case that the policy puts first"""
    opened_at: UtcDatetime
    closed_at: UtcDatetime | None
    closed_by: str | None
    reason: str | None
    """why it was closed, as the officer or the engine wrote"""
    reconciliation_id: int | None
    """comparison that shows a difference"""


class TaskPage(FrozenModel):
    """Work items in the order of the list."""

    items: tuple[TaskView, ...]
    next: str | None
