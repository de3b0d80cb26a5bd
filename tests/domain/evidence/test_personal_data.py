"""What repeats the personal data of a victim in a row or a file."""

import json
from typing import Any

from domain.evidence.pseudonyms import VictimsData
from schemas.privacy.personal_data import PersonalData
from tests.each import each

ASHA = PersonalData(name="Asha R. Devi", mobile="9876501234", email="asha@example.in")
NEVER = PersonalData()
DATA = VictimsData([ASHA, NEVER], ["asha.1990@okaxis", "30000000001", "9123456780"], ["A. Kumar", "Jo"])


@each(
    ("text", "shown"),
    [
        ("paid by ASHA R DEVI", "paid by …"),
        ("Asha  R. Devi's wife", "…'s wife"),
        ("Asha Devi", "Asha Devi"),
        ("call 98765 01234 or +91-9876501234, 09876501234, 00919876501234", "call … or …, …, …"),
        ("9876501234@ybl", "…@ybl"),
        ("619876501234", "619876501234"),
        ("98765012345", "98765012345"),
        ("to Asha.1990@OKAXIS!", "to …!"),
        ("natasha.1990@okaxis", "natasha.1990@okaxis"),
        ("asha@example.in", "…"),
        ("from 30000000001 and 9123456780", "from 30000000001 and …"),
        ("A Kumar, Jo", "…, Jo"),
        ("", ""),
    ],
)
def test_m11_what_repeats_a_victims_data_is_cut_and_nothing_else(text: str, shown: str) -> None:
    assert DATA.cut(text) == shown
    assert DATA.are_in(text.encode()) is (text != shown)


def test_m11_a_row_is_searched_to_its_depth() -> None:
    row: dict[str, Any] = {"raw": {"phones": [9876501234, 9876501235, True, None, 1.5]}, "name": "Asha R. Devi"}
    assert DATA.cut(row) == {"raw": {"phones": ["…", 9876501235, True, None, 1.5]}, "name": "…"}


@each(
    "content",
    [
        json.dumps({"name": "आशा देवी"}).encode(),
        "आशा देवी".encode(),
        b"name=Jos%C3%A9+Rao",
        b"vpa=asha.1990%40okaxis",
        b"\xff\xfe 9876501234 \xff",
    ],
)
def test_m11_a_file_is_read_as_json_and_forms_write_it(content: bytes) -> None:
    data = VictimsData([ASHA, PersonalData(name="आशा देवी"), PersonalData(name="José Rao")], ["asha.1990@okaxis"])
    assert data.are_in(content)


def test_m11_of_victims_whose_keys_are_destroyed_nothing_is_known() -> None:
    data = VictimsData([NEVER], [""])
    assert not data.are_in(b"anything at all")
    assert data.cut({"a": ["anything"]}) == {"a": ["anything"]}
