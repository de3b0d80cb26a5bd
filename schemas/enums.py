"""Kinds and states that several rooms name."""

from enum import StrEnum
from typing import Final


class Channel(StrEnum):
    """Channel of a complaint. It decides the first digit of a number that we assign."""

    HELPLINE_1930 = "helpline_1930"
    PORTAL = "portal"
    IMPORT = "import"
    PUBLIC_FORM = "public_form"
    """page on which a victim, or another person for the victim, complains"""


class Mode(StrEnum):
    """Payment rail of a transfer."""

    UPI = "upi"
    IMPS = "imps"
    NEFT = "neft"
    RTGS = "rtgs"
    CARD = "card"
    AEPS = "aeps"
    WALLET = "wallet"
    CASH_DEPOSIT = "cash_deposit"
    OTHER = "other"


class InstitutionKind(StrEnum):
    """Licence of an institution."""

    BANK = "bank"
    WALLET = "wallet"
    PAYMENT_AGGREGATOR = "payment_aggregator"


class AnswerClass(StrEnum):
    """Speed class of an institution's answers: by API, from its seat in the control room, or by mail."""

    API = "api"
    SEAT = "seat"
    MAIL = "mail"


class ChannelKind(StrEnum):
    """Channel over which a hold request reaches an institution."""

    I4C = "i4c"
    """wire that Indian banks use"""
    PUSH = "push"
    """webhook of the bank"""
    PULL = "pull"
    """feed of ours that the bank fetches"""
    ISO20022 = "iso20022"
    """files of ISO 20022 messages"""
    EMAIL = "email"
    """letter with a signed link"""


class ChannelState(StrEnum):
    """State of a channel's circuit breaker."""

    CLOSED = "closed"
    """the channel works"""
    OPEN = "open"
    """the channel failed and is not used"""
    HALF_OPEN = "half_open"
    """one request tests the channel"""


class DeliveryOutcome(StrEnum):
    """Outcome of an attempt to deliver a message to a bank over a channel."""

    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    SILENT = "silent"
    """delivered, but not answered in time"""


class Bucket(StrEnum):
    """Place of the money. `LOST` is the contra account of a complaint, so that every posting sums to zero.

    `PROPOSED` is the contra account of a transfer that only the victim's bank names, until an officer accepts it.
    """

    LOST = "lost"
    PROPOSED = "proposed"
    IN_PLAY = "in_play"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    SPENT = "spent"
    REFUSED = "refused"
    UNTRACED = "untraced"
    RESTORED = "restored"
    RELEASED = "released"


class CaseState(StrEnum):
    """`OPEN` while any amount is in play, `SETTLED` when the place of every amount is known."""

    OPEN = "open"
    SETTLED = "settled"


class HopState(StrEnum):
    """State of a hop, by what it waits for."""

    OPEN = "open"
    """to be requested in the next batch"""
    ASKED = "asked"
    """covered by a live request"""
    CORRECTION = "correction"
    """not found by the bank: the desk must correct the reference"""
    UNROUTABLE = "unroutable"
    """at no known institution: the desk must name it"""
    CLOSED = "closed"
    """no amount in play"""


class HopSource(StrEnum):
    """Source of a hop."""

    COMPLAINT = "complaint"
    ANSWER = "answer"
    DESK = "desk"


class RequestState(StrEnum):
    """State of a hold request."""

    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    """the bank refused the whole ticket"""
    ANSWERED = "answered"
    """every hop of it has an answer"""
    STOPPED = "stopped"
    """the desk withdrew it"""
    SUPERSEDED = "superseded"
    """its hops were corrected or sent again before any answer"""


class ClaimKind(StrEnum):
    """Statement in a line of a bank's answer."""

    HELD = "held"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"
    SPENT = "spent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


class Disposition(StrEnum):
    """Result of a line of a bank's answer. Every line has exactly one."""

    APPLIED = "applied"
    DISCREPANCY = "discrepancy"
    REFUSAL = "refusal"
    CORRECTION = "correction"
    REVIEW = "review"
    DUPLICATE = "duplicate"
    PAYERS_BANK = "payers_bank"
    """the victim's bank speaks of the victim's own transfer or of another one; no money moves by it"""


