"""The closed vocabularies of the field (glossary in docs/glossary.md)."""

from enum import StrEnum


class Channel(StrEnum):
    """How a complaint reached us; decides the first digit of a number we give out."""

    HELPLINE_1930 = "helpline_1930"
    PORTAL = "portal"
    IMPORT = "import"


class Mode(StrEnum):
    """The rail a transfer went over."""

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
    """What licence an institution works under."""

    BANK = "bank"
    WALLET = "wallet"
    PAYMENT_AGGREGATOR = "payment_aggregator"


class AnswerClass(StrEnum):
    """How fast an institution answers: by API, from its seat in the control room, or by mail."""

    API = "api"
    SEAT = "seat"
    MAIL = "mail"


class ChannelKind(StrEnum):
    """A way in which a hold request reaches an institution."""

    I4C = "i4c"
    """the wire that Indian banks speak"""
    PUSH = "push"
    """a webhook of the bank's"""
    PULL = "pull"
    """the bank fetches it from our feed"""
    ISO20022 = "iso20022"
    """files of ISO 20022 messages"""
    EMAIL = "email"
    """a letter with a signed link"""


class ChannelState(StrEnum):
    """The state of a channel's circuit breaker."""

    CLOSED = "closed"
    """it works"""
    OPEN = "open"
    """it failed, and is left alone"""
    HALF_OPEN = "half_open"
    """one request tries it again"""


class DeliveryOutcome(StrEnum):
    """What came of an attempt to deliver a message to a bank over a channel."""

    DELIVERED = "delivered"
    FAILED = "failed"
    REFUSED = "refused"
    SILENT = "silent"
    """delivered, and not answered in time"""


class Bucket(StrEnum):
    """Where a rupee is. `LOST` is the contra account a complaint draws from, so every posting sums to zero."""

    LOST = "lost"
    IN_PLAY = "in_play"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    SPENT = "spent"
    REFUSED = "refused"
    UNTRACED = "untraced"
    RESTORED = "restored"
    RELEASED = "released"


class CaseState(StrEnum):
    """`OPEN` while a rupee is in play, `SETTLED` when every rupee's place is known."""

    OPEN = "open"
    SETTLED = "settled"


class HopState(StrEnum):
    """What a hop waits for."""

    OPEN = "open"
    """to be asked in the next wave"""
    ASKED = "asked"
    """a live request covers it"""
    CORRECTION = "correction"
    """the bank cannot find it: the desk must correct the reference"""
    UNROUTABLE = "unroutable"
    """no institution we know: the desk must name it"""
    CLOSED = "closed"
    """nothing of it is in play"""


class HopSource(StrEnum):
    """Who told us of a hop."""

    COMPLAINT = "complaint"
    ANSWER = "answer"
    DESK = "desk"


class RequestState(StrEnum):
    """The life of a hold request."""

    SENDING = "sending"
    DELIVERED = "delivered"
    REFUSED = "refused"
    """the bank refused the ticket as a whole"""
    ANSWERED = "answered"
    """every hop of it has its answer"""
    STOPPED = "stopped"
    """the desk withdrew it"""
    SUPERSEDED = "superseded"
    """its hops were corrected or sent again before the bank said anything of them"""


class ClaimKind(StrEnum):
    """What a line of a bank's answer says."""

    HELD = "held"
    MOVED = "moved"
    WITHDRAWN = "withdrawn"
    SPENT = "spent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


class Disposition(StrEnum):
    """What became of a line of a bank's answer. Every line has exactly one."""

    APPLIED = "applied"
    CONTRADICTION = "contradiction"
    REFUSAL = "refusal"
    CORRECTION = "correction"
    REVIEW = "review"
    DUPLICATE = "duplicate"


class ContradictionKind(StrEnum):
    """Why a bank's claim could not be taken as it stands."""

    EXCEEDS_DISPUTED = "exceeds_disputed"
    """more than is disputed of the hop"""
    HELD_AND_GONE = "held_and_gone"
    """the same money is said to be on hold and to have left"""
    BALANCE_BELOW_HOLD = "balance_below_hold"
    """the account has less than the bank says it holds there"""
    HELD_ABOVE_BALANCE = "held_above_balance"
    """all cases together hold more on the account than it has"""
    HELD_BY_TWO = "held_by_two"
    """two banks say that they hold the money of one transfer"""
    CLAIMED_TWICE = "claimed_twice"
    """more is claimed of one transaction than it moved"""
    UNASKED_HOP = "unasked_hop"
    ANOTHER_BANKS_HOP = "another_banks_hop"
    TRANSFER_DENIED = "transfer_denied"
    JOB_UNKNOWN = "job_unknown"
    CREDITED_ABOVE_ORDER = "credited_above_order"
    """a bank says it gave back, or let go, more than it was ordered to"""
    CREDITED_TWICE = "credited_twice"
    """a bank says it has done again what it had done"""
    CREDITED_ELSEWHERE = "credited_elsewhere"
    """a bank gave money back to another account than the order names"""
    CREDITED_OTHER_AMOUNT = "credited_other_amount"
    """a bank says another amount of a credit, by its reference, than was booked of it"""


