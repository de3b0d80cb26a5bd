"""Closed vocabularies of restoration, release, grievance and documents (docs/glossary.md)."""

from enum import StrEnum


class Route(StrEnum):
    """Legal route of a restoration."""

    NO_COURT = "no_court"
    """below the threshold of the SOP of 2 January 2026: by order of the police"""
    COURT = "court"
    """order of a magistrate, BNSS 497 or 503"""
    LOK_ADALAT = "lok_adalat"
    """no FIR: pre-litigation before the Permanent Lok Adalat"""
    MAGISTRATE_107 = "magistrate_107"
    """many victims: the District Magistrate distributes, BNSS 107"""


class RouteReason(StrEnum):
    """Reason for a route."""

    BELOW_THRESHOLD = "below_threshold"
    AT_OR_ABOVE_THRESHOLD = "at_or_above_threshold"
    FIR_REGISTERED = "fir_registered"
    NO_FIR = "no_fir"
    MANY_VICTIMS = "many_victims"
    COURT_ORDER_EXISTS = "court_order_exists"


class ConfirmedBy(StrEnum):
    """Whose statement confirms that money has arrived at an account."""

    SENDING_BANK = "sending_bank"
    RECEIVING_BANK = "receiving_bank"
    WORKBOOK = "workbook"
    """only rows of a money-trail workbook that a person imported say so, and no bank itself"""
    TELEPHONE = "telephone"
    """only what officers entered says so, a bank's statement by telephone among it, and no bank itself"""
    NOTHING = "nothing"
    """only a complaint or an officer says so"""


class RestorationState(StrEnum):
    """State of a restoration. `RESTORED` is closed with money credited, whatever part the banks returned."""

    OPEN = "open"
    RESTORED = "restored"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """Step of a restoration; `domain.recovery.procedure` has the steps and their order for each route."""

    COLLECTING = "collecting"
    """tracing continues, and more may be held"""
    APPLICATION = "application"
    """prepared for the victim's signature"""
    VERIFICATION = "verification"
    """by the investigating officer"""
    HOLDER_NOTICE = "holder_notice"
    """time for the account holder to object"""
    SHOW_CAUSE = "show_cause"
    """BNSS 107: fourteen days to show cause"""
    COURT_ORDER = "court_order"
    LOK_ADALAT_AWARD = "lok_adalat_award"
    DISTRIBUTION = "distribution"
    """the District Magistrate distributes within sixty days"""
    APPROVAL = "approval"
    """by SP/DCP, never by the officer who prepared it"""
    CREDIT = "credit"
    """ordered; the banks credit and confirm"""
    BOND = "bond"
    """indemnity bond of the victim"""


class StepOutcome(StrEnum):
    """Outcome of one visit of a step."""

    DONE = "done"
    REFUSED = "refused"
    SENT_BACK = "sent_back"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class AddressClass(StrEnum):
    """Kind of the network address from which a victim signs by code. The address itself is not kept."""

    IPV4 = "ipv4"
    IPV6 = "ipv6"
    PRIVATE = "private"
    """of a network without public addresses"""
    UNKNOWN = "unknown"


class ObjectionBy(StrEnum):
    """Party that objects."""

    HOLDER = "holder"
    BANK = "bank"
    VICTIM = "victim"
    OTHER = "other"


class ObjectionDecision(StrEnum):
    """Decision on an objection."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class AllocationRule(StrEnum):
    """Rule that divides the held money on one account between its victims."""

    PRO_RATA = "pro_rata"
    FIFO = "fifo"
    """first in, first out: the held money belongs to the latest victims"""
    LIFO = "lifo"
    """last in, first out: the held money belongs to the earliest victims"""


class OrderKind(StrEnum):
    """Kind of an order to a bank."""

    RESTORE = "restore"
    RELEASE = "release"


class OrderReason(StrEnum):
    """Reason of an order to a bank."""

    RESTORATION = "restoration"
    LAPSED = "lapsed"
    """90 days without an order"""
    GRIEVANCE = "grievance"
    OBJECTION = "objection"
    EXCESS = "excess"
    """held above the traceable amount"""
    COURT = "court"
    LEFTOVER = "leftover"
    """left after everything due was restored"""
    SMALL_HOLD = "micro"
    """decision on a small-value hold"""
    COMPLAINT_WITHDRAWN = "complaint_withdrawn"


class OrderState(StrEnum):
    """State of an order to a bank."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    REFUSED = "refused"
    CONFIRMED = "confirmed"
    """fully carried out"""
    CANCELLED = "cancelled"


class GrievanceState(StrEnum):
    """State or outcome of a grievance."""

    OPEN = "open"
    UPHELD = "upheld"
    """the hold is upheld"""
    PART_RELEASED = "part_released"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"
    """the hold ended before a decision"""


