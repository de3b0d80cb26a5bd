"""Drafts of complaints: half-done calls of officers, as they are saved, listed, checked and sent."""

from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from schemas.base import Flag, FrozenModel, PositivePaise, Storable, UtcDatetime
from schemas.case.intake import MAX_TRANSFERS, ComplaintReceipt, DraftEnd, DraftSource
from schemas.enums import Bucket, Channel, ChannelKind, EscalationLevel, Language, Mode, RequestState
from schemas.officers.officers import OfficerId
from schemas.privacy.personal_data import Known, Reach, Teller
from schemas.text import LocalDatetime, Mobile, TypedLine, TypedShort

STORY_MAX_CHARS: Final = 10_000
SMS_MAX_CHARS: Final = 1_000
NOTE_MAX_CHARS: Final = 500

_Address = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320), Storable, Field(repr=False)]
Story = Annotated[str, StringConstraints(strip_whitespace=True, max_length=STORY_MAX_CHARS), Storable]


class DraftParty(FrozenModel):
    """One end of a transfer as far as it is typed. An empty text is not stated yet."""

    institution: TypedLine = ""
    account: TypedShort = ""
    vpa: _Address = ""
    wallet: TypedShort = ""
    ifsc: TypedShort = ""


class DraftTransfer(FrozenModel):
    """One transfer as far as it is typed."""

    payer: DraftParty = DraftParty()
    payee: DraftParty = DraftParty()
    amount_paise: PositivePaise | None = None
    rrn: TypedShort = ""
    utr: TypedShort = ""
    mode: Mode | None = None
    transferred_at: TypedShort = ""
    """a date, or a date and a time, in the form of a complaint; it may be half typed"""


class DraftVictim(FrozenModel):
    """The victim as far as the caller has told. None means not asked."""

    name: TypedLine = ""
    mobile: TypedShort = ""
    district: TypedLine = ""
    email: _Address = ""
    woman: Known = None
    child: Known = None
    senior: Known = None
    language: Language | None = None


class DraftContent(FrozenModel):
    """Everything that is typed of a complaint. Nothing is checked before it is sent."""

    channel: Channel = Channel.HELPLINE_1930
    category: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), Storable] = ""
    caller_mobile: TypedShort = ""
    """the number that called, which need not be the victim's"""
    victim: DraftVictim = DraftVictim()
    transfers: Annotated[tuple[DraftTransfer, ...], Field(max_length=MAX_TRANSFERS)] = ()
    story: Annotated[Story, Field(repr=False)] = ""
    suspects: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500), Storable, Field(repr=False)] = ""
    """names, numbers and addresses of those who deceived the victim; they become part of the story"""
    consent: Known = None
    """whether the victim agrees that the police use what is told"""
    reach: Annotated[Reach | None, Field(exclude_if=lambda reach: reach is None)] = None
    teller: Annotated[Teller | None, Field(repr=False, exclude_if=lambda teller: teller is None)] = None
    """None if the victim complains in person"""


class DraftLine(FrozenModel):
    """A draft in a list, with what an officer knows the call by."""

    draft_id: UUID
    source: DraftSource
    owner: str | None
    """id of the officer; None for a missed call that is not taken"""
    revision: int
    made_at: UtcDatetime
    saved_at: UtcDatetime
    forgotten_at: UtcDatetime
    """when it is forgotten, unless it is saved again"""
    ack_no: str | None
    """number of its complaint, once it is sent"""
    calls: int
    """missed calls of the number"""
    last_call_at: UtcDatetime | None
    name: Annotated[str, Field(repr=False)]
    mobile_end: str
    """the last four digits of the number that called, or of the victim's"""


class DraftLines(FrozenModel):
    """Drafts, the oldest first."""

    items: tuple[DraftLine, ...]


class Draft(DraftLine):
    """A draft with its content."""

    content: DraftContent
    note: Annotated[str, Field(repr=False)]
    """what the officer who handed it over wrote; empty without one"""


class NewDraft(FrozenModel):
    """A draft that is begun."""

    content: DraftContent = DraftContent()


class SaveDraft(FrozenModel):
    """A draft as it is saved, over the revision that the officer has seen."""

    revision: Annotated[int, Field(ge=1, le=2**31 - 2)]
    content: DraftContent


class DraftSaved(FrozenModel):
    """The revision under which a draft is saved."""

    draft_id: UUID
    revision: int
    saved_at: UtcDatetime


class PassDraftOn(FrozenModel):
    """To whom a draft goes, and what the next officer has to know."""

    to: OfficerId
    """an officer of the same team"""
    note: Annotated[
        str, StringConstraints(strip_whitespace=True, max_length=NOTE_MAX_CHARS), Storable, Field(repr=False)
    ] = ""


class DraftGiven(FrozenModel):
    """Whose a draft is now. An act is no read, so it shows nothing of the call."""

    draft_id: UUID
    owner: str
    revision: int


class DraftEnded(FrozenModel):
    """How a draft ended."""

    draft_id: UUID
    ended_as: DraftEnd


class DraftSent(FrozenModel):
    """Result of the sending of a draft."""

    draft_id: UUID
    receipt: ComplaintReceipt
    """of the complaint; it is the same for every sending of the draft"""
    completed: tuple[str, ...]
    """what was added to the complaint now, by name"""
    transfers_added: int
    """transfers of the draft that the complaint did not state before"""
    missing: tuple[str, ...]
    """fields without which a transfer of the draft is not sent"""
    unasked: tuple[str, ...]
    """transfers of the draft that name no bank that was paid, so that only the desk or the bank that paid finds it"""
    flags: tuple[Flag, ...]
    """odd values of what was added now"""


