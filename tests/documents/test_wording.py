"""The texts of documents: both languages say the same things."""

import re
import string
import tomllib
from datetime import UTC, date, datetime

from documents.wording import WORDS, words_of
from schemas.enums import Bucket, Language
from schemas.restoration_enums import GrievanceLevel, OrderReason, Route, Step
from tests.each import each

ENGLISH, HINDI = words_of(Language.EN), words_of(Language.HI)
KEYS = [f"{section}.{name}" for section, words in ENGLISH.table.items() for name in words]


def places(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def said(language: Language, key: str) -> str:
    section, _, name = key.partition(".")
    return words_of(language).table[section][name]


def test_both_languages_have_the_same_keys() -> None:
    assert {(section, name) for section, words in HINDI.table.items() for name in words} == {
        (section, name) for section, words in ENGLISH.table.items() for name in words
    }


@each("key", KEYS)
def test_the_same_places_are_filled_and_hindi_is_in_devanagari(key: str) -> None:
    english, hindi = said(Language.EN, key), said(Language.HI, key)
    assert english
    assert places(hindi) == places(english)
    words = re.sub(r"\{\w+\}", "", hindi)
    assert re.search(r"[\u0900-\u097f]", words) or not re.search(r"[a-z]{3}", words)
    assert not re.search(r"[\u0900-\u097f]", english)


@each("language", Language)
def test_every_enumeration_that_documents_name_has_its_texts(language: Language) -> None:
    table = words_of(language).table
    assert set(table["routes"]) == {route.value for route in Route}
    assert set(table["reasons"]) == {reason.value for reason in OrderReason}
    assert {f"step_{step.value}" for step in Step} <= set(table["status_letter"])
    assert {f"bucket_{bucket.value}" for bucket in Bucket} <= set(table["status_letter"])
    assert {f"level_{level.value}" for level in GrievanceLevel} <= set(table["holder_notice"])
    assert {f"to_{route.value}" for route in Route} <= set(table["restoration_application"])


def test_dates_are_of_india_and_amounts_are_grouped_as_there() -> None:
    late = datetime(2026, 12, 31, 20, 15, tzinfo=UTC)
    assert ENGLISH.moment(late) == "1 January 2027, 01:45 IST"
    assert HINDI.moment(late) == "1 जनवरी 2027, 01:45 बजे (भारतीय समय)"
    assert ENGLISH.short(late) == "01-01-2027 01:45"
    assert HINDI.day(date(2026, 11, 24)) == "24 नवंबर 2026"
    assert ENGLISH.moment(None) == ENGLISH.day(None) == ENGLISH.short(None) == ""
    assert HINDI.rupees(1_25_00_000_05) == "₹1,25,00,000.05"


def test_sections_are_written_out_those_of_one_act_together_and_unknown_acts_stand_as_they_are() -> None:
    assert ENGLISH.sections(["BNSS 106(3)", "IT Act 66C", "IT Act 66D", "NDPS 8"]) == (
        "section 106(3) of the Bharatiya Nagarik Suraksha Sanhita, 2023"
        " and sections 66C and 66D of the Information Technology Act, 2000 and NDPS 8"
    )
    assert HINDI.sections(["BNS 318(4)", "BNS 319(2)"]) == "भारतीय न्याय संहिता, 2023 की धाराएँ 318(4) तथा 319(2)"


@each(
    ("written", "english", "hindi"),
    [
        ("LUCKNOW", "Lucknow", "लखनऊ"),
        ("SANT KABEER NAGAR", "Sant Kabir Nagar", "संत कबीर नगर"),
        ("KHERI", "Kheri", "खीरी"),
        ("Kushi Nagar", "Kushinagar", "कुशीनगर"),
        ("allahabad", "Prayagraj", "प्रयागराज"),
        ("गाज़ियाबाद", "Ghaziabad", "गाजियाबाद"),
        ("Elsewhere", "Elsewhere", "Elsewhere"),
    ],
)
def test_a_district_is_written_as_each_language_does(written: str, english: str, hindi: str) -> None:
    assert (ENGLISH.district(written), HINDI.district(written)) == (english, hindi)


def test_no_spelling_is_of_two_names() -> None:
    names = tomllib.loads((WORDS / "names.toml").read_text())
    for table in names.values():
        known: dict[str, str] = {}
        for row in table["names"]:
            assert len(row) >= 2
            for spelling in row:
                assert known.setdefault(spelling.casefold().replace(" ", ""), row[0]) == row[0]


def test_ranks_are_written_as_each_language_does() -> None:
    assert (HINDI.rank("Inspector"), HINDI.rank("DCP")) == ("निरीक्षक", "पुलिस उपायुक्त")
    assert (ENGLISH.rank("निरीक्षक"), ENGLISH.rank("Marshal")) == ("Inspector", "Marshal")


@each(
    ("written", "english", "hindi"),
    [
        ("Hazratganj", "Police Station Hazratganj", "थाना Hazratganj"),
        ("Cyber Crime Police Station", "Cyber Crime Police Station", "Cyber Crime Police Station"),
        ("साइबर क्राइम थाना, लखनऊ", "साइबर क्राइम थाना, लखनऊ", "साइबर क्राइम थाना, लखनऊ"),
        ("PS Kotwali", "PS Kotwali", "PS Kotwali"),
        ("", "", ""),
    ],
)
def test_a_station_says_once_what_it_is(written: str, english: str, hindi: str) -> None:
    assert (ENGLISH.station(written), HINDI.station(written)) == (english, hindi)


def test_a_value_is_never_read_as_a_template() -> None:
    assert ENGLISH.say("notice_106.grounds", grounds="{case_no} {0.__class__}") == "Grounds: {case_no} {0.__class__}"
