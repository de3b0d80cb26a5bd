"""Documents to people and to courts."""

from collections.abc import Sequence

from documents.pieces import (
    Body,
    account_and_ifsc,
    account_table,
    court_order_line,
    fir_copy,
    name_and_rank,
    officer_line,
    pairs,
    strong,
    text,
    total_of,
)
from documents.rendering import NARROW, WIDE, Blanks, Block, Column, Heading, Items, Paragraph, Table, table
from documents.wording import Wording
from schemas.enums import Bucket
from schemas.recovery.document_facts import (
    HolderNotice,
    MagistrateReport,
    Notice107,
    RestorationApplication,
    SignedApplication,
    StatusLetter,
    TransferFacts,
)


def restoration_application(facts: RestorationApplication, words: Wording) -> Body:
    """Return the victim's application for restoration, to be signed by hand or by a code."""
    say = words.say
    signature = Blanks(
        text=say("restoration_application.true"),
        labels=(say("restoration_application.date_and_place"), say("restoration_application.signature")),
    )
    return _application(facts, words, say("restoration_application.title"), [signature, _prepared(facts, words)])


def signed_application(facts: SignedApplication, words: Wording) -> Body:
    """Return the application with the record of the victim's signature by code on a page of its own."""
    say, signed = words.say, facts.signature
    where = "mobile_end" if signed.mobile_end else "email"
    record = [
        text(words, "restoration_application.true"),
        strong(words, "signed_application.signed", number=signed.application_number),
        _prepared(facts, words),
        Heading(text=say("signed_application.record"), new_page=True),
        pairs(
            (say("signed_application.who"), say("signed_application.victim", ack_no=facts.ack_no)),
            (say("signed_application.when"), words.moment(signed.signed_at)),
            (say("signed_application.what"), signed.application_number),
            (say("signed_application.digest"), signed.application_digest),
            (say("signed_application.mobile"), say(f"signed_application.{where}", end=signed.mobile_end)),
            (
                say("signed_application.address"),
                say(f"signed_application.address_{signed.address_class.value}") if signed.address_class else "",
            ),
        ),
        text(words, f"signed_application.how_{where}"),
        text(words, "signed_application.law"),
    ]
    return _application(facts, words, say("signed_application.title"), record)


def _prepared(facts: RestorationApplication | SignedApplication, words: Wording) -> Paragraph:
    """Return who has filled in an application."""
    return text(words, "restoration_application.prepared", officer=officer_line(words, facts.officer))


def _application(
    facts: RestorationApplication | SignedApplication, words: Wording, title: str, end: Sequence[Block | None]
) -> Body:
    """Return an application that ends with these blocks."""
    say, victim, to = words.say, facts.victim, facts.beneficiary
    district = words.district(victim.district)
    return Body(
        title=title,
        to=(say(f"restoration_application.to_{facts.route.value}") if facts.route else "", district),
        subject=say("restoration_application.subject", total=total_of(words, facts.accounts), case_no=facts.case_no),
        blocks=[
            text(words, "restoration_application.open", ack_no=facts.ack_no),
            Heading(text=say("restoration_application.applicant")),
            pairs(
                (say("restoration_application.name"), victim.name),
                (say("restoration_application.mobile"), victim.mobile),
                (say("restoration_application.district"), district),
            ),
            Heading(text=say("restoration_application.lost")),
            _transfer_table(words, facts.transfers),
            Heading(text=say("restoration_application.held")),
            account_table(words, facts.accounts, received=False),
            text(words, "restoration_application.held_note"),
            Heading(text=say("restoration_application.credit")),
            pairs(
                (say("common.account"), f"{account_and_ifsc(words, to.account, to.ifsc)}, {to.institution_name}"),
            ),
            text(words, "restoration_application.bond") if facts.bond else None,
            *end,
        ],
        ours=False,
    )


def holder_notice(facts: HolderNotice, words: Wording) -> Body:
    """Return the notice to the holder: amount on hold, officer, time limit, and how to appeal."""
    say, amount, appeal = words.say, words.rupees(facts.amount_paise), facts.appeal
    return Body(
        title=say("holder_notice.title"),
        to=(say("holder_notice.to"), f"{facts.institution_name}, {say('common.account')} {facts.account}"),
        subject=say("holder_notice.subject", amount=amount),
        blocks=[
            text(
                words,
                "holder_notice.told",
                amount=amount,
                account=facts.account,
                bank=facts.institution_name,
                since=words.moment(facts.held_at),
            ),
            text(words, "holder_notice.not_accused"),
            text(words, "holder_notice.lapses", lapses_at=words.moment(facts.lapses_at)),
            strong(words, "holder_notice.object", object_by=words.moment(facts.object_by)) if facts.object_by else None,
            strong(words, "holder_notice.appeal"),
            pairs(
                (say("holder_notice.reference"), appeal.reference),
                (say("holder_notice.address"), appeal.address),
                (say("holder_notice.officer"), officer_line(words, facts.officer)),
            ),
            text(words, "holder_notice.levels"),
            Items(
                items=tuple(
                    say(
                        "holder_notice.level",
                        level=say(f"holder_notice.level_{level_days.level.value}"),
                        days=level_days.days,
                    )
                    for level_days in appeal.levels
                )
            ),
            text(words, "holder_notice.bring"),
        ],
    )


