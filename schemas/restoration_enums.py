"""The closed vocabularies of the way home: restoration, release, grievance, papers (glossary in docs/glossary.md)."""

from enum import StrEnum


class Route(StrEnum):
    """By which law held money goes back."""

    NO_COURT = "no_court"
    """below the threshold of the SOP of 2 January 2026: by order of the police"""
    COURT = "court"
    """a magistrate's order, BNSS 497 or 503"""
    LOK_ADALAT = "lok_adalat"
    """no FIR: pre-litigation before the Permanent Lok Adalat"""
    MAGISTRATE_107 = "magistrate_107"
    """many victims: the District Magistrate distributes, BNSS 107"""


class RouteReason(StrEnum):
    """Why a route was picked."""

    BELOW_THRESHOLD = "below_threshold"
    AT_OR_ABOVE_THRESHOLD = "at_or_above_threshold"
    FIR_REGISTERED = "fir_registered"
    NO_FIR = "no_fir"
    MANY_VICTIMS = "many_victims"
    COURT_ORDER_EXISTS = "court_order_exists"


class RestorationState(StrEnum):
    """`RESTORED` is closed with the money credited, whatever part of it the banks gave back."""

    OPEN = "open"
    RESTORED = "restored"
    REFUSED = "refused"
    CANCELLED = "cancelled"


class Step(StrEnum):
    """The steps of a restoration; which of them a route has, and in which order, is `domain.restoration.procedure`."""

    COLLECTING = "collecting"
    """the trail is still being followed: more may be held"""
    APPLICATION = "application"
    """made ready for the victim, who signs it"""
    VERIFICATION = "verification"
    """the IO verifies"""
    HOLDER_NOTICE = "holder_notice"
    """the account holder may object"""
    SHOW_CAUSE = "show_cause"
    """BNSS 107: fourteen days to show cause"""
    COURT_ORDER = "court_order"
    LOK_ADALAT_AWARD = "lok_adalat_award"
    DISTRIBUTION = "distribution"
    """the District Magistrate distributes within sixty days"""
    APPROVAL = "approval"
    """by SP/DCP, never by whoever prepared it"""
    CREDIT = "credit"
    """ordered; the banks credit and confirm"""
    BOND = "bond"
    """the victim's indemnity bond"""


class StepOutcome(StrEnum):
    """How a turn of a step ended."""

    DONE = "done"
    REFUSED = "refused"
    SENT_BACK = "sent_back"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"


class ObjectionBy(StrEnum):
    """Who objects."""

    HOLDER = "holder"
    BANK = "bank"
    VICTIM = "victim"
    OTHER = "other"


class ObjectionDecision(StrEnum):
    """What became of an objection."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class AllocationRule(StrEnum):
    """How what is held on one account is divided between its victims."""

    PRO_RATA = "pro_rata"
    FIFO = "fifo"
    """what came first left first: what is held is of those who came last"""
    LIFO = "lifo"
    """what came last left first: what is held is of those who came first"""


class OrderKind(StrEnum):
    """What a bank is ordered."""

    RESTORE = "restore"
    RELEASE = "release"


class OrderReason(StrEnum):
    """Why a bank is ordered."""

    RESTORATION = "restoration"
    LAPSED = "lapsed"
    """90 days without an order"""
    GRIEVANCE = "grievance"
    OBJECTION = "objection"
    EXCESS = "excess"
    """held above the traceable amount"""
    COURT = "court"
    LEFTOVER = "leftover"
    """left when everything due has been restored"""
    MICRO = "micro"
    """an officer has looked at a small hold"""


class OrderState(StrEnum):
    """The life of an order to a bank."""

    PLANNED = "planned"
    DELIVERED = "delivered"
    REFUSED = "refused"
    CONFIRMED = "confirmed"
    """done to the last paisa"""
    CANCELLED = "cancelled"


class GrievanceState(StrEnum):
    """How a grievance stands or ended."""

    OPEN = "open"
    UPHELD = "upheld"
    """the hold is upheld"""
    PART_RELEASED = "part_released"
    RELEASED = "released"
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"
    """nothing was on hold any more before it was decided"""


class RetainedBy(StrEnum):
    """What keeps a hold from lapsing."""

    COURT_ORDER = "court_order"
    RESTORATION = "restoration"
    """it is approved"""


class GrievanceLevel(StrEnum):
    """The ladder of the SOP, lowest first."""

    BANK = "bank"
    IO = "io"
    DY_SP = "dy_sp"
    DISTRICT_GRO = "district_gro"
    STATE_GRO = "state_gro"


class GrievanceOutcome(StrEnum):
    """How a level of the ladder ended."""

    REPORTED = "reported"
    """the bank has said what it knows of its customer"""
    DECIDED = "decided"
    ESCALATED = "escalated"
    """its time is over, or the supervisor does not wait for it"""
    WITHDRAWN = "withdrawn"
    OVERTAKEN = "overtaken"


class GrievanceDecision(StrEnum):
    """What a level can decide."""

    UPHELD = "upheld"
    PART_RELEASED = "part_released"
    RELEASED = "released"


class KycFinding(StrEnum):
    """What a bank has found out about its customer (KYC, enhanced due diligence)."""

    GENUINE = "genuine"
    """who they say they are, and the business is real"""
    DOUBTFUL = "doubtful"
    NOT_KNOWN = "not_known"
    """the customer cannot be found or says nothing"""


class CourtOrderKind(StrEnum):
    """Under which law an order was made."""

    BNSS_497 = "bnss_497"
    BNSS_503 = "bnss_503"
    BNSS_106 = "bnss_106"
    BNSS_107 = "bnss_107"
    LOK_ADALAT = "lok_adalat"
    WRIT = "writ"


class CourtOrderEffect(StrEnum):
    """What an order says is to be done with the money."""

    RESTORE = "restore"
    RELEASE = "release"
    KEEP_HOLD = "keep_hold"
    REFUSE = "refuse"


class FirKind(StrEnum):
    """How a first information report comes about."""

    FIR = "fir"
    ZERO_FIR = "zero_fir"
    E_ZERO_FIR = "e_zero_fir"


class FirState(StrEnum):
    """How a first information report stands."""

    REQUESTED = "requested"
    REGISTERED = "registered"
    SIGNED = "signed"
    LAPSED = "lapsed"
    """an e-Zero FIR that nobody signed in time"""
    REFUSED = "refused"
    CANCELLED = "cancelled"
    """another kind of report was asked for in its place"""


class DutyKind(StrEnum):
    """What the law asks of the police after a hold (Khalsa Medical Store v RBI; e-Zero FIR)."""

    MAGISTRATE_REPORT = "magistrate_report"
    FOLLOW_UP = "follow_up"
    FIR_SIGNATURE = "fir_signature"


class PaperKind(StrEnum):
    """The papers of a case."""

    LIEN_NOTICE = "lien_notice"
    MAGISTRATE_REPORT = "magistrate_report"
    FOLLOW_UP = "follow_up"
    """the FIR and the case number, within three days of an emergency hold"""
    NOTICE_94 = "notice_94"
    NOTICE_106 = "notice_106"
    NOTICE_107 = "notice_107"
    RESTORATION_APPLICATION = "restoration_application"
    RESTORATION_ORDER = "restoration_order"
    RELEASE_ORDER = "release_order"
    HOLDER_NOTICE = "holder_notice"
    STATUS_LETTER = "status_letter"
