"""Gather the facts of a document from the current rows and from the officer's request, by kind of document."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from activities.context import Context
from db.case import cases
from db.pool import Connection
from db.recovery import document_facts, document_register, signatures
from documents.wording import words_of
from domain.errors.recovery import (
    DocumentErased,
    DocumentNotFound,
    DocumentSubjectNotId,
    DocumentSubjectNotOfCase,
    OrderKindNotFound,
)
from domain.policy.restoration import DocumentSections
from domain.recovery.documents import TO_A_BANK
from schemas.base import FrozenModel
from schemas.enums import Bucket, Language
from schemas.recovery.document_facts import (
    AccountFacts,
    AppealFacts,
    BeneficiaryFacts,
    DocumentFacts,
    DocumentLinks,
    FollowUp,
    HolderNotice,
    LevelFacts,
    LienNotice,
    MagistrateReport,
    Notice94,
    Notice106,
    Notice107,
    OfficerFacts,
    Particulars,
    ReleaseOrder,
    RestorationApplication,
    RestorationOrder,
    SignedApplication,
    StatusLetter,
    TransferFacts,
    VictimFacts,
)
from schemas.restoration_enums import DocumentKind, DutyKind, OrderKind, Step

_TRACEABLE: Final = (Bucket.IN_PLAY, Bucket.HELD)
"""buckets that a lien is requested for: money that may still be there, and money on hold"""
_HELD: Final = (Bucket.HELD,)
_DAY_SECONDS: Final = 86_400


class Gathered(FrozenModel):
    """The facts of a document, and the rows it belongs to."""

    facts: DocumentFacts
    links: DocumentLinks = DocumentLinks()


def subject_of(kind: DocumentKind, subject: str, case_no: str) -> str:
    """Return the subject of a document in its stored form. Raises `NotFound` for an impossible subject."""
    if kind is DocumentKind.MAGISTRATE_REPORT or (kind is DocumentKind.STATUS_LETTER and not subject):
        return case_no
    if kind is DocumentKind.STATUS_LETTER or kind in TO_A_BANK:
        return subject
    try:
        return str(UUID(subject))
    except ValueError:
        raise DocumentSubjectNotId(kind) from None


@dataclass(frozen=True)
class Gathering:
    """A request for a document of a case: by whom, about what and when. The case is locked."""

    connection: Connection
    ctx: Context
    case_no: str
    subject: str
    particulars: Particulars
    language: Language
    now: datetime
    appeal_address: str = ""

    async def officer(self) -> OfficerFacts:
        """Return the investigating officer, who signs the document."""
        return await document_facts.officer(self.connection, self.case_no)

    async def victim(self, ack_no: str) -> VictimFacts:
        """Return the victim of a complaint of the case. Raises `NotFound` and `CannotOpen`."""
        stored, district = await document_facts.victim(self.connection, self.case_no, ack_no)
        person = self.ctx.persons.open(stored)
        return VictimFacts(name=person.name, mobile=person.mobile, district=district)

    def magistrate(self, officer: OfficerFacts) -> str:
        """Return the named magistrate, else that of the officer's district."""
        if self.particulars.magistrate or not officer.district:
            return self.particulars.magistrate
        wording = words_of(self.language)
        return wording.say("common.magistrate", district=wording.district(officer.district))

    async def duty(self, kind: DutyKind) -> document_facts.Duty:
        """Return the duty from its row, else a duty that begins now."""
        return await document_facts.duty(self.connection, self.case_no, kind) or self.from_now(kind)

    def from_now(self, kind: DutyKind) -> document_facts.Duty:
        """Return a duty that begins now, due after the policy's time."""
        seconds = self.ctx.policy.police.duties[kind].due_seconds / self.ctx.procedure_clock_factor
        return document_facts.Duty(due_at=self.now + timedelta(seconds=seconds))

    @property
    def sections(self) -> DocumentSections:
        """Return the sections of law under which documents are issued."""
        return self.ctx.policy.documents.sections

    async def bank(self) -> str:
        """Return the name of the bank that gets the document. Raises `NotFound`."""
        return await document_facts.institution_name(self.connection, self.subject)

    def of_this_case(self, case_no: str) -> None:
        """Check that the subject belongs to this case. Raises `NotFound`."""
        if case_no != self.case_no:
            raise DocumentSubjectNotOfCase(self.subject, self.case_no)