class RetainedBy(StrEnum):
    """Reasons for which a hold does not lapse."""

    COURT_ORDER = "court_order"
    RESTORATION = "restoration"
    """it is approved"""


class GrievanceLevel(StrEnum):
    """Levels of a grievance under the SOP, lowest first."""

    BANK = "bank"
    IO = "io"
    DY_SP = "dy_sp"
    DISTRICT_GRO = "district_gro"
    STATE_GRO = "state_gro"


class GrievanceOutcome(StrEnum):
    """Outcome of a grievance at one level."""

    REPORTED = "reported"
    """the bank has reported on its customer"""
    DECIDED = "decided"
    ESCALATED = "escalated"
    """the time limit has passed, or the supervisor escalated early"""
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


class GrievanceDecision(StrEnum):
    """Decision that a level can make."""

    UPHELD = "upheld"
    PART_RELEASED = "part_released"
    RELEASED = "released"


class KycFinding(StrEnum):
    """Result of a bank's check of its customer (KYC, enhanced due diligence)."""

    GENUINE = "genuine"
    """the identity is true and the business is real"""
    DOUBTFUL = "doubtful"
    NOT_KNOWN = "not_known"
    """the customer cannot be found or does not answer"""


class CourtOrderKind(StrEnum):
    """Law under which a court order was made."""

    BNSS_497 = "bnss_497"
    BNSS_503 = "bnss_503"
    BNSS_106 = "bnss_106"
    BNSS_107 = "bnss_107"
    LOK_ADALAT = "lok_adalat"
    WRIT = "writ"


class CourtOrderEnd(StrEnum):
    """Why an order of a court ended by itself."""

    VOID = "void"
    """its document or its second officer did not come in time"""
    OVER = "over"
    """the time for which it keeps a hold is over"""


class CourtOrderEffect(StrEnum):
    """Effect of a court order on the money."""

    RESTORE = "restore"
    RELEASE = "release"
    KEEP_HOLD = "keep_hold"
    REFUSE = "refuse"


class FirKind(StrEnum):
    """Kind of a first information report."""

    FIR = "fir"
    ZERO_FIR = "zero_fir"
    E_ZERO_FIR = "e_zero_fir"


class FirState(StrEnum):
    """State of a first information report."""

    REQUESTED = "requested"
    REGISTERED = "registered"
    SIGNED = "signed"
    LAPSED = "lapsed"
    """e-Zero FIR that was not signed in time"""
    REFUSED = "refused"
    CANCELLED = "cancelled"
    """another kind of report was requested instead"""


class DutyKind(StrEnum):
    """Duty of the police after a hold (Khalsa Medical Store v RBI; e-Zero FIR)."""

    MAGISTRATE_REPORT = "magistrate_report"
    FOLLOW_UP = "follow_up"
    FIR_SIGNATURE = "fir_signature"


class DocumentKind(StrEnum):
    """Kind of a document of a case."""

    LIEN_NOTICE = "lien_notice"
    MAGISTRATE_REPORT = "magistrate_report"
    FOLLOW_UP = "follow_up"
    """the FIR and the case number, within three days of an emergency hold"""
    NOTICE_94 = "notice_94"
    NOTICE_106 = "notice_106"
    NOTICE_107 = "notice_107"
    RESTORATION_APPLICATION = "restoration_application"
    SIGNED_APPLICATION = "signed_application"
    """the application with the record of the victim's signature by code"""
    RESTORATION_ORDER = "restoration_order"
    RELEASE_ORDER = "release_order"
    HOLDER_NOTICE = "holder_notice"
    STATUS_LETTER = "status_letter"


class CaseDuty(StrEnum):
    """Duty of an officer in a case."""

    IO = "io"
    """investigates and prepares orders"""
    SUPERVISING = "supervising"
    """Superintendent or Deputy Commissioner; approves"""
    DECIDING = "deciding"
    """ordered or decided in the case, without further responsibility; documents name the officer"""


class RestorationVerb(StrEnum):
    """Action of an officer on a restoration. `domain.recovery.procedure.RULES` has role, step and effect of each."""

    RECEIVE_APPLICATION = "receive_application"
    VERIFY = "verify"
    SEND_BACK = "send_back"
    OBJECT = "object"
    DECIDE_OBJECTION = "decide_objection"
    WAIVE_NOTICE = "waive_notice"
    """the account holder states that there is no objection"""
    TAKE_ORDER = "take_order"
    """order of the court, the Lok Adalat or the District Magistrate"""
    PREPARE = "prepare"
    APPROVE = "approve"
    REFUSE = "refuse"
    RECEIVE_BOND = "receive_bond"
    CANCEL = "cancel"
    REOPEN = "reopen"
    """reopen a closed restoration: `domain.recovery.procedure.REOPENERS`"""
