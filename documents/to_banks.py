"""Documents to a bank, each to one bank."""

from documents.pieces import (
    Body,
    account_and_ifsc,
    account_table,
    court_order_line,
    fir_copy,
    name_and_rank,
    pairs,
    strong,
    text,
    total_of,
)
from documents.rendering import NARROW, WIDE, Column, Heading, Items, Paragraph, Table, table
from documents.wording import Wording
from domain.recovery.documents import is_by_law
from schemas.recovery.document_facts import (
    FollowUp,
    LienNotice,
    Notice94,
    Notice106,
    OrderLineFacts,
    ReleaseOrder,
    RestorationOrder,
)


def lien_notice(facts: LienNotice, words: Wording) -> Body:
    """Return the notice to mark a lien of exactly these amounts."""
    emergency = facts.emergency
    return Body(
        title=words.say("lien_notice.emergency_title" if emergency else "lien_notice.title"),
        to=_nodal_officer(words, facts.institution_name),
        subject=words.say("lien_notice.subject", total=total_of(words, facts.accounts), case_no=facts.case_no),
        blocks=[
            text(words, "lien_notice.found", case_no=facts.case_no),
            strong(words, "lien_notice.ask"),
            account_table(words, facts.accounts),
            strong(words, "lien_notice.emergency", follow_up_by=words.moment(facts.follow_up_by))
            if emergency
            else None,
            fir_copy(facts, words),
            _magistrate(facts, words),
            text(words, "lien_notice.answer"),
        ],
    )


def _magistrate(facts: LienNotice, words: Wording) -> Paragraph:
    if facts.magistrate_told_at:
        told_at, diary_no = words.moment(facts.magistrate_told_at), facts.magistrate_diary_no
        return text(words, "lien_notice.magistrate_told", told_at=told_at, diary_no=diary_no)
    late = "lien_notice.magistrate_late" if facts.magistrate_report_late else "lien_notice.magistrate"
    return text(words, late, report_by=words.moment(facts.magistrate_report_by))


def follow_up(facts: FollowUp, words: Wording) -> Body:
    """Return the follow-up with the FIR, the case number and the seized amounts."""
    earlier = facts.earlier_number
    return Body(
        title=words.say("follow_up.title"),
        to=_nodal_officer(words, facts.institution_name),
        subject=words.say("follow_up.subject", total=total_of(words, facts.accounts)),
        blocks=[
            text(words, "follow_up.follows", earlier=earlier)
            if earlier
            else text(words, "follow_up.follows_unnumbered", case_no=facts.case_no),
            account_table(words, facts.accounts),
            strong(words, "follow_up.ask"),
            fir_copy(facts, words),
        ],
    )


def notice_94(facts: Notice94, words: Wording) -> Body:
    """Return the notice to produce documents."""
    count = len(facts.accounts)
    period = facts.period_from and facts.period_to
    return Body(
        title=words.say("notice_94.title"),
        to=_nodal_officer(words, facts.institution_name),
        subject=words.say("notice_94.subject", count=count, case_no=facts.case_no)
        if count > 1
        else words.say("notice_94.subject_one", case_no=facts.case_no),
        blocks=[
            text(words, "notice_94.ask", by=words.moment(facts.produce_by), place=facts.place),
            Heading(text=words.say("notice_94.documents")),
            Items(items=facts.documents),
            text(
                words,
                "notice_94.period",
                period_from=words.day(facts.period_from),
                period_to=words.day(facts.period_to),
            )
            if period
            else None,
            account_table(words, facts.accounts),
            text(words, "notice_94.electronic"),
            fir_copy(facts, words),
        ],
    )


def notice_106(facts: Notice106, words: Wording) -> Body:
    """Return the notice of seizure."""
    return Body(
        title=words.say("notice_106.title"),
        to=_nodal_officer(words, facts.institution_name),
        subject=words.say("notice_106.subject", total=total_of(words, facts.accounts), case_no=facts.case_no),
        blocks=[
            strong(words, "notice_106.ask"),
            account_table(words, facts.accounts),
            text(words, "notice_106.grounds", grounds=facts.grounds),
            text(words, "notice_106.report", magistrate=facts.magistrate),
            fir_copy(facts, words),
        ],
    )


def restoration_order(facts: RestorationOrder, words: Wording) -> Body:
    """Return the order to credit these amounts to these accounts."""
    say = words.say
    return Body(
        title=say("restoration_order.title"),
        to=_nodal_officer(words, facts.institution_name),
        subject=say("restoration_order.subject", total=_ordered(words, facts.lines), order_ref=facts.order_ref),
        blocks=[
            strong(words, "restoration_order.ask", credit_by=words.moment(facts.credit_by)),
            _line_table(words, facts.lines),
            pairs(
                (say("restoration_order.route"), say(f"routes.{facts.route.value}") if facts.route else ""),
                (say("restoration_order.court_order"), court_order_line(words, facts.court_order)),
                (say("restoration_order.prepared"), name_and_rank(words, facts.preparer)),
                (say("restoration_order.approved"), name_and_rank(words, facts.approver)),
                (
                    say("restoration_order.bond"),
                    say("restoration_order.bond_yes" if facts.bond else "restoration_order.bond_no"),
                ),
            ),
            text(words, "restoration_order.no_more"),
        ],
    )


def release_order(facts: ReleaseOrder, words: Wording) -> Body:
    """Return the order to lift the hold on these amounts."""
    say = words.say
    return Body(
        title=say("release_order.title"),
        to=_nodal_officer(words, facts.institution_name),
        subject=say("release_order.subject", total=_ordered(words, facts.lines), order_ref=facts.order_ref),
        blocks=[
            strong(words, "release_order.ask", release_by=words.moment(facts.release_by)),
            _line_table(words, facts.lines),
            pairs(
                (say("release_order.reason"), say(f"reasons.{facts.reason.value}") if facts.reason else ""),
                (say("restoration_order.court_order"), court_order_line(words, facts.court_order)),
                (say("release_order.grievance"), facts.grievance_ref),
                (say("release_order.ordered"), _orderer(facts, words)),
            ),
            text(words, "release_order.no_more"),
        ],
    )


def _orderer(facts: ReleaseOrder, words: Wording) -> str:
    if not is_by_law(facts.ordered_by):
        return name_and_rank(words, facts.orderer)
    return words.say("release_order.by_law", reason=words.say(f"reasons.{facts.reason.value}") if facts.reason else "")


def _nodal_officer(words: Wording, institution_name: str) -> tuple[str, str]:
    return words.say("common.nodal_officer"), institution_name


def _ordered(words: Wording, lines: tuple[OrderLineFacts, ...]) -> str:
    return words.rupees(sum(line.amount_paise for line in lines))


def _line_table(words: Wording, lines: tuple[OrderLineFacts, ...]) -> Table:
    say = words.say
    return table(
        [
            Column(say("common.serial"), [str(number) for number in range(1, len(lines) + 1)]),
            Column(say("common.account"), [line.account for line in lines], NARROW),
            Column(say("restoration_order.to_account"), [_beneficiary(words, line) for line in lines], WIDE),
            Column(say("restoration_order.ack_no"), [line.ack_no for line in lines]),
            Column(say("common.amount"), [words.rupees(line.amount_paise) for line in lines], figures=True),
        ],
        (say("common.total"), _ordered(words, lines)),
    )


def _beneficiary(words: Wording, line: OrderLineFacts) -> str:
    to = line.beneficiary
    if not to.account:
        return ""
    return f"{account_and_ifsc(words, to.account, to.ifsc)}, {to.institution_name}"
