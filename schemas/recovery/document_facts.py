"""Facts for documents, one model per kind, and the register of issued documents.

Every fact may be missing, so that `domain.recovery.documents.lacking` can name the missing ones.
"""

from datetime import date
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from schemas.base import FrozenModel, Paise, Storable, UtcDatetime
from schemas.enums import Bucket, Language
from schemas.restoration_enums import (
    AddressClass,
    CourtOrderKind,
    DocumentKind,
    GrievanceLevel,
    OrderReason,
    Route,
    Step,
)

TEXT_MAX_CHARS: Final = 20_000
PDF_MAX_BYTES: Final = 5_000_000
"""size limit of a document, so that it can be mailed"""
LINES_MAX: Final = 2_000
"""most accounts, transfers or shares on one document"""

Text = Annotated[str, Field(max_length=TEXT_MAX_CHARS), Storable]
Texts = Annotated[tuple[Text, ...], Field(max_length=100)]


class OfficerFacts(FrozenModel):
    """Officer as documents name one."""

    name: Text = ""
    rank: Text = ""
    police_station: Text = ""
    district: Text = ""
    phone: Text = ""
    email: Text = ""


class FirFacts(FrozenModel):
    """First information report; `copy_digest` is the SHA-256 of the copy attached to the document."""

    number: Text = ""
    registered_on: date | None = None
    police_station: Text = ""
    sections: Texts = ()
    copy_digest: Text = ""


class CourtOrderFacts(FrozenModel):
    """Order of a court, a Lok Adalat or a District Magistrate."""

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
    """time of the transfer to the account, by which a bank finds it"""
    held_at: UtcDatetime | None = None
    """start of the hold, if there is one"""


class TransferFacts(FrozenModel):
    """Transfer by which the victim lost money."""

    from_institution: Text = ""
    from_account: Text = ""
    to_institution: Text = ""
    to_account: Text = ""
    reference: Text = ""
    amount_paise: Paise = 0
    transferred_at: UtcDatetime | None = None


class VictimFacts(FrozenModel):
    """Victim of the fraud."""

    name: Text = ""
    mobile: Text = ""
    district: Text = ""


class BeneficiaryFacts(FrozenModel):
    """Account to credit."""

    institution_name: Text = ""
    account: Text = ""
    ifsc: Text = ""


class OrderLineFacts(FrozenModel):
    """Instruction for money on one account; the beneficiary is given only for a credit."""

    account: Text = ""
    amount_paise: Paise = 0
    ack_no: Text = ""
    beneficiary: BeneficiaryFacts = BeneficiaryFacts()


class LevelFacts(FrozenModel):
    """Level of a grievance, and its time limit."""

    level: GrievanceLevel
    days: int


class AppealFacts(FrozenModel):
    """Ways for the holder to appeal; the address needs no account of ours."""

    reference: Text = ""
    address: Text = ""
    levels: tuple[LevelFacts, ...] = ()


Accounts = Annotated[tuple[AccountFacts, ...], Field(max_length=LINES_MAX)]


class DocumentFacts(FrozenModel):
    """Facts of every document."""

    kind: DocumentKind
    case_no: Text = ""
    officer: OfficerFacts = OfficerFacts()
    """officer who signs"""
    sections: Texts = ()
    """sections of law under which it is issued"""
    fir: FirFacts = FirFacts()
    log_seq: Annotated[int, Field(ge=0)] = 0
    """number of the last event in the case log before the document"""
    log_hash: Text = ""
    """hash of that event in hex, which shows whether the log was changed later"""


class LienNotice(DocumentFacts):
    """To one bank: mark a lien of these amounts."""

    kind: Literal[DocumentKind.LIEN_NOTICE] = DocumentKind.LIEN_NOTICE
    institution_name: Text = ""
    accounts: Accounts = ()
    emergency: bool = False
    """no FIR with a copy yet, which is lawful until the follow-up is due"""
    follow_up_by: UtcDatetime | None = None
    magistrate_report_by: UtcDatetime | None = None
    magistrate_told_at: UtcDatetime | None = None
    """time at which the report was filed, if it was"""
    magistrate_diary_no: Text = ""
    """number in the court's diary"""
    magistrate_report_late: bool = False
    """whether the report is overdue"""