class DiscrepancyKind(StrEnum):
    """Reason why a bank's claim cannot be applied as it stands."""

    EXCEEDS_DISPUTED = "exceeds_disputed"
    """more than the disputed amount of the hop"""
    DISPUTED_ABOVE_AMOUNT = "disputed_above_amount"
    """more than the amount of the transaction that the line itself states"""
    HELD_AND_GONE = "held_and_gone"
    """the same money is reported both on hold and gone"""
    BALANCE_BELOW_HOLD = "balance_below_hold"
    """the account balance is below the hold that the bank reports"""
    HELD_ABOVE_BALANCE = "held_above_balance"
    """all cases together hold more on the account than its balance"""
    HELD_BY_TWO = "held_by_two"
    """two banks report the money of one transfer on hold"""
    CLAIMED_TWICE = "claimed_twice"
    """the claims on one transaction exceed its amount"""
    SENT_BY_TWO = "sent_by_two"
    """two banks report sending one transfer"""
    UNASKED_HOP = "unasked_hop"
    ANOTHER_BANKS_HOP = "another_banks_hop"
    TRANSFER_DENIED = "transfer_denied"
    JOB_UNKNOWN = "job_unknown"
    CREDITED_ABOVE_ORDER = "credited_above_order"
    """a bank reports returning or releasing more than ordered"""
    CREDITED_TWICE = "credited_twice"
    """a bank reports the same action again"""
    CREDITED_ELSEWHERE = "credited_elsewhere"
    """a bank returned money to another account than the order names"""
    CREDITED_OTHER_AMOUNT = "credited_other_amount"
    """a bank reports another amount for a credit that was booked under the same reference"""


OF_ANOTHER_ACCOUNT: Final = frozenset({DiscrepancyKind.UNASKED_HOP, DiscrepancyKind.ANOTHER_BANKS_HOP})
"""whose account a hold is about is not certain"""


class ResolutionDecision(StrEnum):
    """Decision on a discrepancy (docs/explanation/discrepancies.md shows what each one books)."""

    UPHELD_BANK = "upheld_bank"
    """the bank's line is right"""
    UPHELD_OTHER = "upheld_other"
    """what the line contradicts is right"""
    CORRECTED = "corrected"
    """corrected by another action"""
    NOTED = "noted"
    """known, without consequence"""


class TaskKind(StrEnum):
    """Reason of a work item for the control-room desk."""

    CORRECT_REFERENCE = "correct_reference"
    NAME_INSTITUTION = "name_institution"
    PHONE_BANK = "phone_bank"
    TICKET_REFUSED = "ticket_refused"
    READ_ANSWER = "read_answer"
    RESOLVE_DISCREPANCY = "resolve_discrepancy"
    SUPERVISE = "supervise"
    RESTORATION_STEP = "restoration_step"
    """a step of a restoration needs an officer"""
    GRIEVANCE = "grievance"
    """an account holder waits for a decision"""
    HOLD_LAPSES = "hold_lapses"
    """a hold lapses soon"""
    SMALL_HOLD = "small_hold"
    """small-value hold on an account with other or unknown business: decide quickly"""
    DUTY = "duty"
    """a report required by law"""
    ORDER_SILENT = "order_silent"
    """a bank has not carried out an order"""
    ASK_FOR_LIENS = "ask_for_liens"
    """an institution owes us its list of liens"""
    RECONCILE = "reconcile"
    """the bank's list and the ledger differ"""
    READ_COMPLAINT = "read_complaint"
    """a complaint tells a known transfer otherwise"""
    PAYER_BANK = "payer_bank"
    """the victim's bank contradicts the victim, or names another transfer"""


class Differing(StrEnum):
    """A part of a transfer that a complaint tells otherwise than the case knew."""

    PAYER = "payer"
    ACCOUNT = "account"
    BANK = "bank"
    AMOUNT = "amount"
    DATE = "date"


class Person(StrEnum):
    """Groups of victims that the policy puts first."""

    CHILD = "child"
    WOMAN = "woman"
    SENIOR = "senior"


class TaskState(StrEnum):
    """`OPEN` until an officer or the answer itself closes the work item."""

    OPEN = "open"
    CLOSED = "closed"


class FeedStatus(StrEnum):
    """Status of a hold request that its bank sees in the feed."""

    OPEN = "open"
    """an answer is awaited, in whole or in part"""
    ANSWERED = "answered"
    STOPPED = "stopped"
    """no answer is awaited: withdrawn, or asked again in another request"""


class EscalationLevel(StrEnum):
    """Escalation levels for a request without an answer, lowest first. Automatic retries come before them."""

    REMINDER = "reminder"
    NODAL_OFFICER = "nodal_officer"
    DESK_TASK = "desk_task"
    SUPERVISOR = "supervisor"
    GIVE_UP = "give_up"

    def is_below(self, other: "EscalationLevel") -> bool:
        """Return whether this level comes before the other."""
        return _LADDER.index(self) < _LADDER.index(other)

    @classmethod
    def above(cls, level: "EscalationLevel | None") -> "EscalationLevel":
        """Return the level after `level`, or the first level for None. Raises ValueError after the last."""
        if level is cls.GIVE_UP:
            raise ValueError("there is no escalation level above giving up")
        return _LADDER[_LADDER.index(level) + 1 if level else 0]


_LADDER = tuple(EscalationLevel)


