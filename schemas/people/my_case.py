"""The page about a victim's own complaint, and what victims say of how they were treated."""

from datetime import date
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import FrozenModel, Paise, Storable, UtcDatetime
from schemas.enums import Bucket, Language
from schemas.restoration_enums import DocumentKind, RestorationState, Route, Step


class Place(FrozenModel):
    """Money of a transfer at one bank, in one bucket."""

    bucket: Bucket
    bank: str
    """name of the bank; "" if it is not known"""
    amount_paise: Paise
    held_since: UtcDatetime | None = None
    held_until: UtcDatetime | None = None
    """when the hold ends without an order; None if an order or an approval keeps it"""


class OwnTransfer(FrozenModel):
    """Transfer that the victim lost money by, and where its money is."""

    transferred_at: UtcDatetime
    amount_paise: Paise
    bank: str
    """name of the bank that received it"""
    places: tuple[Place, ...]


class ClaimState(StrEnum):
    """State of a transfer of the complaint that another complaint tells too."""

    UNDECIDED = "undecided"
    """the payers differ, and two officers have not decided who paid"""
    OWN = "own"
    """two officers have decided that this complaint is right"""
    OTHERS = "others"
    """two officers have decided that another complaint is right"""
    COUNTED = "counted"
    """the payers do not differ, and the other complaint counts the money"""


class OwnClaim(FrozenModel):
    """Transfer of the complaint that another complaint, or the victim's bank, tells with another payer."""

    state: ClaimState
    transferred_at: UtcDatetime
    amount_paise: Paise
    """as this complaint tells it"""
    bank: str
    """name of the bank that received it"""
    decided_at: UtcDatetime | None = None
    ordered: bool = False
    """whether a bank was ordered to return the money before the decision that waits"""
    given_to: str | None = None
    """complaint of the same victim that the money belongs to, if it is of another case"""


class OwnCredit(FrozenModel):
    """Money that a bank has credited to the victim."""

    bank: str
    amount_paise: Paise
    account_end: str
    """empty for a credit under the number of a merged case"""
    at: UtcDatetime


class OwnDocument(FrozenModel):
    """Document of the complaint that the victim may read."""

    document_id: UUID
    number: str
    kind: DocumentKind
    language: Language
    issued_at: UtcDatetime
    size_bytes: int
    digest: str
    """SHA-256 of the PDF"""
    restoration_id: UUID | None
    revision: int


class StepDone(FrozenModel):
    """Visit of a step of the restoration that is over."""

    step: Step
    ended_at: UtcDatetime


class OwnRestoration(FrozenModel):
    """State of the newest restoration of the complaint."""

    restoration_id: UUID
    state: RestorationState
    route: Route | None
    step: Step
    visit_no: int
    due_at: UtcDatetime | None
    closed_at: UtcDatetime | None
    done: tuple[StepDone, ...]
    """the last visit of each step that is done, in the order of their ends"""
    step_seconds: dict[Step, float]
    """time of each step"""
    bond_for: tuple[Route, ...]


class OwnSignature(FrozenModel):
    """The victim's signature by code under the newest application."""

    signed_at: UtcDatetime
    number: str
    """number of the application"""
    digest: str
    mobile_end: str
    """last two digits of the mobile that the code went to; "" if it went to the e-mail address"""


class OwnCreditAccount(FrozenModel):
    """Another account to be credited, to which the victim may object."""

    account_id: int
    account_end: str
    bank: str
    object_until: UtcDatetime | None


class Office(FrozenModel):
    """Post of the police that a victim can call, without the name of an officer."""

    station: str
    phone: str


class MyCase(FrozenModel):
    """Everything that the page shows of one complaint."""

    ack_no: str
    language: Language
    is_marked: bool
    is_open: bool
    """whether banks still search for money of the case"""
    received_at: UtcDatetime
    as_of: UtcDatetime
    lost_paise: Paise
    transfers: tuple[OwnTransfer, ...]
    more_transfers: int
    """how many transfers are not in the list"""
    sums: dict[Bucket, int]
    """amount of the complaint in each bucket that is not empty; they sum to `lost_paise`"""
    claims: tuple[OwnClaim, ...] = ()
    """transfers that another complaint tells too, or of which the victim's bank names another payer"""
    credits: tuple[OwnCredit, ...]
    restoration: OwnRestoration | None
    application: OwnDocument | None
    """the application that can be signed now"""
    signature: OwnSignature | None
    sign_code_until: UtcDatetime | None
    """until when the newest code to sign is valid"""
    signs_from: UtcDatetime | None
    """when a code to the corrected mobile may sign; None: now"""
    mobile_end: str
    """last two digits of the victim's mobile; "" if it can receive no code"""
    has_email: bool
    """whether an e-mail address is known, to which a code goes without a mobile"""
    fir_sign_by: UtcDatetime | None
    """until when the victim must sign the e-Zero FIR"""
    credit_accounts: tuple[OwnCreditAccount, ...]
    documents: tuple[OwnDocument, ...]
    offices: tuple[Office, ...]
    """the officer of the case, then the superior"""
    asks_treatment: bool
    """whether the two questions on how the victim was treated are asked now"""
    answered_on: date | None
    """when they were answered"""


TEXT_MAX_CHARS: Final = 2_000


class SaidAnswer(StrEnum):
    """Answer to a question."""

    YES = "yes"
    NO = "no"
    DONT_KNOW = "dont_know"


class TreatmentQuestion(StrEnum):
    """Question on how the police treated a victim."""

    RESPECTED = "respected"
    """were you treated with respect?"""
    KNOWS_NEXT = "knows_next"
    """do you know what happens next?"""


class TreatmentGroup(StrEnum):
    """Grouping of the figures."""

    DISTRICT = "district"
    """district of the complaint's victim"""
    TEAM = "team"
    """team that answers for the district; an answer of a district with two teams counts for both"""


class NewTreatment(FrozenModel):
    """Answers of a victim. The text is for a supervisor."""

    respected: SaidAnswer
    knows_next: SaidAnswer
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT_MAX_CHARS), Storable] = ""


class TreatmentView(FrozenModel):
    """Report of a victim, as a supervisor reads it. Only an answer that alarms is kept with the number."""

    ack_no: str
    answered_on: date
    is_alarming: bool
    """whether the victim says that the police did not act with respect"""
    text: str
    """empty too if the personal data of the victim are destroyed"""


class TreatmentFigures(FrozenModel):
    """Answers to one question: of all victims, or of those of one district or team.

    The counts of few answers are None, because they could name a victim.
    """

    question: TreatmentQuestion
    about: str = ""
    """district or team; "" in the total, and for districts that are none of the State"""
    is_shown: bool
    """whether there are enough answers to show them"""
    yes: Annotated[int, Field(ge=0)] | None = None
    no: Annotated[int, Field(ge=0)] | None = None
    dont_know: Annotated[int, Field(ge=0)] | None = None
    share: float | None = None
    """yes of yes and no"""
    low: float | None = None
    """interval of 95 % of the share (Wilson)"""
    high: float | None = None
    is_small: bool = True
    """whether so few said yes or no that the share says little"""


class TreatmentReport(FrozenModel):
    """Figures of the answers given in the days `[first_day, end_day)`, Indian time."""

    first_day: date
    end_day: date
    as_of: UtcDatetime
    by: TreatmentGroup | None
    total: tuple[TreatmentFigures, ...]
    rows: tuple[TreatmentFigures, ...]
    """rows by district or team; empty without a grouping"""
