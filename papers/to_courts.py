"""Papers to a court, and in its name."""

from papers.pieces import Body, account_table, fir_copy, pairs, strong, text, total_of
from papers.words import Words
from schemas.papers import MagistrateReport, Notice107


def magistrate_report(facts: MagistrateReport, words: Words) -> Body:
    """This is on hold."""
    follows = not facts.fir.number
    return Body(
        title=words.say("magistrate_report.title"),
        to=(facts.magistrate,),
        subject=words.say("magistrate_report.subject", total=total_of(words, facts.accounts), case_no=facts.case_no),
        blocks=[
            text(words, "magistrate_report.report"),
            account_table(words, facts.accounts, since="common.held_since"),
            strong(words, "magistrate_report.follow", follow_up_by=words.moment(facts.follow_up_by))
            if follows
            else None,
            fir_copy(facts, words),
            text(words, "magistrate_report.law"),
        ],
    )


def notice_107(facts: Notice107, words: Words) -> Body:
    """Show cause why this money should not be attached."""
    say = words.say
    return Body(
        title=say("notice_107.title"),
        to=(say("notice_107.to"),),
        subject=say("notice_107.subject", total=total_of(words, facts.accounts)),
        blocks=[
            text(words, "notice_107.ask"),
            account_table(words, facts.accounts, since="common.held_since"),
            text(words, "notice_107.grounds", grounds=facts.grounds),
            pairs(
                (say("notice_107.court"), facts.court),
                (say("notice_107.place"), facts.place),
                (say("notice_107.show_cause_by"), words.moment(facts.show_cause_by)),
            ),
            strong(words, "notice_107.days", days=facts.notice_days),
            text(words, "notice_107.silent"),
            text(words, "notice_107.approved", name=facts.approved_by.name, rank=facts.approved_by.rank),
        ],
    )
