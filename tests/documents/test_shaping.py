"""Devanagari is shaped: letters join, marks go where they are written, and the PDF holds the joined glyphs."""

import re
import zlib
from collections import Counter
from functools import cache

import orjson
import typst

from documents.composing import compose
from documents.rendering import Imprint, compiled, fonts
from schemas.enums import Language
from tests.documents.samples import EMERGENCY, NOW
from tests.each import each

JOINED = ["क्ष", "त्र", "ज्ञ", "द्ध", "ह्न", "प्र"]
NOWHERE_ELSE = ["त्र", "ज्ञ", "द्ध", "ह्न"]
"""on the document that is set here: a glyph tells in a PDF only the first letters that it stood for"""
_LINE = '#set text(font: "Noto Sans", lang: "hi", region: "in", fallback: false)\n#json(bytes(sys.inputs.text))'


@cache
def drawn(text: str) -> list[str]:
    """The glyphs of a text in the order in which they stand on the line, each by its outline."""
    told = {"text": orjson.dumps(text).decode()}
    page = typst.compile(_LINE.encode(), format="svg", font_paths=fonts(), sys_inputs=told)
    assert isinstance(page, bytes)
    return re.findall(r'<use xlink:href="#(g[0-9A-F]+)"', page.decode())


def unshaped(text: str) -> list[str]:
    """The glyphs of the letters alone, one after the other: what it would be if nothing were shaped."""
    return [glyph for letter in text for glyph in drawn(letter)]


@each("conjunct", JOINED)
def test_letters_that_join_are_one_glyph_that_is_none_of_theirs(conjunct: str) -> None:
    (glyph,) = drawn(conjunct)
    assert glyph not in unshaped(conjunct)


def test_a_short_i_stands_before_its_consonant() -> None:
    first, last = drawn("कि")
    assert (last, first == last) == (drawn("क")[0], False)
    assert drawn("क्षि")[-1] == drawn("क्ष")[0]


def test_a_reph_stands_after_and_above_the_letter_that_follows_it() -> None:
    first, reph = drawn("र्क")
    assert first == drawn("क")[0]
    assert reph not in unshaped("र्क")


def test_shri_is_a_joined_letter_and_its_vowel() -> None:
    joined, vowel = drawn("श्री")
    assert joined not in unshaped("श्री")
    assert vowel in drawn("ी")


def test_the_pdf_holds_one_glyph_for_each_conjunct() -> None:
    facts = EMERGENCY.model_copy(update={"institution_name": " ".join(NOWHERE_ELSE)})
    pdf = compiled(compose(facts, Language.HI, Imprint(number="GH/UP/LN/2026/000001", issued_at=NOW)), NOW)
    spelt = _letters_of_glyphs(pdf)
    # The regular face holds the bank's name; unshaped, each would be three glyphs.
    assert all(any(face[conjunct] == 1 for face in spelt) for conjunct in NOWHERE_ELSE)


def _letters_of_glyphs(pdf: bytes) -> list[Counter[str]]:
    """For each font in a PDF, by how many glyphs it draws which letters (its ToUnicode maps)."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            text = zlib.decompress(stream)
        except zlib.error:
            continue
        if b"beginbfchar" in text:
            pairs = re.findall(rb"<[0-9a-fA-F]+>\s*<([0-9a-fA-F]+)>", text)
            found.append(Counter(bytes.fromhex(letters.decode()).decode("utf-16-be") for letters in pairs))
    return found
