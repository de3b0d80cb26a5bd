"""Letters that tell a bank of a login from a new address, so that it notices a stolen password.

The row of the login is the outbox. A letter that cannot be sent becomes a work item: the desk telephones the bank.
"""

from datetime import datetime, timedelta
from typing import Final

from activities.context import Context
from activities.notifications.bank_contacts import BankLetter, send_to_bank
from activities.notifications.sending import Ways
from adapters.messages.sms import SmsError
from adapters.messages.smtp import MailError
from db.banks import bank_logins
from db.banks.bank_logins import LoginToTell
from db.cases import tasks
from schemas.banks.institutions import Institution
from schemas.enums import TaskKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import IST

TELL_LIMIT: Final = 20


async def tell_of_logins(ctx: Context, ways: Ways) -> int:
    """Tell the nodal officers of banks of the logins from new addresses; return how many were told."""
    now = ctx.now()
    trying = ctx.policy.messages.trying
    lease_until = now + timedelta(seconds=3 * trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection:
        due = await bank_logins.claim(connection, now, lease_until, TELL_LIMIT)
    return sum([await _tell(ctx, ways, login) for login in due])


async def _tell(ctx: Context, ways: Ways, login: LoginToTell) -> bool:
    trying = ctx.policy.messages.trying
    bank = ctx.directory.current.get(login.institution)
    try:
        sent = bank is not None and await send_to_bank(ways, bank, _letter(bank, login))
    except (MailError, SmsError) as error:
        again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(login.attempts))
        if error.retryable and login.attempts < trying.attempts:
            async with ctx.pool.acquire() as connection:
                await bank_logins.put_off(connection, login.institution, login.address, again_at)
            return False
        sent = False
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        if sent:
            await bank_logins.told(connection, login.institution, login.address, now)
            return True
        await bank_logins.put_off(connection, login.institution, login.address, None)
        facts = TaskFacts(institution=login.institution, detail=login.address, at=_moment(login.first_at))
        kind, cause = TaskKind.PHONE_BANK, TaskCause.BANK_LOGIN_UNTOLD
        await tasks.open_for_institution(connection, login.institution, kind, cause, now, facts=facts)
    return False


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
        f"  Time     {_moment(login.first_at)}\n\n"
        "If this was your bank, you need not do anything. If not, please call the police at once: the password is then"
        " known to others. The police never ask for it.\n"
    )


def _short_text(login: LoginToTell) -> str:
    return (
        f"Police interface for banks: login for your bank from a new address, {login.address},"
        f" {_moment(login.first_at)}. If this was not your bank, call the police at once."
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M} IST"
