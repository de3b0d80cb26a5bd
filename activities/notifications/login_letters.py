"""Letters that tell a bank of a login from a new address, so that it notices a stolen password."""

from activities.context import Context
from activities.notifications.bank_contacts import BankLetter, DueLetter, deliver_due, send_to_bank
from activities.notifications.sending import Ways
from db.banks import bank_logins
from db.banks.bank_logins import LoginToTell
from schemas.banks.institutions import Institution
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute


async def tell_of_logins(ctx: Context, ways: Ways) -> int:
    """Tell the nodal officers of banks of the logins from new addresses; return how many were told."""
    return await deliver_due(ctx, bank_logins.claim, lambda login: _due(ways, login))


def _due(ways: Ways, login: LoginToTell) -> DueLetter:
    named = login.institution, login.address
    return DueLetter(
        institution=login.institution,
        attempts=login.attempts,
        send=lambda bank: send_to_bank(ways, bank, _letter(bank, login)),
        told=lambda connection, at: bank_logins.told(connection, *named, at),
        put_off=lambda connection, again_at: bank_logins.put_off(connection, *named, again_at),
        cause=TaskCause.BANK_LOGIN_UNTOLD,
        facts=TaskFacts(institution=login.institution, detail=login.address, at=indian_minute(login.first_at)),
    )


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
