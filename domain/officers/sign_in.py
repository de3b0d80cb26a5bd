"""Rules for the passwords of officers."""

from typing import Final

PASSWORD_MIN_CHARS: Final = 12
PASSWORD_MAX_CHARS: Final = 200
WRONG_LINK_CODES_MOST: Final = 5
"""wrong codes after which a link is over; the tables of links hold the same number"""
_DIFFERENT_MIN: Final = 5
_PRODUCT: Final = ("goldenhour", "password", "police", "123456", "qwerty")
_REST_MIN: Final = 8
"""characters that a password needs beside what everybody tries first"""
_GUESSES_MIN: Final = 10**8
"""guesses that are needed by a person who knows leaked passwords, names and keyboards, by zxcvbn (its mark 3 of 4)"""
_ESTIMATED_CHARS: Final = 72
"""the estimate takes time, and more characters only raise it"""


def password_fault(password: str, officer_id: str) -> str | None:
    """Return the code of the fault of a new password, or None. It is taken exactly as typed."""
    if len(password) < PASSWORD_MIN_CHARS:
        return "too_short"
    if len(password) > PASSWORD_MAX_CHARS or "\0" in password:
        return "too_long"
    if len(set(password)) < _DIFFERENT_MIN:
        return "too_simple"
    if _guesses(password, officer_id) < _GUESSES_MIN:
        return "common"
    rest = password.lower()
    for word in (officer_id, officer_id.partition("@")[0], *_PRODUCT):
        rest = rest.replace(word, "")
    return "easily_guessed" if len(rest) < _REST_MIN else None


def _guesses(password: str, officer_id: str) -> float:
    """Return about how many guesses the password would need."""
    # Read when a password is chosen, because its lists cost 90 ms and most processes need none.
    from zxcvbn import zxcvbn

    return float(zxcvbn(password[:_ESTIMATED_CHARS], user_inputs=[officer_id])["guesses"])