def status_letter(facts: StatusLetter, words: Wording) -> Body:
    """Return the letter about the state of the money and the next step."""
    say = words.say
    held = any(row.bucket is Bucket.HELD and row.amount_paise for row in facts.buckets)
    return Body(
        title=say("status_letter.title"),
        to=(facts.victim.name, words.district(facts.victim.district)),
        subject=say("status_letter.subject", ack_no=facts.ack_no),
        blocks=[
            text(words, "status_letter.open", lost=words.rupees(facts.lost_paise)),
            table(
                [
                    Column(
                        say("status_letter.place"),
                        [say(f"status_letter.bucket_{row.bucket.value}") for row in facts.buckets],
                        WIDE,
                    ),
                    Column(
                        say("common.amount"),
                        [words.rupees(row.amount_paise) for row in facts.buckets],
                        NARROW,
                        figures=True,
                    ),
                ],
                (say("common.total"), words.rupees(sum(row.amount_paise for row in facts.buckets))),
            ),
            text(words, "status_letter.held_note") if held else None,
            pairs(
                (say("status_letter.route"), say(f"routes.{facts.route.value}") if facts.route else ""),
                (say("status_letter.step"), say(f"status_letter.step_{facts.step.value}") if facts.step else ""),
                (say("status_letter.due"), words.moment(facts.step_due_at)),
            ),
            Paragraph(text=say("status_letter.free", officer=officer_line(words, facts.officer)), strong=True),
        ],
    )


def _transfer_table(words: Wording, transfers: tuple[TransferFacts, ...]) -> Table:
    say = words.say
    return table(
        [
            Column(
                say("restoration_application.date"),
                [words.short(transfer.transferred_at) for transfer in transfers],
                NARROW,
            ),
            Column(
                say("restoration_application.from"),
                [f"{transfer.from_account}, {transfer.from_institution}" for transfer in transfers],
                WIDE,
            ),
            Column(
                say("restoration_application.into"),
                [f"{transfer.to_account}, {transfer.to_institution}" for transfer in transfers],
                WIDE,
            ),
            Column(say("common.reference"), [transfer.reference for transfer in transfers], WIDE),
            Column(say("common.amount"), [words.rupees(transfer.amount_paise) for transfer in transfers], figures=True),
        ],
        (say("common.total"), words.rupees(sum(transfer.amount_paise for transfer in transfers))),
    )


def magistrate_report(facts: MagistrateReport, words: Wording) -> Body:
    """Return the report of the money on hold."""
    say, report_by = words.say, words.moment(facts.report_by)
    total = total_of(words, facts.accounts)
    return Body(
        title=say("magistrate_report.title"),
        to=(facts.magistrate,),
        subject=say("magistrate_report.subject_late", total=total, case_no=facts.case_no, report_by=report_by)
        if facts.late
        else say("magistrate_report.subject", total=total, case_no=facts.case_no),
        blocks=[
            text(words, "magistrate_report.report"),
            account_table(words, facts.accounts, received=False),
            None if facts.fir.number else _fir_to_come(facts, words),
            fir_copy(facts, words),
            text(words, "magistrate_report.law"),
        ],
    )


def _fir_to_come(facts: MagistrateReport, words: Wording) -> Paragraph:
    late = "magistrate_report.follow_late" if facts.follow_up_late else "magistrate_report.follow"
    return strong(words, late, follow_up_by=words.moment(facts.follow_up_by))


def notice_107(facts: Notice107, words: Wording) -> Body:
    """Return the notice of a court's order to show cause why this money should not be attached."""
    say = words.say
    return Body(
        title=say("notice_107.title"),
        to=(say("notice_107.to"),),
        subject=say("notice_107.subject", total=total_of(words, facts.accounts)),
        blocks=[
            text(words, "notice_107.ask"),
            account_table(words, facts.accounts, received=False),
            text(words, "notice_107.grounds", grounds=facts.grounds),
            pairs(
                (say("notice_107.court_order"), court_order_line(words, facts.court_order)),
                (say("notice_107.place"), facts.place),
                (say("notice_107.show_cause_by"), words.moment(facts.show_cause_by)),
            ),
            strong(words, "notice_107.days", days=facts.notice_days, service_days=facts.service_days),
            text(words, "notice_107.silent"),
            text(
                words,
                "notice_107.approved",
                officer=name_and_rank(words, facts.approved_by),
                approved_at=words.moment(facts.approved_at),
            ),
        ],
    )
