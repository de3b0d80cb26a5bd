"""Documents to a court, and documents in its name."""

from documents.document import Paragraph
from documents.pieces import (
    Body,
    account_table,
    court_order_line,
    fir_copy,
    name_and_rank,
    pairs,
    strong,
    text,
    total_of,
)
from documents.wording import Wording
from schemas.recovery.document_facts import MagistrateReport, Notice107


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
