"""Letters that tell a bank's contacts of another login, and that its password was set.

The contacts so notice what the bank did not want. The row of the change is the outbox. A letter that cannot be sent
becomes a work item: the desk telephones the bank.
"""

from datetime import datetime, timedelta
from typing import Final

from activities.context import Context
from activities.notifications.bank_contacts import BankLetter, send_to_bank
from activities.notifications.sending import Ways
from adapters.messages.sms import SmsError
from adapters.messages.smtp import MailError
from db.banks import bank_login_changes
from db.banks.bank_login_changes import LoginChange
from db.cases import tasks
from schemas.banks.institutions import Institution
from schemas.enums import TaskKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import IST

TELL_LIMIT: Final = 20
_SET: Final = "The password of your bank's login was set by the link that the police had made."
_BY_LINK: Final = (
    "The police have replaced your bank's login. The password of before is over. One officer gives you a link, and"
    " another officer a code. With both your bank sets a new password. The people of your bank in the inbox"
    " have ended: add them again."
)
_BY_COMMAND: Final = (
    "The police have replaced your bank's login and its password. The people of your bank in the inbox have ended: add"
    " them again."
)


async def tell_of_login_changes(ctx: Context, ways: Ways) -> int:
    """Tell the contacts of banks of changes of their login; return how many were told."""
    now = ctx.now()
    lease_until = now + timedelta(seconds=3 * ctx.policy.messages.trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection:
        due = await bank_login_changes.claim(connection, now, lease_until, TELL_LIMIT)
    return sum([await _tell(ctx, ways, change) for change in due])


async def _tell(ctx: Context, ways: Ways, change: LoginChange) -> bool:
    trying = ctx.policy.messages.trying
    bank = ctx.directory.current.get(change.institution)
    try:
        sent = bank is not None and await send_to_bank(ways, bank, _letter(bank, change))
    except (MailError, SmsError) as error:
        again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(change.attempts))
        if error.retryable and change.attempts < trying.attempts:
            async with ctx.pool.acquire() as connection:
                await bank_login_changes.put_off(connection, change, again_at)
            return False
        sent = False
    now = ctx.now()
    async with ctx.pool.acquire() as connection, connection.transaction():
        if sent:
            await bank_login_changes.told(connection, change, now)
            return True
        await bank_login_changes.put_off(connection, change, None)
        facts = TaskFacts(institution=change.institution, detail=change.email, at=_moment(_at(change)))
        kind, cause = TaskKind.PHONE_BANK, TaskCause.BANK_LOGIN_CHANGE_UNTOLD
        await tasks.open_for_institution(connection, change.institution, kind, cause, now, facts=facts)
    return False


def _letter(bank: Institution, change: LoginChange) -> BankLetter:
    says = _SET if change.used_at else _BY_COMMAND if change.proposal_id is None else _BY_LINK
    text = (
        f"To the nodal officer of {bank.name}\n\n{says}\n\n"
        f"  Login    {change.email}\n"
        f"  Time     {_moment(_at(change))}\n\n"
        "If your bank did not ask for this, please call the police at once. No officer needs to know the password.\n"
    )
    short = f"Police interface for banks: {says} If you did not ask for this, call the police at once."
    state = "set" if change.used_at else "replaced"
    return BankLetter(
        f"{bank.name}: change of the login", text, short, f"{change.institution}.login.{change.change_id}.{state}"
    )


def _at(change: LoginChange) -> datetime:
    return change.used_at or change.made_at


def _moment(at: datetime) -> str:
    return f"{at.astimezone(IST):%d-%m-%Y %H:%M} IST"
