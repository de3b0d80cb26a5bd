"""Parts that several kinds of documents share."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from documents.rendering import NARROW, WIDE, Block, Column, Document, Imprint, Pairs, Paragraph, Table, table
from documents.wording import Wording
from schemas.recovery.document_facts import AccountFacts, CourtOrderFacts, DocumentFacts, OfficerFacts


@dataclass(frozen=True, slots=True)
class Body:
    """The parts of a document that are its own."""

    title: str
    to: Sequence[str]
    subject: str
    blocks: Iterable[Block | None]
    ours: bool = True
    """under our letterhead and signed by the officer"""


def lay_out(facts: DocumentFacts, words: Wording, imprint: Imprint, body: Body) -> Document:
    """Return the complete document around its body."""
    say = words.say
    return Document(
        language=words.language.value,
        number=imprint.number,
        head=_letterhead(facts.officer, words) if body.ours else None,
        title=body.title,
        law=say("common.under", sections=words.sections(facts.sections)) if facts.sections else "",
        references=tuple(_references(facts, words, imprint)),
        to_label=say("common.to"),
        to=tuple(line for line in body.to if line),
        subject_label=say("common.subject"),
        subject=body.subject,
        blocks=tuple(block for block in body.blocks if block is not None),
        signed=tuple(_signature(facts.officer, words)) if body.ours else (),
        footer=tuple(_footer(facts, words, imprint)),
        page_words=(say("common.page"), say("common.of")),
    )


def text(words: Wording, key: str, **values: object) -> Paragraph:
    """Return a paragraph with a text of the table."""
    return Paragraph(text=words.say(key, **values))


def strong(words: Wording, key: str, **values: object) -> Paragraph:
    """Return a paragraph in strong type."""
    return Paragraph(text=words.say(key, **values), strong=True)


def pairs(*rows: tuple[str, str]) -> Pairs | None:
    """Return names and values, without empty ones; None if none is left."""
    kept = tuple(row for row in rows if row[1])
    return Pairs(rows=kept) if kept else None


def account_table(words: Wording, accounts: Sequence[AccountFacts], *, received: bool = True) -> Table:
    """Return a table of accounts with amounts and total; `received` adds the time of receipt for the bank's search."""
    say = words.say
    total = sum(account.amount_paise for account in accounts)
    amounts = [words.rupees(account.amount_paise) if account.amount_paise else "" for account in accounts]
    return table(
        [
            Column(say("common.serial"), [str(number) for number in range(1, len(accounts) + 1)]),
            Column(say("common.bank"), [account.institution_name for account in accounts], NARROW),
            Column(say("common.account"), [account_and_ifsc(words, row.account, row.ifsc) for row in accounts], WIDE),
            Column(say("common.reference"), [", ".join(account.references) for account in accounts], WIDE),
            Column(say("common.since"), [words.short(row.since) if received else "" for row in accounts], NARROW),
            Column(say("common.held_since"), [words.short(account.held_at) for account in accounts], NARROW),
            Column(say("common.amount"), amounts, figures=True),
        ],
        (say("common.total"), words.rupees(total)) if total else None,
    )


def account_and_ifsc(words: Wording, account: str, ifsc: str) -> str:
    """Return an account, with its IFSC if known."""
    return f"{account}, {words.say('common.beneficiary_ifsc', ifsc=ifsc)}" if ifsc else account


def total_of(words: Wording, accounts: Sequence[AccountFacts]) -> str:
    """Return the total of the accounts."""
    return words.rupees(sum(account.amount_paise for account in accounts))


def fir_copy(facts: DocumentFacts, words: Wording) -> Paragraph | None:
    """Return the sentence about the attached copy of the FIR, or None without a copy."""
    return text(words, "common.fir_copy", digest=facts.fir.copy_digest) if facts.fir.copy_digest else None


def fir_line(facts: DocumentFacts, words: Wording) -> str:
    """Return the FIR in one line, or the text for a missing FIR."""
    fir, say = facts.fir, words.say
    if not fir.number:
        return say("common.fir_none")
    if fir.registered_on:
        form, day = "common.fir_line", words.day(fir.registered_on)
    else:
        form, day = "common.fir_undated", ""
    line = say(form, number=fir.number, date=day, station=words.station(fir.police_station))
    return say("common.fir_sections", line=line, sections=words.sections(fir.sections)) if fir.sections else line


def officer_line(words: Wording, officer: OfficerFacts) -> str:
    """Return an officer in one line."""
    return words.say(
        "common.officer_line",
        name=officer.name,
        rank=words.rank(officer.rank),
        station=words.station(officer.police_station),
        phone=officer.phone,
    )


def name_and_rank(words: Wording, officer: OfficerFacts) -> str:
    """Return an officer's name and rank; "" if unknown."""
    if not officer.name:
        return ""
    return words.say("common.name_and_rank", name=officer.name, rank=words.rank(officer.rank))


def court_order_line(words: Wording, order: CourtOrderFacts) -> str:
    """Return a court order in one line; "" without one."""
    if not order.court:
        return ""
    return words.say(
        "restoration_order.court_order_line",
        court=order.court,
        order_no=order.order_no,
        made_on=words.day(order.made_on),
    )


def _letterhead(officer: OfficerFacts, words: Wording) -> tuple[str, str]:
    station = words.station(officer.police_station)
    if officer.district:
        station = words.say("common.unit", station=station, district=words.district(officer.district))
    return words.say("common.force"), station


def _references(facts: DocumentFacts, words: Wording, imprint: Imprint) -> Iterable[tuple[str, str]]:
    yield words.say("common.number"), imprint.number
    yield words.say("common.date"), words.moment(imprint.issued_at)
    yield words.say("common.case"), facts.case_no
    yield words.say("common.fir"), fir_line(facts, words)


def _footer(facts: DocumentFacts, words: Wording, imprint: Imprint) -> Iterable[str]:
    yield f"{imprint.number} · {words.say('common.genuine', case_no=facts.case_no)}"
    if facts.log_hash:
        yield words.say("common.log", seq=facts.log_seq, hash=facts.log_hash)


def _signature(officer: OfficerFacts, words: Wording) -> Iterable[str]:
    yield officer.name
    yield words.rank(officer.rank)
    yield words.station(officer.police_station)
    yield f"{words.say('common.phone')}: {officer.phone}"
    if officer.email:
        yield f"{words.say('common.email')}: {officer.email}"
