"""Letters that tell a bank's contacts of a change of its keys.

The contacts so notice a change that the bank did not want.
"""

from typing import Final

from activities.notifications.bank_contacts import BankLetter, bank_letters
from db.banks import bank_key_changes
from db.outgoing import OutgoingKind
from schemas.banks.institutions import Institution
from schemas.banks.keys import KeyChange, KeyChangeKind, KeyChangeOutcome
from schemas.tasks import TaskCause, TaskFacts
from schemas.text import indian_minute

_VERBS: Final = {KeyChangeKind.ADD: "add", KeyChangeKind.END: "end"}
_SAYS: Final = {
    None: "Your bank asked the police to {verb} a key. It is not done yet: the police will call you before.",
    KeyChangeOutcome.DONE: "The police have done it: {verb} a key of your bank.",
    KeyChangeOutcome.REFUSED: "The police refused to {verb} a key of your bank: {reason}",
    KeyChangeOutcome.WITHDRAWN: "Your bank withdrew that it asked the police to {verb} a key.",
    KeyChangeOutcome.EXPIRED: "Your bank asked the police to {verb} a key. It is over: no one confirmed it in time.",
}


def _letter(bank: Institution, change: KeyChange) -> BankLetter:
    verb = _VERBS[change.kind]
    says = _SAYS[change.outcome].format(verb=verb, reason=change.reason)
    at = change.decided_at or change.asked_at
    text = (
        f"To the nodal officer of {bank.name}\n\n{says}\n\n"
        f"  Key      {change.key_id}\n"
        f"  SHA-256  {change.fingerprint}\n"
        f"  Time     {indian_minute(at)}\n\n"
        "If your bank did not want this, please call the police at once: someone else then knows your login.\n"
    )
    short = f"Police interface for banks: {verb} key {change.key_id}. {says} If you did not want this, call the police."
    state = change.outcome.value if change.outcome else "asked"
    return BankLetter(
        f"{bank.name}: change of a key", text, short, f"{change.institution}.key.{change.change_id}.{state}"
    )


def _facts(change: KeyChange) -> TaskFacts:
    return TaskFacts(institution=change.institution, key_change=change.kind, detail=change.key_id)


KEY_LETTERS: Final = bank_letters(
    OutgoingKind.BANK_KEY_CHANGE, bank_key_changes.to_tell, _letter, TaskCause.BANK_KEY_UNTOLD, _facts
)
