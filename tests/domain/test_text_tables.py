"""Tables of texts: every language has the same names and values, and a mistake stops the start."""

from pathlib import Path

import pytest

from domain.text_tables import TextsWrong, tables_of
from schemas.enums import Language


def write(folder: Path, language: Language, text: str) -> None:
    (folder / language.value).mkdir(exist_ok=True)
    (folder / language.value / "calls.toml").write_text(text, encoding="utf-8")


def test_a_text_of_a_section_has_its_name_in_front(tmp_path: Path) -> None:
    for language in Language:
        write(tmp_path, language, '"a.b" = "one {x}"\n[field]\n"c[].d" = "two"\n')
    assert tables_of("calls", tmp_path)[Language.HI] == {"a.b": "one {x}", "field.c[].d": "two"}


def test_tables_that_differ_are_refused_and_each_mistake_named(tmp_path: Path) -> None:
    write(tmp_path, Language.EN, 'begin = "case {ack_no}"\nend = "end"\n')
    write(tmp_path, Language.HI, 'begin = "case {case}"\n[more]\nsafe = "safe"\n')
    with pytest.raises(TextsWrong) as caught:
        tables_of("calls", tmp_path)
    assert str(caught.value).splitlines() == [
        "calls in en: begin: its values are not those of the other language",
        "calls in en: more.safe: there is no text",
        "calls in hi: begin: its values are not those of the other language",
        "calls in hi: end: there is no text",
    ]
