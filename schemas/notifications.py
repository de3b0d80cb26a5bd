"""Messages to the people of a case, their limits of length, and the settings of notices to officers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Paise, UtcDatetime
from schemas.enums import Language, TaskKind
from schemas.restoration_enums import GrievanceLevel, Step

SMS_PARTS_MAX: Final = 4
REFERENCE_MAX_CHARS: Final = 32
COURT_MAX_CHARS: Final = 52
"""of a court and the number of its order in a message; longer ones are cut"""
TO_ACCOUNT_MAX_CHARS: Final = 28

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""seven-bit alphabet of 3GPP TS 23.038"""
_GSM_TWICE: Final = frozenset("\f^{}\\[~]|€")
"""characters of its extension table, which take two places each"""


class SmsIds(FrozenModel):
    """The ids with which a short message is sent in India (DLT): of the sender, and of the registered text."""

    entity_id: str
    template_id: str


class MessageKind(StrEnum):
    """Kind of a message; `domain.message_rules` names the recipients of each."""

    MONEY_HELD = "money_held"
    HOLD = "hold"
    """to the account holder, on the same day"""
    APPLICATION_READY = "application_ready"
    APPLICATION_SIGNED = "application_signed"
    """to the victim: the application was signed by a code"""
    MY_CASE_CODE = "my_case_code"
    """to the victim: the code that opens the page about the own complaint"""
    SIGNATURE_CODE = "signature_code"
    """to the victim: the code that signs the application"""
    OBJECTION_WINDOW = "objection_window"
    VICTIM_CORRECTED = "victim_corrected"
    """to the victim, at the old contact and at the new one"""
    PAYER_ACCOUNT_STATED = "payer_account_stated"
    """to the victim: the account that paid was entered later, and money goes home to it"""
    CREDIT_ACCOUNT_TOLD = "credit_account_told"
    """to the victim: an officer entered another account to be credited"""
    CREDIT_ACCOUNT_CONFIRMED = "credit_account_confirmed"
    CREDIT_ACCOUNT_ENDED = "credit_account_ended"
    APPROVED = "approved"
    CREDITED = "credited"
    REFUSED = "refused"
    REST_REFUSED = "rest_refused"
    """to the victim: part of the money was restored, and the rest will not be"""
    CANCELLED = "cancelled"
    """to the victim: the return of the money was cancelled"""
    TRANSFER_OF_ANOTHER = "transfer_of_another"
    """to the victim: a transfer that the complaint tells counts for another complaint"""
    RESTORED = "restored"
    """to the victim: the restoration has ended, because all of it is done"""
    NOTHING_HELD = "nothing_held"
    """to the victim: no money is on hold any more, and none was restored"""
    LAPSE_WARNING = "lapse_warning"
    HOLD_LAPSED = "hold_lapsed"
    """no order came in time, so the bank is ordered to release"""
    HOLD_KEPT = "hold_kept"
    """to the account holder: a court keeps the hold"""
    RELEASE_PROPOSED = "release_proposed"
    """to the victim: money is to be released to the account holder, and the victim may speak first"""
    HOLD_RELEASED = "hold_released"
    """to the account holder: the bank reports the release"""
    CONTACT_REPLACED = "contact_replaced"
    """to the account holder's earlier contact, and to the bank"""
    HEARING_WAIVED = "hearing_waived"
    """to the account holder: a waiver of the time to object was recorded"""
    GRIEVANCE_CODE = "grievance_code"
    APPEAL_CODE = "appeal_code"
    """code that an officer has sent, through the bank if it gave no contact"""
    LINK_CODE = "link_code"
    """to the nodal officer of a bank: the code that confirms a form behind a letter's link"""
    GRIEVANCE_DECIDED = "grievance_decided"
    FIR_TO_SIGN = "fir_to_sign"
    """an e-Zero FIR lapses unless the victim signs it"""
    DOCUMENT_FOR_BANK = "document_for_bank"
    """notice to one bank, attached"""
    STATUS_LETTER = "status_letter"
    """letter to the victim about the state of the money, attached to the e-mail"""
    DUTY_DUE = "duty_due"
    """to the officer: a report required by law is due"""
    STEP_DUE = "step_due"
    """to the officer who has to act: a step of a restoration is due"""
    COURT_HEARING = "court_hearing"
    """to the investigating officer: a court hears a restoration soon"""
    STEP_OVERDUE = "step_overdue"
    """to the supervising officer of the case"""
    ALARM = "alarm"
    """to the supervising officer of the case: one officer has cancelled the return of money"""
    GRIEVANCE_TURN = "grievance_turn"
    """to the officer who must decide an account holder's appeal"""
    GRIEVANCE_OVERDUE = "grievance_overdue"
    """to the supervising officer of the case: the highest level has passed its time limit"""
    NEWS = "news"
    """to a victim to whom no message may say what it is about: that there is news"""
    COMPLAINT_CODE = "complaint_code"
    """to a person who complains on the public page: the code that confirms the mobile"""
    COMPLAINT_LINK = "complaint_link"
    """to such a person, or after a missed call: the code that opens the form again"""
    WORK_ITEMS = "work_items"
    """to an officer: work items wait"""


