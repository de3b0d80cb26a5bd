"""What can be read of a case: views for officers. Amounts are paise, times UTC, waits seconds.

A page holds what fits its limit; `next` is the cursor of the page after it, None on the last one.
"""

from typing import Any
from uuid import UUID

from schemas.banks.rosters import OfficerToCall
from schemas.base import Flag, FrozenModel, UtcDatetime
from schemas.enums import (
    Bucket,
    CaseState,
    Channel,
    ClaimKind,
    ContradictionKind,
    Disposition,
    EventKind,
    HopSource,
    HopState,
    InstitutionKind,
    Mode,
    RequestState,
    Rung,
    SettlementDecision,
    TaskKind,
    TaskState,
)
from schemas.tasks import Subject, TaskCause, TaskFacts
from schemas.tracing.contradictions import Settlement


class ComplaintView(FrozenModel):
    """A complaint of a case, without the victim."""

    ack_no: str
    channel: Channel
    category: str
    joined: bool
    flags: tuple[Flag, ...]
    received_at: UtcDatetime


class CaseCounts(FrozenModel):
    """How much there is of everything in a case."""

    complaints: int
    hops: int
    requests: int
    answers: int
    open_tasks: int
    contradictions: int


class TurnaroundTimes(FrozenModel):
    """The turnaround times of a case; None for what has not happened yet.

    A bank that answers before our own request was noted as delivered makes no time negative: each is counted from
    the complaint that opened the case. Only the first may be: a transfer dated after the complaint is flagged.
    """

    transfer_to_complaint_seconds: float
    complaint_to_first_request_sent_seconds: float | None
    complaint_to_first_request_delivered_seconds: float | None
    complaint_to_first_answer_seconds: float | None
    complaint_to_first_hold_seconds: float | None


class CaseView(FrozenModel):
    """A case as it stands: what was lost, and where every rupee of it is."""

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
    """zero, or the ledger is broken"""
    counts: CaseCounts
    turnaround_times: TurnaroundTimes


class CaseListItem(FrozenModel):
    """A case in a list."""

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
    """An account, VPA or wallet at an institution. `institution` is None when no directory entry fits."""

    node_id: str
    institution: str | None
    institution_as_told: str
    holder: str
    ifsc: str | None
    victim: bool
    """whether money left the victim from here"""


class TrailEdge(FrozenModel):
    """A hop: one transfer of tainted money, and what of it lies where."""

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
    """buckets that are not empty, without `lost`"""
    transferred_at: UtcDatetime
    opened_at: UtcDatetime
    opened_by_answer: int | None
    live_request_id: UUID | None
    flags: tuple[Flag, ...]


class TrailView(FrozenModel):
    """Hops in the order they were opened, and the accounts they touch.

    A node stands on every page that has a hop of it: join pages by `node_id`.
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
    """One posting; its entries sum to zero."""

    transaction_id: int
    kind: str
    at: UtcDatetime
    entries: tuple[EntryView, ...]


class HopBalance(FrozenModel):
    """What of one hop lies where now. `lost` is the contra account and stands below zero."""

    hop_no: int
    balances_paise: dict[Bucket, int]


class LedgerView(FrozenModel):
    """Transactions in the order they were posted, and the balances now of the hops they touch."""

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
    """Events in order; `next` is the last `seq` on the page when there may be more."""

    items: tuple[EventView, ...]
    next: int | None


class RequestHopView(FrozenModel):
    """A hop under a request, at the revision that was asked about."""

    hop_no: int
    revision: int
    live: bool
    """whether the request still waits for an answer about it"""


class RequestView(FrozenModel):
    """A hold request and how far its silence has climbed."""

    request_id: UUID
    wave_no: int
    institution: str
    state: RequestState
    rung: Rung | None
    """the last rung that was climbed"""
    job_ids: tuple[str, ...]
    sent_at: UtcDatetime
    delivered_at: UtcDatetime | None
    first_answered_at: UtcDatetime | None
    closed_at: UtcDatetime | None
    refusal_code: str | None
    refusal_message: str | None
    hops: tuple[RequestHopView, ...]


class RequestPage(FrozenModel):
    """Requests by wave and institution."""

    items: tuple[RequestView, ...]
    next: str | None


class AnswerView(FrozenModel):
    """One line of a bank's answer: what it says, what became of it, and `raw`, every field as the bank wrote it."""

    answer_id: int
    update_id: int
    line_no: int
    institution: str
    job_id: str
    received_at: UtcDatetime
    kind: ClaimKind
    disposition: Disposition
    status_code: str
    """as the bank wrote it, also when nobody knows what it means"""
    hop_nos: tuple[int, ...]
    amount_paise: int
    claim_paise: int
    applied_paise: int
    remarks: str
    flags: tuple[Flag, ...]
    raw: dict[str, Any]


class AnswerPage(FrozenModel):
    """Lines in the order they were taken."""

    items: tuple[AnswerView, ...]
    next: str | None


class ContradictionView(FrozenModel):
    """A claim that cannot be taken as it stands, with what it claims and what was taken of it or stands against it.

    `settlement` is the one that stands; without one it waits for a person, who may have `proposed` something.
    """

    contradiction_id: int
    kind: ContradictionKind
    institution: str
    hop_no: int | None
    answer_id: int | None
    claimed_paise: int
    applied_paise: int
    opened_at: UtcDatetime
    settlement: Settlement | None
    proposed: tuple[SettlementDecision, ...]
    """for the settlement that comes next"""


class ContradictionPage(FrozenModel):
    """Contradictions in the order they were opened."""

    items: tuple[ContradictionView, ...]
    next: str | None


class TaskInstitution(FrozenModel):
    """Whom the desk calls."""

    code: str
    name: str
    kind: InstitutionKind
    desk_email: str
    nodal_officers: tuple[OfficerToCall, ...]
    """those on duty now first, in the order of calling; then who is back first"""


class TaskHop(FrozenModel):
    """The hop a task is about."""

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
    """A task with what the desk needs for it at hand."""

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
    say: tuple[str, ...]
    """what to say to the bank on the telephone, a line at a time, while money of the request is in play"""
    opened_at: UtcDatetime
    closed_at: UtcDatetime | None
    closed_by: str | None
    reason: str | None
    """why it was closed, in the words of the officer or of the engine"""
    reconciliation_id: int | None
    """the comparison in which something differs"""


class TaskPage(FrozenModel):
    """Tasks, the oldest first."""

    items: tuple[TaskView, ...]
    next: str | None
