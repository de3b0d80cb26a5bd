"""Restorations as officers act on them and read them."""

from enum import StrEnum
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, PositivePaise, Reason, Storable, UtcDatetime
from schemas.case.police import Pdf
from schemas.enums import CaseState
from schemas.recovery.due_documents import DueDocumentState
from schemas.recovery.officer_steps import ContestedTransfer
from schemas.restoration_enums import (
    AddressClass,
    AllocationRule,
    ConfirmedBy,
    CourtOrderEffect,
    CourtOrderKind,
    GrievanceLevel,
    ObjectionBy,
    ObjectionDecision,
    OrderState,
    RestorationState,
    RestorationVerb,
    Route,
    RouteReason,
    Step,
    StepOutcome,
)

VisitNo = Annotated[int, Field(ge=1, le=2**31 - 1, strict=True)]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1, strict=True)]


class ClockAction(StrEnum):
    """Action of a restoration's workflow when its time has come."""

    WIND_UP = "wind_up"
    """no money of the restoration is on hold any more"""
    END_STEP = "end_step"
    ROUTE = "route"
    """the facts have changed and need another route"""
    TAKE_ORDER = "take_order"
    DROP_ORDER = "drop_order"
    """the court order of the restoration was withdrawn"""
    ALLOCATE = "allocate"
    REMIND = "remind"
    ESCALATE = "escalate"


class Seen(FrozenModel):
    """Step and visit that the officer saw. The action is refused if the restoration has moved on."""

    step: Step
    visit_no: VisitNo


class RestorationAct(Seen):
    """Action without further data."""


class RestorationApproval(RestorationAct):
    """Approval. If another account than the payer's is credited, it repeats the last four digits of that account."""

    due_paise: PositivePaise
    """the amount that the officer saw and approves: `total_paise` of the file, the sum of `due_paise` of the lines"""
    account_end: Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[0-9]{4}$")] | None = None


class RestorationReason(Seen):
    """Action with a reason."""

    reason: Reason


class NoticeWaived(RestorationReason):
    """The holder of one hold waives the rest of the time to object, in a signed document."""

    hold_id: UUID | None = None
    """may be left out if the restoration has one hold"""
    document: Pdf | None = None
    """the holder's signed waiver as a PDF; a request without it is refused"""


class ReopenReason(FrozenModel):
    """Reason to reopen what was refused or cancelled."""

    reason: Reason


class SendBack(RestorationReason):
    """Return to an earlier step; without `to`, to the usual one."""

    to: Step | None = None


class NewObjection(Seen):
    """Objection to a restoration; `hold_id` if it concerns the money of one account only.

    A holder or a bank speaks of one account, so such an objection names its hold if the restoration has several.
    """

    by_whom: ObjectionBy
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000), Storable]
    hold_id: UUID | None = None


class ReleaseOfHold(FrozenModel):
    """Amount of one hold that an upheld objection releases."""

    hold_id: UUID
    paise: Annotated[int, Field(ge=0, strict=True)]


class ObjectionDecided(RestorationReason):
    """Decision on an objection.

    If it releases money, `releases` repeats the amount of every hold as `ObjectionView` shows it.
    """

    objection_id: RowId
    decision: ObjectionDecision
    releases: Annotated[tuple[ReleaseOfHold, ...], Field(max_length=100)] = ()


class OrderTaken(Seen):
    """Court order under which the money is restored; it was recorded in the case before."""

    court_order_id: RowId


class RouteFacts(FrozenModel):
    """Facts that decide the route."""

    held_paise: int
    """held for this victim on all accounts and in all complaints and rounds, including money already restored"""
    victims: int
    """number of complaints with a claim on one account, for the account with the most"""
    fir_registered: bool
    order: CourtOrderKind | None
    """kind of the order to restore, if there is one"""


class RoutePicked(FrozenModel):
    """Route with its reasons."""

    route: Route
    reasons: tuple[RouteReason, ...]


