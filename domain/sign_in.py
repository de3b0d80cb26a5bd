"""Rules for the passwords of officers."""

import gzip
from functools import cache
from pathlib import Path
from typing import Final

PASSWORD_MIN_CHARS: Final = 12
PASSWORD_MAX_CHARS: Final = 200
_DIFFERENT_MIN: Final = 5
_PRODUCT: Final = ("goldenhour", "password", "police", "123456", "qwerty")
_REST_MIN: Final = 8
"""characters that a password needs beside what everybody tries first"""
COMMON_FILE: Final = Path(__file__).with_name("common_passwords.txt.gz")


def password_fault(password: str, officer_id: str) -> str | None:
    """Return the code of the fault of a new password, or None. It is taken exactly as typed."""
    if len(password) < PASSWORD_MIN_CHARS:
        return "too_short"
    if len(password) > PASSWORD_MAX_CHARS or "\0" in password:
        return "too_long"
    if len(set(password)) < _DIFFERENT_MIN:
        return "too_simple"
    if password.lower() in common_passwords():
        return "common"
    rest = password.lower()
    for word in (officer_id, officer_id.partition("@")[0], *_PRODUCT):
        rest = rest.replace(word, "")
    return "easily_guessed" if len(rest) < _REST_MIN else None


@cache
def common_passwords() -> frozenset[str]:
    """Return leaked passwords of the least length that are easiest to guess, in lower case.

    The list is read when a password is chosen first, because most processes need none of it.
    """
    return frozenset(gzip.decompress(COMMON_FILE.read_bytes()).decode().split("\n")) - {""}