class FoundBank(FrozenModel):
    """The institution that the directory finds for one end of a transfer."""

    field: str
    code: str
    name: str


class KnownAccount(FrozenModel):
    """An account that was paid in other cases.

    It names no case and no person, because it is asked without a trace.
    """

    field: str
    cases: int
    in_play_paise: int
    held_paise: int
    first_at: UtcDatetime
    """when the first transfer to it was told"""
    last_at: UtcDatetime


class NamedInstitution(FrozenModel):
    """An institution as an officer finds it: by its name, another name, an IFSC or a VPA."""

    code: str
    name: str
    aliases: tuple[str, ...]
    ifsc_prefixes: tuple[str, ...]
    vpa_handles: tuple[str, ...]


class NamedDistrict(FrozenModel):
    """A district with its names."""

    code: str
    english: str
    hindi: str


class DraftChoices(FrozenModel):
    """Names that an officer chooses from, in a complaint or in a filter of the desk."""

    institutions: tuple[NamedInstitution, ...]
    districts: tuple[NamedDistrict, ...]
    teams: tuple[str, ...]
    """names of the teams that have not ended"""


class AskedBank(FrozenModel):
    """A bank that is asked about one transfer of a sent draft's case, without its accounts."""

    hop_no: int
    layer: int
    institution: str | None
    """None if no bank in the directory fits, so that the desk looks for it"""
    name: str
    amount_paise: int
    balances_paise: dict[Bucket, int]
    """where the amount is now"""
    state: RequestState | None
    """None before the first request"""
    level: EscalationLevel | None
    channel: ChannelKind | None
    asked_at: UtcDatetime | None
    delivered_at: UtcDatetime | None
    answered_at: UtcDatetime | None


class AskedBanks(FrozenModel):
    """Banks that are asked because of a sent draft, layer by layer, and where the money of its case is."""

    ack_no: str
    """the number of the complaint, which the caller gets"""
    case_ack_no: str
    joined: bool
    """whether the complaint joined a case that was there"""
    received_at: UtcDatetime
    buckets_paise: dict[Bucket, int]
    items: tuple[AskedBank, ...]
    is_cut: bool
    """whether the case has more transfers than are shown"""


class DraftCheck(FrozenModel):
    """Check of a draft: what is odd, what it lacks, and what is known of it."""

    missing: tuple[str, ...]
    """fields without which a transfer is not sent"""
    unasked: tuple[str, ...]
    """transfers that name no bank that was paid, so that no such bank can be asked"""
    flags: tuple[Flag, ...]
    banks: tuple[FoundBank, ...]
    known: tuple[str, ...]
    """transfers that a case has already; its number comes with the receipt, once a complaint tells the transfer"""
    accounts: tuple[KnownAccount, ...]
    """accounts that were paid and that cases have already"""


class SmsQuestion(FrozenModel):
    """A message of a bank, as the caller reads it out or an officer pastes it."""

    text: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=1, max_length=SMS_MAX_CHARS),
        Storable,
        Field(repr=False),
    ]
    sender: TypedShort = ""
    """the sender's name of the message, such as `VM-HDFCBK-S`"""


class SmsField(StrEnum):
    """Kind of fact that a part of a bank's message states."""

    BANK = "bank"
    """that paid"""
    ACCOUNT = "account"
    """that paid, by its last digits"""
    AMOUNT = "amount"
    REFERENCE = "reference"
    TIME = "time"
    PAYEE = "payee"
    """name or UPI address"""
    PAYEE_BANK = "payee_bank"


class SmsPart(FrozenModel):
    """A part of a message. All parts together are the message, without line breaks."""

    text: Annotated[str, Field(repr=False)]
    understood_as: SmsField | None = None


class SmsReading(FrozenModel):
    """Reading of a bank's message: a transfer, and what was not understood."""

    transfer: DraftTransfer
    is_debit: bool | None
    """whether money left the account; None if the message does not say so"""
    payer_account_end: str
    """the last digits of the account that paid, as the message masks it"""
    payee_name: Annotated[str, Field(repr=False)]
    missing: tuple[str, ...]
    """fields of the transfer that the message does not have, or that were not understood"""
    unread: tuple[str, ...]
    """parts of the message with digits that no pattern reads"""
    parts: tuple[SmsPart, ...] = ()
    """the whole message, with what was understood of a debit"""


class MissedCall(FrozenModel):
    """A call that no officer answered."""

    phone: Annotated[Mobile, Field(repr=False)]
    called_at: LocalDatetime


class MissedCallTaken(FrozenModel):
    """The draft that a missed call has opened, or has been counted in."""

    draft_id: UUID
    calls: int
    is_new: bool


class ComplaintStory(FrozenModel):
    """A victim's account of what happened, and the consent to its use.

    The text is empty after the key is destroyed.
    """

    story_no: int
    text: Annotated[str, Field(repr=False)]
    consent: Known
    told_at: UtcDatetime
    told_by: str


class ComplaintStories(FrozenModel):
    """A victim's accounts of what happened, the newest first."""

    ack_no: str
    stories: tuple[ComplaintStory, ...]
