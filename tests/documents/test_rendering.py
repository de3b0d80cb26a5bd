"""Documents in type: every kind in both languages, the same bytes each time, and hostile text as nothing but text."""

import asyncio
import hashlib
import re
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import product
from typing import Any

import pytest
import typst
from hypothesis import given, settings
from hypothesis import strategies as st

from documents import rendering
from documents.composing import compose
from documents.rendering import Document, Imprint, Paragraph, RenderingFailed, as_input, fonts, render, template_version
from documents.wording import Wording, plain, words_of
from domain.errors import LimitExceeded
from domain.recovery.documents import requirements, values_at
from schemas.enums import Language
from schemas.recovery.document_facts import PDF_MAX_BYTES, AccountFacts, OfficerFacts
from schemas.restoration_enums import DocumentKind, OrderReason
from tests.deep import examples
from tests.documents.samples import ACCOUNTS, DIGEST, EMERGENCY, NOW, OFFICER, WHOLE
from tests.each import each
from tests.pdf_text import text_by_page

IMPRINT = Imprint(number="GH/UP/LN/2026/000123", issued_at=NOW)
BOTH = list(product(DocumentKind, Language))
HOSTILE = [
    '#panic("x") #import "@preview/x:1.0.0" #sys.inputs',
    "$x$ *bold* _it_ `raw` <label> @ref = heading",
    r"\u{41} \ \\ \n // comment /* comment */",
    '"]) #[ ]( {{ }} ] }',
    "{officer} {0.__class__} %s {{x}}",
    "नमस्ते <script>alert(1)</script> &amp;",
]


def text_of(document: Document) -> str:
    """What can be read on the document, taken from the typesetter's own output, not from what it was given."""
    page = typst.compile(
        rendering.TEMPLATE,
        root=rendering.TEMPLATE.parent,
        format="html",
        font_paths=fonts(),
        sys_inputs={"letter": as_input(document)},
    )
    return unescape(re.sub(r"<[^>]*>", "", page.decode()))


def squeezed(text: str) -> str:
    return re.sub(r"[\s\u200b]+", "", text)


def lien(**changes: Any) -> Document:
    return compose(EMERGENCY.model_copy(update=changes), Language.EN, IMPRINT)


@each(("kind", "language"), BOTH)
async def test_every_kind_in_both_languages_is_an_archivable_pdf(kind: DocumentKind, language: Language) -> None:
    # PDF/A-2a and PDF/UA: the typesetter refuses a character without a glyph, and text that cannot be read out again.
    pdf = await render(compose(WHOLE[kind], language, IMPRINT), NOW)
    assert pdf.startswith(b"%PDF-")
    assert b"pdfaid" in pdf
    assert len(pdf) < 200_000


DUE = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
HANDED_IN = datetime(2026, 11, 25, 5, 0, tzinfo=UTC)


@each(
    ("changes", "english", "hindi"),
    [
        (
            {"magistrate_told_at": HANDED_IN, "magistrate_diary_no": "DD 12/2026"},
            "was handed in on 25 November 2026, 10:30 IST, diary number DD 12/2026.",
            "25 नवंबर 2026, 10:30 बजे (भारतीय समय) को दी जा चुकी है, डायरी संख्या DD 12/2026।",
        ),
        ({}, "is due by 25 November 2026, 15:00 IST.", "25 नवंबर 2026, 15:00 बजे (भारतीय समय) तक दी जानी है।"),
        (
            {"magistrate_report_late": True},
            "was due by 25 November 2026, 15:00 IST and is overdue: it is not handed in as this notice is issued.",
            "25 नवंबर 2026, 15:00 बजे (भारतीय समय) तक दी जानी थी और विलंबित है: यह सूचना जारी होते समय तक नहीं दी गई है।",
        ),
    ],
)
def test_a_lien_notice_says_of_the_report_to_the_magistrate_what_is_so(
    changes: dict[str, Any], english: str, hindi: str
) -> None:
    facts = EMERGENCY.model_copy(update={"magistrate_report_by": DUE, **changes})
    for language, said, name in ((Language.EN, english, "Magistrate"), (Language.HI, hindi, "मजिस्ट्रेट")):
        paragraphs = [one.text for one in compose(facts, language, IMPRINT).blocks if isinstance(one, Paragraph)]
        (sentence,) = [text for text in paragraphs if name in text]
        assert sentence.endswith(said)


@each(("kind", "language"), BOTH)
def test_what_the_law_asks_for_can_be_read_on_it(kind: DocumentKind, language: Language) -> None:
    words = words_of(language)
    for facts in [WHOLE[kind], *([EMERGENCY] if kind is DocumentKind.LIEN_NOTICE else [])]:
        text = squeezed(text_of(compose(facts, language, IMPRINT)))
        assert squeezed(IMPRINT.number) in text
        for rule in requirements(kind):
            if rule.when(facts) and rule.field not in SHOWN_OTHERWISE:
                for place, value in values_at(facts, rule.field):
                    said = [squeezed(one) for one in as_said(place, value, words)]
                    assert all(said)
                    assert any(one in text for one in said), f"{place} of {kind.value}"


