from domain.districts import districts, known_district
from tests.each import each


def test_there_are_seventy_five_each_with_its_names() -> None:
    known = districts()
    assert len(known) == len({one.code for one in known}) == len({one.hindi for one in known}) == 75
    assert [one.code for one in known] == sorted(one.code for one in known)
    assert all(one.code == one.code.upper() and one.english.isascii() for one in known)
    assert not any(letter.isascii() and letter != " " for one in known for letter in one.hindi)


@each(
    ("told", "code"),
    [
        ("LUCKNOW", "LUCKNOW"),
        (" lucknow ", "LUCKNOW"),
        ("लखनऊ", "LUCKNOW"),
        ("Lucknow, U.P.", "LUCKNOW"),
        ("District Lucknow", "LUCKNOW"),
        ("जनपद लखनऊ", "LUCKNOW"),
        ("Lakhimpur-Kheri", "KHERI"),
        ("Kushinagar", "KUSHI NAGAR"),
        ("SANT KABIR NAGAR", "SANT KABEER NAGAR"),
        ("Sant Ravidas Nagar (Bhadohi)", "BHADOHI"),
        ("Allahabad", "PRAYAGRAJ"),
        ("Noida", "GAUTAM BUDDHA NAGAR"),
        ("Gautam Buddh Nagar", "GAUTAM BUDDHA NAGAR"),
        ("kanpur", "KANPUR NAGAR"),
        ("झाँसी", "JHANSI"),
        ("अलीगढ", "ALIGARH"),
        ("Raebareli (Uttar Pradesh)", "RAE BARELI"),
    ],
)
def test_a_district_is_known_however_it_is_written(told: str, code: str) -> None:
    found = known_district(told)
    assert found is not None
    assert found.code == code


@each("told", ["", "   ", "not stated", "Patna", "Up", "district", "Lucknow and Agra", "-", "\u0964"])
def test_what_is_no_district_of_ours_is_none(told: str) -> None:
    assert known_district(told) is None


def test_every_name_that_is_listed_finds_its_own_district() -> None:
    for district in districts():
        for name in (district.code, district.english, district.hindi, *district.aliases):
            assert known_district(name) is district
