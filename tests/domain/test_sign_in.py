"""Passwords of officers that are refused."""

import gzip

import pytest

from domain.sign_in import COMMON_FILE, PASSWORD_MIN_CHARS, common_passwords, password_fault

TOP = 3_000
"""at least so many passwords, by ASVS 5.0, 6.2.4"""


@pytest.mark.parametrize("password", ["1q2w3e4r5t6y", "1Q2W3E4R5T6Y", "dragonmaster", "leavemealone"])
def test_asvs_6_2_4_a_common_password_is_refused_by_the_name_of_the_rule(password: str) -> None:
    assert password_fault(password, "ravi") == "common"


@pytest.mark.parametrize("password", ["correct horse battery staple", "1q2w3e4r5t6y and more"])
def test_a_password_that_few_people_have_is_taken(password: str) -> None:
    assert password_fault(password, "ravi") is None


def test_asvs_6_2_4_the_list_has_three_thousand_passwords_that_the_other_rules_would_take() -> None:
    lines = gzip.decompress(COMMON_FILE.read_bytes()).decode().splitlines()
    assert lines == sorted(set(lines))
    assert set(lines) == common_passwords()
    assert all(len(line) >= PASSWORD_MIN_CHARS and line == line.lower() for line in lines)
    assert len(lines) >= TOP