SHOWN_OTHERWISE = {
    "bond": "by a sentence",
    "route": "by text of its own",
    "reason": "by text of its own",
    "prepared_by": "by the name of the officer",
    "approved_by": "by the name of the officer",
    "ordered_by": "by the name of the officer",
    "report_by": "only in a report that is late",
}
"""required fields that no single value on the page shows, and how they are shown"""


def as_said(place: str, value: Any, words: Wording) -> list[str]:
    """The ways in which a required value may stand on a document; of a list, its last item."""
    named: dict[str, Callable[[Any], str]] = {
        "rank": words.rank,
        "police_station": words.station,
        "sections": words.sections,
        "documents": lambda documents: str(documents[-1]),
        "levels": lambda levels: words.say(f"holder_notice.level_{levels[-1].level.value}"),
        "buckets": lambda buckets: words.rupees(buckets[-1].amount_paise),
    }
    name = place.rpartition(".")[2]
    if name in named:
        return [named[name](value)]
    if isinstance(value, datetime):
        return [words.moment(value), words.short(value)]
    if isinstance(value, date):
        return [words.day(value)]
    return [words.rupees(value) if isinstance(value, int) else value]


def test_amounts_stand_on_the_lien_one_an_account_with_their_sum() -> None:
    text = text_of(lien())
    assert all(amount in text for amount in ("₹1,25,000.50", "₹9,800.00", "₹1,34,800.50"))
    assert "27 November 2026, 15:00 IST" in text


def test_a_report_that_is_late_says_so_and_promises_nothing_that_is_past() -> None:
    report = WHOLE[DocumentKind.MAGISTRATE_REPORT]
    on_time = text_of(compose(report, Language.EN, IMPRINT))
    late = text_of(compose(report.model_copy(update={"late": True, "follow_up_late": True}), Language.EN, IMPRINT))
    assert "Report within twenty-four hours" in on_time
    assert "Report after the twenty-four hours, which ended on 25 November 2026, 15:00 IST" in late
    assert "was to follow by 27 November 2026, 15:00 IST and is not registered yet" in late
    assert "follow by 27 November 2026, 15:00 IST." in on_time
    for text in (on_time, late):
        assert "are not frozen" not in text, "no statement tells us what a bank has frozen"


@each(("language", "words"), [(Language.EN, "by operation of law"), (Language.HI, "विधि के प्रभाव से")])
def test_what_no_officer_has_ordered_is_by_law_and_no_login_stands_on_an_order(language: Language, words: str) -> None:
    order = WHOLE[DocumentKind.RELEASE_ORDER]
    lapsed = {"ordered_by": "engine", "reason": OrderReason.LAPSED, "grievance_ref": "", "orderer": OfficerFacts()}
    assert words in text_of(compose(order.model_copy(update=lapsed), language, IMPRINT))
    for kind in (DocumentKind.RELEASE_ORDER, DocumentKind.RESTORATION_ORDER):
        text = text_of(compose(WHOLE[kind], language, IMPRINT))
        assert not any(login in text for login in ("officer:", "dysp.verma", "io.sharma", "dcp.singh"))


@each(("language", "one", "two"), [(Language.EN, "one account", "2 accounts"), (Language.HI, "एक खाते", "2 खातों")])
def test_one_account_and_several_are_told_as_people_say_it(language: Language, one: str, two: str) -> None:
    notice = WHOLE[DocumentKind.NOTICE_94]
    single = notice.model_copy(update={"accounts": ACCOUNTS[:1]})
    assert one in compose(single, language, IMPRINT).subject
    assert two in compose(notice, language, IMPRINT).subject


def test_who_signs_has_something_above_the_signature_on_the_page() -> None:
    """A long table leaves no page with the signature alone, whatever its length."""
    last = lien().blocks[-1]
    assert isinstance(last, Paragraph)
    for accounts in range(8, 14):
        pages = text_by_page(rendering.compiled(lien(accounts=ACCOUNTS[:1] * accounts), NOW))
        assert last.text.split(":")[0] in pages[-1]
        assert OFFICER.phone in pages[-1]


def test_every_page_names_the_last_event_before_the_document() -> None:
    document = lien(log_seq=57, log_hash=DIGEST)
    assert document.footer[1] == f"Case log before this document: event 57, SHA-256 {DIGEST}"
    assert len(lien().footer) == 1


async def test_the_same_facts_make_the_same_bytes_and_another_moment_makes_others() -> None:
    document = compose(WHOLE[DocumentKind.HOLDER_NOTICE], Language.HI, IMPRINT)
    first, again, later = [await render(document, NOW + timedelta(seconds=late)) for late in (0, 0.000_001, 1)]
    assert first == again
    assert first != later


