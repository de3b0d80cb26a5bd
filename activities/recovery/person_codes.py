"""Letters that bring people of banks their code for a first password.

The contacts of the bank are told too. The code is made when it is sent, and only its digest is stored.
"""

from typing import Final

from activities.banks.people import CODE_LIFE, code_digest
from activities.outgoing import Attempt, Kind, NotDue, NoWay
from activities.recovery.bank_letters import BankLetter, bank_of, phone_bank, send_to_bank
from activities.secrets import new_grouped_code
from db.banks import bank_people
from db.outgoing import OutgoingKind
from schemas.banks.institutions import BankPerson, Institution
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute

FIRST_SIGN_IN_PATH: Final = "/inbox/first"
"""path of the page on which a person sets a password by the code"""


def first_sign_in_address(bank_url: str | None) -> str:
    """Return the address of that page at the address at which banks reach us, or an empty text without one."""
    return f"{bank_url}{FIRST_SIGN_IN_PATH}" if bank_url else ""


async def _send(attempt: Attempt, person: BankPerson) -> None:
    """Tell the contacts and then the person, so no person has a code of whom they do not know.

    Both letters are named by the code: a mail system may drop a second letter with the name of another one.
    """
    bank, mail, pool = bank_of(attempt, person), attempt.routes.ways.mail, attempt.ctx.pool
    if mail is None:
        raise NoWay
    code = new_grouped_code()
    digest = code_digest(code)
    name = f"{person.institution}.person.{person.person_id}.{digest.hex()[:16]}"
    await send_to_bank(attempt.routes.ways, bank, _to_contacts(bank, person, name))
    async with pool.acquire() as connection:
        if not await bank_people.write_code(connection, person.person_id, digest, attempt.ctx.now() + CODE_LIFE):
            raise NotDue
    subject, text = _to_person(bank, person, code, attempt.routes.first_sign_in_address)
    await mail.send(person.email, subject, text, f"{name}.code")
    async with pool.acquire() as connection:
        if not await bank_people.has_code(connection, person.person_id, digest):
            # Another attempt has written its code over this one, so that attempt counts.
            raise NotDue


def _to_person(bank: Institution, person: BankPerson, code: str, address: str) -> tuple[str, str]:
    opens = f"Open {address}" if address else 'Open the inbox, choose "First sign-in"'
    return f"{bank.name}: your login at the police's inbox for banks", (
        f"To {person.name}\n\n{bank.name} has given you a login at the police's inbox for banks.\n\n"
        f"  E-mail  {person.email}\n"
        f"  Code    {code}\n\n"
        f"{opens}, and set a password of your own with this code. It is good once, for"
        f" {CODE_LIFE.days} days. Give it to no other person: what is answered under your login is answered by you.\n\n"
        'If you did not ask for this login, give e-mail and code on the same page, and choose "I did not ask for this'
        ' login". The login is then ended, and the police are told.\n'
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


def _facts(person: BankPerson) -> TaskFacts:
    # Work items are kept, so this one does not name the person. The page of the bank shows whose code was not sent.
    return TaskFacts(institution=person.institution, at=indian_minute(person.added_at))


PERSON_CODES: Final = Kind(
    OutgoingKind.BANK_PERSON, bank_people.to_send, _send, phone_bank(TaskCause.BANK_PERSON_CODE_UNSENT, _facts)
)
