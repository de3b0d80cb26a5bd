"""Letters that bring people of banks their code for a first password.

The contacts of the bank are told too. The row of the person is the outbox. The code is made when it is sent, and only
its digest is stored.
"""

from datetime import timedelta
from typing import Final

from activities.banks.people import CODE_LIFE, code_digest
from activities.context import Context
from activities.notifications.bank_contacts import BankLetter, send_to_bank
from activities.notifications.sending import Ways
from activities.secret_codes import new_grouped_code
from adapters.messages.sms import SmsError
from adapters.messages.smtp import MailError
from db.banks import bank_people
from schemas.banks.institutions import Institution
from schemas.banks.people import BankPerson

SEND_LIMIT: Final = 20


async def send_person_codes(ctx: Context, ways: Ways) -> int:
    """Send the codes that are due; return how many were sent."""
    now = ctx.now()
    lease_until = now + timedelta(seconds=3 * ctx.policy.messages.trying.call_timeout_seconds)
    async with ctx.pool.acquire() as connection, connection.transaction():
        due = await bank_people.claim(connection, now, lease_until, SEND_LIMIT)
    return sum([await _send(ctx, ways, person, attempts) for person, attempts in due])


async def _send(ctx: Context, ways: Ways, person: BankPerson, attempts: int) -> bool:
    trying = ctx.policy.messages.trying
    try:
        sent = await _send_both(ctx, ways, person)
    except (MailError, SmsError) as error:
        is_again = error.retryable and attempts < trying.attempts
        again_at = ctx.now() + timedelta(seconds=trying.wait_seconds(attempts)) if is_again else None
        async with ctx.pool.acquire() as connection:
            await bank_people.put_off(connection, person.person_id, again_at)
        return False
    async with ctx.pool.acquire() as connection:
        if sent is not None:
            await bank_people.told(connection, person.person_id, sent, ctx.now())
        else:
            await bank_people.put_off(connection, person.person_id, None)
    return sent is not None


async def _send_both(ctx: Context, ways: Ways, person: BankPerson) -> bytes | None:
    """Tell the contacts and then the person; return the digest of the code.

    So no person has a code of whom they do not know. Returns None if a code cannot be sent, or is not due any more.
    Both letters are named by the code: a mail system may drop a second letter with the name of another one.
    """
    bank = ctx.directory.current.get(person.institution)
    code = new_grouped_code()
    digest = code_digest(code)
    name = f"{person.institution}.person.{person.person_id}.{digest.hex()[:16]}"
    if bank is None or ways.mail is None or not await send_to_bank(ways, bank, _to_contacts(bank, person, name)):
        return None
    async with ctx.pool.acquire() as connection:
        if not await bank_people.write_code(connection, person.person_id, digest, ctx.now() + CODE_LIFE):
            return None
    subject, text = _to_person(bank, person, code)
    await ways.mail.send(person.email, subject, text, f"{name}.code")
    return digest


def _to_person(bank: Institution, person: BankPerson, code: str) -> tuple[str, str]:
    return f"{bank.name}: your login at the police's inbox for banks", (
        f"To {person.name}\n\n{bank.name} has given you a login at the police's inbox for banks.\n\n"
        f"  E-mail  {person.email}\n"
        f"  Code    {code}\n\n"
        f'Open the inbox, choose "First sign-in", and set a password of your own with this code. It is good once, for'
        f" {CODE_LIFE.days} days. Give it to no other person: what is answered under your login is answered by you.\n"
    )


def _to_contacts(bank: Institution, person: BankPerson, name: str) -> BankLetter:
    says = f"{person.name}, {person.designation} ({person.email}) gets a login for your bank at the police's inbox."
    text = (
        f"To the nodal officer of {bank.name}\n\n{says}\n\n"
        "If your bank did not want this, end this person in the inbox, and call the police at once: someone else then"
        " knows your login.\n"
    )
    short = f"Police inbox for banks: {says} If you did not want this, call the police."
    return BankLetter(f"{bank.name}: a new login", text, short, f"{name}.told")
