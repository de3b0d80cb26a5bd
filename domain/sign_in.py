"""Rules for the passwords of officers."""

from typing import Final

PASSWORD_MIN_CHARS: Final = 12
PASSWORD_MAX_CHARS: Final = 200
_DIFFERENT_MIN: Final = 5
_PRODUCT: Final = ("goldenhour", "password", "police", "123456", "qwerty")
_REST_MIN: Final = 8
"""characters that a password needs beside what everybody tries first"""


def password_fault(password: str, officer_id: str) -> str | None:
    """Return the code of the fault of a new password, or None. It is taken exactly as typed."""
    if len(password) < PASSWORD_MIN_CHARS:
        return "too_short"
    if len(password) > PASSWORD_MAX_CHARS or "\0" in password:
        return "too_long"
    if len(set(password)) < _DIFFERENT_MIN:
        return "too_simple"
    rest = password.lower()
    for word in (officer_id, officer_id.partition("@")[0], *_PRODUCT):
        rest = rest.replace(word, "")
    return "easily_guessed" if len(rest) < _REST_MIN else None
