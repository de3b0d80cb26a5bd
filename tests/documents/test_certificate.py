"""The certificate beside an evidence pack: all that is known stands in it, the rest is an empty line."""

from dataclasses import replace
from datetime import timedelta

from documents.certificate import Certified, compose_certificate
from documents.rendering import Blanks, Choices, Document, Heading, Items, Lines, Paragraph, compiled
from schemas.enums import Language
from tests.documents.samples import CASE_NO, DIGEST, NOW
from tests.each import each

RECORD = Certified(
    case_no=CASE_NO,
    ack_nos=(CASE_NO, "32411265000002"),
    file="case.zip",
    edition="court",
    sha256=DIGEST,
    manifest_file="MANIFEST.sha256",
    manifest_sha256="9" * 64,
    files=71,
    events=212,
    size_bytes=1_234_567,
    first_at=NOW - timedelta(days=3),
    last_at=NOW,
    made_at=NOW,
    made_with="goldenhour 0.4.0",
)


def parts(document: Document) -> list[list[str]]:
    """The kinds of blocks, page by page."""
    pages: list[list[str]] = [[]]
    for block in document.blocks:
        if isinstance(block, Heading) and block.new_page:
            pages.append([])
        pages[-1].append(block.block)
    return pages


@each("language", Language)
def test_what_is_known_is_named_and_what_is_not_is_left_empty(language: Language) -> None:
    document = compose_certificate(RECORD, language)
    text = document.model_dump_json()
    for known in (CASE_NO, "32411265000002", "case.zip", "1234567", "212", "goldenhour 0.4.0", "SHA256", "63(4)(c)"):
        assert known in text
    assert "21-11-2026 15:00" in text, "the time of India"
    assert (text.count(DIGEST), text.count("9" * 64)) == (4, 1)
    labels = [label for block in document.blocks if isinstance(block, Lines | Blanks) for label in block.labels]
    assert len(labels) == 2 * (4 + 5 + 1 + 3 + 2)
    assert all(labels)
    assert [len(block.options) for block in document.blocks if isinstance(block, Choices)] == [8, 4, 8]


@each("language", Language)
def test_each_signs_a_page_of_their_own_and_the_first_says_that_it_is_a_draft(language: Language) -> None:
    document = compose_certificate(RECORD, language)
    cover, party, expert = parts(document)
    assert "blanks" not in cover
    assert party[-2:] == expert[-2:] == ["blanks", "blanks"]
    first = document.blocks[0]
    assert isinstance(first, Paragraph)
    assert first.strong
    (to_do,) = [block for block in document.blocks if isinstance(block, Items)]
    assert len(to_do.items) == 4
    assert b"/Count 3" in compiled(document, NOW), "as many pages as there are parts"


def test_the_draft_is_named_at_the_foot_of_every_page() -> None:
    assert compose_certificate(RECORD, Language.EN).footer[0] == "Draft for signature: certificate for case.zip"
    assert compose_certificate(RECORD, Language.HI).footer[0].startswith("हस्ताक्षर हेतु प्रारूप")


@each("language", Language)
def test_the_copy_for_the_accused_says_so(language: Language) -> None:
    court, accused = (
        compose_certificate(replace(RECORD, edition=edition), language).model_dump_json()
        for edition in ("court", "accused")
    )
    assert court != accused


def test_a_name_of_any_length_can_be_set() -> None:
    assert compiled(compose_certificate(replace(RECORD, file="x" * 250 + ".zip"), Language.HI), NOW)
