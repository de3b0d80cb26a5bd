"""Search terms of personal data: one person's usual spellings have the same terms."""

from domain.privacy.search import TERMS_MAX, name_terms, same_person, search_terms
from tests.each import each


@each(
    ("hindi", "latin"),
    [
        ("राजेश सिंह", "RAJESH  SINGH"),
        ("आशा देवी", "Aasha Devee"),
        ("कमला शर्मा", "Kamla Sharma"),
        ("राम कुमार वर्मा", "Ram Kumar Verma"),
        ("मोहम्मद फ़ैज़", "Mohammad Faiz"),
        ("जितेंद्र मिश्रा", "Jitendra Mishra"),
        ("लक्ष्मी मुखर्जी", "Lakshmi Mukherjee"),
        ("ज़ाहिद", "Zahid"),
    ],
)
def test_both_scripts_have_the_same_terms(hindi: str, latin: str) -> None:
    assert name_terms(hindi) == name_terms(latin)
    assert name_terms(hindi)


def test_other_names_have_other_terms() -> None:
    assert name_terms("Naman Gupta") == {"naman", "gupta"}
    assert not name_terms("Rajesh Kumar") & name_terms("Rakesh Singh")
    assert name_terms("") == name_terms("... 123 _") == frozenset()


def test_a_name_has_no_more_terms_than_are_kept() -> None:
    terms = " ".join(f"{first}{second}" for first in "bdgkm" for second in "aeiou")
    assert len(name_terms(terms)) == TERMS_MAX


def test_a_person_is_found_by_name_mobile_and_address() -> None:
    assert search_terms("Asha Devi", "9876543210", "Asha@Example.org") == {
        *("name|asha", "name|devi", "mobile|9876543210", "email|asha@example.org"),
        "person|9876543210|asha devi",
    }


def test_one_victim_is_told_by_name_and_mobile_and_never_by_a_missing_mobile() -> None:
    assert same_person(" Asha Devi ", "9876543210") == same_person("ASHA DEVI", "9876543210")
    assert same_person("Asha Devi", "9876543210") != same_person("Asha", "9876543210")
    assert same_person("Asha Devi", "NOTSTATED") is None
