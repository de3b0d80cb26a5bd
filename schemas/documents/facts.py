"""The facts that papers are written from, a noun a kind, and what is kept of a paper.

Every fact may be missing, so that what is missing can be named (`domain.documents.lacking`).
"""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, Paise, Storable, UtcDatetime
from schemas.enums import Bucket, Language
from schemas.restoration_enums import CourtOrderKind, GrievanceLevel, OrderReason, PaperKind, Route, Step

TEXT_MAX_CHARS: Final = 20_000
PDF_MAX_BYTES: Final = 5_000_000
"""of a paper: what is issued can be mailed"""
LINES_MAX: Final = 2_000
"""accounts, transfers or shares on one paper"""

Text = Annotated[str, Field(max_length=TEXT_MAX_CHARS), Storable]
Texts = Annotated[tuple[Text, ...], Field(max_length=100)]


class OfficerFacts(FrozenModel):
    """An officer as papers name one."""

    name: Text = ""
    rank: Text = ""
    police_station: Text = ""
    district: Text = ""
    phone: Text = ""
    email: Text = ""


class FirFacts(FrozenModel):
    """A first information report; `copy_digest` is the SHA-256 of the copy that goes with the paper."""

    number: Text = ""
    registered_on: date | None = None
    police_station: Text = ""
    sections: Texts = ()
    copy_digest: Text = ""


class CourtOrderFacts(FrozenModel):
    """An order of a court, a Lok Adalat or a District Magistrate."""

    kind: CourtOrderKind | None = None
    court: Text = ""
    order_no: Text = ""
    made_on: date | None = None


class AccountFacts(FrozenModel):
    """Money of the case at one account."""

    institution_name: Text = ""
    account: Text = ""
    ifsc: Text = ""
    amount_paise: Paise = 0
    references: Texts = ()
    since: UtcDatetime | None = None
    """when the money came there: by it a bank finds the transfer"""
    held_at: UtcDatetime | None = None
    """since when it is on hold, where it is"""


class TransferFacts(FrozenModel):
    """A transfer by which the victim lost money."""

    from_institution: Text = ""
    from_account: Text = ""
    to_institution: Text = ""
    to_account: Text = ""
    reference: Text = ""
    amount_paise: Paise = 0
    transferred_at: UtcDatetime | None = None


class VictimFacts(FrozenModel):
    """The victim."""

    name: Text = ""
    mobile: Text = ""
    district: Text = ""


class BeneficiaryFacts(FrozenModel):
    """The account on which money is to be credited."""

    institution_name: Text = ""
    account: Text = ""
    ifsc: Text = ""


class OrderLineFacts(FrozenModel):
    """What a bank is to do with money on one account; the beneficiary only where it credits."""

    account: Text = ""
    amount_paise: Paise = 0
    ack_no: Text = ""
    beneficiary: BeneficiaryFacts = BeneficiaryFacts()


class LevelFacts(FrozenModel):
    """A level of the grievance ladder, and how long it has."""

    level: GrievanceLevel
    days: int


class AppealFacts(FrozenModel):
    """How the holder appeals; the address where it can be done without an account of ours."""

    reference: Text = ""
    address: Text = ""
    levels: tuple[LevelFacts, ...] = ()


Accounts = Annotated[tuple[AccountFacts, ...], Field(max_length=LINES_MAX)]


class PaperFacts(FrozenModel):
    """What every paper says."""

    kind: PaperKind
    case_no: Text = ""
    officer: OfficerFacts = OfficerFacts()
    """who signs"""
    sections: Texts = ()
    """under which the paper is issued"""
    fir: FirFacts = FirFacts()
    log_seq: Annotated[int, Field(ge=0)] = 0
    """of the last event in the case's log before the paper"""
    log_hash: Text = ""
    """of that event, in hexadecimal: who has the paper can tell whether the log was changed since"""


class LienNotice(PaperFacts):
    """To one bank: mark a lien of these amounts."""

    kind: Literal[PaperKind.LIEN_NOTICE] = PaperKind.LIEN_NOTICE
    institution_name: Text = ""
    accounts: Accounts = ()
    emergency: bool = False
    """no FIR with a copy yet: lawful while the follow-up is still to come"""
    follow_up_by: UtcDatetime | None = None
    magistrate_report_by: UtcDatetime | None = None
    magistrate_told_at: UtcDatetime | None = None
    """when the report was handed in, where it was"""
    magistrate_diary_no: Text = ""
    """under which the court's diary has it"""
    magistrate_report_late: bool = False
    """it is not handed in, though it was due"""


