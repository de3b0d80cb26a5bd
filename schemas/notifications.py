"""Messages to the people of a case: the kinds, what each is told of, and how long a text may be."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Paise, UtcDatetime
from schemas.enums import Language
from schemas.restoration_enums import GrievanceLevel, Step

SMS_PARTS_MAX: Final = 4
REFERENCE_MAX_CHARS: Final = 32

_GSM: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""the seven-bit alphabet of 3GPP TS 23.038"""
_GSM_TWICE: Final = frozenset("\f^{}\\[~]|€")
"""of its extension table: each takes two places"""


class MessageKind(StrEnum):
    """What a message is about; to whom each goes stands in `domain.notifications`."""

    MONEY_HELD = "money_held"
    HOLD = "hold"
    """to the account's holder, the same day"""
    APPLICATION_READY = "application_ready"
    OBJECTION_WINDOW = "objection_window"
    APPROVED = "approved"
    CREDITED = "credited"
    REFUSED = "refused"
    REST_REFUSED = "rest_refused"
    """to the victim: a part has come back, and the rest does not"""
    NOTHING_HELD = "nothing_held"
    """to the victim: nothing of it is on hold any more, and nothing was given back"""
    LAPSE_WARNING = "lapse_warning"
    HOLD_LAPSED = "hold_lapsed"
    """no order existed in time: the bank is ordered to let it go"""
    HOLD_RELEASED = "hold_released"
    """to the account's holder: the bank says that it has let it go"""
    GRIEVANCE_CODE = "grievance_code"
    GRIEVANCE_DECIDED = "grievance_decided"
    FIR_TO_SIGN = "fir_to_sign"
    """an e-Zero FIR lapses unless the victim signs it"""
    PAPER_FOR_BANK = "paper_for_bank"
    """a notice to one bank, attached"""
    STATUS_LETTER = "status_letter"
    """a letter about where the victim's money is, attached to the e-mail"""
    DUTY_DUE = "duty_due"
    """to the officer: a report that the law asks for"""
    STEP_DUE = "step_due"
    """to the officer who has to act: a step of a restoration"""
    STEP_OVERDUE = "step_overdue"
    """to who supervises the case"""
    GRIEVANCE_TURN = "grievance_turn"
    """an account holder appeals, and it is the turn of whoever is told"""
    GRIEVANCE_OVERDUE = "grievance_overdue"
    """to who supervises the case: the highest level has let its time pass"""


class Medium(StrEnum):
    """How a message travels."""

    SMS = "sms"
    EMAIL = "email"


class Recipient(StrEnum):
    """Who is told."""

    VICTIM = "victim"
    HOLDER = "holder"
    BANK = "bank"
    """asked to hand the message to the account's holder, whom we cannot reach"""
    IO = "io"
    OFFICER = "officer"
    """who supervises the case"""


class MessageFacts(FrozenModel):
    """What a message tells besides the case's number. Which of them a kind needs stands with its text.

    `occasion` tells two messages of one kind apart, as the warnings at 30 and at 7 days; the same one is one message.
    """

    occasion: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:-]{0,100}$")] = ""
    amount_paise: Paise | None = None
    until: UtcDatetime | None = None
    days: Annotated[int, Field(ge=0, le=3_660)] | None = None
    reference: Annotated[str, StringConstraints(max_length=REFERENCE_MAX_CHARS)] = ""
    """the holder's, to appeal with; a FIR's number; a bank's UTR"""
    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{0,10}$")] = ""
    decision: Literal["upheld", "part_released", "released", "withdrawn", ""] = ""
    duty: Literal["magistrate_report", "follow_up", "fir_signature", ""] = ""
    step: Step | None = None
    """of a restoration"""
    number: Annotated[str, StringConstraints(pattern=r"^(G[0-9]{8,10})?$")] = ""
    """of the holder's appeal"""
    next_level: GrievanceLevel | None = None
    """to whom a decision can be taken; None: to nobody"""
    restored_paise: Paise | None = None
    """what has gone back to the victim"""
    next_due_at: UtcDatetime | None = None
    """by when the step of the victim's restoration is due"""


class MessageRow(FrozenModel):
    """A message as the desk sees it: neither its text (it may hold a code) nor the address."""

    message_id: UUID
    kind: MessageKind
    to_whom: Recipient
    medium: Medium
    language: Language
    written_at: UtcDatetime
    sent_at: UtcDatetime | None
    attempts: int
    next_attempt_at: UtcDatetime | None
    """None: sent, or given up"""
    failure: str
    """why it is not sent, or was not at once; "" where nothing went wrong"""


class CaseMessage(MessageRow):
    """The same with its case, for a list over all of them."""

    case_no: str


class MessagePage(FrozenModel):
    """Messages, the newest first."""

    items: tuple[CaseMessage, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class SmsParts:
    """How a text travels: by which alphabet, in how many parts."""

    encoding: Literal["gsm7", "ucs2"]
    count: int


def sms_parts(text: str) -> SmsParts:
    """Count the parts: 160 or 153 places of seven bits, or 70 or 67 of sixteen where a character needs them."""
    if all(character in _GSM or character in _GSM_TWICE for character in text):
        places = sum(2 if character in _GSM_TWICE else 1 for character in text)
        return SmsParts("gsm7", _parts(places, 160, 153))
    return SmsParts("ucs2", _parts(len(text.encode("utf-16-be", "surrogatepass")) // 2, 70, 67))


def _parts(places: int, alone: int, joined: int) -> int:
    return -(-places // (alone if places <= alone else joined))