class SettlementDecision(StrEnum):
    """How a person settles a contradiction (docs/contradictions.md has what each books)."""

    UPHELD_BANK = "upheld_bank"
    """the line that contradicted is right"""
    UPHELD_OTHER = "upheld_other"
    """what it contradicted is right"""
    CORRECTED = "corrected"
    """it was put right by another verb"""
    NOTED = "noted"
    """it is known, and nothing follows"""


class TaskKind(StrEnum):
    """Why the desk is asked."""

    CORRECT_REFERENCE = "correct_reference"
    NAME_INSTITUTION = "name_institution"
    PHONE_BANK = "phone_bank"
    TICKET_REFUSED = "ticket_refused"
    READ_ANSWER = "read_answer"
    SETTLE_CONTRADICTION = "settle_contradiction"
    SUPERVISE = "supervise"
    RESTORATION_STEP = "restoration_step"
    """a step of a restoration waits for a person"""
    GRIEVANCE = "grievance"
    """an account holder waits for a decision"""
    HOLD_LAPSES = "hold_lapses"
    """a hold ends by itself soon"""
    MICRO_HOLD = "micro_hold"
    """a small amount on an account that has other business, or of which that is not known: decide quickly"""
    DUTY = "duty"
    """a report that the law asks for"""
    ORDER_SILENT = "order_silent"
    """a bank has not done what it was ordered"""
    ASK_FOR_LIENS = "ask_for_liens"
    """an institution owes us the list of the liens it holds for us"""
    RECONCILE = "reconcile"
    """its list and the ledger differ"""


class TaskState(StrEnum):
    """Open until a person, or the answer itself, closes it."""

    OPEN = "open"
    CLOSED = "closed"


class FeedStatus(StrEnum):
    """What a bank is told of a hold request in its feed."""

    OPEN = "open"
    """we wait for its answer, in whole or in part"""
    ANSWERED = "answered"
    STOPPED = "stopped"
    """no answer is waited for: withdrawn, or asked anew in another request"""


class Rung(StrEnum):
    """The ladder that silence climbs, lowest first; the retries of the wire stand below it."""

    REMINDER = "reminder"
    NODAL_OFFICER = "nodal_officer"
    DESK_TASK = "desk_task"
    SUPERVISOR = "supervisor"
    GIVE_UP = "give_up"

    def stands_below(self, other: "Rung") -> bool:
        """Whether silence climbs this rung before the other."""
        return _LADDER.index(self) < _LADDER.index(other)

    @classmethod
    def above(cls, rung: "Rung | None") -> "Rung":
        """The rung that is climbed next from `rung` (None: from the ground). Raises `ValueError` at the top."""
        if rung is cls.GIVE_UP:
            raise ValueError("above giving up there is nothing")
        return _LADDER[_LADDER.index(rung) + 1 if rung else 0]


_LADDER = tuple(Rung)


class Role(StrEnum):
    """What an officer may do; `docs/security.md` has the table."""

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