async def lien_notice(asked: Gathering) -> Gathered:
    """Gather a lien notice to a bank about money there and on hold.

    It is an emergency notice while the case has no FIR with a copy and the follow-up is not due yet.
    """
    connection, case_no, bank = asked.connection, asked.case_no, asked.subject
    fir = await document_facts.fir(connection, case_no)
    follow_up_by = (await asked.duty(DutyKind.FOLLOW_UP)).due_at
    emergency = not fir.copy_digest and asked.now < follow_up_by
    report = await asked.duty(DutyKind.MAGISTRATE_REPORT)
    handed_in = await document_facts.handed_in(connection, case_no)
    if report.done_at is not None and handed_in is None:
        # Nothing was on hold to report. Money held because of this notice opens a duty of its own.
        report = asked.from_now(DutyKind.MAGISTRATE_REPORT)
    facts = LienNotice(
        case_no=case_no,
        officer=await asked.officer(),
        sections=asked.sections.lien_notice,
        fir=fir,
        institution_name=await asked.bank(),
        accounts=_at_one_bank(await document_facts.accounts(connection, case_no, _TRACEABLE, bank)),
        emergency=emergency,
        follow_up_by=follow_up_by if emergency else None,
        magistrate_report_by=report.due_at,
        magistrate_told_at=handed_in.at if handed_in else None,
        magistrate_diary_no=handed_in.diary_no if handed_in else "",
        magistrate_report_late=handed_in is None and report.due_at < asked.now,
    )
    request_id = await document_facts.newest_request(connection, case_no, bank)
    return Gathered(facts=facts, links=DocumentLinks(institution=bank, request_id=request_id))


async def magistrate_report(asked: Gathering) -> Gathered:
    """Gather the report to the magistrate: all money of the case on hold, at all banks."""
    officer = await asked.officer()
    fir = await document_facts.fir(asked.connection, asked.case_no)
    report_by = (await asked.duty(DutyKind.MAGISTRATE_REPORT)).due_at
    follow_up_by = None if fir.number else (await asked.duty(DutyKind.FOLLOW_UP)).due_at
    facts = MagistrateReport(
        case_no=asked.case_no,
        officer=officer,
        sections=asked.sections.magistrate_report,
        fir=fir,
        magistrate=asked.magistrate(officer),
        accounts=await document_facts.accounts(asked.connection, asked.case_no, _HELD),
        report_by=report_by,
        late=report_by < asked.now,
        follow_up_by=follow_up_by,
        follow_up_late=follow_up_by is not None and follow_up_by < asked.now,
    )
    return Gathered(facts=facts)


async def follow_up(asked: Gathering) -> Gathered:
    """Gather the follow-up to a bank that holds money under an emergency lien notice."""
    connection, case_no, bank = asked.connection, asked.case_no, asked.subject
    earlier = await document_register.latest(connection, case_no, DocumentKind.LIEN_NOTICE, bank)
    facts = FollowUp(
        case_no=case_no,
        officer=await asked.officer(),
        sections=asked.sections.follow_up,
        fir=await document_facts.fir(connection, case_no),
        institution_name=await asked.bank(),
        accounts=_at_one_bank(await document_facts.accounts(connection, case_no, _HELD, bank)),
        earlier_number=earlier.number if earlier else "",
    )
    return Gathered(facts=facts, links=DocumentLinks(institution=bank))


async def notice_94(asked: Gathering) -> Gathered:
    """Gather the notice to a bank to produce documents of every account that received money of the case."""
    officer, particulars = await asked.officer(), asked.particulars
    facts = Notice94(
        case_no=asked.case_no,
        officer=officer,
        sections=asked.sections.notice_94,
        fir=await document_facts.fir(asked.connection, asked.case_no),
        institution_name=await asked.bank(),
        accounts=await document_facts.every_account(asked.connection, asked.case_no, asked.subject),
        documents=particulars.documents,
        period_from=particulars.period_from,
        period_to=particulars.period_to,
        produce_by=particulars.by,
        place=particulars.place or officer.police_station,
    )
    return Gathered(facts=facts, links=DocumentLinks(institution=asked.subject))


async def notice_106(asked: Gathering) -> Gathered:
    """Gather the notice to a bank that the money on hold there is seized."""
    officer = await asked.officer()
    on_hold = await document_facts.accounts(asked.connection, asked.case_no, _HELD, asked.subject)
    facts = Notice106(
        case_no=asked.case_no,
        officer=officer,
        sections=asked.sections.notice_106,
        fir=await document_facts.fir(asked.connection, asked.case_no),
        institution_name=await asked.bank(),
        accounts=_at_one_bank(on_hold),
        magistrate=asked.magistrate(officer),
        grounds=asked.particulars.grounds,
    )
    return Gathered(facts=facts, links=DocumentLinks(institution=asked.subject))


