"""Restorations as officers act on them and read them."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.documents.due_documents import ErrandState
from schemas.enums import CaseState, Role
from schemas.restoration_enums import (
    AllocationRule,
    CourtOrderEffect,
    CourtOrderKind,
    GrievanceLevel,
    ObjectionBy,
    ObjectionDecision,
    OrderState,
    RestorationState,
    Route,
    RouteReason,
    Step,
    StepOutcome,
)

Reason = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1000), Storable]
Turn = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]


class RestorationVerb(StrEnum):
    """What an officer can do to a restoration; `domain.restoration.procedure.RULES` has who, when, and what follows."""

    RECEIVE_APPLICATION = "receive_application"
    VERIFY = "verify"
    SEND_BACK = "send_back"
    OBJECT = "object"
    DECIDE_OBJECTION = "decide_objection"
    WAIVE_NOTICE = "waive_notice"
    """the account holder says that there is no objection"""
    TAKE_ORDER = "take_order"
    """of the court, the Lok Adalat or the District Magistrate"""
    PREPARE = "prepare"
    APPROVE = "approve"
    REFUSE = "refuse"
    RECEIVE_BOND = "receive_bond"
    CANCEL = "cancel"
    REOPEN = "reopen"
    """of one that is closed: `domain.restoration.procedure.REOPENERS`"""


class Errand(StrEnum):
    """What a restoration's workflow does by itself when its time has come."""

    WIND_UP = "wind_up"
    """nothing of it is on hold any more"""
    END_STEP = "end_step"
    ROUTE = "route"
    """the facts have changed: another route"""
    TAKE_ORDER = "take_order"
    DROP_ORDER = "drop_order"
    """the order that it goes by was withdrawn"""
    ALLOCATE = "allocate"
    REMIND = "remind"
    ESCALATE = "escalate"


class Seen(FrozenModel):
    """The step and its turn that the officer saw: what has moved on since is not acted on."""

    step: Step
    turn: Turn


class RestorationAct(Seen):
    """A verb that needs no more than an officer who does it."""


class RestorationReason(Seen):
    """A verb that says why."""

    reason: Reason


class NoticeWaived(RestorationReason):
    """No holder objects; with `in_writing` a holder who has no notice yet has said so, and `reason` says where."""

    in_writing: bool = False


class ReopenReason(FrozenModel):
    """Why what was refused or cancelled begins anew."""

    reason: Reason


class SendBack(RestorationReason):
    """Back to an earlier step; without `to`, to the one that is usual."""

    to: Step | None = None


class NewObjection(Seen):
    """What somebody says against it; `hold_id` where it is about one account's money only."""

    by_whom: ObjectionBy
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), Storable]
    hold_id: UUID | None = None


class ObjectionDecided(RestorationReason):
    """Whether an objection is right."""

    objection_id: RowId
    decision: ObjectionDecision


class OrderTaken(Seen):
    """The order under which the money goes back; it was taken in at the case before."""

    court_order_id: RowId


class RouteFacts(FrozenModel):
    """What a route is picked by."""

    held_paise: int
    """of this victim, on all accounts and in all rounds; what has gone home included"""
    victims: int
    """distinct complaints with a claim on one of its accounts: of the account that has most"""
    fir_registered: bool
    order: CourtOrderKind | None
    """of an order to restore that exists"""


class RoutePicked(FrozenModel):
    """A route, and why."""

    route: Route
    reasons: tuple[RouteReason, ...]


class StepStanding(FrozenModel):
    """What the clocks of a restoration's open step go by."""

    step: Step
    turn: int
    due_at: UtcDatetime | None
    reminded_at: UtcDatetime | None
    escalated_at: UtcDatetime | None
    case_state: CaseState
    held_paise: int
    """of its lines, as far as its holders were heard; what orders ask for included"""
    orders: tuple[OrderState, ...]
    """of its orders to banks"""
    open_objections: int
    is_divided: bool
    """every line has its share, or what goes home is fixed"""
    route: Route | None
    picked: RoutePicked
    """what the facts of today say"""
    asks_for_more: bool
    """by that route a step comes first that was not done"""
    order_waiting: bool
    """an order that ends this step is there"""
    order_dropped: bool
    """the order that it goes by is none any more"""
    notice_waits: bool
    """a holder has no notice of the step yet"""
    somebody_acts: bool = True
    """whether anybody can be reminded of the step: a reminder waits until an officer is assigned"""


class Acting(FrozenModel):
    """Who acts: the name on the token, the role, and the name in the case's log."""

    subject: str
    role: Role
    actor: str


class AccountClaim(FrozenModel):
    """What one hop claims of the money on hold at its account (paise)."""

    case_no: str
    hop_no: int
    ack_no: str
    transferred_at: UtcDatetime
    claim_paise: int = Field(gt=0)
    most_paise: int = Field(gt=0)
    """what it can be given: of the claim, what is on hold or gone; what is in play still counts, and waits"""
    held_paise: int = Field(ge=0)
    reserved_paise: int = Field(ge=0, default=0)
    """what was divided before and has not gone home yet: it stays where it is"""