class EventKind(StrEnum):
    """What the case log records."""

    CASE_OPENED = "case_opened"
    COMPLAINT_JOINED = "complaint_joined"
    TRAIL_IMPORTED = "trail_imported"
    """an officer brought banks' answers in with a money-trail workbook"""
    HOP_ADDED = "hop_added"
    REQUEST_SENT = "request_sent"
    REQUEST_DELIVERED = "request_delivered"
    REQUEST_ACKNOWLEDGED = "request_acknowledged"
    """the bank says by itself that it has it"""
    REQUEST_REFUSED = "request_refused"
    BANK_SPOKE = "bank_spoke"
    """a request of a bank came over its own API, and is kept as it came"""
    ANSWER_RECEIVED = "answer_received"
    CONTRADICTION_OPENED = "contradiction_opened"
    SETTLEMENT_PROPOSED = "settlement_proposed"
    """money would leave `held`: a second person must agree"""
    CONTRADICTION_SETTLED = "contradiction_settled"
    TASK_OPENED = "task_opened"
    TASK_CLOSED = "task_closed"
    RUNG_CLIMBED = "rung_climbed"
    REQUEST_ESCALATED = "request_escalated"
    """a person will not wait for the next rung"""
    HOP_CORRECTED = "hop_corrected"
    HOP_WRITTEN_OFF = "hop_written_off"
    """nobody put it right in all the time it waited for the desk"""
    REQUEST_STOPPED = "request_stopped"
    REQUEST_SENT_AGAIN = "request_sent_again"
    """what was wrong is mended: its hops go out in another request"""
    CASE_SETTLED = "case_settled"
    CASE_REOPENED = "case_reopened"
    OFFICER_ASSIGNED = "officer_assigned"
    FIR_REQUESTED = "fir_requested"
    FIR_REGISTERED = "fir_registered"
    FIR_COPIED = "fir_copied"
    """the report itself is here"""
    FIR_SIGNED = "fir_signed"
    FIR_LAPSED = "fir_lapsed"
    FIR_REFUSED = "fir_refused"
    FIR_CANCELLED = "fir_cancelled"
    """another kind of report was asked for in its place"""
    FIR_TWICE = "fir_twice"
    """the register has registered one that was not asked for any more"""
    COURT_ORDER_TAKEN = "court_order_taken"
    COURT_ORDER_COPIED = "court_order_copied"
    """the order itself is here"""
    COURT_ORDER_CONFIRMED = "court_order_confirmed"
    """a second officer has read it: the banks let go"""
    COURT_ORDER_WITHDRAWN = "court_order_withdrawn"
    DUTY_OPENED = "duty_opened"
    DUTY_OVERDUE = "duty_overdue"
    DUTY_DONE = "duty_done"
    ATTACHMENT_APPROVED = "attachment_approved"
    """that a court is asked to attach what is on hold (BNSS 107)"""
    PAPER_ISSUED = "paper_issued"
    MESSAGE_SENT = "message_sent"
    HOLD_BEGAN = "hold_began"
    """money of the case is on hold at an account: its clocks run"""
    HOLDER_TOLD = "holder_told"
    HOLDER_CONTACT_TAKEN = "holder_contact_taken"
    HOLD_WARNED = "hold_warned"
    HOLD_KEPT = "hold_kept"
    """an order exists: it does not lapse"""
    HOLD_LAPSED = "hold_lapsed"
    HOLD_ENDED = "hold_ended"
    RESTORATION_OPENED = "restoration_opened"
    RESTORATION_ROUTED = "restoration_routed"
    RESTORATION_MOVED = "restoration_moved"
    """from one step to another"""
    CREDIT_ACCOUNT_TOLD = "credit_account_told"
    """another account of the victim's, in place of the one that paid"""
    CREDIT_ACCOUNT_CONFIRMED = "credit_account_confirmed"
    RESTORATION_PREPARED = "restoration_prepared"
    """what goes home was made ready for approval"""
    RESTORATION_OVERDUE = "restoration_overdue"
    """a step was reminded of, or escalated"""
    RESTORATION_REFUSED_IN_PART = "restoration_refused_in_part"
    """a court refuses what is on hold at one account"""
    RESTORATION_CLOSED = "restoration_closed"
    RESTORATION_REOPENED = "restoration_reopened"
    """an officer has what was refused or cancelled begin anew"""
    OBJECTION_RECEIVED = "objection_received"
    OBJECTION_DECIDED = "objection_decided"
    ALLOCATED = "allocated"
    """the money on one account was divided between victims"""
    ORDER_PLANNED = "order_planned"
    ORDER_DELIVERED = "order_delivered"
    ORDER_ACKNOWLEDGED = "order_acknowledged"
    """the bank says by itself that it has it"""
    ORDER_SENT_AGAIN = "order_sent_again"
    """an officer has it carried once more: what kept it is mended"""
    ORDER_REFUSED = "order_refused"
    ORDER_CLIMBED = "order_climbed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_CANCELLATION_TOLD = "order_cancellation_told"
    """the bank was told that an order is taken back"""
    ORDER_CANCELLATION_CLIMBED = "order_cancellation_climbed"
    ORDER_CANCELLATION_SETTLED = "order_cancellation_settled"
    """the bank does it no more, or an officer vouches that it was told"""
    ORDER_CONFIRMED = "order_confirmed"
    """a bank says that it has given back or let go"""
    ORDER_WORD_PROPOSED = "order_word_proposed"
    """an officer has written down what a bank said; another one has to agree"""
    GRIEVANCE_OPENED = "grievance_opened"
    GRIEVANCE_MOVED = "grievance_moved"
    """to the level above"""
    GRIEVANCE_OVERDUE = "grievance_overdue"
    """the highest level has let its time pass"""
    GRIEVANCE_ENDED = "grievance_ended"
    MICRO_HOLD_DECIDED = "micro_hold_decided"
    """an officer has looked at a small hold: let go, or kept"""
    APPEAL_CODE_MADE = "appeal_code_made"
    """with which an account's holder comes in, made by an officer for the bank to hand on"""
    EVIDENCE_PACKED = "evidence_packed"
    """the evidence of the case was handed to somebody"""


class Language(StrEnum):
    """In which a paper or a message is written."""

    EN = "en"
    HI = "hi"


class ProcedureKind(StrEnum):
    """A workflow beside the case that keeps the clocks of one row."""

    RESTORATION = "restoration"
    HOLD = "hold"
    GRIEVANCE = "grievance"
    ORDER = "order"
    DUTIES = "duties"