async def notice_107(asked: Gathering) -> Gathered:
    """Gather the notice to a holder to show cause against the attachment of the held money."""
    connection, particulars, policy = asked.connection, asked.particulars, asked.ctx.policy
    hold = await document_facts.hold(connection, UUID(asked.subject))
    asked.of_this_case(hold.case_no)
    approval = await document_facts.approval(connection, hold.hold_id)
    by = approval.approved_by if approval else ""
    facts = Notice107(
        case_no=hold.case_no,
        officer=await asked.officer(),
        sections=asked.sections.notice_107,
        fir=await document_facts.fir(connection, hold.case_no),
        accounts=await document_facts.accounts(connection, hold.case_no, _HELD, hold.institution, hold.account_key),
        court_order=await document_facts.show_cause_order(connection, hold),
        place=particulars.place,
        show_cause_by=particulars.by,
        notice_days=round(policy.restoration.steps[Step.SHOW_CAUSE].due_seconds / _DAY_SECONDS),
        service_days=round(policy.documents.service_seconds / _DAY_SECONDS),
        grounds=particulars.grounds,
        approved_by=await document_facts.officer_by_subject(connection, hold.case_no, by),
        approved_at=approval.approved_at if approval else None,
    )
    links = DocumentLinks(hold_id=hold.hold_id, institution=hold.institution)
    return Gathered(facts=facts, links=links)


async def holder_notice(asked: Gathering) -> Gathered:
    """Gather the notice to a holder: how much is on hold, by whom, until when, and how to appeal."""
    connection = asked.connection
    hold = await document_facts.hold(connection, UUID(asked.subject))
    asked.of_this_case(hold.case_no)
    on_hold = await document_facts.accounts(connection, hold.case_no, _HELD, hold.institution, hold.account_key)
    levels = asked.ctx.policy.grievance.level_seconds
    facts = HolderNotice(
        case_no=hold.case_no,
        officer=await asked.officer(),
        fir=await document_facts.fir(connection, hold.case_no),
        institution_name=await document_facts.institution_name(connection, hold.institution),
        account=on_hold[0].account if on_hold else "",
        amount_paise=sum(account.amount_paise for account in on_hold),
        held_at=hold.first_held_at,
        lapses_at=hold.lapses_at,
        appeal=AppealFacts(
            reference=hold.reference,
            address=asked.appeal_address,
            levels=tuple(LevelFacts(level=level, days=round(after / _DAY_SECONDS)) for level, after in levels.items()),
        ),
        object_by=asked.particulars.by,
    )
    links = DocumentLinks(hold_id=hold.hold_id, institution=hold.institution)
    return Gathered(facts=facts, links=links)


async def restoration_application(asked: Gathering) -> Gathered:
    """Gather the application for the victim to sign.

    It names the account to be credited: the one that two officers put in place, else the one that lost the most.
    """
    connection = asked.connection
    restoration = await document_facts.restoration(connection, UUID(asked.subject))
    asked.of_this_case(restoration.case_no)
    lost = await document_facts.transfers(connection, restoration.case_no, restoration.ack_no)
    instead = await document_facts.credit_account(connection, restoration.ack_no)
    facts = RestorationApplication(
        case_no=restoration.case_no,
        officer=await asked.officer(),
        fir=await document_facts.fir(connection, restoration.case_no),
        ack_no=restoration.ack_no,
        victim=await asked.victim(restoration.ack_no),
        transfers=lost,
        accounts=await document_facts.accounts(connection, restoration.case_no, _HELD, hop_nos=restoration.hop_nos),
        route=restoration.route,
        bond=restoration.bond,
        beneficiary=instead or _first_payer(lost),
    )
    links = DocumentLinks(restoration_id=restoration.restoration_id, ack_no=restoration.ack_no)
    return Gathered(facts=facts, links=links)


async def signed_application(asked: Gathering) -> Gathered:
    """Gather the signed application: what the application said when it was signed, and the signature by code.

    The subject is the application.
    """
    signed = await signatures.of_document(asked.connection, UUID(asked.subject))
    if signed is None:
        raise DocumentNotFound(UUID(asked.subject))
    asked.of_this_case(signed.case_no)
    signed_facts = await document_register.facts_of(asked.connection, UUID(asked.subject), asked.ctx.opens)
    if signed_facts is None:
        raise DocumentErased(asked.subject)
    facts = SignedApplication.model_validate(
        signed_facts | {"kind": DocumentKind.SIGNED_APPLICATION, "signature": signed.facts}
    )
    links = DocumentLinks(restoration_id=signed.restoration_id, ack_no=signed.ack_no)
    return Gathered(facts=facts, links=links)


