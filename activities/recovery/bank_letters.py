"""Letters to banks, on orders too, and the links in them.

Letters to banks about their own access to our interface, mostly to their contacts in the directory. A letter that
cannot be sent becomes a work item: the desk telephones the bank.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from activities.banks.letters import Letter
from activities.outgoing import Attempt, Kind, NoWay, Ways
from adapters.banks.email import ReplyLink, order_link_text
from adapters.messages.sms import mobile_of
from adapters.messages.smtp import is_plain_address
from db import tasks
from db.banks.bank_logins import LoginChange, LoginToTell, changes_to_tell
from db.outgoing import OutgoingKind, subjects
from db.pool import Connection
from db.recovery.bank_orders import OrderRow
from domain.banks.on_duty import Holidays, calling_order
from domain.policy.telephone import HolidayRules
from schemas.banks.institutions import BankPerson, Institution
from schemas.banks.keys import KeyChange, KeyChangeOutcome
from schemas.enums import KeyChangeKind, TaskKind
from schemas.procedures import OrderEscalationLevel
from schemas.restoration_enums import OrderKind
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import IST, indian_minute, is_email


@dataclass(frozen=True, slots=True)
class BankLetter:
    """Letter, and the short message for a bank without an address."""

    subject: str
    text: str
    short_text: str
    key: str
    """names the letter, so that a repeat is the same letter"""


Subject = TypeVar("Subject", KeyChange, LoginToTell, LoginChange, BankPerson)


def bank_letters(
    kind: OutgoingKind,
    read: Callable[[Connection, Sequence[str]], Awaitable[Mapping[str, Subject]]],
    letter_of: Callable[[Institution, Subject], BankLetter],
    cause: TaskCause,
    facts_of: Callable[[Subject], TaskFacts],
) -> Kind[Subject]:
    """Return a kind of letters to the contacts of banks; `read` returns the rows that they are about."""

    async def send(attempt: Attempt, subject: Subject) -> None:
        bank = bank_of(attempt, subject)
        await send_to_bank(attempt.routes.ways, bank, letter_of(bank, subject))

    return Kind(kind, read, send, phone_bank(cause, facts_of))


def bank_of(attempt: Attempt, subject: Subject) -> Institution:
    """Return the bank of a row. Raises `NoWay` if the directory has it no more."""
    bank = attempt.ctx.directory.current.get(subject.institution)
    if bank is None:
        raise NoWay
    return bank


def phone_bank(
    cause: TaskCause, facts_of: Callable[[Subject], TaskFacts]
) -> Callable[[Subject, Connection, datetime], Awaitable[None]]:
    """Return what opens a work item to telephone the bank."""

    async def given_up(subject: Subject, connection: Connection, at: datetime) -> None:
        await tasks.open_for_institution(
            connection, subject.institution, TaskKind.PHONE_BANK, cause, at, facts=facts_of(subject)
        )

    return given_up


async def send_to_bank(ways: Ways, bank: Institution, letter: BankLetter) -> None:
    """Send a letter to the nodal officers, by e-mail if one has an address.

    Raises `MailError`, `SmsError` and `NoWay`.
    """
    addresses = [officer.email for officer in bank.nodal_officers if is_email(officer.email)]
    if ways.mail is not None and (addresses or is_email(bank.desk_email)):
        for place, address in enumerate(addresses or [bank.desk_email]):
            await ways.mail.send(address, letter.subject, letter.text, f"{letter.key}.{place}")
        return
    number = next((mobile for officer in bank.nodal_officers if (mobile := mobile_of(officer.mobile))), None)
    if ways.sms is None or number is None:
        raise NoWay
    await ways.sms.send(number, letter.short_text, letter.key)


# -- keys --------------------------------------------------------------------------------------------------------------

_VERBS: Final = {KeyChangeKind.ADD: "add", KeyChangeKind.END: "end"}
_SAYS: Final = {
    None: "Your bank asked the police to {verb} a key. It is not done yet: the police will call you before.",
    KeyChangeOutcome.DONE: "The police have done it: {verb} a key of your bank.",
    KeyChangeOutcome.REFUSED: "The police refused to {verb} a key of your bank: {reason}",
    KeyChangeOutcome.WITHDRAWN: "Your bank withdrew that it asked the police to {verb} a key.",
    KeyChangeOutcome.EXPIRED: "Your bank asked the police to {verb} a key. It is over: no one confirmed it in time.",
}


def _key_letter(bank: Institution, change: KeyChange) -> BankLetter:
    verb = _VERBS[change.kind]
    note = _SAYS[change.outcome].format(verb=verb, reason=change.reason)
    at = change.decided_at or change.asked_at
    text = (
        f"To the nodal officer of {bank.name}\n\n{note}\n\n"
        f"  Key      {change.key_id}\n"
        f"  SHA-256  {change.fingerprint}\n"
        f"  Time     {indian_minute(at)}\n\n"
        "If your bank did not want this, please call the police at once: someone else then knows your login.\n"
    )
    short = f"Police interface for banks: {verb} key {change.key_id}. {note} If you did not want this, call the police."
    state = change.outcome.value if change.outcome else "asked"
    return BankLetter(
        f"{bank.name}: change of a key", text, short, f"{change.institution}.key.{change.change_id}.{state}"
    )


def _facts_of_key(change: KeyChange) -> TaskFacts:
    return TaskFacts(institution=change.institution, key_change=change.kind, detail=change.key_id)


KEY_LETTERS: Final = bank_letters(
    OutgoingKind.BANK_KEY_CHANGE,
    subjects(OutgoingKind.BANK_KEY_CHANGE, "change_id", KeyChange),
    _key_letter,
    TaskCause.BANK_KEY_UNTOLD,
    _facts_of_key,
)
"""of a change of its keys: the contacts so notice one that the bank did not want"""


# -- logins from new addresses -----------------------------------------------------------------------------------------


def _login_letter(bank: Institution, login: LoginToTell) -> BankLetter:
    at = indian_minute(login.first_at)
    text = (
        f"To the nodal officer of {bank.name}\n\n"
        f"Somebody logged in as {bank.name} at the police's interface for banks, from an address that is new to us.\n\n"
        f"  Address  {login.address}\n"
        f"  Time     {at}\n\n"
        "If this was your bank, you need not do anything. If not, please call the police at once: the password is then"
        " known to others. The police never ask for it.\n"
    )
    short = (
        f"Police interface for banks: login for your bank from a new address, {login.address}, {at}."
        " If this was not your bank, call the police at once."
    )
    key = f"{login.institution}.login.{int(login.first_at.timestamp())}"
    return BankLetter(f"{bank.name}: login from a new address", text, short, key)


def _facts_of_login(login: LoginToTell) -> TaskFacts:
    return TaskFacts(institution=login.institution, detail=login.address, at=indian_minute(login.first_at))


LOGIN_LETTERS: Final = bank_letters(
    OutgoingKind.BANK_LOGIN,
    subjects(OutgoingKind.BANK_LOGIN, "login_id", LoginToTell),
    _login_letter,
    TaskCause.BANK_LOGIN_UNTOLD,
    _facts_of_login,
)
"""of a login from a new address, so that the bank notices a stolen password"""


# -- other logins ------------------------------------------------------------------------------------------------------

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


def _login_change_letter(bank: Institution, change: LoginChange) -> BankLetter:
    note = _SET if change.used_at else _BY_COMMAND if change.proposal_id is None else _BY_LINK
    text = (
        f"To the nodal officer of {bank.name}\n\n{note}\n\n"
        f"  Login    {change.email}\n"
        f"  Time     {indian_minute(_at(change))}\n\n"
        "If your bank did not ask for this, please call the police at once. No officer needs to know the password.\n"
    )
    short = f"Police interface for banks: {note} If you did not ask for this, call the police at once."
    state = "set" if change.used_at else "replaced"
    return BankLetter(
        f"{bank.name}: change of the login", text, short, f"{change.institution}.login.{change.change_id}.{state}"
    )


def _at(change: LoginChange) -> datetime:
    return change.used_at or change.made_at


def _facts_of_login_change(change: LoginChange) -> TaskFacts:
    return TaskFacts(institution=change.institution, detail=change.email, at=indian_minute(_at(change)))


LOGIN_CHANGE_LETTERS: Final = bank_letters(
    OutgoingKind.BANK_LOGIN_CHANGE,
    changes_to_tell,
    _login_change_letter,
    TaskCause.BANK_LOGIN_CHANGE_UNTOLD,
    _facts_of_login_change,
)
"""of another login, and that its password was set: the contacts so notice what the bank did not want"""


_ASKED = {
    OrderKind.RESTORE: "credit the amounts named in it to the accounts named in it",
    OrderKind.RELEASE: "lift the hold on the amounts named in it",
}


def order_letter(
    institution: Institution,
    order: OrderRow,
    level: OrderEscalationLevel,
    rules: HolidayRules,
    at: datetime,
) -> Letter:
    """Return the letter of an escalation level: a reminder to the desk, or a notice to the nodal officers.

    It has no link yet. The link is added when the letter is sent, because it is made for the letter's address.
    """
    to: list[str] = [institution.desk_email]
    subject = "Reminder: order"
    if level is OrderEscalationLevel.NODAL_OFFICER:
        subject = "Order not carried out:"
        known = calling_order(institution.nodal_officers, Holidays(rules, institution.closed_days), at)
        to = [officer.email for officer in known if is_plain_address(officer.email)] + to
    first, *others = dict.fromkeys(address for address in to if address) or [""]
    job = f", job {order.job_id}" if order.job_id else ""
    body = (
        f"{institution.name}\n\n"
        f"Acknowledgement {order.case_no}{job}: our order {order.order_id} of"
        f" {order.planned_at.astimezone(IST):%d-%m-%Y} is not confirmed yet. It is due on"
        f" {order.due_at.astimezone(IST):%d-%m-%Y}.\n\n"
        f"Please {_ASKED[order.kind]}, and confirm it over the usual interface, quoting the order.\n"
    )
    return Letter(
        to=first,
        subject=f"{subject} {order.order_id}, acknowledgement {order.case_no}",
        body_text=body,
        message_id=f"{order.order_id}.{level.value}",
        cc=tuple(others[:5]),
    )


def page_text(link: ReplyLink) -> str:
    """Return the letter's text about the page where a bank without a working interface confirms the order."""
    return f"\nOr say what was done on this page:\n\n{order_link_text(link)}"