class Share(FrozenModel):
    """What one hop gets."""

    case_no: str
    hop_no: int
    share_paise: int


# -- as they are read --------------------------------------------------------------------------------------------------


class RestorationHead(FrozenModel):
    """A restoration in a list."""

    restoration_id: UUID
    case_ack_no: str
    ack_no: str
    round_no: int
    state: RestorationState
    step: Step
    turn: int
    route: Route | None
    first_held_at: UtcDatetime
    opened_at: UtcDatetime
    due_at: UtcDatetime | None
    """of the step; null when it is closed"""
    overdue: bool
    held_paise: int
    restored_paise: int
    closed_at: UtcDatetime | None


class RestorationPage(FrozenModel):
    """A page of restorations, the longest under way first."""

    restorations: tuple[RestorationHead, ...]
    next: str | None


class StepView(FrozenModel):
    """One turn of one step."""

    step: Step
    turn: int
    opened_at: UtcDatetime
    due_at: UtcDatetime | None
    reminded_at: UtcDatetime | None
    escalated_at: UtcDatetime | None
    ended_at: UtcDatetime | None
    ended_by: str | None
    outcome: StepOutcome | None
    reason: str


class LineView(FrozenModel):
    """The money on one hop: where it is, and what of it goes back."""

    hop_no: int
    hold_id: UUID
    institution: str
    held_paise: int
    restored_paise: int
    released_paise: int
    allocation_id: int | None
    rule: AllocationRule | None
    pot_paise: int | None
    claims_paise: int | None
    claim_paise: int | None
    share_paise: int | None
    due_paise: int | None
    """what was made ready for approval"""
    heard_paise: int | None
    """what was on hold when the holder was heard: more is the next round; null until then"""
    objection_id: int | None
    """of the objection by which it is not restored"""
    court_order_id: int | None
    """of the order by which a court refuses it"""
    left_out_as: Literal["refused", "cancelled"] | None
    """it does not go home by this restoration, nor by a later one before it is begun anew"""
    left_out_at: UtcDatetime | None
    left_out_by: str | None
    left_out_reason: str | None
    reopened_at: UtcDatetime | None
    """when what was left out was begun anew: by an officer, or because a court ordered it home"""


class ObjectionView(FrozenModel):
    """An objection and what became of it."""

    objection_id: int
    hold_id: UUID | None
    by_whom: ObjectionBy
    text: str
    received_at: UtcDatetime
    received_by: str
    decision: ObjectionDecision | None
    decided_at: UtcDatetime | None
    decided_by: str | None
    reason: str


class AppealOfRestoration(FrozenModel):
    """An open grievance of a holder: it counts as an objection until it is decided."""

    grievance_id: UUID
    number: str
    hold_id: UUID
    level: GrievanceLevel
    opened_at: UtcDatetime
    due_at: UtcDatetime


class NoticeOfRestoration(FrozenModel):
    """Whether a holder had notice at a turn of the hearing; `overtaken`: the turn ended without it."""

    hold_id: UUID
    step: Step
    turn: int
    state: ErrandState
    ended_at: UtcDatetime | None
    """when it was issued"""


class OrderOfRestoration(FrozenModel):
    """An order to a bank, in short."""

    order_id: UUID
    institution: str
    state: OrderState
    ordered_paise: int
    confirmed_paise: int
    planned_at: UtcDatetime
    due_at: UtcDatetime


class CourtOrderBrief(FrozenModel):
    """An order of a court, in short."""

    court_order_id: int
    kind: CourtOrderKind
    effect: CourtOrderEffect
    amount_paise: PositivePaise | None


class RestorationView(RestorationHead):
    """Everything there is of one restoration."""

    route_reasons: tuple[RouteReason, ...]
    policy_version: str
    prepared_by: str | None
    approved_by: str | None
    court_order: CourtOrderBrief | None
    complaint_held_paise: int
    """of the victim, over all rounds"""
    complaint_restored_paise: int
    closed_by: str | None
    reason: str
    may: tuple[RestorationVerb, ...]
    """what whoever reads it could do now, by the role; four eyes are seen to when it is done"""
    steps: tuple[StepView, ...]
    lines: tuple[LineView, ...]
    objections: tuple[ObjectionView, ...]
    grievances: tuple[AppealOfRestoration, ...]
    notices: tuple[NoticeOfRestoration, ...]
    orders: tuple[OrderOfRestoration, ...]


class RestorationDone(FrozenModel):
    """Where the restoration stands after a verb."""

    restoration_id: UUID
    case_ack_no: str
    state: RestorationState
    step: Step
    turn: int
    objection_id: int | None = None