class Medium(StrEnum):
    """Medium of a message."""

    SMS = "sms"
    EMAIL = "email"


class Recipient(StrEnum):
    """Recipient of a message."""

    VICTIM = "victim"
    HOLDER = "holder"
    BANK = "bank"
    """asked to pass the message to an account holder whom we cannot reach"""
    IO = "io"
    OFFICER = "officer"
    """supervising officer of the case, or an officer who can act on work items"""
    COMPLAINANT = "complainant"
    """person who complains on the public page"""


class MessageFacts(FrozenModel):
    """Facts of a message besides the case number. The text of each kind shows which ones it needs.

    `occasion` separates two messages of one kind, such as the warnings at 30 and at 7 days. Messages with the same
    occasion are one message.
    """

    occasion: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{0,100}$")] = ""
    amount_paise: Paise | None = None
    until: UtcDatetime | None = None
    days: Annotated[int, Field(ge=0, le=3_660)] | None = None
    reference: Annotated[str, StringConstraints(max_length=REFERENCE_MAX_CHARS)] = ""
    """reference of the holder for an appeal, number of a FIR, or UTR of a bank"""
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,10}$")] = ""
    decision: Literal["upheld", "part_released", "released", "withdrawn", "withdrawn_on_page", ""] = ""
    duty: Literal["magistrate_report", "follow_up", "fir_signature", ""] = ""
    step: Step | None = None
    """step of a restoration"""
    number: Annotated[str, StringConstraints(pattern=r"^(G[0-9]{8,10})?$")] = ""
    """number of the holder's appeal"""
    next_level: GrievanceLevel | None = None
    """level to which a decision can be appealed; None if there is none"""
    restored_paise: Paise | None = None
    """amount restored to the victim"""
    court: Annotated[str, StringConstraints(max_length=COURT_MAX_CHARS)] = ""
    """a court and the number of its order"""
    next_due_at: UtcDatetime | None = None
    """due time of the current step of the victim's restoration"""
    to_account: Annotated[str, StringConstraints(max_length=TO_ACCOUNT_MAX_CHARS)] = ""
    """account to be credited: its last characters, and its bank"""
    items: Annotated[int, Field(ge=0, le=10**6)] | None = None
    """number of work items"""
    task: TaskKind | None = None
    """kind of the first of them"""


class MessageRow(FrozenModel):
    """Message as the desk sees it, without its text, which may hold a code, and without the address."""

    message_id: UUID
    kind: MessageKind
    to_whom: Recipient
    medium: Medium
    language: Language
    written_at: UtcDatetime
    sent_at: UtcDatetime | None
    attempts: int
    next_attempt_at: UtcDatetime | None
    """None if sent or given up"""
    failure: str
    """reason why it is not sent or was delayed; "" without a failure"""


class CaseMessage(MessageRow):
    """Message with its case, for a list over all cases."""

    case_no: str


