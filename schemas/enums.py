"""Closed vocabularies of tracing and holds (docs/glossary.md)."""

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


class EventKind(StrEnum):
    """Kind of an entry in the case log."""

    CASE_OPENED = "case_opened"
    COMPLAINT_JOINED = "complaint_joined"
    COMPLAINT_EXTENDED = "complaint_extended"
    """the complaint states further transfers, or states one again with what it lacked"""
    COMPLAINT_COMPLETED = "complaint_completed"
    """facts of the victim or the matter are filled in that the complaint did not state"""
    TRAIL_IMPORTED = "trail_imported"
    """an officer imported banks' answers from a money-trail workbook"""
    HOP_ADDED = "hop_added"
    REQUEST_SENT = "request_sent"
    REQUEST_DELIVERED = "request_delivered"
    REQUEST_ACKNOWLEDGED = "request_acknowledged"
    """the bank acknowledged the request"""
    REQUEST_REFUSED = "request_refused"
    BANK_SPOKE = "bank_spoke"
    """a bank called its own API; the request is stored as received"""
    ANSWER_RECEIVED = "answer_received"
    TELEPHONE_ANSWER_ENTERED = "telephone_answer_entered"
    """an officer entered what a bank said by telephone"""
    DISCREPANCY_OPENED = "discrepancy_opened"
    RESOLUTION_PROPOSED = "resolution_proposed"
    """a proposal that would move money out of `held`; a second officer must agree"""
    DISCREPANCY_RESOLVED = "discrepancy_resolved"
    TASK_OPENED = "task_opened"
    TASK_CLOSED = "task_closed"
    TASK_CLAIMED = "task_claimed"
    TASK_PASSED_ON = "task_passed_on"
    """the owner, or a supervisor, gave a work item to another officer"""
    TASK_TAKEN_OVER = "task_taken_over"
    """an officer took a work item from its owner"""
    TASK_RELEASED = "task_released"
    """a work item has no owner any more"""
    TASK_SNOOZED = "task_snoozed"
    TASK_UNOWNED = "task_unowned"
    """a work item has no owner for longer than the policy says, and the supervisor is told"""
    LEVEL_REACHED = "level_reached"
    REQUEST_ESCALATED = "request_escalated"
    """an officer escalated before the next level was due"""
    PAYER_BANK_ASKED = "payer_bank_asked"
    """the victim's bank has the question about the victim's own transfer"""
    PAYER_BANK_NOT_ASKED = "payer_bank_not_asked"
    """the question could not be delivered, or got no answer in time"""
    PAYER_BANK_STATED = "payer_bank_stated"
    FOUND_TRANSFER_FOLLOWED = "found_transfer_followed"
    FOUND_TRANSFER_TAKEN = "found_transfer_taken"
    """an officer took a transfer into the case that the victim's bank named"""
    FOUND_TRANSFER_DISMISSED = "found_transfer_dismissed"
    HOP_CORRECTED = "hop_corrected"
    HOP_ASKED_AGAIN = "hop_asked_again"
    """the bank did not find the transfer, and is asked again after some minutes"""
    HOP_WRITTEN_OFF = "hop_written_off"
    """the hop waited for the desk until its time limit, and no correction came"""
    REQUEST_STOPPED = "request_stopped"
    OFFICER_ALARM = "officer_alarm"
    """one officer stopped a request, cancelled a restoration, or entered a telephone answer to be checked; the
    supervisor is told at once"""
    REQUEST_SENT_AGAIN = "request_sent_again"
    """the error is corrected, and the hops are sent in another request"""
    CASE_SETTLED = "case_settled"
    CASE_REOPENED = "case_reopened"
    OFFICER_ASSIGNED = "officer_assigned"
    OFFICER_NOT_FOUND = "officer_not_found"
    """the engine found no officer to assign"""
    FIR_REQUESTED = "fir_requested"
    FIR_REGISTERED = "fir_registered"
    FIR_COPIED = "fir_copied"
    """the PDF of the report has arrived"""
    FIR_SIGNED = "fir_signed"
    FIR_LAPSED = "fir_lapsed"
    FIR_REFUSED = "fir_refused"
    FIR_CANCELLED = "fir_cancelled"
    """another kind of report was requested instead"""
    FIR_TWICE = "fir_twice"
    """the register registered a report that was no longer requested"""
    COURT_ORDER_TAKEN = "court_order_taken"
    COURT_ORDER_COPIED = "court_order_copied"
    """the PDF of the order has arrived"""
    COURT_ORDER_CONFIRMED = "court_order_confirmed"
    """a second officer has read it, so the banks are ordered to release"""
    COURT_ORDER_WITHDRAWAL_ASKED = "court_order_withdrawal_asked"
    COURT_ORDER_WITHDRAWN = "court_order_withdrawn"
    COURT_ORDER_ENDED = "court_order_ended"
    """it is void without its document or its second officer, or its time is over"""
    DUTY_OPENED = "duty_opened"
    DUTY_OVERDUE = "duty_overdue"
    DUTY_DONE = "duty_done"
    ATTACHMENT_APPROVED = "attachment_approved"
    """asking a court to attach the money on hold is approved (BNSS 107)"""
    DOCUMENT_ISSUED = "document_issued"
    MESSAGE_SENT = "message_sent"
    HOLD_BEGAN = "hold_began"
    """money of the case is on hold at an account, and its clocks start"""
    HOLDER_TOLD = "holder_told"
    HOLDER_CONTACT_TAKEN = "holder_contact_taken"
    HOLD_WARNED = "hold_warned"
    HOLD_KEPT = "hold_kept"
    """a court order continues the hold, so it does not lapse"""
    HOLD_LAPSED = "hold_lapsed"
    HOLD_ENDED = "hold_ended"
    HOLD_RELEASE_WAITS = "hold_release_waits"
    """too many automatic releases fell due at once, and a supervisor has to continue this one"""
    RELEASES_CONTINUED = "releases_continued"
    """a supervisor continued the automatic releases that waited"""
    RESTORATION_OPENED = "restoration_opened"
    RESTORATION_ROUTED = "restoration_routed"
    RESTORATION_MOVED = "restoration_moved"
    """to another step"""
    APPLICATION_SIGNED = "application_signed"
    """the victim signed the application by a one-time code"""
    WITHDRAWAL_PROPOSED = "withdrawal_proposed"
    """an officer proposed to withdraw a complaint or a transfer of it; a second officer has to agree"""
    WITHDRAWAL_REJECTED = "withdrawal_rejected"
    COMPLAINT_WITHDRAWN = "complaint_withdrawn"
    """a complaint, or a transfer of it, was withdrawn by two officers"""
    MERGE_PROPOSED = "merge_proposed"
    """an officer proposed to merge the case with another one; a second officer has to agree"""
    MERGE_REJECTED = "merge_rejected"
    CASES_MERGED = "cases_merged"
    """two cases are one matter, and are read together"""
    TRANSFER_SET_ASIDE = "transfer_set_aside"
    """another case of the merge tells the transfer too, and it counts there"""
    TRANSFER_PUT_BACK = "transfer_put_back"
    """a transfer that was set aside counts in this case again"""
    MERGE_UNDO_PROPOSED = "merge_undo_proposed"
    MERGE_UNDO_REJECTED = "merge_undo_rejected"
    MERGE_UNDONE = "merge_undone"
    """two officers undid the merge, and each case counts its own transfers"""
    VICTIM_CORRECTION_PROPOSED = "victim_correction_proposed"
    """an officer proposed other personal data of a victim; a second officer has to agree"""
    VICTIM_CORRECTION_REJECTED = "victim_correction_rejected"
    VICTIM_CORRECTED = "victim_corrected"
    VICTIM_ERASED = "victim_erased"
    """the key of a victim's personal data was destroyed, because their time of retention is over"""
    HOLDER_ERASED = "holder_erased"
    """the key of an account holder's personal data was destroyed, for the same reason"""
    CASE_ERASED = "case_erased"
    """the key of the messages to and from banks and of the documents was destroyed, for the same reason"""
    CREDIT_ACCOUNT_TOLD = "credit_account_told"
    """another account of the victim's was proposed in place of the one that paid"""
    CREDIT_ACCOUNT_CONFIRMED = "credit_account_confirmed"
    CREDIT_ACCOUNT_ENDED = "credit_account_ended"
    """the victim objected to the account, or an officer withdrew it"""
    PAYER_PROPOSED = "payer_proposed"
    """an officer proposed which of two complainants paid; a second officer must agree"""
    PAYER_DECIDED = "payer_decided"
    RESTORATION_PREPARED = "restoration_prepared"
    """the amounts to restore were prepared for approval"""
    RESTORATION_OVERDUE = "restoration_overdue"
    """a reminder or an escalation of a step"""
    RESTORATION_REFUSED_IN_PART = "restoration_refused_in_part"
    """a court refuses restoration of the money at one account"""
    RESTORATION_CLOSED = "restoration_closed"
    RESTORATION_REOPENED = "restoration_reopened"
    """an officer reopened what was refused or cancelled"""
    HEARING_WAIVED = "hearing_waived"
    """the waiver of an account holder was recorded with its document; the holder can contradict it"""
    OBJECTION_RECEIVED = "objection_received"
    OBJECTION_DECIDED = "objection_decided"
    ALLOCATED = "allocated"
    """the money on one account was divided between victims"""
    ORDER_PLANNED = "order_planned"
    ORDER_DELIVERED = "order_delivered"
    ORDER_ACKNOWLEDGED = "order_acknowledged"
    """the bank acknowledged the order"""
    ORDER_SENT_AGAIN = "order_sent_again"
    """an officer had the order sent again after the cause of failure was corrected"""
    ORDER_REFUSED = "order_refused"
    ORDER_ESCALATED = "order_escalated"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_CANCELLATION_TOLD = "order_cancellation_told"
    """the bank was told that the order is cancelled"""
    ORDER_CANCELLATION_ESCALATED = "order_cancellation_escalated"
    ORDER_CANCELLATION_SETTLED = "order_cancellation_settled"
    """the bank acknowledged the cancellation, or officers attest that the bank was told"""
    ORDER_CANCELLATION_ATTESTED = "order_cancellation_attested"
    """an officer attests that the bank was told; a second officer has to attest it too"""
    ORDER_CONFIRMED = "order_confirmed"
    """a bank reports that it returned or released money"""
    ORDER_STATEMENT_PROPOSED = "order_statement_proposed"
    """an officer recorded a bank's statement; a second officer has to agree"""
    GRIEVANCE_OPENED = "grievance_opened"
    GRIEVANCE_MOVED = "grievance_moved"
    """to the next level"""
    GRIEVANCE_OVERDUE = "grievance_overdue"
    """the highest level has passed its time limit"""
    GRIEVANCE_ENDED = "grievance_ended"
    SMALL_HOLD_DECIDED = "small_hold_decided"
    """an officer decided on a small-value hold: released or retained"""
    RELEASE_PROPOSED = "release_proposed"
    """an officer decided to release money of a hold; the victims are heard, and it is confirmed after that"""
    VICTIM_HEARD = "victim_heard"
    """an officer recorded what a victim says to a proposed release"""
    RELEASE_ENDED = "release_ended"
    """a proposed release was ordered, rejected or dropped"""
    APPEAL_CODE_MADE = "appeal_code_made"
    """an officer made a code, which the bank passes to the account holder, who uses it to log in"""
    EVIDENCE_PACKED = "evidence_packed"
    """the evidence of the case was packed for a recipient"""


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