def test_another_process_makes_the_same_bytes() -> None:
    program = (
        "import hashlib; from documents.composing import compose; from documents.rendering import Imprint;"
        "from documents.rendering import compiled, template_version; from schemas.enums import Language;"
        "from tests.documents.samples import *;"
        "facts = WHOLE[DocumentKind.RESTORATION_ORDER];"
        "imprint = Imprint(number='GH/UP/LN/2026/000123', issued_at=NOW);"
        "print(hashlib.sha256(compiled(compose(facts, Language.HI, imprint), NOW)).hexdigest(), template_version())"
    )
    ours = rendering.compiled(compose(WHOLE[DocumentKind.RESTORATION_ORDER], Language.HI, IMPRINT), NOW)
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    assert told == f"{hashlib.sha256(ours).hexdigest()} {template_version()}"


@each("text", HOSTILE)
async def test_hostile_text_comes_out_as_it_went_in(text: str) -> None:
    officer = OFFICER.model_copy(update={"name": text, "police_station": text})
    account = AccountFacts(account=text, amount_paise=1, references=(text,))
    document = lien(officer=officer, accounts=(account,), institution_name=text, case_no=text)
    assert squeezed(text_of(document)).count(squeezed(text)) >= 4
    assert await render(document, NOW)


@each(
    ("text", "shown"),
    [
        ("abc\u202edef\u2066x\u200fy", "abcdefxy"),
        ("a\tb\r\nc\u2028d\u00a0e", "a b  c d e"),
        ("ok \U0001f600", "ok <1F600>"),
        ("নাম", "<9A8><9BE><9AE>"),
        ("a\x1bb\x7f", "ab"),
        ("e\u0301", "é"),
        ("र्\u200dय क्\u200cष", "र्\u200dय क्\u200cष"),
    ],
)
async def test_every_character_is_seen_in_the_order_it_was_written(text: str, shown: str) -> None:
    assert plain(text) == shown
    assert await render(lien(institution_name=text), NOW)


@each("unbroken", ["W" * 10_000, "9" * 10_000, "क्षत्रिय" * 1_200, "word " * 2_000])
async def test_ten_thousand_characters_are_broken_over_lines_and_pages(unbroken: str) -> None:
    officer = OfficerFacts(**OFFICER.model_dump() | {"rank": unbroken})
    account = AccountFacts(account=unbroken, amount_paise=1)
    document = lien(institution_name=unbroken, officer=officer, accounts=(account,))
    assert await render(document, NOW)
    assert squeezed(unbroken.strip()) in squeezed(text_of(document))


def test_a_break_never_parts_a_letter_from_its_marks() -> None:
    text = "क्षत्रिय" * 40
    assert plain(text).replace("\u200b", "") == text
    for piece in plain(text).split("\u200b")[1:]:
        assert piece[0] in "कषतरय"
    assert not re.search("\u094d\u200b", plain(text))


async def test_two_thousand_accounts_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    # The test is about the size. A busy machine needs many times what a quiet one does.
    monkeypatch.setattr(rendering, "TIMEOUT_SECONDS", 600.0)
    accounts = tuple(ACCOUNTS[0].model_copy(update={"account": f"{10**12 + number}"}) for number in range(2_000))
    pdf = await render(lien(accounts=accounts), NOW)
    assert len(pdf) < PDF_MAX_BYTES


async def test_a_document_without_measure_is_refused_by_name() -> None:
    blocks = tuple(Paragraph(text="x" * 20_000) for _ in range(101))
    with pytest.raises(LimitExceeded, match="characters"):
        await render(lien().model_copy(update={"blocks": blocks}), NOW)


async def test_the_loop_runs_on_while_documents_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(document: Document, issued_at: object) -> bytes:
        # The loop must run for this thread to go on.
        asyncio.run_coroutine_threadsafe(held.wait(), loop).result(60)
        return b"%PDF-"

    monkeypatch.setattr(rendering, "compiled", slow)
    setting = [asyncio.ensure_future(render(lien(), NOW)) for _ in range(5)]
    await asyncio.sleep(0)
    held.set()
    assert await asyncio.gather(*setting) == [b"%PDF-"] * 5


async def test_who_waits_too_long_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    held = asyncio.Event()
    loop = asyncio.get_running_loop()
    monkeypatch.setattr(rendering, "TIMEOUT_SECONDS", 0.05)
    monkeypatch.setattr(
        rendering, "compiled", lambda *_: asyncio.run_coroutine_threadsafe(held.wait(), loop).result(60)
    )
    with pytest.raises(RenderingFailed, match="longer"):
        await render(lien(), NOW)
    held.set()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_whatever_is_written_is_shown_by_characters_that_the_font_draws(text: str) -> None:
    shown = plain(text)
    assert all(unicodedata.category(character) not in {"Cc", "Cs", "Co", "Cn"} for character in shown)
    assert not set(shown) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c")
    assert plain(shown) == shown


@settings(max_examples=examples(20))
@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=300))
def test_no_text_makes_a_document_that_cannot_be_set(text: str) -> None:
    officer = OFFICER.model_copy(update={"name": text, "rank": text})
    account = AccountFacts(account=text, amount_paise=1, references=(text,))
    assert rendering.compiled(lien(officer=officer, accounts=(account,), institution_name=text), NOW)
