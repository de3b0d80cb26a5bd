"""Letters that tell a bank's contacts of another login, and that its password was set.

The contacts so notice what the bank did not want.
"""

from datetime import datetime
from typing import Final

from activities.notifications.bank_contacts import BankLetter, bank_letters
from db.banks import bank_login_changes
from db.banks.bank_login_changes import LoginChange
from db.outgoing import OutgoingKind
from schemas.banks.institutions import Institution
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute

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


def _letter(bank: Institution, change: LoginChange) -> BankLetter:
    says = _SET if change.used_at else _BY_COMMAND if change.proposal_id is None else _BY_LINK
    text = (
        f"To the nodal officer of {bank.name}\n\n{says}\n\n"
        f"  Login    {change.email}\n"
        f"  Time     {indian_minute(_at(change))}\n\n"
        "If your bank did not ask for this, please call the police at once. No officer needs to know the password.\n"
    )
    short = f"Police interface for banks: {says} If you did not ask for this, call the police at once."
    state = "set" if change.used_at else "replaced"
    return BankLetter(
        f"{bank.name}: change of the login", text, short, f"{change.institution}.login.{change.change_id}.{state}"
    )


def _at(change: LoginChange) -> datetime:
    return change.used_at or change.made_at


def _facts(change: LoginChange) -> TaskFacts:
    return TaskFacts(institution=change.institution, detail=change.email, at=indian_minute(_at(change)))


LOGIN_CHANGE_LETTERS: Final = bank_letters(
    OutgoingKind.BANK_LOGIN_CHANGE, bank_login_changes.to_tell, _letter, TaskCause.BANK_LOGIN_CHANGE_UNTOLD, _facts
)