class StepState(FrozenModel):
    """State of a restoration's open step, which its clocks read."""

    step: Step
    visit_no: int
    due_at: UtcDatetime | None
    reminded_at: UtcDatetime | None
    escalated_at: UtcDatetime | None
    case_state: CaseState
    held_paise: int
    """held on its lines for which the notice period is over, including amounts under orders"""
    orders: tuple[OrderState, ...]
    """states of its orders to banks"""
    open_objections: int
    is_divided: bool
    """whether every line has its share, or the amounts to restore are fixed"""
    route: Route | None
    picked: RoutePicked
    """route by today's facts"""
    asks_for_more: bool
    """whether that route has an earlier step that was not done"""
    order_waiting: bool
    """whether there is an order that ends this step"""
    order_dropped: bool
    """whether its court order is no longer valid"""
    notice_waits: bool
    """whether a holder has no notice of the step yet"""
    somebody_acts: bool = True
    """whether an officer is assigned; a reminder waits for one"""


class AccountClaim(FrozenModel):
    """Claim of one hop on the money on hold at its account (paise)."""

    case_no: str
    hop_no: int
    ack_no: str
    transferred_at: UtcDatetime
    claim_paise: int = Field(gt=0)
    most_paise: int = Field(gt=0)
    """most that it can be given: the part of the claim on hold or gone, but not the part still in play"""
    held_paise: int = Field(ge=0)
    reserved_paise: int = Field(ge=0, default=0)
    """divided earlier and not yet restored; this part is not divided again"""
    excess_paise: int = Field(ge=0, default=0)
    """on hold above what the sending bank says that the transfer moved: the other claims are served first"""


class Share(FrozenModel):
    """Share of one hop."""

    case_no: str
    hop_no: int
    share_paise: int


# -- models for reading ------------------------------------------------------------------------------------------------


class RestorationHead(FrozenModel):
    """Restoration in a list."""

    restoration_id: UUID
    case_ack_no: str
    ack_no: str
    round_no: int
    state: RestorationState
    step: Step
    visit_no: int
    route: Route | None
    first_held_at: UtcDatetime
    opened_at: UtcDatetime
    due_at: UtcDatetime | None
    """due time of the step; null if closed"""
    overdue: bool
    held_paise: int
    restored_paise: int
    closed_at: UtcDatetime | None


class RestorationPage(FrozenModel):
    """Page of restorations, the oldest first."""

    restorations: tuple[RestorationHead, ...]
    next: str | None


class StepView(FrozenModel):
    """One visit of one step."""

    step: Step
    visit_no: int
    opened_at: UtcDatetime
    due_at: UtcDatetime | None
    reminded_at: UtcDatetime | None
    escalated_at: UtcDatetime | None
    ended_at: UtcDatetime | None
    ended_by: str | None
    outcome: StepOutcome | None
    reason: str


class LineView(FrozenModel):
    """Money of one hop: where it is, and how much of it is restored."""

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
    """amount prepared for approval"""
    noticed_paise: int | None
    """amount on hold when the notice period ended; more belongs to the next tranche; null until then"""
    objection_id: int | None
    """objection that excludes the line from restoration"""
    court_order_id: int | None
    """court order that refuses restoration of the line"""
    excluded_as: Literal["refused", "cancelled"] | None
    """exclusion of the line from this and later restorations, until it is reopened"""
    excluded_at: UtcDatetime | None
    excluded_by: str | None
    excluded_reason: str | None
    reopened_at: UtcDatetime | None
    """time at which the excluded line was reopened, by an officer or by a court order to restore it"""


class ClaimView(FrozenModel):
    """Claim on the money on hold at an account of a restoration, over all cases (paise)."""

    hold_id: UUID
    """hold of this restoration at the account"""
    institution: str
    account_end: str
    """last four characters of the account"""
    case_ack_no: str
    ack_no: str
    hop_no: int
    transferred_at: UtcDatetime
    disputed_paise: int
    confirmed_paise: int
    """amount that a bank has confirmed as arrived at the account"""
    confirmed_by: ConfirmedBy
    imported_by: tuple[str, ...] = ()
    """who imported the workbook, if only a workbook confirms it"""
    claim_paise: int
    """amount that counts in the division; 0 if no bank has confirmed any"""
    held_paise: int


