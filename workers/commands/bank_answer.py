"""Texts for what a bank lacks to answer us, with the command that adds it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from workers.commands.common import errors

if TYPE_CHECKING:
    from datetime import datetime

    from db.pool import Connection
    from schemas.banks.institutions import Institution, Lack

    Lacks = Mapping[str, Sequence[Lack]]

NAMED_MAX = 10
MARKS: Mapping[str, str] = {
    "login": "no login",
    "login_or_key": "no login, no key",
    "email": "no e-mail",
}
"""what `bank list` shows"""
_TEXTS: Mapping[str, str] = {
    "login": (
        "has no login at our API, so its answers over the I4C wire are refused; add one: goldenhour bank login {} EMAIL"
    ),
    "login_or_key": (
        "has neither a key nor a login at our API, so it can neither fetch nor answer;"
        " add a key: goldenhour bank key add {0} KEY_ID FILE, or a login: goldenhour bank login {0} EMAIL"
    ),
    "email": "has no e-mail address, so no letter reaches it; name its officers: goldenhour bank roster {} --from FILE",
}


async def lacks_among(
    connection: "Connection", institutions: "Iterable[Institution]", now: "datetime"
) -> "dict[str, tuple[Lack, ...]]":
    """Return what each of these institutions lacks to answer us, by code."""
    from db.banks.institutions import credentials
    from domain.banks.on_duty import lacks_of

    logins = await credentials(connection, now)
    return {bank.code: lacks_of(bank, logins) for bank in institutions}


def warn(lacks: "Lacks") -> None:
    """Print what the institutions lack, each with the command that adds it."""
    lacking = [code for code, lack in lacks.items() if lack]
    for code in lacking[:NAMED_MAX]:
        for lack in lacks[code]:
            errors().print(f"{code} {_TEXTS[lack].format(code)}", highlight=False, markup=False, soft_wrap=True)
    if len(lacking) > NAMED_MAX:
        errors().print(f"… {len(lacking)} institutions in all; `goldenhour bank list` marks each", highlight=False)
