"""Personal data: what is sealed, who reads it and why."""

from enum import StrEnum
from typing import Annotated, Final, Literal, NamedTuple, Self
from uuid import UUID

from pydantic import Field, StrictBool, StringConstraints, model_validator

from schemas.base import FrozenModel, Reason, Storable, UtcDatetime
from schemas.enums import Bucket, CaseState, Language
from schemas.notifications import MessageRow
from schemas.text import EmailAddress, Line, Mobile, TypedLine, TypedShort

_Text = Annotated[str, Field(repr=False)]


class PersonalData(FrozenModel):
    """Name and contact of a victim. All are empty after their key is destroyed."""

    name: _Text = ""
    mobile: _Text = ""
    email: _Text = ""


class MessageText(FrozenModel):
    """Address and text of a message. All are empty after their key is destroyed."""

    address: _Text = ""
    subject: _Text = ""
    body: _Text = ""


class ContactData(FrozenModel):
    """Contact of an account holder. Both are empty after their key is destroyed."""

    phone: _Text = ""
    email: _Text = ""


class VictimQuestion(FrozenModel):
    """Victim to look up. It is in the body, because personal data in a URL would enter logs.

    A victim is found who has everything that is given. Each part of the name is found whole, in either script.
    """

    name: Line | None = None
    mobile: Mobile | None = None
    email: EmailAddress | None = None

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        if self.name is None and self.mobile is None and self.email is None:
            raise ValueError("give a name, a mobile number or an e-mail address")
        return self


class FoundVictim(FrozenModel):
    """Complaint of a victim who was looked up."""

    ack_no: str
    case_ack_no: str
    received_at: UtcDatetime
    name: _Text
    mobile: _Text
    """the last four digits of the number"""
    district: str


class FoundVictims(FrozenModel):
    """Complaints of the victims who were looked up, the newest first."""

    items: tuple[FoundVictim, ...]
    more: bool
    """whether there are more than are shown: ask for more of the person"""


class CorrectionDecision(StrEnum):
    """Decision of the second officer on a correction of a victim."""

    AGREED = "agreed"
    REJECTED = "rejected"


class NewVictimCorrection(FrozenModel):
    """Other data of a victim, as one officer proposes them. What is not given stays."""

    name: Annotated[Line | None, Field(repr=False)] = None
    mobile: Annotated[Mobile | None, Field(repr=False)] = None
    email: Annotated[EmailAddress | None, Field(repr=False)] = None
    reason: Annotated[Reason, Field(repr=False)]
    """who asked for it, and how it was checked; it is sealed with the data"""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.mobile is None and self.email is None:
            raise ValueError("give a name, a mobile number or an e-mail address")
        return self


class VictimCorrectionDone(FrozenModel):
    """Correction of a victim as an act returns it: without the data, which the list of corrections shows."""

    correction_id: int
    ack_no: str
    fields: tuple[str, ...]
    """what changes"""
    proposed_by: str
    proposed_at: UtcDatetime
    decision: CorrectionDecision | None
    decided_by: str | None
    decided_at: UtcDatetime | None


class VictimCorrection(VictimCorrectionDone):
    """Correction of a victim and its decision, if any. All data are empty after their key is destroyed."""

    before: PersonalData
    after: PersonalData
    reason: _Text


class VictimCorrections(FrozenModel):
    """Corrections of a complaint's victim, the newest first."""

    corrections: tuple[VictimCorrection, ...]


class ReachWay(StrEnum):
    """How a person can be reached without danger."""

    CALL = "call"
    SMS = "sms"
    EMAIL = "email"
    NONE = "none"
    """not at all: the person looks by the number and a code"""


DONT_KNOW: Final = "dont_know"
"""answer of a person who was asked and does not know"""
Known = StrictBool | Literal["dont_know"] | None
"""answer to a question: yes, no or `DONT_KNOW`; None: not asked"""


class Reach(FrozenModel):
    """How and when the victim can be reached without danger, as the complaint tells it. None: not asked."""

    way: ReachWay | None
    from_hour: Annotated[int, Field(ge=0, le=23)] | None = None
    """hour of the day in Indian time from which on, or None for any time"""
    to_hour: Annotated[int, Field(ge=1, le=24)] | None = None
    is_quiet: Known = None
    """whether no message and no call may say what it is about"""
    wants_woman_officer: Known = None

    @property
    def keeps_quiet(self) -> bool:
        """Whether nothing says what it is about: also if the person does not know whether that is safe."""
        return self.is_quiet in {True, DONT_KNOW}

    def beside(self, before: "Reach | None") -> "Reach":
        """Return this statement with the answers of the one before to what was not asked again."""
        open_names = [name for name in ("way", "is_quiet", "wants_woman_officer") if getattr(self, name) is None]
        return self.model_copy(update={name: getattr(before, name) for name in open_names if before})


class Teller(FrozenModel):
    """Person who complains for the victim."""

    name: TypedLine = ""
    mobile: TypedShort = ""
    relation: TypedLine = ""
    """what the person is to the victim"""