class Role(StrEnum):
    """Role of an officer; `docs/reference/security.md` has the table of permissions."""

    INTAKE = "intake"
    DESK = "desk"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"
    IO = "io"
    """investigating officer"""
    DY_SP = "dy_sp"
    """Additional or Deputy Superintendent of Police"""
    SP = "sp"
    """Superintendent or Deputy Commissioner of Police: approves restorations"""
    DISTRICT_GRO = "district_gro"
    """grievance redressal officer of the district"""
    STATE_GRO = "state_gro"
    DISPLAY = "display"
    """screen on a wall; a role of tokens alone, which shows figures and no case"""


OFFICER_ROLES: Final[tuple[Role, ...]] = tuple(role for role in Role if role is not Role.DISPLAY)
"""roles that a person can have"""


class Language(StrEnum):
    """Language of a document or message."""

    EN = "en"
    HI = "hi"


class ProcedureKind(StrEnum):
    """Procedure beside the case workflow, by the kind of its row.

    It is a row-clock workflow, or a row of the due list.
    """

    RESTORATION = "restoration"
    HOLD = "hold"
    GRIEVANCE = "grievance"
    ORDER = "order"
    DUTIES = "duties"


class TimedStage(StrEnum):
    """Stage of a case whose duration is counted; docs/reference/stages.md defines each."""

    TRANSFER_TO_COMPLAINT = "transfer_to_complaint"
    COMPLAINT_TO_SENT = "complaint_to_sent"
    COMPLAINT_TO_DELIVERED = "complaint_to_delivered"
    COMPLAINT_TO_ANSWERED = "complaint_to_answered"
    COMPLAINT_TO_HELD = "complaint_to_held"
    ANSWERED_TO_HELD = "answered_to_held"
    SENT_TO_DELIVERED = "sent_to_delivered"
    DELIVERED_TO_ANSWERED = "delivered_to_answered"
    ANSWER_TO_NEXT = "answer_to_next"
    HELD_TO_REPORTED = "held_to_reported"
    """to the report to the magistrate"""
    HELD_TO_APPLIED = "held_to_applied"
    APPLIED_TO_VERIFIED = "applied_to_verified"
    NOTICE = "notice"
    """time of the account holder to object, or to show cause"""
    COURT = "court"
    """an order of a court, an award of the Lok Adalat, or a distribution"""
    APPROVAL = "approval"
    APPROVED_TO_ORDERED = "approved_to_ordered"
    ORDERED_TO_CREDITED = "ordered_to_credited"


class LateBy(StrEnum):
    """Who is late when a stage is."""

    VICTIM = "victim"
    ENGINE = "engine"
    BANK = "bank"
    IO = "io"
    SP = "sp"
    COURT = "court"


class KeyChangeKind(StrEnum):
    """Change of a bank's keys."""

    ADD = "add"
    END = "end"


class RequestStage(StrEnum):
    """Stage of a hold request. The order is that in which a request reaches them."""

    RECEIVED = "received"
    """the process has the head of the complaint, answer or command"""
    PLANNED = "planned"
    """the transaction has its time, and plans the request"""
    COMMITTED = "committed"
    WORKFLOW_BEGAN = "workflow_began"
    """Temporal gave the case's workflow the task in which it sends the request"""
    SENT = "sent"
    """the message began to leave"""
    DELIVERED = "delivered"
    """the bank's job id is written"""


class ListWay(StrEnum):
    """Way in which an institution was asked for its list."""

    PUSH = "push"
    PULL = "pull"
    EMAIL = "email"
    """letter, and a work item for the desk to call"""
    PHONE = "phone"
    """only a work item for the desk, because there is no address or no mail route"""


class Reason(StrEnum):
    """Reason for a difference between list and ledger."""

    UNREADABLE = "unreadable"
    UNKNOWN_CASE = "unknown_case"
    UNKNOWN_REFERENCE = "unknown_reference"
    """the case has no transfer of that reference at this institution"""
    NOT_HELD_BY_US = "not_held_by_us"
    """the transfer is known, but none of it is on hold in the ledger"""
    AMOUNT_DIFFERS = "amount_differs"
    MISSING_AT_BANK = "missing_at_bank"
    """on hold in the ledger, but not in the list"""


class PayerInquiryState(StrEnum):
    """State of a question to the victim's bank."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    FAILED = "failed"
    """it could not be delivered, or no answer came in time"""
    SKIPPED = "skipped"
    """no bank can be asked"""


class FoundDecision(StrEnum):
    """Decision of an officer on another transfer that the victim's bank names."""

    TAKEN = "taken"
    """it is part of the fraud, and its money counts as lost"""
    DISMISSED = "dismissed"


class PayerLineKind(StrEnum):
    """Kind of a line in which the victim's bank speaks as such."""

    CONFIRMED = "confirmed"
    """it debited the transfer as the victim told it"""
    DIFFERS = "differs"
    """it debited the transfer, and another figure or account than the victim told"""
    DENIED = "denied"
    """it does not know the debit"""
    FOUND = "found"
    """another transfer left the account"""
    KNOWN = "known"
    """another transfer left the account, and the case has it already"""
