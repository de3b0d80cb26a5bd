"""Letters that tell a bank of a login from a new address, so that it notices a stolen password."""

from typing import Final

from activities.notifications.bank_contacts import BankLetter, bank_letters
from db.banks import bank_logins
from db.banks.bank_logins import LoginToTell
from db.outgoing import OutgoingKind
from schemas.banks.institutions import Institution
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute


def _letter(bank: Institution, login: LoginToTell) -> BankLetter:
    return BankLetter(
        subject=f"{bank.name}: login from a new address",
        text=_text(bank, login),
        short_text=_short_text(login),
        key=f"{login.institution}.login.{int(login.first_at.timestamp())}",
    )


def _text(bank: Institution, login: LoginToTell) -> str:
    return (
        f"To the nodal officer of {bank.name}\n\n"
        f"Somebody logged in as {bank.name} at the police's interface for banks, from an address that is new to us.\n\n"
        f"  Address  {login.address}\n"
        f"  Time     {indian_minute(login.first_at)}\n\n"
        "If this was your bank, you need not do anything. If not, please call the police at once: the password is then"
        " known to others. The police never ask for it.\n"
    )


def _short_text(login: LoginToTell) -> str:
    return (
        f"Police interface for banks: login for your bank from a new address, {login.address},"
        f" {indian_minute(login.first_at)}. If this was not your bank, call the police at once."
    )


def _facts(login: LoginToTell) -> TaskFacts:
    return TaskFacts(institution=login.institution, detail=login.address, at=indian_minute(login.first_at))


LOGIN_LETTERS: Final = bank_letters(
    OutgoingKind.BANK_LOGIN, bank_logins.to_tell, _letter, TaskCause.BANK_LOGIN_UNTOLD, _facts
)