class ToldReach(Reach):
    """How a victim can be reached, with the person who complained for the victim."""

    teller: Annotated[Teller | None, Field(repr=False)]
    """empty after the key is destroyed"""
    told_at: UtcDatetime


class VictimView(FrozenModel):
    """Victim of one complaint, as the officers of the case see the person."""

    ack_no: str
    case_ack_no: str
    other_ack_nos: tuple[str, ...]
    """other complaints of the case, whose victims may be other persons"""
    victim: PersonalData
    """as of now; all are empty after the key is destroyed"""
    is_erased: bool
    first_told: PersonalData | None
    """as the complaint told first, if it was corrected since"""
    open_correction_id: int | None
    """correction that a second officer has to decide"""
    district: str
    district_as_told: str
    language: Language
    woman: bool
    child: bool
    senior: bool
    marked: bool
    """whether a complaint of the case is marked"""
    reach: ToldReach | None
    """how the victim can be reached without danger; None if the complaint does not say so"""
    messages: tuple[MessageRow, ...]
    """what the victim was told, the newest first"""


WHOLE_STATE = "*"
"""stands in an officer's districts for every district, as for an officer of a unit of the State"""


class CaseStanding(FrozenModel):
    """An officer and a case."""

    case_districts: tuple[str, ...]
    """of the victims of all its complaints"""
    is_assigned: bool
    officer_districts: tuple[str, ...]
    is_marked: bool = False
    """whether a complaint of the case is marked"""
    has_taken: bool = False
    """whether the officer took a complaint of the case, not longer ago than the policy says"""


MARKED = "!"
"""stands before the key of a district for its marked cases"""


class Within(FrozenModel):
    """Cases that a list is confined to: those assigned to an officer, and those of districts."""

    officer_id: str
    districts: tuple[str, ...]
    """keys of districts (`domain.officers.jurisdiction.list_keys`)"""


class CasePlace(NamedTuple):
    """Whose a case is."""

    districts: frozenset[str]
    """of the victims of all its complaints, in capitals"""
    is_marked: bool
    officers: frozenset[str]
    """ids of those to whom it is assigned now"""


REASON_MAX_CHARS = 500


class ReadKind(StrEnum):
    """Kind of what a read shows."""

    CASE = "case"
    ACCOUNT = "account"
    PERSON = "person"
    DOCUMENT = "document"
    LIST = "list"
    """a list over many cases"""


class NewRead(FrozenModel):
    """One read, before it is written."""

    reader: str
    kind: ReadKind
    subject: str
    """the number as it was asked for; of an account its bank and number"""
    reference: str | None
    """the kind of that number, by which its case is found"""
    route: str
    address: str
    session_id: UUID | None
    token_id: int | None
    reason: str = ""
    outside: bool = False


class ReadEntry(FrozenModel):
    """One read in the read log."""

    read_id: int
    at: UtcDatetime
    reader: str
    """`officer:<id>`, `script:<name>`, or `command:<user>` for an export on the machine"""
    kind: ReadKind
    subject: str
    case_no: str | None
    route: str
    address: str
    session_id: UUID | None
    token_id: int | None
    reason: str
    outside: bool
    """whether the reader is not responsible for the case"""


class ReadPage(FrozenModel):
    """A page of the read log, the newest first."""

    reads: tuple[ReadEntry, ...]
    next: str | None


class SearchKind(StrEnum):
    """Kind of what a search text names."""

    ACK_NO = "ack_no"
    """acknowledgement number, ours or the portal's"""
    MOBILE = "mobile"
    """mobile number of a victim"""
    EMAIL = "email"
    """e-mail address of a victim"""
    NAME = "name"
    """name of a victim, at least two terms"""
    REFERENCE = "reference"
    """RRN or UTR of a transfer"""
    ACCOUNT = "account"
    """account or wallet of a transfer, or bank and number"""
    VPA = "vpa"
    """virtual payment address of a transfer"""


class SearchQuestion(FrozenModel):
    """Text to search by. It is in the body, because personal data in a URL would enter logs.

    Without `kind` the search is by every kind that the text can be. `after` is the `next` of the previous page.
    """

    text: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320), Storable],
        Field(repr=False),
    ]
    kind: SearchKind | None = None
    after: Annotated[str, StringConstraints(max_length=200)] | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class FoundCase(FrozenModel):
    """Case that a search finds, without anything of the victim."""

    case_ack_no: str
    found_by: tuple[SearchKind, ...]
    ack_nos: tuple[str, ...]
    """numbers of the complaints that match, where a complaint does"""
    state: CaseState
    district: str
    opened_at: UtcDatetime
    marked: bool
    """whether a complaint of the case is marked"""
    buckets_paise: dict[Bucket, int]
    merged_with: tuple[str, ...] = ()
    """the other cases that officers have merged with this one; empty unless the reader reads all of them"""


class SearchPage(FrozenModel):
    """Cases that a search finds, the newest first. Cases that the officer does not read are left out."""

    searched_by: tuple[SearchKind, ...]
    items: tuple[FoundCase, ...]
    next: str | None
    is_cut: bool
    """whether more match than are looked at: give more, such as the bank of the account"""