class MessagePage(FrozenModel):
    """Messages, the newest first."""

    items: tuple[CaseMessage, ...]
    next: str | None


def masked_account(account_end: str, bank: str, more: int = 0) -> str:
    """Return an account as a message names it: its last characters and its bank, and how many more there are.

    `account_end` is empty for an account that is not stated.
    """
    rest = f" +{more}" if more else ""
    named = f"..{account_end}, {bank}" if account_end else bank
    return named[: TO_ACCOUNT_MAX_CHARS - len(rest)].strip() + rest


@dataclass(frozen=True, slots=True)
class SmsParts:
    """Alphabet and number of parts of a short message."""

    encoding: Literal["gsm7", "ucs2"]
    count: int


def sms_parts(text: str) -> SmsParts:
    """Count the parts of a text.

    A part has 160 seven-bit places, or 153 in a message of several parts. With any other character it has 70 or 67
    places of sixteen bits.
    """
    if all(character in _GSM or character in _GSM_TWICE for character in text):
        places = sum(2 if character in _GSM_TWICE else 1 for character in text)
        return SmsParts("gsm7", _parts(places, 160, 153))
    return SmsParts("ucs2", _parts(len(text.encode("utf-16-be", "surrogatepass")) // 2, 70, 67))


def _parts(places: int, alone: int, joined: int) -> int:
    return -(-places // (alone if places <= alone else joined))


GAP_MIN_SECONDS: Final = 60
GAP_MAX_SECONDS: Final = 86_400


class NoticeMedium(StrEnum):
    """Medium of a notice."""

    STREAM = "stream"
    """the list of notices alone, which a screen shows"""
    SMS = "sms"
    EMAIL = "email"
    WEBHOOK = "webhook"


SENT_MEDIA: Final = frozenset(NoticeMedium) - {NoticeMedium.STREAM}
"""media of which messages are sent"""


class NoticeHours(StrEnum):
    """When an officer is told. None is told on a day of absence."""

    ON_SHIFT = "on_shift"
    """while a team of the officer works; an officer without a team has no shifts, and is on shift at any hour"""
    ALWAYS = "always"


class NoticeSetting(FrozenModel):
    """How an officer is told of work items.

    Items that the officer has or gets are told whatever their kind and sum.
    """

    kinds: Annotated[tuple[TaskKind, ...], Field(max_length=len(TaskKind))] = ()
    """none: every kind that the officer can act on"""
    sum_from_paise: Paise | None = None
    """only items where at least so much can still be caught; None: any"""
    hours: NoticeHours = NoticeHours.ON_SHIFT
    media: Annotated[tuple[NoticeMedium, ...], Field(max_length=len(NoticeMedium))] = (NoticeMedium.STREAM,)
    """none: the officer is told of nothing"""
    gap_seconds: Annotated[int, Field(ge=GAP_MIN_SECONDS, le=GAP_MAX_SECONDS)] = 900
    """least time between two messages over one medium; what comes meanwhile is one message"""
    language: Language = Language.EN
    """of every message to the officer; a webhook has no texts"""


class NoticeReason(StrEnum):
    """Why an officer is told of a work item."""

    OPEN = "open"
    """no officer has it, and the officer can act on it"""
    PASSED_ON = "passed_on"
    """another officer, or the end of a shift, gave it to the officer"""
    LEASE_ENDS = "lease_ends"
    """the officer has it, and the lease ends soon"""
    DEADLINE = "deadline"
    """its deadline is near: the officer has it, or can act on it and no officer has it"""
    UNHEARD = "unheard"
    """no officer on shift could be told of it, so the lead of the team or a supervisor is"""


class WaitingItem(FrozenModel):
    """A work item as a message states it: without names, accounts and exact sums."""

    task_id: int
    kind: TaskKind
    reason: NoticeReason
    ack_no: str | None
    at_least_paise: int
    """what can still be caught, rounded down; 0 in a marked case"""
    opened_at: UtcDatetime
    deadline_at: UtcDatetime | None