async def restoration_order(asked: Gathering) -> Gathered:
    """Gather an approved order to a bank to restore."""
    connection = asked.connection
    order = await _order(asked, OrderKind.RESTORE)
    facts = RestorationOrder(
        case_no=order.case_no,
        officer=await asked.officer(),
        sections=asked.sections.restoration_order,
        fir=await document_facts.fir(connection, order.case_no),
        institution_name=order.institution_name,
        order_ref=str(order.order_id),
        route=order.route,
        court_order=await document_facts.court_order(connection, order.court_order_id),
        lines=await document_facts.order_lines(connection, order.order_id),
        prepared_by=order.prepared_by,
        preparer=await document_facts.officer_by_subject(connection, order.case_no, order.prepared_by),
        approved_by=order.approved_by,
        approver=await document_facts.officer_by_subject(connection, order.case_no, order.approved_by),
        credit_by=order.due_at,
        bond=order.route in order.bond_for if order.route else None,
    )
    return Gathered(facts=facts, links=_links_of(order))


async def release_order(asked: Gathering) -> Gathered:
    """Gather an order to a bank to release a hold."""
    connection = asked.connection
    order = await _order(asked, OrderKind.RELEASE)
    facts = ReleaseOrder(
        case_no=order.case_no,
        officer=await asked.officer(),
        fir=await document_facts.fir(connection, order.case_no),
        institution_name=order.institution_name,
        order_ref=str(order.order_id),
        reason=order.reason,
        court_order=await document_facts.court_order(connection, order.court_order_id),
        grievance_ref=order.grievance_ref,
        lines=await document_facts.order_lines(connection, order.order_id),
        ordered_by=order.ordered_by,
        orderer=await document_facts.officer_by_subject(connection, order.case_no, order.ordered_by),
        release_by=order.due_at,
    )
    return Gathered(facts=facts, links=_links_of(order))


async def status_letter(asked: Gathering) -> Gathered:
    """Gather the status letter to a victim: where the money of the complaint is."""
    connection, case_no, ack_no = asked.connection, asked.case_no, asked.subject
    sums = await cases.buckets(connection, case_no, ack_no)
    restoration = await document_facts.open_restoration(connection, case_no, ack_no)
    facts = StatusLetter(
        case_no=case_no,
        officer=await asked.officer(),
        fir=await document_facts.fir(connection, case_no),
        ack_no=ack_no,
        victim=await asked.victim(ack_no),
        lost_paise=sums.get(Bucket.LOST, 0),
        buckets=document_facts.in_order(sums),
        route=restoration.route if restoration else None,
        step=restoration.step if restoration else None,
        step_due_at=restoration.step_due_at if restoration else None,
    )
    links = DocumentLinks(ack_no=ack_no, restoration_id=restoration.restoration_id if restoration else None)
    return Gathered(facts=facts, links=links)


def _first_payer(lost: Sequence[TransferFacts]) -> BeneficiaryFacts:
    """Return the account that lost the most."""
    if not lost:
        return BeneficiaryFacts()
    return BeneficiaryFacts(institution_name=lost[0].from_institution, account=lost[0].from_account)


GATHER: Final[Mapping[DocumentKind, Callable[[Gathering], Awaitable[Gathered]]]] = {
    DocumentKind.LIEN_NOTICE: lien_notice,
    DocumentKind.MAGISTRATE_REPORT: magistrate_report,
    DocumentKind.FOLLOW_UP: follow_up,
    DocumentKind.NOTICE_94: notice_94,
    DocumentKind.NOTICE_106: notice_106,
    DocumentKind.NOTICE_107: notice_107,
    DocumentKind.RESTORATION_APPLICATION: restoration_application,
    DocumentKind.SIGNED_APPLICATION: signed_application,
    DocumentKind.RESTORATION_ORDER: restoration_order,
    DocumentKind.RELEASE_ORDER: release_order,
    DocumentKind.HOLDER_NOTICE: holder_notice,
    DocumentKind.STATUS_LETTER: status_letter,
}


def _at_one_bank(accounts: tuple[AccountFacts, ...]) -> tuple[AccountFacts, ...]:
    """Return the accounts without the bank's name, which the document has in its head."""
    return tuple(account.model_copy(update={"institution_name": ""}) for account in accounts)


async def _order(asked: Gathering, kind: OrderKind) -> document_facts.Order:
    order = await document_facts.order(asked.connection, UUID(asked.subject))
    asked.of_this_case(order.case_no)
    if order.kind is not kind:
        raise OrderKindNotFound(UUID(asked.subject), kind)
    return order


def _links_of(order: document_facts.Order) -> DocumentLinks:
    return DocumentLinks(
        institution=order.institution,
        order_id=order.order_id,
        restoration_id=order.restoration_id,
        grievance_id=order.grievance_id,
    )