class MagistrateReport(DocumentFacts):
    """To the magistrate, within 24 hours: this money is on hold."""

    kind: Literal[DocumentKind.MAGISTRATE_REPORT] = DocumentKind.MAGISTRATE_REPORT
    magistrate: Text = ""
    accounts: Accounts = ()
    report_by: UtcDatetime | None = None
    late: bool = False
    """whether it is issued after the legal time limit"""
    follow_up_by: UtcDatetime | None = None
    follow_up_late: bool = False
    """whether the FIR is overdue"""


class FollowUp(DocumentFacts):
    """To one bank, within 3 days of an emergency lien: the FIR, the case number, the amounts seized."""

    kind: Literal[DocumentKind.FOLLOW_UP] = DocumentKind.FOLLOW_UP
    institution_name: Text = ""
    accounts: Accounts = ()
    earlier_number: Text = ""
    """number of the lien notice before it"""


class Notice94(DocumentFacts):
    """To one bank: produce these documents."""

    kind: Literal[DocumentKind.NOTICE_94] = DocumentKind.NOTICE_94
    institution_name: Text = ""
    accounts: Accounts = ()
    documents: Texts = ()
    period_from: date | None = None
    period_to: date | None = None
    produce_by: UtcDatetime | None = None
    place: Text = ""


class Notice106(DocumentFacts):
    """To one bank: this money is seized."""

    kind: Literal[DocumentKind.NOTICE_106] = DocumentKind.NOTICE_106
    institution_name: Text = ""
    accounts: Accounts = ()
    magistrate: Text = ""
    grounds: Text = ""


class Notice107(DocumentFacts):
    """To a holder: the court's order to show cause why this money should not be attached."""

    kind: Literal[DocumentKind.NOTICE_107] = DocumentKind.NOTICE_107
    accounts: Accounts = ()
    court_order: CourtOrderFacts = CourtOrderFacts()
    """order by which the court asks the holder to show cause"""
    place: Text = ""
    show_cause_by: UtcDatetime | None = None
    notice_days: int = 0
    """time allowed by law, counted from service"""
    service_days: int = 0
    """time assumed for service"""
    grounds: Text = ""
    approved_by: OfficerFacts = OfficerFacts()
    """Superintendent or Commissioner who approved the application, never the investigating officer"""
    approved_at: UtcDatetime | None = None


class ApplicationFacts(DocumentFacts):
    """Facts of a victim's application."""

    ack_no: Text = ""
    victim: VictimFacts = VictimFacts()
    transfers: Annotated[tuple[TransferFacts, ...], Field(max_length=LINES_MAX)] = ()
    accounts: Accounts = ()
    """accounts where the victim's money is on hold"""
    route: Route | None = None
    bond: bool | None = None
    """whether an indemnity bond is required"""
    beneficiary: BeneficiaryFacts = BeneficiaryFacts()


class RestorationApplication(ApplicationFacts):
    """To the victim: application for restoration, filled in for signature."""

    kind: Literal[DocumentKind.RESTORATION_APPLICATION] = DocumentKind.RESTORATION_APPLICATION


class SignatureFacts(FrozenModel):
    """A signature by code under an application."""

    signed_at: UtcDatetime | None = None
    application_number: Text = ""
    """number of the document that was signed"""
    application_digest: Text = ""
    """SHA-256 of its PDF"""
    mobile_end: Text = ""
    """last digits of the mobile that the code went to; empty if it went to the e-mail address"""
    address_class: AddressClass | None = None


class SignedApplication(ApplicationFacts):
    """From the victim: the application, with the record of the signature by code."""

    kind: Literal[DocumentKind.SIGNED_APPLICATION] = DocumentKind.SIGNED_APPLICATION
    signature: SignatureFacts = SignatureFacts()


class RestorationOrder(DocumentFacts):
    """To one bank: credit the victims."""

    kind: Literal[DocumentKind.RESTORATION_ORDER] = DocumentKind.RESTORATION_ORDER
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