class MagistrateReport(PaperFacts):
    """To the magistrate, within 24 hours: this is on hold."""

    kind: Literal[PaperKind.MAGISTRATE_REPORT] = PaperKind.MAGISTRATE_REPORT
    magistrate: Text = ""
    accounts: Accounts = ()
    report_by: UtcDatetime | None = None
    late: bool = False
    """it is issued after the law's time for it"""
    follow_up_by: UtcDatetime | None = None
    follow_up_late: bool = False
    """the FIR has not come, though it was due"""


class FollowUp(PaperFacts):
    """To one bank, within 3 days of an emergency lien: the FIR, the case number, the amounts seized."""

    kind: Literal[PaperKind.FOLLOW_UP] = PaperKind.FOLLOW_UP
    institution_name: Text = ""
    accounts: Accounts = ()
    earlier_number: Text = ""
    """of the lien notice it follows"""


class Notice94(PaperFacts):
    """To one bank: produce these documents."""

    kind: Literal[PaperKind.NOTICE_94] = PaperKind.NOTICE_94
    institution_name: Text = ""
    accounts: Accounts = ()
    documents: Texts = ()
    period_from: date | None = None
    period_to: date | None = None
    produce_by: UtcDatetime | None = None
    place: Text = ""


class Notice106(PaperFacts):
    """To one bank: this money is seized."""

    kind: Literal[PaperKind.NOTICE_106] = PaperKind.NOTICE_106
    institution_name: Text = ""
    accounts: Accounts = ()
    magistrate: Text = ""
    grounds: Text = ""


class Notice107(PaperFacts):
    """To a holder: the court's order to show cause why this money should not be attached."""

    kind: Literal[PaperKind.NOTICE_107] = PaperKind.NOTICE_107
    accounts: Accounts = ()
    court_order: CourtOrderFacts = CourtOrderFacts()
    """by which the court asks the holder to show cause"""
    place: Text = ""
    show_cause_by: UtcDatetime | None = None
    notice_days: int = 0
    """how long the law gives, from the service"""
    service_days: int = 0
    """how long the service is reckoned to take"""
    grounds: Text = ""
    approved_by: OfficerFacts = OfficerFacts()
    """the Superintendent or Commissioner who has approved the police's application, never who investigates"""
    approved_at: UtcDatetime | None = None


class RestorationApplication(PaperFacts):
    """The victim's application, filled in for them to sign."""

    kind: Literal[PaperKind.RESTORATION_APPLICATION] = PaperKind.RESTORATION_APPLICATION
    ack_no: Text = ""
    victim: VictimFacts = VictimFacts()
    transfers: Annotated[tuple[TransferFacts, ...], Field(max_length=LINES_MAX)] = ()
    accounts: Accounts = ()
    """where the victim's money is on hold"""
    route: Route | None = None
    bond: bool | None = None
    """whether an indemnity bond is asked for"""
    beneficiary: BeneficiaryFacts = BeneficiaryFacts()


class RestorationOrder(PaperFacts):
    """To one bank: credit the victims."""

    kind: Literal[PaperKind.RESTORATION_ORDER] = PaperKind.RESTORATION_ORDER
    institution_name: Text = ""
    order_ref: Text = ""
    route: Route | None = None
    court_order: CourtOrderFacts = CourtOrderFacts()
    lines: Annotated[tuple[OrderLineFacts, ...], Field(max_length=LINES_MAX)] = ()
    prepared_by: Text = ""
    preparer: OfficerFacts = OfficerFacts()
    approved_by: Text = ""
    approver: OfficerFacts = OfficerFacts()
    credit_by: UtcDatetime | None = None
    bond: bool | None = None