class ObjectionRelease(ReleaseOfHold):
    """Amount of one hold that an objection would release, with its account."""

    institution: str
    account_end: str
    """last four characters of the account"""


class ObjectionView(FrozenModel):
    """Objection and its decision."""

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
    releases: tuple[ObjectionRelease, ...] = ()
    """amounts that it would release if it were upheld now; empty for a decided one"""
    release_hears_until: UtcDatetime | None = None
    """of one whose release waits: until when the victim is heard; it is upheld when that release is confirmed"""


class AppealOfRestoration(FrozenModel):
    """Open grievance of a holder, which counts as an objection until it is decided."""

    grievance_id: UUID
    number: str
    hold_id: UUID
    level: GrievanceLevel
    opened_at: UtcDatetime
    due_at: UtcDatetime


class NoticeOfRestoration(FrozenModel):
    """Notice to a holder for one visit of a step. `overtaken`: the visit ended without it."""

    hold_id: UUID
    step: Step
    visit_no: int
    state: DueDocumentState
    ended_at: UtcDatetime | None
    """time of issue"""


class OrderOfRestoration(FrozenModel):
    """Summary of an order to a bank."""

    order_id: UUID
    institution: str
    state: OrderState
    ordered_paise: int
    confirmed_paise: int
    planned_at: UtcDatetime
    due_at: UtcDatetime


class CourtOrderBrief(FrozenModel):
    """Summary of a court order."""

    court_order_id: int
    kind: CourtOrderKind
    effect: CourtOrderEffect
    amount_paise: PositivePaise | None


class BeneficiaryView(FrozenModel):
    """Account to which the money goes: the account that paid, or another that two officers put in its place."""

    institution: str
    account_end: str
    """last four characters of the account"""
    credit_account_id: int | None = None
    """number of the other account; null for the account that paid"""
    same_name: bool | None = None
    """whether the other account has the victim's name as the complaint writes it"""
    told_by: str | None = None
    confirmed_by: str | None = None
    object_until: UtcDatetime | None = None
    """until when the victim may object to the other account"""
    in_application: bool = True
    """whether the received application names this account"""


class ApplicationSignature(FrozenModel):
    """The victim's signature by code under the application of one visit of the step."""

    visit_no: int
    signed_at: UtcDatetime
    document_id: UUID
    number: str
    """number of the application"""
    digest: str
    """SHA-256 of its PDF"""
    mobile_end: str
    """last two digits of the mobile that the code went to"""
    address_class: AddressClass
    """kind of the address that it was entered from"""


class RestorationView(RestorationHead):
    """Complete view of one restoration."""

    last_event_seq: int
    """number of the last event of the case's log that the view covers"""
    route_reasons: tuple[RouteReason, ...]
    policy_version: str
    prepared_by: str | None
    approved_by: str | None
    court_order: CourtOrderBrief | None
    complaint_held_paise: int
    """held for the victim over all tranches"""
    complaint_restored_paise: int
    closed_by: str | None
    reason: str
    may: tuple[RestorationVerb, ...]
    """actions that the reader's role allows now; the four-eyes rule is checked when one is done"""
    steps: tuple[StepView, ...]
    lines: tuple[LineView, ...]
    objections: tuple[ObjectionView, ...]
    grievances: tuple[AppealOfRestoration, ...]
    notices: tuple[NoticeOfRestoration, ...]
    orders: tuple[OrderOfRestoration, ...]
    contested: tuple[ContestedTransfer, ...]
    """transfers of its money whose payer complaints tell differently; an undecided one stops the approval"""
    claims: tuple[ClaimView, ...] = ()
    """claims of all cases on its accounts with most on hold, also those that count nothing"""
    more_claims: bool = False
    """whether there are claims that are not shown"""
    beneficiaries: tuple[BeneficiaryView, ...] = ()
    """accounts that an approval would credit"""
    signatures: tuple[ApplicationSignature, ...] = ()
    """applications that the victim signed by a code; the step of one that is signed by hand is ended by an officer"""


class RestorationDone(FrozenModel):
    """State of the restoration after an action."""

    restoration_id: UUID
    case_ack_no: str
    state: RestorationState
    step: Step
    visit_no: int
    objection_id: int | None = None
