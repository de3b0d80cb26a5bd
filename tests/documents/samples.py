"""One whole document of every kind, with everything its law asks for."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

from schemas.enums import Bucket
from schemas.recovery.document_facts import (
    AccountFacts,
    AppealFacts,
    BeneficiaryFacts,
    BucketFacts,
    CourtOrderFacts,
    DocumentFacts,
    FirFacts,
    FollowUp,
    HolderNotice,
    LevelFacts,
    LienNotice,
    MagistrateReport,
    Notice94,
    Notice106,
    Notice107,
    OfficerFacts,
    OrderLineFacts,
    ReleaseOrder,
    RestorationApplication,
    RestorationOrder,
    SignatureFacts,
    SignedApplication,
    StatusLetter,
    TransferFacts,
    VictimFacts,
)
from schemas.restoration_enums import (
    AddressClass,
    CourtOrderKind,
    DocumentKind,
    GrievanceLevel,
    OrderReason,
    Route,
    Step,
)

NOW: Final = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CASE_NO: Final = "32411265000001"
DIGEST: Final = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"

OFFICER: Final = OfficerFacts(
    name="प्रज्ञा श्रीवास्तव",
    rank="Inspector",
    police_station="Cyber Crime, Lucknow",
    district="LUCKNOW",
    phone="9454400001",
    email="io.cyber@up.example",
)
SP: Final = OfficerFacts(name="R. K. Singh", rank="Deputy Commissioner of Police", phone="9454400002")
DYSP: Final = OfficerFacts(name="S. Verma", rank="Deputy Superintendent of Police", phone="9454400003")
FIR: Final = FirFacts(
    number="0412/2026",
    registered_on=date(2026, 11, 22),
    police_station="Cyber Crime, Lucknow",
    sections=("BNS 318(4)", "IT Act 66D"),
    copy_digest=DIGEST,
)
ACCOUNTS: Final = (
    AccountFacts(
        account="50100000000001",
        ifsc="HDFC0000001",
        amount_paise=1_25_000_50,
        references=("412345678901", "HDFCN52026112401"),
        since=datetime(2026, 11, 21, 6, 12, tzinfo=UTC),
        held_at=datetime(2026, 11, 21, 7, 40, tzinfo=UTC),
    ),
    AccountFacts(
        account="merchant.shop-lucknow@okhdfc",
        amount_paise=9_800_00,
        references=("412345678902",),
        since=NOW,
        held_at=NOW,
    ),
)
AT_BANKS: Final = tuple(account.model_copy(update={"institution_name": "HDFC Bank"}) for account in ACCOUNTS)
COURT_ORDER: Final = CourtOrderFacts(
    kind=CourtOrderKind.BNSS_503, court="CJM Lucknow", order_no="Misc. 1188/2026", made_on=date(2026, 12, 20)
)
SHOW_CAUSE: Final = CourtOrderFacts(
    kind=CourtOrderKind.BNSS_107, court="CJM Lucknow", order_no="Misc. 977/2026", made_on=date(2026, 11, 23)
)
VICTIM: Final = VictimFacts(name="Asha Devi", mobile="9876543210", district="LUCKNOW")
BENEFICIARY: Final = BeneficiaryFacts(institution_name="State Bank of India", account="30000000001", ifsc="SBIN0000001")
LINES: Final = (
    OrderLineFacts(
        account="50100000000001", amount_paise=1_25_000_50, ack_no="32411265000001", beneficiary=BENEFICIARY
    ),
    OrderLineFacts(account="50100000000001", amount_paise=333_33, ack_no="32411265000002", beneficiary=BENEFICIARY),
)
TRANSFERS: Final = (
    TransferFacts(
        from_institution="State Bank of India",
        from_account="30000000001",
        to_institution="HDFC Bank",
        to_account="50100000000001",
        reference="412345678901",
        amount_paise=2_00_000_00,
        transferred_at=datetime(2026, 11, 21, 5, 55, tzinfo=UTC),
    ),
)

APPLICATION: Final[dict[str, Any]] = {
    "case_no": CASE_NO,
    "officer": OFFICER,
    "fir": FIR,
    "ack_no": CASE_NO,
    "victim": VICTIM,
    "transfers": TRANSFERS,
    "accounts": AT_BANKS,
    "route": Route.COURT,
    "bond": True,
    "beneficiary": BENEFICIARY,
}
_ALL: Final[tuple[DocumentFacts, ...]] = (
    LienNotice(
        case_no=CASE_NO,
        officer=OFFICER,
        sections=("BNSS 106",),
        fir=FIR,
        institution_name="HDFC Bank",
        accounts=ACCOUNTS,
        magistrate_report_by=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
    ),
    MagistrateReport(
        case_no=CASE_NO,
        officer=OFFICER,
        sections=("BNSS 106(3)",),
        magistrate="The Chief Judicial Magistrate, Lucknow",
        accounts=AT_BANKS,
        report_by=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
        follow_up_by=datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
    ),
    FollowUp(
        case_no=CASE_NO,
        officer=OFFICER,
        sections=("BNSS 106",),
        fir=FIR,
        institution_name="HDFC Bank",
        accounts=ACCOUNTS,
        earlier_number="GH/UP/LN/2026/000123",
    ),
    Notice94(
        case_no=CASE_NO,
        officer=OFFICER,
        sections=("BNSS 94",),
        fir=FIR,
        institution_name="HDFC Bank",
        accounts=ACCOUNTS,
        documents=("Account opening form with KYC documents", "Statement of account", "IP addresses of logins"),
        period_from=date(2026, 10, 1),
        period_to=date(2026, 11, 24),
        produce_by=datetime(2026, 12, 1, 11, 30, tzinfo=UTC),
        place="Cyber Crime Police Station, Lucknow",
    ),
    Notice106(
        case_no=CASE_NO,
        officer=OFFICER,
        sections=("BNSS 106",),
        fir=FIR,
        institution_name="HDFC Bank",
        accounts=ACCOUNTS,
        magistrate="The Chief Judicial Magistrate, Lucknow",
        grounds="Received within seven minutes of the victim's transfer and paid on at once.",
    ),
    Notice107(
        case_no=CASE_NO,
        officer=OFFICER,
        sections=("BNSS 107",),
        fir=FIR,
        accounts=AT_BANKS,
        court_order=SHOW_CAUSE,
        place="Court room 4, Collectorate, Lucknow",
        show_cause_by=datetime(2026, 12, 16, 5, 0, tzinfo=UTC),
        notice_days=14,
        service_days=7,
        grounds="The account received the money of eleven victims within two days.",
        approved_by=SP,
        approved_at=datetime(2026, 11, 23, 6, 0, tzinfo=UTC),
    ),
    RestorationApplication(**APPLICATION),
    SignedApplication(
        **APPLICATION,
        signature=SignatureFacts(
            signed_at=datetime(2026, 11, 24, 6, 0, tzinfo=UTC),
            application_number="GH/UP/RA/2026/000007",
            application_digest="7d" * 32,
            mobile_end="14",
            address_class=AddressClass.IPV4,
        ),
    ),
    RestorationOrder(
        case_no=CASE_NO,
        officer=OFFICER,
        sections=("BNSS 106(3)",),
        fir=FIR,
        institution_name="HDFC Bank",
        order_ref="6f1c3a52-8f0e-4a53-9a43-5f1d6f1f0001",
        route=Route.COURT,
        court_order=COURT_ORDER,
        lines=LINES,
        prepared_by="io.sharma",
        preparer=OFFICER,
        approved_by="dcp.singh",
        approver=SP,
        credit_by=datetime(2026, 12, 9, 9, 30, tzinfo=UTC),
        bond=True,
    ),
    ReleaseOrder(
        case_no=CASE_NO,
        officer=OFFICER,
        fir=FIR,
        institution_name="HDFC Bank",
        order_ref="6f1c3a52-8f0e-4a53-9a43-5f1d6f1f0002",
        reason=OrderReason.GRIEVANCE,
        grievance_ref="K3Q8ZP1RTV",
        lines=(OrderLineFacts(account="50100000000001", amount_paise=150_00),),
        ordered_by="officer:dysp.verma",
        orderer=DYSP,
        release_by=datetime(2026, 12, 9, 9, 30, tzinfo=UTC),
    ),
    HolderNotice(
        case_no=CASE_NO,
        officer=OFFICER,
        institution_name="HDFC Bank",
        account="50100000000001",
        amount_paise=150_00,
        held_at=NOW,
        lapses_at=datetime(2027, 2, 22, 9, 30, tzinfo=UTC),
        appeal=AppealFacts(
            reference="K3Q8ZP1RTV",
            address="https://freeze.example/appeal",
            levels=(
                LevelFacts(level=GrievanceLevel.BANK, days=7),
                LevelFacts(level=GrievanceLevel.IO, days=15),
                LevelFacts(level=GrievanceLevel.DY_SP, days=15),
                LevelFacts(level=GrievanceLevel.DISTRICT_GRO, days=15),
                LevelFacts(level=GrievanceLevel.STATE_GRO, days=15),
            ),
        ),
    ),
    StatusLetter(
        case_no=CASE_NO,
        officer=OFFICER,
        fir=FIR,
        ack_no=CASE_NO,
        victim=VICTIM,
        lost_paise=2_00_000_00,
        buckets=(
            BucketFacts(bucket=Bucket.HELD, amount_paise=1_34_800_50),
            BucketFacts(bucket=Bucket.WITHDRAWN, amount_paise=65_199_50),
        ),
        route=Route.COURT,
        step=Step.HOLDER_NOTICE,
        step_due_at=datetime(2026, 12, 9, 9, 30, tzinfo=UTC),
    ),
)
WHOLE: Final[Mapping[DocumentKind, DocumentFacts]] = {facts.kind: facts for facts in _ALL}
EMERGENCY: Final = LienNotice(
    case_no=CASE_NO,
    officer=OFFICER,
    sections=("BNSS 106",),
    institution_name="HDFC Bank",
    accounts=ACCOUNTS,
    emergency=True,
    follow_up_by=datetime(2026, 11, 27, 9, 30, tzinfo=UTC),
    magistrate_report_by=datetime(2026, 11, 25, 9, 30, tzinfo=UTC),
)