class ReleaseOrder(PaperFacts):
    """To one bank: lift the hold on these amounts."""

    kind: Literal[PaperKind.RELEASE_ORDER] = PaperKind.RELEASE_ORDER
    institution_name: Text = ""
    order_ref: Text = ""
    reason: OrderReason | None = None
    court_order: CourtOrderFacts = CourtOrderFacts()
    grievance_ref: Text = ""
    lines: Annotated[tuple[OrderLineFacts, ...], Field(max_length=LINES_MAX)] = ()
    ordered_by: Text = ""
    orderer: OfficerFacts = OfficerFacts()
    """nobody where the law itself ends the hold"""
    release_by: UtcDatetime | None = None


class HolderNotice(PaperFacts):
    """To the account holder: this much is on hold, by whom, and how to appeal."""

    kind: Literal[PaperKind.HOLDER_NOTICE] = PaperKind.HOLDER_NOTICE
    institution_name: Text = ""
    account: Text = ""
    amount_paise: Paise = 0
    held_at: UtcDatetime | None = None
    lapses_at: UtcDatetime | None = None
    appeal: AppealFacts = AppealFacts()
    object_by: UtcDatetime | None = None
    """until when the holder may object to the return of the money, where it is to be returned"""


class BucketFacts(FrozenModel):
    """How much of what was lost is where."""

    bucket: Bucket
    amount_paise: Paise


class StatusLetter(PaperFacts):
    """To the victim: where the money is, and what comes next."""

    kind: Literal[PaperKind.STATUS_LETTER] = PaperKind.STATUS_LETTER
    ack_no: Text = ""
    victim: VictimFacts = VictimFacts()
    lost_paise: Paise = 0
    buckets: tuple[BucketFacts, ...] = ()
    route: Route | None = None
    step: Step | None = None
    step_due_at: UtcDatetime | None = None


class Missing(FrozenModel):
    """One thing that a paper lacks, and the law that asks for it."""

    field: str
    law: str
    why: str


class Particulars(FrozenModel):
    """What no row tells of a paper: whoever issues it says it."""

    magistrate: Annotated[str, Field(max_length=300), Storable] = ""
    """the magistrate or court by name; the magistrate of the district unless said"""
    place: Annotated[str, Field(max_length=500), Storable] = ""
    """where documents are produced, or cause is shown"""
    by: UtcDatetime | None = None
    """by when documents are produced, cause is shown, or the holder objects"""
    documents: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=500), Storable], ...], Field(max_length=50)
    ] = ()
    period_from: date | None = None
    period_to: date | None = None
    grounds: Annotated[str, Field(max_length=5_000), Storable] = ""


class AttachmentApproval(FrozenModel):
    """That the court may be asked to attach what is on hold (BNSS 107)."""

    hold_id: UUID
    case_ack_no: str
    approved_by: str
    """the name on the officer's token"""
    approved_at: UtcDatetime
    reason: str


class PaperAsk(FrozenModel):
    """A paper that an officer asks for."""

    kind: PaperKind
    language: Language
    subject: Annotated[str, Field(max_length=100), Storable] = ""
    """what it is about: the bank's code, or the id of the hold, restoration or order; docs/papers.md"""
    revision: Annotated[int, Field(ge=1, le=1_000)] = 1
    """the same revision is the same paper; the next one replaces it"""
    particulars: Particulars = Particulars()


class PaperLinks(FrozenModel):
    """What a paper belongs to, beside its case."""

    ack_no: str | None = None
    institution: str | None = None
    restoration_id: UUID | None = None
    grievance_id: UUID | None = None
    order_id: UUID | None = None
    hold_id: UUID | None = None
    request_id: UUID | None = None


class PaperHead(FrozenModel):
    """A paper by what it can be named and proved by."""

    paper_id: UUID
    number: str
    digest: str
    """SHA-256 of its bytes, in hexadecimal"""


class IssuedPaper(PaperHead):
    """A paper that was asked for."""

    repeated: bool = False
    """it was issued before: this is that one"""


class PaperView(PaperHead):
    """A paper as the list shows it."""

    kind: PaperKind
    language: Language
    case_ack_no: str
    subject: str
    revision: int
    links: PaperLinks
    template_version: str
    size_bytes: int
    issued_at: UtcDatetime
    issued_by: str


class PaperPage(FrozenModel):
    """Papers of a case, the newest first."""

    items: tuple[PaperView, ...]
    next: str | None