class ReleaseOrder(DocumentFacts):
    """To one bank: lift the hold on these amounts."""

    kind: Literal[DocumentKind.RELEASE_ORDER] = DocumentKind.RELEASE_ORDER
    institution_name: Text = ""
    order_ref: Text = ""
    reason: OrderReason | None = None
    court_order: CourtOrderFacts = CourtOrderFacts()
    grievance_ref: Text = ""
    lines: Annotated[tuple[OrderLineFacts, ...], Field(max_length=LINES_MAX)] = ()
    ordered_by: Text = ""
    orderer: OfficerFacts = OfficerFacts()
    """empty if the law itself ends the hold"""
    release_by: UtcDatetime | None = None


class HolderNotice(DocumentFacts):
    """To the account holder: the amount on hold, the officer, and how to appeal."""

    kind: Literal[DocumentKind.HOLDER_NOTICE] = DocumentKind.HOLDER_NOTICE
    institution_name: Text = ""
    account: Text = ""
    amount_paise: Paise = 0
    held_at: UtcDatetime | None = None
    lapses_at: UtcDatetime | None = None
    appeal: AppealFacts = AppealFacts()
    object_by: UtcDatetime | None = None
    """end of the time to object, if the money is to be restored"""


class BucketFacts(FrozenModel):
    """Amount of the loss in one bucket."""

    bucket: Bucket
    amount_paise: Paise


class StatusLetter(DocumentFacts):
    """To the victim: the state of the money and the next step."""

    kind: Literal[DocumentKind.STATUS_LETTER] = DocumentKind.STATUS_LETTER
    ack_no: Text = ""
    victim: VictimFacts = VictimFacts()
    lost_paise: Paise = 0
    buckets: tuple[BucketFacts, ...] = ()
    route: Route | None = None
    step: Step | None = None
    step_due_at: UtcDatetime | None = None


class Missing(FrozenModel):
    """One fact that a document lacks, and the law that requires it."""

    field: str
    law: str
    why: str


class Particulars(FrozenModel):
    """Facts that are in no database row. The issuing officer gives them."""

    magistrate: Annotated[str, Field(max_length=300), Storable] = ""
    """name of the magistrate or court; default: the magistrate of the district"""
    place: Annotated[str, Field(max_length=500), Storable] = ""
    """place to produce documents or to show cause"""
    by: UtcDatetime | None = None
    """time limit to produce documents, to show cause, or to object"""
    documents: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=500), Storable], ...], Field(max_length=50)
    ] = ()
    period_from: date | None = None
    period_to: date | None = None
    grounds: Annotated[str, Field(max_length=5_000), Storable] = ""


class AttachmentApproval(FrozenModel):
    """Approval to ask the court to attach the money on hold (BNSS 107)."""

    hold_id: UUID
    case_ack_no: str
    approved_by: str
    """subject of the officer's token"""
    approved_at: UtcDatetime
    reason: str


class DocumentAsk(FrozenModel):
    """Officer's request for a document."""

    kind: DocumentKind
    language: Language
    subject: Annotated[str, Field(max_length=100), Storable] = ""
    """subject: the bank's code, or the id of the hold, restoration or order; docs/reference/documents.md"""
    revision: Annotated[int, Field(ge=1, le=1_000)] = 1
    """the same revision is the same document; the next one replaces it"""
    particulars: Particulars = Particulars()


class DocumentLinks(FrozenModel):
    """Records to which a document belongs, besides its case."""

    ack_no: str | None = None
    institution: str | None = None
    restoration_id: UUID | None = None
    grievance_id: UUID | None = None
    order_id: UUID | None = None
    hold_id: UUID | None = None
    request_id: UUID | None = None


class DocumentHead(FrozenModel):
    """Identity of a document: id, number and digest."""

    document_id: UUID
    number: str
    digest: str
    """SHA-256 of its bytes, in hexadecimal"""


class IssuedDocument(DocumentHead):
    """Document that was requested."""

    repeated: bool = False
    """whether it had been issued before and is returned again"""


class DocumentView(DocumentHead):
    """Document as the list shows it."""

    kind: DocumentKind
    language: Language
    case_ack_no: str
    subject: str
    revision: int
    links: DocumentLinks
    template_version: str
    size_bytes: int
    issued_at: UtcDatetime
    issued_by: str


class DocumentPage(FrozenModel):
    """Documents of a case, the newest first."""

    items: tuple[DocumentView, ...]
    next: str | None
