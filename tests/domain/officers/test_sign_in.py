"""Passwords of officers that are refused."""

from typing import Any

import pytest
import zxcvbn
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from domain.officers.officers import PASSWORD_MIN_CHARS, password_fault
from tests.each import each

TOP = 3_000
"""at least so many common passwords are refused, by ASVS 5.0, 6.2.4"""

LONG_TO_JUDGE = ("4@8({[<3691!|70$5+%2" * 4)[:72]
"""each of its signs may stand for a letter, so an estimate of the whole takes seconds"""


@each("password", ["1q2w3e4r5t6y", "1Q2W3E4R5T6Y", "dragonmaster", "iloveyou1234", "asdfghjkl123"])
def test_asvs_6_2_4_a_common_password_is_refused_by_the_name_of_the_rule(password: str) -> None:
    assert password_fault(password, "ravi") == "common"


@each("password", ["correct horse battery staple", "1q2w3e4r5t6y and more", "x1" * 20 + " long ago"])
def test_a_password_that_few_people_have_is_taken(password: str) -> None:
    assert password_fault(password, "ravi") is None


def test_asvs_6_2_4_the_list_has_three_thousand_passwords_and_those_that_are_long_enough_are_refused() -> None:
    listed = FREQUENCY_LISTS["passwords"]
    assert len(listed) >= TOP
    long = [password for password in listed if len(password) >= PASSWORD_MIN_CHARS]
    assert long
    assert {password_fault(password, "ravi") for password in long} <= {"common", "too_simple"}


def test_n1_the_estimate_of_guesses_sees_few_signs_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = list[int]()
    estimated = zxcvbn.zxcvbn

    def noting(text: str, **more: Any) -> Any:
        seen.append(len(text))
        return estimated(text[:4], **more)

    monkeypatch.setattr(zxcvbn, "zxcvbn", noting)
    assert password_fault(LONG_TO_JUDGE, "ravi") == "common"
    assert seen
    assert max(seen) <= 20
